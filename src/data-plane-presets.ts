/**
 * `/presets` of the data plane, as OpenRouter's clients know it: what a key may see of its presets, and a working request
 * that becomes the next version of one. Shapes: its OpenAPI file.
 */
import type { IncomingMessage } from 'node:http';
import { readBody } from './adapters/body.ts';
import { planCapture } from './control/capture-plan.ts';
import type { Objects } from './control/object-operations.ts';
import type { Finding } from './control/operations.ts';
import {
  newestFirst,
  presetView,
  presetWithVersion,
  refOf,
  versionsOf,
  versionView,
  type PresetSight,
} from './control/preset-views.ts';
import type { PresetBody } from './core/document-preset.ts';
import { refuse } from './core/problem.ts';
import { parseName } from './core/resolve.ts';
import type { JsonObject, Key, PresetEntry, Snapshot, Workspace } from './core/snapshot.ts';
import type { Dialect } from './dialects/dialect.ts';
import { dialects } from './dialects/table.ts';
import { authenticate, type Digest, type Headers } from './request/authenticate.ts';
import { capture, type Captured } from './request/capture.ts';

export type PresetPlane = {
  readonly snapshot: () => Snapshot;
  readonly digest: Digest;
  readonly objects: Objects;
  readonly world: { readonly clock: { now(): number } };
};

type Target = { readonly path: string; readonly query: string };

const route = /^\/presets(?:\/([^/]+)(?:\/(.+))?)?$/;

/** Below a preset, where requests of each dialect are captured. */
const captured: ReadonlyMap<string, Dialect | undefined> = new Map([
  ['chat/completions', dialects.chat],
  ['messages', dialects.messages],
  ['responses', dialects.responses],
]);

export function isPresetPath(path: string): boolean {
  return route.test(path);
}

/** The body of the answer. Rejects with Refused. */
export async function answerPresets(
  plane: PresetPlane,
  request: IncomingMessage,
  { path, query }: Target,
): Promise<JsonObject> {
  const [, slug, below = ''] = route.exec(path) ?? [];
  const dialect = captured.get(below);
  try {
    const key = authenticate(request.headers as Headers, plane.snapshot(), {
      digest: plane.digest,
      now: plane.world.clock.now(),
    });
    if (slug !== undefined && dialect) {
      if (request.method !== 'POST') throw refuse('method_not_allowed', `${path.slice(0, 100)} takes POST.`);
      return await create(plane, request, { key, slug, dialect });
    }
    if (request.method !== 'GET' && request.method !== 'HEAD')
      throw refuse('method_not_allowed', `${path.slice(0, 100)} takes GET.`);
    return look({ key, objects: plane.objects }, plane.snapshot(), {
      slug,
      below,
      query: new URLSearchParams(query),
    });
  } finally {
    // What was not read must not stand in the way of the next request of the connection.
    request.resume();
  }
}

type Wish = { readonly slug: string | undefined; readonly below: string; readonly query: URLSearchParams };

function look(sight: PresetSight, snapshot: Snapshot, { slug, below, query }: Wish): JsonObject {
  const workspace = snapshot.workspaces.get(sight.key.workspace);
  if (slug === undefined) {
    const visible = [...(workspace?.presets.values() ?? [])].filter(({ active }) =>
      maySee(sight.key, active.slug),
    );
    return page(newestFirst(visible, sight.objects), query, (entry) => presetView(entry, sight));
  }
  const entry = found(slug, sight.key, workspace);
  if (below === '') return { data: presetWithVersion(entry, sight) };
  if (below === 'versions')
    return page(versionsOf(slug, sight), query, (version) => versionView(slug, version, sight));
  const [, number] = /^versions\/([^/]+)$/.exec(below) ?? [];
  if (number === undefined)
    throw refuse('route_not_found', `There is no GET /presets/${`${slug}/${below}`.slice(0, 100)} here.`);
  const version = versionsOf(slug, sight).find((one) => String(one.version) === number);
  if (!version)
    throw refuse(
      'preset_version_not_found',
      `The preset ${slug} has no version ${number.slice(0, 20)}; the active one is ${entry.active.version}.`,
      { param: 'version' },
    );
  return { data: versionView(slug, version, sight) };
}

function maySee({ presets }: Key, slug: string): boolean {
  return presets?.has(slug) !== false;
}

/** A preset that the key may not use is not there for it. */
function found(slug: string, key: Key, workspace: Workspace | undefined): PresetEntry {
  const entry = maySee(key, slug) ? workspace?.presets.get(slug) : undefined;
  if (entry) return entry;
  throw refuse(
    'preset_not_found',
    `There is no preset ${JSON.stringify(slug.slice(0, 80))} for this key; GET /presets lists those that there are.`,
    { param: 'slug' },
  );
}

function page<Item>(
  items: readonly Item[],
  query: URLSearchParams,
  view: (item: Item) => JsonObject,
): JsonObject {
  const offset = whole(query, 'offset', { usual: 0, least: 0, most: Number.MAX_SAFE_INTEGER });
  const limit = whole(query, 'limit', { usual: 50, least: 1, most: 100 });
  return { data: items.slice(offset, offset + limit).map(view), total_count: items.length };
}

type Bounds = { readonly usual: number; readonly least: number; readonly most: number };

function whole(query: URLSearchParams, name: string, { usual, least, most }: Bounds): number {
  const text = query.get(name);
  if (text === null || text === '') return usual;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${least}` : `from ${least} to ${most}`;
  throw refuse('invalid_request', `"${name}" must be a whole number ${range}.`, { param: name });
}

type Creation = { readonly key: Key; readonly slug: string; readonly dialect: Dialect };

async function create(plane: PresetPlane, request: IncomingMessage, creation: Creation): Promise<JsonObject> {
  const { key, slug } = creation;
  checkMayWrite(key, slug);
  // Whoever is faster while the body comes in has written something that this request has not seen.
  const based = ifMatch(request) ?? activeVersion(plane, creation);
  const body = await readBody(request);
  try {
    return write(plane, { ...creation, based, bytes: body.bytes });
  } finally {
    body.release();
  }
}

function checkMayWrite(key: Key, slug: string): void {
  if (key.writePresets !== true)
    throw refuse(
      'presets_read_only',
      `The key ${key.name} may not write presets: say write_presets: true on it, or use one that may.`,
    );
  if (!maySee(key, slug))
    throw refuse(
      'preset_not_allowed',
      `The key ${key.name} may not write the preset ${slug.slice(0, 80)}; it may write: ${[...(key.presets ?? [])].join(', ') || 'none'}.`,
      { param: 'slug' },
    );
}

function ifMatch({ headers }: IncomingMessage): number | undefined {
  const text = headers['if-match'];
  if (text === undefined) return undefined;
  const version = /^"?(\d{1,15})"?$/.exec(text)?.[1];
  if (version === undefined)
    throw refuse('invalid_request', 'If-Match must be the number of a version, such as "3".');
  return Number(version);
}

/** 0 = there is none yet. Throws `preset_archived`. */
function activeVersion({ snapshot }: PresetPlane, { key, slug }: Pick<Creation, 'key' | 'slug'>): number {
  const entry = snapshot().workspaces.get(key.workspace)?.presets.get(slug);
  if (entry?.status === 'archived')
    throw refuse(
      'preset_archived',
      `The preset ${slug} is archived: restore it first, or choose another name.`,
      {
        param: 'slug',
      },
    );
  return entry?.active.version ?? 0;
}

type Writing = Creation & { readonly based: number; readonly bytes: Buffer };

function write(plane: PresetPlane, writing: Writing): JsonObject {
  const { key, slug, dialect, based, bytes } = writing;
  const now = activeVersion(plane, writing);
  if (now !== based) throw conflict(slug, `version ${now} is active, and the request is based on ${based}`);
  const aliases = plane.snapshot().workspaces.get(key.workspace)?.aliases;
  const aliased = (name: string): string | undefined => key.aliases.get(name) ?? aliases?.get(name);
  const taken = capture(dialect, bytes, (name) => aliased(name) !== undefined);
  checkModels(key, taken);
  const ref = refOf(slug, key);
  const before = based === 0 ? undefined : (plane.objects.body(ref, based) as PresetBody);
  const onTop = presetsNamed(taken.asked, aliased).some(
    (name) => name === slug || name === `${key.workspace}/${slug}`,
  );
  const { body, locked } = planCapture(taken.body, before, onTop);
  const result = plane.objects.change({
    ref,
    action: { do: 'put', body },
    actor: { name: `key ${key.name}`, local: false, role: 'editor' },
    message: `captured from a request of the ${dialect.api} API`,
    ifVersion: based,
  });
  if (result.outcome === 'invalid') throw invalid(result.findings);
  if (result.outcome === 'conflict')
    throw conflict(
      slug,
      result.conflict.reason === 'in_use' ? 'others depend on what this would change' : 'it was changed',
    );
  const entry = found(slug, key, plane.snapshot().workspaces.get(key.workspace));
  return {
    data: presetWithVersion(entry, { key, objects: plane.objects }),
    dropped: taken.dropped,
    warnings: [
      ...taken.warnings,
      ...locked.map((name) => `"${name}" is locked by the preset: its own value stays`),
      ...result.findings.map(({ path, message }) => `${path} ${message}`),
    ],
  };
}

/** The presets that a request names, however it does. */
function presetsNamed(
  { model, preset }: Captured['asked'],
  aliased: (name: string) => string | undefined,
): readonly string[] {
  const own = model === undefined ? undefined : (parseName(model).preset ?? aliased(model));
  const text = preset === undefined || preset.includes('@preset/') ? preset : `@preset/${preset}`;
  const beside = text === undefined ? undefined : parseName(text).preset;
  return [own, beside].filter((name) => name !== undefined);
}

/** What a key may not call by itself it cannot call through a preset of its own making. */
function checkModels({ name, models: allowed }: Key, { body }: Captured): void {
  const models = (body['models'] ?? []) as readonly string[];
  const other = allowed === undefined ? undefined : models.find((model) => !allowed.has(model));
  if (other !== undefined)
    throw refuse(
      'model_not_allowed',
      `The key ${name} may not call the model ${other.slice(0, 120)}, nor put it into a preset.`,
      { param: 'model' },
    );
}

function conflict(slug: string, why: string): Error {
  return refuse(
    'preset_conflict',
    `The preset ${slug} was not written: ${why}. Look at it, then send the request again.`,
    { param: 'slug' },
  );
}

const mostTold = 5;

function invalid(findings: readonly Finding[]): Error {
  const errors = findings.filter(({ level }) => level === 'error');
  const told = errors.slice(0, mostTold).map(({ path, message }) => `${path} ${message}`);
  const more = errors.length > mostTold ? `; and ${errors.length - mostTold} more` : '';
  return refuse('preset_invalid', `This request makes no preset: ${told.join('; ')}${more}.`);
}
