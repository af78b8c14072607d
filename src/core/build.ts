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
import type { Alert, Key, PresetEntry, Snapshot, Workspace } from './snapshot.ts';

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
  const keyFrom = keysWith(catalogue.aliases);
  for (const { body } of settings) {
    const hash = keyHash(body.key, secrets);
    if (hash !== undefined) keys.set(hash, keyFrom(body));
  }
  return keys;
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
