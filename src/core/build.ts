/** The configuration becomes the snapshot that requests look things up in. Pure, total and fast: it never fails. */
import { buildEndpoints, buildProvider, overlay, reveal, type Secrets } from './build-endpoints.ts';
import { buildPresetEntry, canonicalModel } from './build-preset.ts';
import type { Catalogue } from './catalog.ts';
import { defaultWorkspace } from './defaults.ts';
import type { AlertBody, KeyBody } from './document.ts';
import { parseDuration } from './duration.ts';
import { limitsFrom, type Limit } from './limit.ts';
import { once } from './once.ts';
import { present } from './present.ts';
import { hashPrefix } from './secret-text.ts';
import { presetAddress, type Setting, type Settings } from './settings.ts';
import type { Admin, Alert, Key, PresetEntry, Snapshot, Workspace } from './snapshot.ts';

export function buildSnapshot(settings: Settings, catalogue: Catalogue, secrets: Secrets): Snapshot {
  const providers = new Map(
    settings.providers.map(({ name, body }) => [name, buildProvider(name, body, secrets)]),
  );
  const overlaid = overlay(catalogue, settings.models);
  return present({
    revision: settings.revision,
    catalogue: overlaid,
    providers,
    endpoints: buildEndpoints(overlaid, providers, settings.models),
    workspaces: buildWorkspaces(settings, overlaid),
    keys: buildKeys(settings.keys, overlaid, secrets),
    limits: limitsFrom(settings.gateway.find(({ name }) => name === 'limits')?.body.limits),
    modelLimits: modelLimits(settings.models),
    admins: buildAdmins(settings.admins, secrets),
    alerts: settings.alerts.map(({ name, body }) => buildAlert(name, body, secrets)),
  });
}

/** A workspace exists when something stands in it; `default` always does. */
function buildWorkspaces(settings: Settings, catalogue: Catalogue): ReadonlyMap<string, Workspace> {
  const presets = new Map<string, Map<string, PresetEntry>>([[defaultWorkspace, new Map()]]);
  const presetsOf = (workspace: string): Map<string, PresetEntry> => {
    const found = presets.get(workspace) ?? new Map<string, PresetEntry>();
    presets.set(workspace, found);
    return found;
  };
  for (const { name } of settings.workspaces) presetsOf(name);
  for (const { body } of settings.keys) presetsOf(body.workspace ?? defaultWorkspace);
  for (const preset of settings.presets) {
    const { workspace, slug } = presetAddress(preset.name);
    presetsOf(workspace).set(slug, buildPresetEntry(preset, catalogue));
  }
  const bodies = new Map(settings.workspaces.map(({ name, body }) => [name, body]));
  const workspaces = new Map<string, Workspace>();
  for (const [name, own] of presets) {
    const body = bodies.get(name);
    const aliases = new Map(Object.entries(body?.aliases ?? {}));
    const limits = limitsFrom(body?.limits);
    workspaces.set(name, present({ name, contact: body?.contact, presets: own, aliases, limits }));
  }
  return workspaces;
}

function buildKeys(
  settings: readonly Setting<'key'>[],
  catalogue: Catalogue,
  secrets: Secrets,
): ReadonlyMap<string, Key> {
  const keys = new Map<string, Key>();
  for (const { body } of settings)
    for (const [hash, key] of keyEntries(body, catalogue, secrets)) keys.set(hash, key);
  return keys;
}

/** A key by the SHA-256 in hex of each secret that it is presented with: while it is rotated there are two. */
export function keyEntries(
  body: KeyBody,
  { aliases }: Catalogue,
  secrets: Secrets,
): readonly (readonly [string, Key])[] {
  const key = keysWith(aliases)(body);
  return keyHashes(body, secrets).map(({ hash, until }) => [
    hash,
    until === undefined ? key : { ...key, expiresAt: Math.min(until, key.expiresAt ?? Infinity) },
  ]);
}

/** `until` is epoch ms, of the one that is on its way out. */
export function keyHashes(
  { key, retiring }: KeyBody,
  secrets: Secrets,
): readonly { readonly hash: string; readonly until?: number }[] {
  const current = keyHash(key, secrets);
  const old = retiring && keyHash(retiring.key, secrets);
  return [
    ...(old === undefined ? [] : [{ hash: old, until: expiry(retiring?.until ?? '') }]),
    ...(current === undefined ? [] : [{ hash: current }]),
  ];
}

/** SHA-256 in hex of the key that `text` in the configuration stands for; undefined where it cannot be resolved. */
export function keyHash(text: string, secrets: Secrets): string | undefined {
  return text.startsWith(hashPrefix) ? text.slice(hashPrefix.length).toLowerCase() : secrets.hashes.get(text);
}

const noAliases: ReadonlyMap<string, string> = new Map();

const keysWith = once((aliases: Catalogue['aliases']) => once((body: KeyBody) => buildKey(body, aliases)));

/** Written out for speed: there may be a hundred thousand keys. */
function buildKey(body: KeyBody, aliases: Catalogue['aliases']): Key {
  const key: { -readonly [K in keyof Key]: Key[K] } = {
    name: body.name,
    workspace: body.workspace ?? defaultWorkspace,
    aliases: body.aliases === undefined ? noAliases : new Map(Object.entries(body.aliases)),
    disabled: body.disabled === true,
  };
  if (body.presets !== undefined) key.presets = new Set(body.presets);
  if (body.models !== undefined) {
    key.models = new Set(body.models.flatMap((model) => [model, canonicalModel(model, aliases)]));
  }
  if (body.drafts === true) key.drafts = true;
  if (body.write_presets === true) key.writePresets = true;
  if (body.expires !== undefined) key.expiresAt = expiry(body.expires);
  const limits = limitsFrom(body.limits);
  if (limits !== undefined) key.limits = limits;
  return key;
}

/** Epoch ms at which a key ends; a plain date ends it with that day, in UTC. */
export function expiry(date: string): number {
  const dayMs = 86_400_000;
  return date.length === 10 ? Date.parse(date) + dayMs : Date.parse(date);
}

function buildAdmins(settings: readonly Setting<'admin'>[], secrets: Secrets): ReadonlyMap<string, Admin> {
  return new Map(
    settings.flatMap(({ body: { name, key, role, disabled, expires } }) => {
      const hash = keyHash(key, secrets);
      const expiresAt = expires === undefined ? undefined : expiry(expires);
      return hash === undefined
        ? []
        : [[hash, present({ name, role, disabled: disabled === true, expiresAt })] as const];
    }),
  );
}

function modelLimits(
  settings: readonly Setting<'model'>[],
): ReadonlyMap<string, readonly Limit[]> | undefined {
  const limited = settings.flatMap(({ name, body }) => {
    const limits = limitsFrom(body.limits);
    return limits === undefined ? [] : [[name, limits] as const];
  });
  return limited.length === 0 ? undefined : new Map(limited);
}

function buildAlert(name: string, body: AlertBody, secrets: Secrets): Alert {
  return present({
    name,
    when: body.when,
    at: body.at,
    for: body.for === undefined ? 0 : (parseDuration(body.for) ?? 0),
    workspace: body.workspace,
    preset: body.preset,
    webhook: body.webhook === undefined ? undefined : reveal(body.webhook, secrets),
    allowPrivate: body.allow_private === true,
  });
}
