/** Help, one screen each. Pure. */
import { commonFlags, type Flags } from './arguments.ts';
import type { Command } from './command.ts';
import type { Paint } from './shell.ts';
import { columns, indent } from './table.ts';

/** All commands. */
export function overview(commands: readonly Command[], version: string, paint: Paint): string {
  return [
    `${paint('bold', `spillway ${version}`)}: models behind presets, failover that says so`,
    'usage: spillway COMMAND [OPTIONS]',
    '',
    ...indent(columns(rows(commands, paint))),
    '',
    'Every command takes --json and --help. spillway help COMMAND shows examples.',
    'Exit codes: 0 done, 1 failed, 2 wrong usage or document not valid, 3 conflict.',
    'The gateway is found by SPILLWAY_URL and SPILLWAY_ADMIN_KEY, or in its data dir.',
    '',
  ].join('\n');
}

function rows(commands: readonly Command[], paint: Paint): string[][] {
  return commands
    .filter(({ beside }) => beside === undefined)
    .map(({ verb, summary }) => {
      const others = commands.filter(({ beside }) => beside === verb).map((other) => other.verb);
      return [[verb, ...others].map((name) => paint('cyan', name)).join(', '), summary];
    });
}

/** One command. */
export function commandHelp(command: Command, paint: Paint): string {
  const usage = ['spillway', command.verb, command.positionals.usage, '[OPTIONS]'].filter(
    (part) => part !== '',
  );
  return [
    command.summary,
    '',
    `usage: ${usage.join(' ')}`,
    '',
    ...indent(columns(flagRows({ ...command.flags, ...commonFlags }, paint))),
    ...(command.notes ? ['', ...command.notes] : []),
    '',
    ...columns(
      command.examples.map(([line, effect]) => [paint('cyan', `  ${line}`), paint('dim', `# ${effect}`)]),
    ),
    '',
  ].join('\n');
}

function flagRows(flags: Flags, paint: Paint): string[][] {
  return Object.entries(flags).map(([name, flag]) => {
    const short = flag.short === undefined ? '    ' : `-${flag.short}, `;
    return [paint('cyan', `${short}--${name}${flag.value === undefined ? '' : ` ${flag.value}`}`), flag.help];
  });
}
