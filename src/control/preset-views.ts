/** Presets in the shapes of OpenRouter's API: schemas Preset, PresetDesignatedVersion and PresetWithDesignatedVersion of its OpenAPI file. */
import { createHash } from 'node:crypto';
import type { PresetBody } from '../core/document-preset.ts';
import { presetName } from '../core/settings.ts';
import type { JsonObject, JsonValue, Key, NumberedPreset, PresetEntry } from '../core/snapshot.ts';
import type { Objects, Times, VersionSummary } from './object-operations.ts';
import { OperationRefused } from './operations.ts';

/** What a key sees of a preset of its workspace. */
export type PresetSight = { readonly key: Key; readonly objects: Objects };

/** `status_updated_at` and `creator_user_id` are null: there are no such users, and a status has no time of its own. */
export function presetView({ active, status }: PresetEntry, { key, objects }: PresetSight): JsonObject {
  const { first, newest } = timesOf(active, objects);
  return {
    id: presetId(key.workspace, active.slug),
    name: active.slug,
    slug: active.slug,
    description: active.description ?? null,
    status,
    status_updated_at: null,
    creator_user_id: null,
    workspace_id: uuid('workspace', key.workspace),
    designated_version_id: versionId(key.workspace, active.slug, active.version),
    created_at: time(first),
    updated_at: time(newest),
  };
}

/** The same with the version that is active. */
export function presetWithVersion(entry: PresetEntry, sight: PresetSight): JsonObject {
  const { slug, version } = entry.active;
  const versions = versionsOf(slug, sight);
  const active = versions.find((one) => one.version === version);
  return {
    ...presetView(entry, sight),
    designated_version: active ? versionView(slug, active, sight) : null,
  };
}

/** Oldest first. */
export function versionsOf(slug: string, { key, objects }: PresetSight): readonly VersionSummary[] {
  return objects.versions(refOf(slug, key)).toReversed();
}

/** The system prompt is for those who may write the preset. */
export function versionView(slug: string, made: VersionSummary, { key, objects }: PresetSight): JsonObject {
  const body = objects.body(refOf(slug, key), made.version) as PresetBody;
  return {
    id: versionId(key.workspace, slug, made.version),
    preset_id: presetId(key.workspace, slug),
    creator_id: uuid('author', key.workspace, made.author),
    version: made.version,
    config: configOf(body),
    system_prompt: key.writePresets === true ? (body.system_prompt ?? null) : null,
    created_at: time(made.at),
    updated_at: time(made.at),
  };
}

/** Newest-written first; of those written together, by name. */
export function newestFirst(entries: readonly PresetEntry[], objects: Objects): readonly PresetEntry[] {
  const written = (entry: PresetEntry): number => timesOf(entry.active, objects).newest;
  return entries.toSorted((a, b) => written(b) - written(a) || (a.active.slug < b.active.slug ? -1 : 1));
}

/** The object of a preset in the key's workspace. */
export function refOf(slug: string, { workspace }: Key): { readonly kind: 'preset'; readonly name: string } {
  return { kind: 'preset', name: presetName(workspace, slug) };
}

function timesOf({ workspace, slug }: NumberedPreset, objects: Objects): Times {
  const found = objects.presetTimes().get(presetName(workspace, slug));
  if (!found) throw new OperationRefused(404, `there is no preset ${slug}`);
  return found;
}

/**
 * Parameters stand beside `models` there; what OpenRouter has no word for stands under `spillway`, as in the document.
 * With whom a preset is shared is nobody's business but the operators'.
 */
function configOf(body: PresetBody): JsonObject {
  const { models, parameters, provider, tools, ...rest } = body;
  const { system_prompt: _apart, description: _above, disabled: _status, shared_with: _whom, ...own } = rest;
  const names = models?.map((member) => (typeof member === 'string' ? member : member.model));
  const plain = models?.every((member) => typeof member === 'string' || member.parameters === undefined);
  const spillway = { ...own, ...(plain === false ? { models } : {}) };
  const config = {
    ...parameters,
    ...(names ? { models: names } : {}),
    ...(provider ? { provider } : {}),
    ...(tools ? { tools } : {}),
    ...(Object.keys(spillway).length > 0 ? { spillway } : {}),
  };
  return config as { readonly [key: string]: JsonValue };
}

function presetId(workspace: string, slug: string): string {
  return uuid('preset', workspace, slug);
}

function versionId(workspace: string, slug: string, version: number): string {
  return uuid('preset', workspace, slug, String(version));
}

/** Ours alone: names of others give other ids. */
const namespace = Buffer.from('6b0f4d3e9a2c5e178c4fd1a07b9e6235', 'hex');

/** The same names give the same id on every machine: UUID version 5, RFC 9562. */
function uuid(...names: readonly string[]): string {
  const hash = createHash('sha1').update(namespace).update(names.join('/')).digest();
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = hash.toString('hex', 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

function time(at: number): string {
  return new Date(at).toISOString();
}
