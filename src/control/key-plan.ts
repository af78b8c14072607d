/** Inference keys made, switched off and removed one by one. Pure: each is a step of a plan, or a refusal. */
import { expiry, keyHash } from '../core/build.ts';
import { checkSome } from '../core/check.ts';
import { defaultWorkspace } from '../core/defaults.ts';
import { keySchema, type KeyBody } from '../core/document.ts';
import { parseWith } from '../core/document-mistakes.ts';
import { printPath, type Mistake } from '../core/mistake.ts';
import { present } from '../core/present.ts';
import { hashPrefix } from '../core/secret-text.ts';
import type { Setting } from '../core/settings.ts';
import { slugProblem } from '../core/slug.ts';
import { suggest } from '../core/suggest.ts';
import type { State } from './configuration.ts';
import { OperationRefused, type KeySummary, type NewKey } from './operations.ts';
import { archiveStep, idOf, writeStep, type Held, type Step } from './plan.ts';

export function summarizeKeys({ settings, secrets }: State): readonly KeySummary[] {
  return settings.keys.map(({ body }) => summarizeKey(body, keyHash(body.key, secrets)));
}

/** `hash` in hex; undefined = the key's reference could not be resolved. */
export function summarizeKey(body: KeyBody, hash: string | undefined): KeySummary {
  return present({
    name: body.name,
    workspace: body.workspace ?? defaultWorkspace,
    hash: hash?.slice(0, 12) ?? '',
    disabled: body.disabled === true,
    presets: body.presets,
    models: body.models,
    drafts: body.drafts === true ? (true as const) : undefined,
    writePresets: body.write_presets === true ? (true as const) : undefined,
    expiresAt: body.expires === undefined ? undefined : expiry(body.expires),
    retiringUntil: body.retiring === undefined ? undefined : expiry(body.retiring.until),
  });
}

/** A key that is stored as `hash` (SHA-256 in hex). */
export function newKeyStep(key: NewKey, hash: string, state: State, now: number): Step {
  const { name, workspace, presets, models, drafts, writePresets, expiresAt } = key;
  const before = state.objects.get(idOf({ kind: 'key', name }));
  if (before && !before.setting.archived)
    throw new OperationRefused(
      409,
      `there is a key ${name} already: choose another name, or remove that one first`,
    );
  const expires = expiresAt === undefined ? undefined : new Date(expiresAt).toISOString();
  const rights = { presets, models, drafts, write_presets: writePresets };
  const body = present({ name, key: hashPrefix + hash, workspace, ...rights, expires });
  const { value, mistakes } = parseWith(keySchema, body, []);
  const problem = slugProblem(name);
  if (problem !== undefined) throw new OperationRefused(400, `name ${problem}`);
  if (value === undefined) throw refusal(mistakes);
  const setting: Setting<'key'> = { kind: 'key', name, path: [], body: value, version: 1, archived: false };
  const wrong = checkSome([setting], {
    settings: state.settings,
    snapshot: state.snapshot,
    now,
    broken: new Set(),
  });
  if (wrong.length > 0) throw refusal(wrong);
  return writeStep({ kind: 'key', name, path: ['keys', name], body: value }, before);
}

/** Undefined = it is so already. */
export function disableStep(name: string, disabled: boolean, state: State): Step | undefined {
  const held = heldKey(name, state);
  const { disabled: was, ...body } = held.setting.body as KeyBody;
  if ((was === true) === disabled) return undefined;
  const next = parseWith(keySchema, disabled ? { ...body, disabled } : body, []).value ?? body;
  return writeStep({ kind: 'key', name, path: held.setting.path, body: next }, held);
}

/** The key gets a new secret, stored as `hash`; the one it had is accepted until `until` (epoch ms), if that is to come. */
export function rotateStep(
  name: string,
  { hash, until, now }: { readonly hash: string; readonly until: number; readonly now: number },
  state: State,
): Step {
  const held = heldKey(name, state);
  const { retiring: _gone, ...body } = held.setting.body as KeyBody;
  if (!body.key.startsWith(hashPrefix))
    throw new OperationRefused(
      409,
      `the key ${name} is read from ${body.key}: change it there, then let the gateway read it again (SIGHUP)`,
    );
  const still = held.setting.body as KeyBody;
  const before = still.retiring === undefined ? 0 : expiry(still.retiring.until);
  if (before > now && until > now)
    throw new OperationRefused(
      409,
      `the secret before the last rotation of ${name} is accepted until ${new Date(before).toISOString()}, and a key has two at most: rotate again after that, or without an overlap, which ends both`,
    );
  const retiring = until > now ? { key: body.key, until: new Date(until).toISOString() } : undefined;
  const next = present({ ...body, key: hashPrefix + hash, retiring });
  return writeStep({ kind: 'key', name, path: held.setting.path, body: next }, held);
}

export function removeStep(name: string, state: State): Step {
  return archiveStep(heldKey(name, state));
}

export function heldKey(name: string, { objects, settings }: State): Held {
  const held = objects.get(idOf({ kind: 'key', name }));
  if (held && !held.setting.archived) return held;
  const near = suggest(
    name,
    settings.keys.map((key) => key.name),
  );
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  throw new OperationRefused(404, `there is no key ${JSON.stringify(name)}${hint}`);
}

function refusal(mistakes: readonly Mistake[]): OperationRefused {
  const words = mistakes.map(({ path, message }) => `${printPath(path)} ${message}`);
  return new OperationRefused(400, words.join('; '));
}
