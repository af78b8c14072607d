/** The command line: which verb, its arguments, its exit code. */
import { suggest } from '../core/suggest.ts';
import { version } from '../version.ts';
import { checkPositionals, readArguments } from './arguments.ts';
import type { Command } from './command.ts';
import { commands } from './commands.ts';
import { commandHelp, overview } from './help.ts';
import { processShell, type Shell } from './shell.ts';
import { exit, Stop, usageError, type ExitCode } from './stop.ts';

/** Runs the command line of a process; resolves with its exit code. */
export async function main(node: NodeJS.Process): Promise<number> {
  return runCommand(node.argv.slice(2), processShell(node));
}

/** Runs one command line in a shell. Never throws for what a user can do wrong. */
export async function runCommand(argv: readonly string[], shell: Shell): Promise<ExitCode> {
  try {
    return await dispatch(argv, shell);
  } catch (error) {
    if (!(error instanceof Stop)) throw error;
    if (has(argv, '--json'))
      shell.err.line(JSON.stringify({ error: { message: error.message, exit_code: error.exitCode } }));
    else shell.err.line(`${shell.err.paint('red', 'spillway')}: ${error.message}`);
    return error.exitCode;
  }
}

/** One of the options stands among the arguments, before a `--`. */
function has(argv: readonly string[], ...options: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).some((argument) => options.includes(argument));
}

async function dispatch(argv: readonly string[], shell: Shell): Promise<ExitCode> {
  const [verb, ...rest] = argv;
  if (verb === undefined) {
    shell.err.write(overview(commands, version, shell.err.paint));
    return exit.usage;
  }
  if (verb === '--version' || verb === '-V' || verb === 'version') {
    shell.out.line(version);
    return exit.ok;
  }
  if (verb === 'help' || verb === '--help' || verb === '-h') return help(rest[0], shell);
  const command = findCommand(verb);
  if (has(rest, '--help', '-h')) return help(verb, shell);
  const args = readArguments(verb, command.flags, rest);
  checkPositionals(verb, command.positionals, args.positionals);
  const run = await command.load();
  return run(args, shell);
}

function help(verb: string | undefined, shell: Shell): ExitCode {
  const paint = shell.out.paint;
  const text =
    verb === undefined ? overview(commands, version, paint) : commandHelp(findCommand(verb), paint);
  shell.out.write(text);
  return exit.ok;
}

function findCommand(verb: string): Command {
  const found = commands.find((command) => command.verb === verb);
  if (found) return found;
  if (verb.startsWith('-'))
    throw usageError(`the command comes first: spillway COMMAND ${verb} (see spillway help)`);
  const near = suggest(verb, [...commands.map((command) => command.verb), 'help']);
  throw usageError(`unknown command "${verb}": ${near ? `did you mean "${near}"?` : 'see spillway help'}`);
}
