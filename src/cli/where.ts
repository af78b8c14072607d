/** `where`: what depends on a model, and what would feel it if the model were gone. */
import type { WhereView } from '../control/api-where.ts';
import type { Run } from './command.ts';
import { connectAdmin } from './gateway.ts';
import type { Paint } from './shell.ts';
import { exit } from './stop.ts';
import { clean, columns, counted, dollars, indent, whole } from './table.ts';

export const where: Run = async (args, shell) => {
  const [model = ''] = args.positionals;
  const query = new URLSearchParams({ model, limit: String(args.whole('top', 1) ?? 100) });
  const days = args.whole('days', 1);
  if (days !== undefined) query.set('days', String(days));
  const admin = await connectAdmin(shell);
  const found = await admin.call<WhereView>('GET', `where?${query.toString()}`);
  if (args.on('json')) shell.out.line(JSON.stringify(found));
  else for (const line of whereLines(found, shell.out.paint)) shell.out.line(line);
  return exit.ok;
};

/** Presets first, for they are what an operator changes; what is empty is said in one sentence. */
export function whereLines(found: WhereView, paint: Paint): string[] {
  const { model, providers, presets, downgrades, aliases, keys, callers, days } = found;
  const served = providers.length === 0 ? 'no configured provider serves it' : `at ${providers.join(', ')}`;
  const section = <T>(
    title: string,
    { total, rows }: { readonly total: number; readonly rows: readonly T[] },
    cells: (row: T) => string[],
  ): string[] =>
    total === 0
      ? []
      : [paint('bold', title), ...indent([...columns(rows.map(cells)), ...more(total, rows.length)])];
  const span = days === 1 ? 'today' : `the last ${days} days`;
  return [
    `${paint('bold', clean(model))} ${clean(served)}`,
    ...(presets.total + downgrades.total + callers.total === 0 ? [nothing(keys.total, span)] : []),
    ...section('presets', presets, (use) => presetCells(use, paint)),
    ...section('limits that move to it', downgrades, ({ scope, workspace, limit, at }) => [
      clean(workspace === undefined ? scope : inWorkspace(scope, workspace)),
      `${limit}, from ${at} %`,
    ]),
    ...section('aliases', aliases, ({ alias, preset, workspace, key }) => [
      clean(alias),
      `→ ${clean(preset)}`,
      clean(key === undefined ? `workspace ${workspace}` : `key ${inWorkspace(key, workspace)}`),
    ]),
    ...section('keys that may use it', keys, ({ key, workspace, plain, presets: usable, disabled }) => [
      clean(inWorkspace(key, workspace)),
      clean([...(plain ? ['by its name'] : []), ...usable.map((name) => `@preset/${name}`)].join(', ')),
      disabled ? paint('red', 'disabled') : '',
    ]),
    ...section(`called it by its name, ${span}`, callers, (caller) => [
      clean(inWorkspace(caller.key, caller.workspace)),
      counted(caller.attempts, 'attempt'),
      dollars(Number(caller.spend_usd)),
      `last on ${caller.last_day}`,
    ]),
  ];
}

function nothing(keys: number, span: string): string {
  const may = keys === 0 ? 'no key may use it' : `${counted(keys, 'key')} may`;
  return `nothing depends on it: it is in no preset and no downgrade, and nobody called it by its name (${span}); ${may}`;
}

function more(total: number, shown: number): string[] {
  return total > shown ? [`… and ${whole(total - shown)} more: --top ${total} shows them`] : [];
}

function presetCells(use: WhereView['presets']['rows'][number], paint: Paint): string[] {
  const { preset, workspace, version, position, models, routed_by: routed, status } = use;
  return [
    clean(`${workspace === 'default' ? preset : `${workspace}/${preset}`}@${version}`),
    position === 0 ? 'primary' : `fallback ${position}`,
    `of ${counted(models, 'model')}`,
    routed.length === 0 ? '' : clean(`routed to by ${routed.join(', ')}`),
    status === 'active' ? '' : paint('red', status),
  ];
}

function inWorkspace(name: string, workspace: string): string {
  return workspace === 'default' ? name : `${name} in ${workspace}`;
}
