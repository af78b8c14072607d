/** Applying a document: what it does to each object, by the three-way rule. */
import type { Setting, Written } from '../core/settings.ts';
import { diffBodies } from './diff.ts';
import {
  archiveStep,
  idOf,
  planOf,
  writeStep,
  type Held,
  type HeldObjects,
  type Plan,
  type Step,
} from './plan.ts';
import { judge, type Verdict } from './three-way.ts';

export type ApplyOptions = { readonly force: boolean; readonly prune: boolean };

/** `applied`: `kind name` → what the document said last time. */
export function planApply(
  written: readonly Written[],
  held: HeldObjects,
  applied: ReadonlyMap<string, string>,
  { force, prune }: ApplyOptions,
): Plan {
  const steps = written.map((object) => {
    const before = held.get(idOf(object));
    const document = JSON.stringify(object.body);
    const active = before && { text: JSON.stringify(before.setting.body), archived: before.setting.archived };
    const verdict = judge({ document, applied: applied.get(idOf(object)), active }, force);
    const step = stepFor(verdict, object, before);
    return verdict === 'kept' || verdict === 'conflict' || applied.get(idOf(object)) === document
      ? step
      : adopted(step, document);
  });
  const present = new Set(written.map(idOf));
  const missing = [...applied.keys()].flatMap((id) => (present.has(id) ? [] : (held.get(id) ?? [])));
  return planOf(
    [...steps, ...missing.filter(({ setting }) => !setting.archived).map((one) => missingStep(one, prune))],
    held,
  );
}

function stepFor(verdict: Verdict, object: Written, before: Held | undefined): Step {
  if (verdict === 'created' || verdict === 'changed' || before === undefined)
    return writeStep(object, before);
  if (verdict === 'conflict') {
    const { held, change } = writeStep(object, before);
    return { held, change: { ...change, action: 'kept', version: before.setting.version }, conflict: true };
  }
  const { kind, name, path } = object;
  const { version, archived, body } = before.setting;
  const diff = verdict === 'kept' ? diffBodies(kind, name, archived ? undefined : body, object.body) : [];
  const setting = { ...before.setting, path } as Setting;
  return { held: { ...before, setting }, change: { kind, name, action: verdict, version, diff } };
}

/** From now on the document is known to have said this. */
function adopted(step: Step, document: string): Step {
  const { kind, name, version, archived, deleted = false } = step.held.setting;
  const edit = step.edit ?? { kind, name, version, archived, deleted };
  return { ...step, edit: { ...edit, applied: document } };
}

/** A document once wrote it, and this one does not. */
function missingStep(held: Held, prune: boolean): Step {
  if (prune) {
    const step = archiveStep(held);
    return { ...step, edit: { ...step.edit, applied: null } };
  }
  const { kind, name, version } = held.setting;
  return { held, change: { kind, name, action: 'kept', version, diff: [] } };
}
