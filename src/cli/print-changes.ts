/** What an apply changed, and who changed what before, as lines. Pure. */
import type { View } from '../control/api-views.ts';
import type * as schemas from '../control/api-schemas.ts';
import type { Change } from '../control/operations.ts';
import type { Paint, Style } from './shell.ts';
import { clean, cleanBlock, columns, counted, dateAndTime, indent } from './table.ts';

const marks: Record<Change['action'], readonly [mark: string, style: Style]> = {
  created: ['+', 'green'],
  changed: ['~', 'yellow'],
  activated: ['~', 'yellow'],
  restored: ['+', 'green'],
  archived: ['-', 'red'],
  deleted: ['-', 'red'],
  kept: ['=', 'dim'],
  unchanged: ['=', 'dim'],
};

/** One line for each object that is not simply unchanged, with the old and new lines of changed ones below it. */
export function changeLines(changes: readonly Change[], paint: Paint): string[] {
  const shown = changes.filter((change) => change.action !== 'unchanged');
  const heads = changeHeads(shown, paint);
  return shown.flatMap((change, index) => [
    heads[index] ?? '',
    ...(change.action === 'changed' || change.action === 'activated'
      ? indent(indent(diffLines(change.diff, paint)))
      : []),
  ]);
}

/** One line for each: what happened to which object. */
export function changeHeads(changes: readonly Change[], paint: Paint): string[] {
  return columns(changes.map((change) => changeRow(change, paint)));
}

/** What a document leaves alone: edited since it was applied (the diff says how), or no longer in it. */
function keptBecause({ version, diff }: Change): string {
  return diff.length > 0
    ? `version ${version}; edited since its last apply`
    : 'not in the document; --prune archives it';
}

function changeRow(change: Change, paint: Paint): string[] {
  const [mark, style] = marks[change.action];
  const note = change.action === 'kept' ? keptBecause(change) : `version ${change.version}`;
  return [
    paint(style, mark),
    change.kind,
    clean(change.name),
    paint(style, change.action),
    paint('dim', note),
  ];
}

/** Unified-style lines in colour. */
export function diffLines(diff: readonly string[], paint: Paint): string[] {
  return diff.map((line) => {
    const text = cleanBlock(line);
    if (text.startsWith('+')) return paint('green', text);
    return text.startsWith('-') ? paint('red', text) : paint('dim', text);
  });
}

/** `2 created, 1 changed, 5 unchanged`, or that there was nothing to do. */
export function changeSummary(changes: readonly Change[]): string {
  const actions = Object.keys(marks) as readonly Change['action'][];
  const counts = actions
    .map((action) => [changes.filter((change) => change.action === action).length, action] as const)
    .filter(([count]) => count > 0);
  if (counts.every(([, action]) => action === 'unchanged' || action === 'kept')) return 'nothing to change';
  return counts.map(([count, action]) => `${count} ${action}`).join(', ');
}

type RevisionView = View<typeof schemas.revision>;

/** The history as a table, newest first. */
export function revisionLines(revisions: readonly RevisionView[], paint: Paint): string[] {
  return columns(
    revisions.map((revision) => [
      paint('bold', String(revision.revision)),
      dateAndTime(revision.at),
      clean(revision.author),
      touched(revision.changes),
      paint('dim', clean(revision.message)),
    ]),
    ['right'],
  );
}

function touched(changes: RevisionView['changes']): string {
  const real = changes.filter((change) => change.action !== 'unchanged' && change.action !== 'kept');
  const [first] = real;
  if (!first) return 'nothing';
  if (real.length > 2) return counted(real.length, 'object');
  return real.map((change) => `${change.kind} ${clean(change.name)} ${change.action}`).join(', ');
}
