/** What a change of the configuration consists of, step by step. Pure: the configuration carries it out, or not. */
import { layered } from '../core/layered-map.ts';
import type { Kind, Setting, Written } from '../core/settings.ts';
import type { Edit, StoredChange } from '../core/settings-store.ts';
import { diffBodies } from './diff.ts';
import type { Change } from './operations.ts';

/** An object in force, and the highest version number it ever had. */
export type Held = { readonly setting: Setting; readonly latest: number };

/** `kind name` → object, archived ones included. */
export type HeldObjects = ReadonlyMap<string, Held>;

export function idOf({ kind, name }: { readonly kind: Kind; readonly name: string }): string {
  return `${kind} ${name}`;
}

/** What happens to one object. */
export type Step = {
  readonly held: Held;
  /** What people are told. A conflict stops the whole plan. */
  readonly change: Change;
  readonly conflict?: boolean;
  /** What is stored; absent = nothing. */
  readonly edit?: Edit;
  /** What the revision records; absent = the object itself did not change. */
  readonly recorded?: StoredChange;
};

export type Plan = {
  readonly objects: HeldObjects;
  /** Objects that get a new body or come back: they must stand up to every check. */
  readonly touched: readonly Written[];
  readonly edits: readonly Edit[];
  readonly changes: readonly Change[];
  readonly conflicts: readonly Change[];
  readonly recorded: readonly StoredChange[];
};

export function planOf(steps: readonly Step[], before: HeldObjects): Plan {
  return {
    objects: layered(
      before,
      steps.map(({ held }) => [idOf(held.setting), held] as const),
    ),
    touched: steps.flatMap(({ held, recorded, conflict }) =>
      (recorded && recorded.action !== 'archived') || conflict === true ? [held.setting] : [],
    ),
    edits: steps.flatMap(({ edit }) => edit ?? []),
    changes: steps.flatMap(({ change, conflict }) => (conflict === true ? [] : change)),
    conflicts: steps.flatMap(({ change, conflict }) => (conflict === true ? change : [])),
    recorded: steps.flatMap(({ recorded }) => recorded ?? []),
  };
}

/** The object gets this body, as a new version unless it is the very body it has (then it comes back from the archive). */
export function writeStep(object: Written, before: Held | undefined): Step & { readonly edit: Edit } {
  const { kind, name, body } = object;
  const old = before?.setting;
  const standing = old === undefined || old.archived ? undefined : old;
  const text = JSON.stringify(body);
  const same = old !== undefined && JSON.stringify(old.body) === text;
  const version = same ? old.version : (before?.latest ?? 0) + 1;
  const action = standing ? 'changed' : 'created';
  const older = same ? old.older : olderOf(old);
  const setting = { ...object, version, archived: false, ...(older ? { older } : {}) } as Setting;
  return {
    held: { setting, latest: Math.max(version, before?.latest ?? 0) },
    change: { kind, name, action, version, diff: diffBodies(kind, name, standing?.body, body) },
    edit: { kind, name, archived: false, version, ...(same ? {} : { body: text }) },
    recorded: { kind, name, action, version, ...(standing ? { before: standing.version } : {}) },
  };
}

/** Only of presets can a version be asked for. */
function olderOf(old: Setting | undefined): Setting['older'] {
  if (old?.kind !== 'preset') return undefined;
  return new Map([...(old.older ?? []), [old.version, old.body]]);
}

/** The object goes to the archive; its versions stay, and so does its name. */
export function archiveStep({ setting, latest }: Held): Step & { readonly edit: Edit } {
  const { kind, name, version, body } = setting;
  return {
    held: { latest, setting: { ...setting, archived: true } },
    change: { kind, name, action: 'archived', version, diff: diffBodies(kind, name, body, undefined) },
    edit: { kind, name, archived: true, version },
    recorded: { kind, name, action: 'archived', version, before: version },
  };
}
