/** The history read again: what changed between two revisions, and how one is undone. Pure. */
import type { Kind, Written } from '../core/settings.ts';
import type { StoredChange, StoredRevision } from '../core/settings-store.ts';
import { diffBodies } from './diff.ts';
import { checkEdit } from './document-secrets.ts';
import type { Verdict } from './object-plan.ts';
import { OperationRefused, type Actor, type Change } from './operations.ts';
import {
  activateStep,
  archiveStep,
  deleteStep,
  idOf,
  isGone,
  type Held,
  type HeldObjects,
  type Step,
} from './plan.ts';

type Ref = { readonly kind: Kind; readonly name: string };
type BodyOf = (ref: Ref, version: number) => Written['body'];

/** The versions of an object at two moments; absent = it was not there. */
type Span = Ref & { readonly before: number | undefined; readonly after: number | undefined };

/** `between`: the revisions after the earlier one up to the later one, oldest first. */
export function compareRevisions(
  between: readonly StoredRevision[],
  { backwards, bodyOf }: { readonly backwards: boolean; readonly bodyOf: BodyOf },
): readonly Change[] {
  const spans = new Map<string, Span>();
  for (const change of between.flatMap(({ changes }) => changes)) {
    const { kind, name } = change;
    const begun = spans.get(idOf(change));
    const before = begun ? begun.before : change.before;
    spans.set(idOf(change), { kind, name, before, after: isGone(change) ? undefined : change.version });
  }
  return [...spans.values()].flatMap((span) =>
    changeOf(backwards ? { ...span, before: span.after, after: span.before } : span, bodyOf),
  );
}

function changeOf({ kind, name, before, after }: Span, bodyOf: BodyOf): readonly Change[] {
  if (before === after) return [];
  const body = (version: number | undefined): Written['body'] | undefined =>
    version === undefined ? undefined : bodyOf({ kind, name }, version);
  return [
    {
      kind,
      name,
      action: before === undefined ? 'created' : after === undefined ? 'archived' : 'changed',
      version: after ?? before ?? 0,
      diff: diffBodies(kind, name, body(before), body(after)),
    },
  ];
}

type RevertOptions = {
  readonly objects: HeldObjects;
  readonly bodyOf: BodyOf;
  readonly force: boolean;
  readonly actor: Actor;
};

/** What one revision did is undone, object by object: earlier versions are active again, none is made. */
export function revertSteps(
  { revision, changes }: StoredRevision,
  { objects, bodyOf, force, actor }: RevertOptions,
): Verdict {
  if (changes.some(({ kind }) => kind === 'admin'))
    throw new OperationRefused(409, 'administrators are not reverted: see spillway admins');
  const held = changes.flatMap((change) => {
    const one = objects.get(idOf(change));
    return one ? [{ change, held: one }] : [];
  });
  const edited = held.filter(({ change, held: { setting } }) => {
    const gone = isGone(change);
    return setting.archived !== gone || (!gone && setting.version !== change.version);
  });
  if (edited.length > 0 && !force) {
    const names = edited.map(({ change }) => idOf(change)).join(', ');
    const message = `edited since revision ${revision}: ${names}; revert the later revisions first, or force it`;
    return { conflict: { reason: 'state', message } };
  }
  const steps = held.flatMap(({ change, held: one }) => undo(change, one, bodyOf));
  const mistakes = steps.flatMap(({ held: { setting } }) =>
    setting.archived ? [] : checkEdit(setting, objects.get(idOf(setting))?.setting, actor),
  );
  return { steps, mistakes, message: `reverted revision ${revision}` };
}

function undo(change: StoredChange, held: Held, bodyOf: BodyOf): readonly Step[] {
  const { before, action } = change;
  const { setting } = held;
  if (action === 'deleted' && before === undefined) return [archiveStep(held)];
  if (before === undefined) {
    if (setting.archived) return [];
    return [action === 'created' && change.version === 1 ? deleteStep(held) : archiveStep(held)];
  }
  if (!setting.archived && setting.version === before) return [];
  return [activateStep(held, before, bodyOf(change, before))];
}
