/** Presets, their versions and their roll-outs, as lines. Pure. */
import type { View } from '../control/api-views.ts';
import type * as schemas from '../control/object-schemas.ts';
import type { ObjectView } from '../control/object-views.ts';
import { diffLines } from './print-changes.ts';
import type { Paint } from './shell.ts';
import { clean, columns, counted, dateAndTime, dollars, indent, whole } from './table.ts';

type Diff = View<typeof schemas.diffAnswer>;
type Cost = NonNullable<Diff['cost']>;
type Rollout = View<typeof schemas.rolloutAnswer>;

export function presetLines(presets: readonly ObjectView[], paint: Paint): string[] {
  const head = ['NAME', 'WORKSPACE', 'VERSION', 'STATE', 'NOTES'].map((title) => paint('dim', title));
  const rows = presets.map((preset) => [
    clean(preset.name),
    clean(preset.workspace ?? ''),
    String(preset.version),
    preset.status === 'active' ? preset.status : paint('yellow', preset.status),
    clean(notesOf(preset)),
  ]);
  return columns([head, ...rows], ['left', 'left', 'right']);
}

function notesOf({ draft, rollout }: ObjectView): string {
  return [
    ...(rollout ? [`version ${rollout.version} serves ${rollout.percent} %`] : []),
    ...(draft ? [`draft by ${draft.author} on version ${draft.base}`] : []),
  ].join('; ');
}

export function versionLines(
  versions: View<typeof schemas.versionsAnswer>['versions'],
  paint: Paint,
): string[] {
  return columns(
    versions.map(({ version, active, at, author, message, revision }) => [
      paint('bold', String(version)),
      active ? paint('green', 'active') : '',
      dateAndTime(at),
      clean(author),
      paint('dim', `revision ${revision}`),
      paint('dim', clean(message)),
    ]),
    ['right'],
  );
}

/** Fields, chain, and what 1,000 requests cost before and after. */
export function versionDiffLines({ from, to, fields, chain, cost }: Diff, paint: Paint): string[] {
  if (fields.length === 0) return [`versions ${from} and ${to} are the same`];
  return [
    paint('bold', `version ${from} → ${to}`),
    ...indent(diffLines(fields, paint)),
    ...(chain && chain.from.join() !== chain.to.join()
      ? [
          '',
          ...columns([
            ['chain', clean(chain.from.join(' → '))],
            ['', clean(chain.to.join(' → '))],
          ]),
        ]
      : []),
    ...(cost ? ['', ...costLines(cost, paint)] : []),
  ];
}

function costLines({ traffic, from, to }: Cost, paint: Paint): string[] {
  const places = Math.max(from.length, to.length);
  const rows = Array.from({ length: places }, (_, position) => [
    position === 0 ? 'primary' : `fallback ${position}`,
    ...priceCells(from[position]),
    ...priceCells(to[position]),
  ]);
  const head = ['', 'BEFORE', '', 'AFTER', ''].map((title) => paint('dim', title));
  return [
    `cost of 1,000 requests, ${trafficText(traffic)}`,
    ...indent(columns([head, ...rows], ['left', 'right', 'left', 'right'])),
  ];
}

function priceCells(step: Cost['from'][number] | undefined): readonly string[] {
  if (!step) return ['-', ''];
  return [
    step.usd_per_1000 === undefined ? '?' : dollars(step.usd_per_1000),
    clean(step.endpoint ?? step.model),
  ];
}

function trafficText({ requests, from, to, standard }: Cost['traffic']): string {
  if (from !== undefined && to !== undefined)
    return `by ${counted(requests, 'request')} of its own from ${dateAndTime(from)} to ${dateAndTime(to)}`;
  const words = standard ? ` of ${whole(standard.input)} tokens in and ${whole(standard.output)} out` : '';
  return `by a standard one${words}, for it has had no traffic`;
}

export function rolloutLines({ rollout, base, next }: Rollout, paint: Paint): string[] {
  const head = ['VERSION', 'REQUESTS', 'ERRORS', 'FALLBACKS', 'P50', 'P95', 'COST EACH'];
  return [
    `version ${rollout.version} serves ${rollout.percent} % of conversations since ${dateAndTime(rollout.since)}`,
    ...columns(
      [head.map((title) => paint('dim', title)), resultRow(base), resultRow(next)],
      ['left', 'right', 'right', 'right', 'right', 'right', 'right'],
    ),
  ];
}

function resultRow(result: Rollout['base']): string[] {
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  const ms = (value: number | undefined): string =>
    value === undefined ? '-' : `${whole(Math.round(value))} ms`;
  return [
    String(result.version),
    `${whole(result.requests)}${result.partial ? '+' : ''}`,
    percent(result.error_rate),
    percent(result.fallback_rate),
    ms(result.p50_ms),
    ms(result.p95_ms),
    dollars(result.usd_per_request),
  ];
}
