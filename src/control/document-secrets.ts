/** Secrets between the document and the store: taken in, filled in, resolved, and kept from those who may not. */
import { isPrivateHost } from '../core/address.ts';
import { keyHash, keyHashes } from '../core/build.ts';
import type { Secrets } from '../core/build-endpoints.ts';
import { error, type Mistake, type Path } from '../core/mistake.ts';
import {
  mapSecrets,
  sealContext,
  secretFields,
  secretProblem,
  type SecretField,
} from '../core/secret-fields.ts';
import { includes } from '../core/role.ts';
import { hashPrefix, secretForm } from '../core/secret-text.ts';
import type { Setting, Written } from '../core/settings.ts';
import type { State } from './configuration.ts';
import type { Actor } from './operations.ts';
import type { Vault } from '../core/settings-store.ts';

/** The object as it is stored: literals sealed, keys hashed, `<secret>` replaced by what `active` has there. */
export function takeIn(
  object: Written,
  active: Written | undefined,
  vault: Vault,
): { readonly object: Written; readonly mistakes: readonly Mistake[] } {
  const stored = new Map(
    active ? secretFields(active).map((field) => [placeIn(active, field), field.text]) : [],
  );
  const moved = active !== undefined && movedOrigin(object, active);
  const mistakes: Mistake[] = [];
  const taken = mapSecrets(object, (field) => {
    if (secretForm(field.text) === 'hidden') {
      const kept = stored.get(placeIn(object, field));
      if (kept === undefined || secretForm(kept) !== 'sealed')
        mistakes.push(error(field.path, nothingHidden));
      else if (moved) mistakes.push(error(field.path, movedAway));
      else return kept;
    }
    if (secretForm(field.text) !== 'literal') return field.text;
    if (field.use === 'key') return hashPrefix + vault.hash(field.text);
    return vault.seal(sealContext(object, field.use), field.text);
  });
  return { object: taken, mistakes };
}

const nothingHidden =
  'stands for a secret that was exported, and none is stored here: write env:NAME, file:PATH or the secret itself';
const movedAway =
  'must be written again, because base_url leads to another origin than the one this secret was given for';

function placeIn(object: Written, field: SecretField): string {
  return JSON.stringify(field.path.slice(object.path.length));
}

function origin(provider: Written<'provider'>): string | undefined {
  const url = URL.parse(provider.body.base_url);
  return url === null ? undefined : `${url.protocol}//${url.host}`;
}

/**
 * What not everybody may write: references to secrets of the server's machine only an operator there, private addresses
 * only an owner.
 */
export function checkAllowed(object: Written, actor: Omit<Actor, 'name'>): readonly Mistake[] {
  return [
    ...foreignReferences(object, actor),
    ...(includes(actor.role, 'owner') ? [] : privateAddresses(object)),
  ];
}

/** References to secrets of the server's machine, written by somebody who is not there. */
export function foreignReferences(object: Written, { local }: Pick<Actor, 'local'>): readonly Mistake[] {
  if (local) return [];
  return secretFields(object)
    .filter(({ text }) => secretForm(text) === 'reference')
    .map(({ path }) => error(path, notResolved));
}

const notResolved =
  "env: and file: are read only for an operator on the server's own machine (--config, or the CLI there): write the secret itself";

function privateAddresses(object: Written): readonly Mistake[] {
  const only = 'is a private address, which only an owner may configure';
  if (object.kind === 'alert' && object.body.allow_private === true)
    return [
      error(
        [...object.path, 'allow_private'],
        only.replace('is a private address', 'allows private addresses'),
      ),
    ];
  if (object.kind !== 'provider') return [];
  if (object.body.allow_private === true)
    return [
      error(
        [...object.path, 'allow_private'],
        only.replace('is a private address', 'allows private addresses'),
      ),
    ];
  const url = URL.parse(object.body.base_url);
  const isPrivate = url !== null && url.protocol !== 'emulator:' && isPrivateHost(url.hostname);
  return isPrivate ? [error([...object.path, 'base_url'], only)] : [];
}

/**
 * The same for an object that is edited: what stands unchanged was admitted when it was written, as long as it leads to
 * the same place.
 */
export function checkEdit(
  object: Written,
  active: Written | undefined,
  actor: Omit<Actor, 'name'>,
): readonly Mistake[] {
  const mistakes = checkAllowed(object, actor);
  if (active === undefined || leadsElsewhere(object, active)) return mistakes;
  const from = object.path.length;
  return mistakes.filter(
    ({ path }) => valueAt(object.body, path.slice(from)) !== valueAt(active.body, path.slice(from)),
  );
}

function leadsElsewhere(object: Written, active: Written): boolean {
  if (object.kind === 'alert' && active.kind === 'alert') return object.body.webhook !== active.body.webhook;
  return movedOrigin(object, active);
}

function valueAt(body: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, step) => (value as Record<string, unknown> | undefined)?.[step], body);
}

/** A provider whose address leads to another origin: what it was given for the old one is not for the new one. */
export function movedOrigin(object: Written, active: Written): boolean {
  return object.kind === 'provider' && active.kind === 'provider' && origin(object) !== origin(active);
}

export type SecretSources = {
  readonly resolve?: ((reference: string) => string | undefined) | undefined;
  readonly vault?: Pick<Vault, 'open' | 'hash'> | undefined;
};

/** A secret that could not be had, and whose it is. */
export type Missing = { readonly object: Written; readonly path: Path; readonly message: string };

/** Everything that the objects refer to. What cannot be had stays as it was in `previous`. */
export function resolveSecrets(
  objects: Iterable<Written>,
  sources: SecretSources,
  previous: Secrets,
): { readonly secrets: Secrets; readonly missing: readonly Missing[] } {
  const values = new Map<string, string>();
  const hashes = new Map<string, string>();
  const missing: Missing[] = [];
  for (const object of objects) {
    // Most keys are hashes, and there may be a hundred thousand of them.
    if (object.kind === 'key' && object.body.key.startsWith(hashPrefix) && !object.body.retiring) continue;
    for (const field of secretFields(object)) {
      const found = secretOf(field, sealContext(object, field.use), sources);
      const known = field.use === 'key' ? hashes : values;
      const before = field.use === 'key' ? previous.hashes : previous.values;
      if (typeof found === 'object') missing.push({ object, path: field.path, message: found.problem });
      const value = typeof found === 'object' ? before.get(field.text) : found;
      if (value !== undefined) known.set(field.text, value);
    }
  }
  return { secrets: { values, hashes }, missing };
}

type Found = string | { readonly problem: string } | undefined;

/** The secret (of a key its hash), what is wrong with it, or undefined where there is nothing to find. */
function secretOf(field: SecretField, context: string, { resolve, vault }: SecretSources): Found {
  const form = secretForm(field.text);
  if (form === 'sealed' && vault !== undefined)
    return (
      vault.open(context, field.text) ?? {
        problem: 'cannot be decrypted with this SPILLWAY_SECRET: write it again',
      }
    );
  if (form === 'literal') return field.use === 'key' ? vault?.hash(field.text) : field.text;
  if (form !== 'reference' || resolve === undefined) return undefined;
  const value = resolve(field.text);
  if (value === undefined) return { problem: unresolved(field.text) };
  const problem = secretProblem({ text: value, use: field.use });
  if (problem !== undefined) return { problem: `leads to a secret that ${problem}` };
  return field.use === 'key' ? vault?.hash(value) : value;
}

function unresolved(reference: string): string {
  if (reference.startsWith('env:'))
    return `the environment variable ${reference.slice('env:'.length)} is not set`;
  return `the file ${reference.slice('file:'.length)} cannot be read, or is empty`;
}

/** A key of an administrator opens the control plane and nothing else. `others`: SHA-256 in hex of further admin keys. */
export function checkAdminKeys(
  { settings, secrets, snapshot }: Pick<State, 'settings' | 'secrets' | 'snapshot'>,
  others: Iterable<string>,
): readonly Mistake[] {
  const admins = new Set([...snapshot.admins.keys(), ...others]);
  return settings.keys.flatMap(({ path, body }) =>
    keyHashes(body, secrets).some(({ hash }) => admins.has(hash))
      ? [
          error(
            [...path, 'key'],
            'is the key of an administrator: make one of its own, with `spillway keys add`',
          ),
        ]
      : [],
  );
}

/** Two keys with one secret could not be told apart. */
export function checkSameKeys(keys: readonly Setting<'key'>[], secrets: Secrets): readonly Mistake[] {
  const names = new Map<string, string>();
  return keys.flatMap(({ path, body }) => {
    return [body.key, ...(body.retiring ? [body.retiring.key] : [])].flatMap((text) => {
      const hash = keyHash(text, secrets) ?? text;
      const other = names.get(hash);
      names.set(hash, body.name);
      return other === undefined
        ? []
        : [error([...path, 'key'], `is the same secret as that of the key ${other}`)];
    });
  });
}
