/** What a change of the configuration consists of, step by step. Pure: the configuration carries it out, or not. */
import { layered } from '../core/layered-map.ts';
import type { Kind, RolloutBody, Setting, Written } from '../core/settings.ts';
import type { DraftEdit, Edit, StoredChange } from '../core/settings-store.ts';
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
  /** What becomes of the preset's draft; absent = it stays. */
  readonly draft?: DraftEdit;
};

/** A step that changes an object, and so is recorded. */
type Recorded = Step & { readonly edit: Edit; readonly recorded: StoredChange };

export type Plan = {
  readonly objects: HeldObjects;
  /** Objects that get a new body or come back: they must stand up to every check. */
  readonly touched: readonly Written[];
  readonly edits: readonly Edit[];
  readonly drafts: readonly DraftEdit[];
  readonly changes: readonly Change[];
  readonly conflicts: readonly Change[];
  readonly recorded: readonly StoredChange[];
};

export function planOf(planned: readonly Step[], before: HeldObjects): Plan {
  const steps = [...planned, ...endedRollouts(planned, before)];
  const changed = new Map(steps.map(({ held }) => [idOf(held.setting), held] as const));
  for (const { held } of steps) showRollout(held.setting, before, changed);
  return {
    objects: layered(before, changed),
    touched: steps.flatMap(({ held, recorded, conflict }) =>
      (recorded && !isGone(recorded)) || conflict === true ? [held.setting] : [],
    ),
    edits: steps.flatMap(({ edit }) => edit ?? []),
    drafts: steps.flatMap(({ draft }) => draft ?? []),
    changes: steps.flatMap(({ change, conflict }) => (conflict === true ? [] : change)),
    conflicts: steps.flatMap(({ change, conflict }) => (conflict === true ? change : [])),
    recorded: steps.flatMap(({ recorded }) => recorded ?? []),
  };
}

/** After this the object is in the archive, or deleted. */
export function isGone({ action }: Pick<Change, 'action'>): boolean {
  return action === 'archived' || action === 'deleted';
}

/** A roll-out compares with the active version: it ends with it, unless the plan itself says what becomes of it. */
function endedRollouts(steps: readonly Step[], before: HeldObjects): readonly Step[] {
  const planned = new Set(steps.map(({ held }) => idOf(held.setting)));
  return steps.flatMap(({ held: { setting }, conflict }) => {
    if (setting.kind !== 'preset' || conflict === true) return [];
    const id = idOf({ kind: 'rollout', name: setting.name });
    const rollout = before.get(id);
    if (rollout === undefined || rollout.setting.archived || planned.has(id)) return [];
    const { base } = rollout.setting.body as RolloutBody;
    return setting.archived || setting.version !== base ? [archiveStep(rollout)] : [];
  });
}

/** The preset of an object shows the roll-out that runs on it; what becomes of `before` is put into `changed`. */
export function showRollout({ kind, name }: Setting, before: HeldObjects, changed: Map<string, Held>): void {
  if (kind !== 'preset' && kind !== 'rollout') return;
  const held = (id: string): Held | undefined => changed.get(id) ?? before.get(id);
  const preset = held(idOf({ kind: 'preset', name }));
  const rollout = held(idOf({ kind: 'rollout', name }))?.setting;
  if (preset === undefined) return;
  const running = rollout?.archived === false ? (rollout.body as RolloutBody) : undefined;
  if (preset.setting.rollout === running) return;
  const { rollout: _ended, ...setting } = preset.setting;
  const shown = { ...setting, ...(running ? { rollout: running } : {}) } as Setting;
  changed.set(idOf(shown), { ...preset, setting: shown });
}

/** The object gets this body, as a new version unless it is the very body it has (then it comes back from the archive). */
export function writeStep(object: Written, before: Held | undefined): Recorded {
  const { kind, name, body } = object;
  const old = before?.setting;
  const standing = old === undefined || old.archived ? undefined : old;
  const text = JSON.stringify(body);
  const same = old !== undefined && JSON.stringify(old.body) === text;
  const version = same ? old.version : (before?.latest ?? 0) + 1;
  const action = standing ? 'changed' : 'created';
  const older = same ? old.older : olderOf(old);
  const setting = { ...beside(old), ...object, version, archived: false, ...(older ? { older } : {}) };
  return {
    held: { setting: setting as Setting, latest: Math.max(version, before?.latest ?? 0) },
    change: { kind, name, action, version, diff: diffBodies(kind, name, standing?.body, body) },
    edit: { kind, name, archived: false, version, ...(same ? {} : { body: text }) },
    recorded: { kind, name, action, version, ...(standing ? { before: standing.version } : {}) },
  };
}

/** What belongs to the object and to none of its versions. */
function beside(old: Setting | undefined): Pick<Setting, 'draft' | 'rollout'> {
  return {
    ...(old?.draft ? { draft: old.draft } : {}),
    ...(old?.rollout ? { rollout: old.rollout } : {}),
  };
}

/** Only of presets can a version be asked for. */
function olderOf(old: Setting | undefined): Setting['older'] {
  if (old?.kind !== 'preset') return undefined;
  return new Map([...(old.older ?? []), [old.version, old.body]]);
}

/** A version that is there already becomes the active one; of an archived object this is how it comes back. */
export function activateStep(
  { setting: old, latest }: Held,
  version: number,
  body: Written['body'],
): Recorded {
  const { kind, name } = old;
  const older = new Map(olderOf(old) as ReadonlyMap<number, Written['body']> | undefined);
  older.delete(version);
  const setting = {
    ...beside(old),
    kind,
    name,
    path: old.path,
    body,
    version,
    archived: false,
    ...(kind === 'preset' ? { older } : {}),
  } as Setting;
  const action = old.archived ? 'restored' : 'activated';
  const standing = old.archived ? undefined : old;
  return {
    held: { setting, latest },
    change: { kind, name, action, version, diff: diffBodies(kind, name, standing?.body, body) },
    edit: { kind, name, archived: false, version },
    recorded: { kind, name, action, version, ...(standing ? { before: standing.version } : {}) },
  };
}

/** The object goes to the archive; its versions stay, and so does its name. */
export function archiveStep({ setting, latest }: Held): Recorded {
  const { deleted: _back, ...kept } = setting;
  const { kind, name, version, body } = setting;
  return {
    // Undoing the deletion of what was archived leads here as well.
    held: { latest, setting: { ...kept, archived: true } },
    change: { kind, name, action: 'archived', version, diff: diffBodies(kind, name, body, undefined) },
    edit: { kind, name, archived: true, version },
    recorded: { kind, name, action: 'archived', version, before: version },
  };
}

/** The object is gone from every list, its draft with it; its versions stay, and its numbers go on if it is made again. */
export function deleteStep(held: Held): Recorded {
  const { setting, latest } = held;
  const { kind, name, version, archived, body } = setting;
  const { draft, ...kept } = setting;
  return {
    held: { latest, setting: { ...kept, archived: true, deleted: true } },
    change: { kind, name, action: 'deleted', version, diff: diffBodies(kind, name, body, undefined) },
    edit: { kind, name, archived: true, deleted: true, version },
    recorded: { kind, name, action: 'deleted', version, ...(archived ? {} : { before: version }) },
    ...(draft === undefined ? {} : { draft: { name, draft: null } }),
  };
}
