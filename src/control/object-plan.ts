/** What an action on one object comes to: steps of a plan, or why not. Pure. */
import type { PresetBody } from '../core/document-preset.ts';
import { readObject } from '../core/document-read.ts';
import { isMapOf, mergePatch } from '../core/merge-patch.ts';
import { error, warning, type Mistake } from '../core/mistake.ts';
import { checkSecrets, secretFields } from '../core/secret-fields.ts';
import { canonicalPath, type RolloutBody, type Setting, type Written } from '../core/settings.ts';
import type { StoredDraft, Vault } from '../core/settings-store.ts';
import { shown } from './document-export.ts';
import { excessOf } from './document-bulk.ts';
import { checkEdit, movedOrigin, takeIn } from './document-secrets.ts';
import { printRef, type Action, type ChangeRequest, type ObjectConflict } from './object-operations.ts';
import { OperationRefused } from './operations.ts';
import { activateStep, archiveStep, deleteStep, idOf, writeStep, type Held, type Step } from './plan.ts';

/** What the plan of an action may look at. */
export type Sight = {
  /** The object as it is; absent = there never was one. */
  readonly held: Held | undefined;
  readonly rollout: Held | undefined;
  readonly draft: StoredDraft | undefined;
  /** The body of a version; undefined = there is no such version. */
  readonly bodyOf: (version: number) => Written['body'] | undefined;
  readonly vault: Vault;
  /** Epoch ms. */
  readonly now: number;
};

export type Planned = {
  readonly steps: readonly Step[];
  /** What must stand up to every check, where that is something else than what the steps lead to. */
  readonly tried?: readonly Step[];
  readonly mistakes: readonly Mistake[];
  /** For the history, where nothing is said. */
  readonly message: string;
};

export type Verdict = Planned | { readonly conflict: ObjectConflict };

type Plan<Which extends Action['do']> = (
  request: ChangeRequest & { readonly action: Extract<Action, { readonly do: Which }> },
  sight: Sight,
) => Verdict;

const actions: { readonly [Which in Action['do']]: Plan<Which> } = {
  put: (request, sight) => write(request, sight, request.action.body),
  patch: (request, sight) => {
    const active = standing(request, sight).setting;
    const merged = mergePatch(shown(active), request.action.patch);
    const { body, cleared } = withoutMoved(merged, request.action.patch, active);
    const planned = write(request, sight, body);
    return 'conflict' in planned ? planned : { ...planned, mistakes: [...planned.mistakes, ...cleared] };
  },
  activate: (request, sight) => activate(request, sight, request.action.version),
  archive: (request, sight) => leave(archiveStep(standing(request, sight)), 'archived'),
  delete: (request, sight) => leave(deleteStep(present(request, sight)), 'deleted'),
  restore: (request, sight) => restore(request, sight),
  draft: (request, sight) => saveDraft(request, sight),
  discard: ({ ref }, { held, draft }) => {
    const drop = { name: ref.name, draft: null };
    if (!held || !draft) throw new OperationRefused(404, `the ${printRef(ref)} has no draft`);
    const { draft: _dropped, ...setting } = held.setting;
    const step = { ...still({ ...held, setting }), draft: drop };
    return { steps: [step], mistakes: [], message: '' };
  },
  publish: (request, sight) => publish(request, sight),
  rollout: (request, sight) => rollOut(request, sight),
  promote: (request, sight) => {
    const { held, rollout, body } = running(request, sight);
    const planned = activate(request, { ...sight, held }, body.version);
    if ('conflict' in planned) return planned;
    const message = `made version ${body.version} of ${printRef(request.ref)} the active one`;
    return { ...planned, steps: [...planned.steps, archiveStep(rollout)], message };
  },
  rollback: (request, sight) => {
    const { rollout, body } = running(request, sight);
    const message = `took back the roll-out of version ${body.version} of ${printRef(request.ref)}`;
    return { steps: [archiveStep(rollout)], mistakes: [], message };
  },
};

/** Throws `OperationRefused` for what is not there. */
export function planAction(request: ChangeRequest, sight: Sight): Verdict {
  const plan = actions[request.action.do] as Plan<Action['do']>;
  return otherVersion(request, sight) ?? tooMuch(request) ?? plan(request, sight);
}

/** Before anything walks through it. */
function tooMuch({ ref, action }: ChangeRequest): Verdict | undefined {
  const value = 'body' in action ? action.body : 'patch' in action ? action.patch : undefined;
  const excess = excessOf(value);
  if (excess === undefined) return undefined;
  return { steps: [], mistakes: [error(canonicalPath(ref.kind, ref.name), excess)], message: '' };
}

/** Somebody else changed the object since it was read. */
function otherVersion({ ref, ifVersion }: ChangeRequest, { held, bodyOf }: Sight): Verdict | undefined {
  const setting = held?.setting.archived === false ? held.setting : undefined;
  const active = setting?.version ?? 0;
  if (ifVersion === undefined || ifVersion === active) return undefined;
  const based = bodyOf(ifVersion);
  const diff = based && setting ? writeStep(setting, heldOf(setting, based)).change.diff : undefined;
  const now = active === 0 ? 'there is none now' : `${active} is active now`;
  const message = `the change to ${printRef(ref)} is based on version ${ifVersion}, and ${now}: read it again`;
  return { conflict: { reason: 'version', message, yours: ifVersion, active, ...(diff ? { diff } : {}) } };
}

function heldOf(setting: Setting, body: Written['body']): Held {
  return { setting: { ...setting, body } as Setting, latest: setting.version };
}

function stateConflict(message: string): Verdict {
  return { conflict: { reason: 'state', message } };
}

type Asked = Pick<ChangeRequest, 'ref'>;

/** Archived ones included, deleted ones not. */
function present({ ref }: Asked, { held }: Sight): Held {
  if (held && held.setting.deleted !== true) return held;
  throw new OperationRefused(404, `there is no ${printRef(ref)}`);
}

function standing(asked: Asked, sight: Sight): Held {
  const held = present(asked, sight);
  if (!held.setting.archived) return held;
  throw new OperationRefused(409, `the ${printRef(asked.ref)} is archived: restore it first`);
}

/** Nothing happens to the object itself. */
function still(held: Held): Step {
  const { kind, name, version } = held.setting;
  return { held, change: { kind, name, action: 'unchanged', version, diff: [] } };
}

/** The object that a body makes, taken in; absent where its form is wrong. */
function taken(
  { ref, actor }: ChangeRequest,
  { held, vault }: Sight,
  body: unknown,
): { readonly object?: Written; readonly mistakes: readonly Mistake[] } {
  const { objects, mistakes } = readObject(ref.kind, ref.name, body);
  const [object] = objects;
  if (!object) return { mistakes };
  const active = held?.setting.archived === false ? held.setting : undefined;
  const { object: own, mistakes: secrets } = takeIn(object, active, vault);
  const mine = checkEdit(own, active, actor);
  return { object: own, mistakes: [...checkSecrets(object), ...secrets, ...mine] };
}

function write(request: ChangeRequest, sight: Sight, body: unknown): Verdict {
  const { object, mistakes } = taken(request, sight, body);
  if (!object) return { steps: [], mistakes, message: '' };
  const message = `wrote ${printRef(request.ref)}`;
  return { steps: [writeUnlessSame(object, sight.held)], mistakes, message };
}

function writeUnlessSame(object: Written, held: Held | undefined): Step {
  const same = held && JSON.stringify(held.setting.body) === JSON.stringify(object.body);
  return same && !held.setting.archived ? still(held) : writeStep(object, held);
}

/** A credential goes with the origin that it was given for, unless the patch gives another one. */
function withoutMoved(
  merged: unknown,
  patch: unknown,
  active: Setting,
): { readonly body: unknown; readonly cleared: readonly Mistake[] } {
  if (active.kind !== 'provider' || !isMapOf(merged) || typeof merged['base_url'] !== 'string')
    return { body: merged, cleared: [] };
  const moved = { ...active, body: { ...active.body, base_url: merged['base_url'] } };
  if (!movedOrigin(moved, active)) return { body: merged, cleared: [] };
  const given = isMapOf(patch) ? patch : {};
  const headers = isMapOf(given['headers']) ? given['headers'] : {};
  const lost = secretFields(active).filter(({ use, path }) =>
    use === 'header' ? headers[String(path.at(-1))] === undefined : given['api_key'] === undefined,
  );
  const names = Object.fromEntries(
    lost.flatMap(({ use, path }) => (use === 'header' ? [[String(path.at(-1)), null]] : [])),
  );
  const drop = {
    ...(lost.some(({ use }) => use === 'credential') ? { api_key: null } : {}),
    ...(Object.keys(names).length > 0 ? { headers: names } : {}),
  };
  const told = 'was cleared, because base_url leads to another origin than the one it was given for';
  return { body: mergePatch(merged, drop), cleared: lost.map(({ path }) => warning(path, told)) };
}

type Mover = Pick<ChangeRequest, 'ref' | 'actor'>;

function activate({ ref, actor }: Mover, sight: Sight, version: number): Verdict {
  const held = standing({ ref }, sight);
  const message = `activated version ${version} of ${printRef(ref)}`;
  if (held.setting.version === version) return { steps: [still(held)], mistakes: [], message };
  const body = sight.bodyOf(version);
  if (!body) throw noVersion(ref, version, held);
  const step = activateStep(held, version, body);
  return { steps: [step], mistakes: checkEdit(step.held.setting, held.setting, actor), message };
}

function noVersion(ref: ChangeRequest['ref'], version: number, { latest }: Held): OperationRefused {
  const known = latest === 1 ? 'there is only 1' : `there are 1 to ${latest}`;
  return new OperationRefused(404, `the ${printRef(ref)} has no version ${version}; ${known}`);
}

function leave(step: Step, word: string): Planned {
  return { steps: [step], mistakes: [], message: `${word} ${printRef(step.held.setting)}` };
}

function restore(request: ChangeRequest, sight: Sight): Verdict {
  const held = present(request, sight);
  const { setting } = held;
  const message = `restored ${printRef(request.ref)}`;
  if (!setting.archived) return { steps: [still(held)], mistakes: [], message };
  return { steps: [activateStep(held, setting.version, setting.body)], mistakes: [], message };
}

function saveDraft(
  request: ChangeRequest & { readonly action: Extract<Action, { readonly do: 'draft' }> },
  sight: Sight,
): Verdict {
  const held = standing(request, sight);
  const { object, mistakes } = taken(request, sight, request.action.body);
  if (!object) return { steps: [], mistakes, message: '' };
  const { setting } = held;
  const draft: StoredDraft = {
    name: setting.name,
    body: JSON.stringify(object.body),
    base: sight.draft?.base ?? setting.version,
    at: sight.now,
    author: request.actor.name,
    message: request.message ?? '',
  };
  const shownWith = { ...held, setting: { ...setting, draft: object.body as PresetBody } as Setting };
  const step = { ...still(shownWith), draft: { name: setting.name, draft } };
  return { steps: [step], tried: [writeStep(object, held)], mistakes, message: '' };
}

function publish(request: ChangeRequest, sight: Sight): Verdict {
  const held = standing(request, sight);
  const { setting } = held;
  const { draft } = sight;
  if (!draft || !setting.draft) throw new OperationRefused(404, `the ${printRef(request.ref)} has no draft`);
  if (draft.base !== setting.version && request.force !== true) {
    const stale = otherVersion({ ...request, ifVersion: draft.base }, sight);
    if (stale) return stale;
  }
  const { draft: body, ...kept } = setting;
  const without = { ...held, setting: kept as Setting };
  const object = { kind: 'preset', name: setting.name, path: setting.path, body } as Written;
  const step = { ...writeUnlessSame(object, without), draft: { name: setting.name, draft: null } };
  const message = draft.message || `published the draft of ${printRef(request.ref)}`;
  return { steps: [step], mistakes: [], message };
}

function rollOut(
  request: ChangeRequest & { readonly action: Extract<Action, { readonly do: 'rollout' }> },
  sight: Sight,
): Verdict {
  const held = standing(request, sight);
  const { version, percent } = request.action;
  const { setting } = held;
  const target = sight.bodyOf(version);
  if (!target) throw noVersion(request.ref, version, held);
  if (version === setting.version)
    return stateConflict(`version ${version} of ${printRef(request.ref)} is the active one already`);
  const before = sight.rollout;
  const old = before?.setting.archived === false ? (before.setting.body as RolloutBody) : undefined;
  const goesOn = old?.version === version && old.base === setting.version;
  const body: RolloutBody = {
    version,
    base: setting.version,
    percent,
    since: goesOn ? old.since : sight.now,
  };
  const object = { kind: 'rollout', name: setting.name, path: ['rollouts', setting.name], body } as const;
  return {
    steps: [writeUnlessSame(object, before)],
    tried: [activateStep(held, version, target)],
    mistakes: [],
    message: `rolls version ${version} of ${printRef(request.ref)} out to ${percent} %`,
  };
}

function running(
  { ref }: ChangeRequest,
  sight: Sight,
): { readonly held: Held; readonly rollout: Held; readonly body: RolloutBody } {
  const held = standing({ ref }, sight);
  const { rollout } = sight;
  if (!rollout || rollout.setting.archived)
    throw new OperationRefused(404, `no version of ${printRef(ref)} is being rolled out`);
  return { held, rollout, body: rollout.setting.body as RolloutBody };
}

/** Where the roll-out of a preset is held. */
export function rolloutId({ name }: { readonly name: string }): string {
  return idOf({ kind: 'rollout', name });
}
