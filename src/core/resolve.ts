/**
 * What does the name in a request stand for? Pure: (ask, key, snapshot) → route, or a refusal. The order is
 * preset, key alias, workspace alias, slug, catalogue alias; an unknown name is refused, never replaced.
 */
import type { Ask } from './ask.ts';
import { chance } from './chance.ts';
import { defaultFailover } from './defaults.ts';
import { endpointsOf } from './endpoints.ts';
import { lackOf } from './lack.ts';
import { optional } from './optional.ts';
import { refuse, Refused } from './problem.ts';
import { follow, judgeRoute, type JudgedPreset, type Presets, type RouteHop } from './route.ts';
import type { RouteFacts } from './route-rule.ts';
import type {
  Failover,
  Key,
  Member,
  Preset,
  PresetEntry,
  ProviderPreferences,
  Snapshot,
  Workspace,
} from './snapshot.ts';
import { mergeProvider } from './merge.ts';
import { asSeenFrom, isOpenTo, presetIn } from './shared-preset.ts';
import { suggest } from './suggest.ts';

export type Route = {
  /** The name as the client wrote it, for records. */
  readonly requested: string;
  readonly preset?: Preset;
  /** The presets that chose it, by which rule, in order; empty where it was named itself. */
  readonly hops: readonly RouteHop[];
  /** The task that rules went by, where any chose. */
  readonly task?: string;
  /** In order; position 0 is the primary. Never empty. */
  readonly chain: readonly Member[];
  readonly provider: ProviderPreferences;
  readonly failover: Failover;
  readonly warnings: readonly string[];
};

/** A name taken apart: `a/m@preset/coder@3` → model `a/m`, preset `coder`, version 3. */
export type Name = { readonly model?: string; readonly preset?: string; readonly version?: string };

/** Splits the forms that name a preset; any other text is a model name or an alias. */
export function parseName(text: string): Name {
  const at = text.indexOf('@preset/');
  if (at === -1) return { model: text };
  const [preset = '', ...pinned] = text.slice(at + '@preset/'.length).split('@');
  const version = pinned.length === 0 ? undefined : pinned.join('@');
  return { preset, ...optional('version', version), ...(at > 0 ? { model: text.slice(0, at) } : {}) };
}

/** Resolves the names of a request. Throws Refused. */
export function resolve(ask: Ask, key: Key, snapshot: Snapshot, facts: RouteFacts): Route {
  const workspace = workspaceOf(key, snapshot);
  const name = nameOf(ask, key, workspace);
  const requested = ask.model ?? ask.preset ?? '';
  if (name.preset === undefined)
    return plainRoute({ ask, key, snapshot, model: name.model ?? '', requested });
  const query = { name: name.preset, version: name.version, key, workspace, snapshot };
  const asked = findPreset({ ...query, seed: facts.seed });
  const { preset, hops } = follow(
    asked,
    facts,
    presetsFor({ ask, key, snapshot, owner: asked.workspace }, facts),
  );
  const named = [...(name.model === undefined ? [] : [name.model]), ...ask.models];
  const beside = named.map((model) => besidePreset({ model, asked, preset, key, snapshot }));
  const chain = dedupe([...beside, ...preset.chain]);
  if (chain.length === 0)
    throw refuse(
      'invalid_request',
      `The preset ${preset.slug} names no model: send one, as "author/name@preset/${asked.slug}".`,
      { param: 'model' },
    );
  const warnings =
    preset.locked.has('provider') && ask.keys.has('provider')
      ? ['"provider" is locked by the preset: the request\'s value was dropped']
      : [];
  return {
    requested,
    preset,
    hops,
    ...optional('task', hops.length > 0 ? facts.task : undefined),
    chain,
    provider: mergeProvider(preset, ask),
    failover: preset.failover,
    warnings,
  };
}

/** How a request would find its preset, rule by rule; empty where no preset is named, or none chooses. Never throws. */
export function explainRoute(
  ask: Ask,
  key: Key,
  snapshot: Snapshot,
  facts: RouteFacts,
): readonly JudgedPreset[] {
  try {
    const workspace = workspaceOf(key, snapshot);
    const { preset: name, version } = nameOf(ask, key, workspace);
    if (name === undefined) return [];
    const asked = findPreset({ name, version, key, workspace, snapshot, seed: facts.seed });
    return judgeRoute(asked, facts, presetsFor({ ask, key, snapshot, owner: asked.workspace }, facts));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return [];
  }
}

function workspaceOf(key: Key, snapshot: Snapshot): Workspace {
  const workspace = snapshot.workspaces.get(key.workspace);
  if (!workspace) throw refuse('internal', `The workspace of this key no longer exists.`);
  return workspace;
}

type Choosing = {
  readonly ask: Ask;
  readonly key: Key;
  readonly snapshot: Snapshot;
  /** The workspace whose rules are followed. */
  readonly owner: string;
};

/** Presets that may be chosen: any of the owner's, for a key that may use a preset may go where its rules lead. */
function presetsFor({ ask, key, snapshot, owner }: Choosing, { seed }: RouteFacts): Presets {
  const find = (slug: string): Preset => {
    const { presets: _listed, ...open } = key;
    const workspace = snapshot.workspaces.get(owner) ?? workspaceOf(key, snapshot);
    const query = { name: slug, version: undefined, key: { ...open, workspace: owner }, workspace, snapshot };
    return asSeenFrom(findPreset({ ...query, seed }), key.workspace);
  };
  const hindrance = (slug: string): string | undefined => {
    const entry = presetIn(snapshot, owner, slug);
    if (entry?.status !== 'active') return `the preset ${slug} is ${entry?.status ?? 'unknown'}`;
    return nobodyOf(entry.active, ask, snapshot);
  };
  return { find, hindrance };
}

/** Why no model of the chain can serve the request; undefined where one can, or there is no chain to look at. */
function nobodyOf({ slug, chain }: Preset, ask: Ask, snapshot: Snapshot): string | undefined {
  const lacks = chain
    .flatMap(({ model }) => endpointsOf(snapshot, model))
    .map((endpoint) => lackOf(endpoint, ask));
  if (lacks.length === 0 || lacks.includes(undefined)) return undefined;
  return `no model of ${slug} can serve it: ${[...new Set(lacks)].join(', ')}`;
}

/** The first name that says something: the model's own preset form, `preset`, then an alias. */
function nameOf(ask: Ask, key: Key, workspace: Workspace): Name {
  const model = ask.model === undefined ? {} : parseName(ask.model);
  if (model.preset !== undefined) return model;
  if (ask.preset !== undefined) return { ...model, ...parsePresetField(ask.preset) };
  if (model.model === undefined)
    throw refuse('invalid_request', '"model" is missing: name a model, or a preset as "@preset/NAME".', {
      param: 'model',
    });
  const alias = key.aliases.get(model.model) ?? workspace.aliases.get(model.model);
  return alias === undefined ? model : { preset: alias };
}

/** `preset: "coder"`, `"coder@3"` and `"@preset/coder"` mean the same as they look. */
function parsePresetField(text: string): Name {
  const { preset = '', version } = parseName(text.includes('@preset/') ? text : `@preset/${text}`);
  return { preset, ...optional('version', version) };
}

type PresetQuery = {
  readonly name: string;
  readonly version: string | undefined;
  readonly key: Key;
  readonly workspace: Workspace;
  readonly snapshot: Snapshot;
  readonly seed: (() => string) | undefined;
};

function findPreset({ name: called, version, key, workspace, snapshot, seed }: PresetQuery): Preset {
  const own = `${key.workspace}/`;
  const name = called.startsWith(own) ? called.slice(own.length) : called;
  const entry = presetIn(snapshot, key.workspace, name);
  // One that is not shared is not told from one that is not there.
  if (!entry || !isOpenTo(entry, key.workspace))
    throw refuse('preset_not_found', unknownPreset(name, workspace), { param: 'model' });
  if (key.presets && !key.presets.has(name)) {
    throw refuse(
      'preset_not_allowed',
      `The key ${key.name} may not use the preset ${name}; it may use: ${[...key.presets].join(', ') || 'none'}.`,
      { param: 'model' },
    );
  }
  if (entry.status === 'disabled')
    throw refuse('preset_disabled', `The preset ${name} is disabled.`, { param: 'model' });
  if (entry.status === 'archived')
    throw refuse('preset_archived', `The preset ${name} is archived.`, { param: 'model' });
  const seen = (preset: Preset): Preset => asSeenFrom(preset, key.workspace);
  if (version === undefined) return seen(drawn(entry, seed));
  if (version === 'draft') return seen(tightened(draftOf(entry, key), entry.active));
  const pinned = /^[1-9]\d{0,14}$/.test(version) ? entry.versions.get(Number(version)) : undefined;
  if (!pinned)
    throw refuse('preset_version_not_found', unknownVersion(name, version, entry.active), { param: 'model' });
  return seen(tightened(pinned, entry.active));
}

function unknownVersion(name: string, version: string, { version: active }: Preset): string {
  return version === ''
    ? `"@preset/${name}@" names no version: write its number, as "@preset/${name}@${active}", or "@preset/${name}" for the active one.`
    : `The preset ${name} has no version ${version.slice(0, 80)}; the active one is ${active}.`;
}

/**
 * The active version, or the one that is being rolled out. The lot of a conversation stays while the share grows: more is
 * served by the new version, and nobody goes back.
 */
function drawn({ active, rollout }: PresetEntry, seed: (() => string) | undefined): Preset {
  if (!rollout || !seed) return active;
  const { preset, percent } = rollout;
  const lot = chance(`${preset.workspace}/${preset.slug}@${preset.version} ${seed()}`);
  return lot * 100 < percent ? tightened(preset, active) : active;
}

function draftOf({ active, draft }: PresetEntry, key: Key): Preset {
  if (key.drafts !== true || active.workspace !== key.workspace)
    throw refuse(
      'preset_not_allowed',
      `The key ${key.name} may not call drafts: say drafts: true on it, or call "@preset/${active.slug}".`,
      { param: 'model' },
    );
  if (draft) return draft;
  throw refuse(
    'preset_version_not_found',
    `The preset ${active.slug} has no draft; the active version is ${active.version}.`,
    { param: 'model' },
  );
}

/** Limits, locks, floor and data policy always come from the active version: an old pin must not loosen them. */
function tightened(pinned: Preset, active: Preset): Preset {
  const { floor: _floor, limits: _limits, ...rest } = pinned;
  const deny = [pinned, active].some(({ provider }) => provider.data_collection === 'deny');
  const zdr = [pinned, active].some(({ provider }) => provider.zdr === true);
  const provider = {
    ...pinned.provider,
    ...(deny ? { data_collection: 'deny' as const } : {}),
    ...(zdr ? { zdr } : {}),
  };
  return {
    ...rest,
    locked: active.locked,
    provider,
    ...optional('floor', active.floor),
    ...optional('limits', active.limits),
  };
}

function unknownPreset(name: string, workspace: Workspace): string {
  const near = suggest(name, workspace.presets.keys());
  return `There is no preset ${JSON.stringify(name.slice(0, 80))} in the workspace ${workspace.name}.${near === undefined ? '' : ` Did you mean "@preset/${near}"?`}`;
}

type ModelQuery = { readonly model: string; readonly key: Key; readonly snapshot: Snapshot };

type Beside = ModelQuery & {
  /** The one that was named, which may have chosen the other: that may be closed to the key. */
  readonly asked: Preset;
  readonly preset: Preset;
};

function besidePreset({ model, asked, preset, key, snapshot }: Beside): Member {
  if (preset.locked.has('models')) {
    const locked = asked.locked.has('models')
      ? `The models of the preset ${asked.slug} are locked`
      : `The preset ${asked.slug} leads to ${preset.slug}, where models are locked`;
    throw refuse('models_locked', `${locked}: call it as "@preset/${asked.slug}", without a model.`, {
      param: 'model',
    });
  }
  checkModelAllowed(model, key);
  return { model: known(model, snapshot), parameters: {} };
}

function plainRoute({
  ask,
  key,
  snapshot,
  model,
  requested,
}: ModelQuery & { readonly ask: Ask; readonly requested: string }): Route {
  const chain = dedupe(
    [model, ...ask.models].map((name) => {
      const slug = known(name, snapshot);
      checkModelAllowed(name, key, slug);
      return { model: slug, parameters: {} };
    }),
  );
  return {
    requested,
    hops: [],
    chain,
    provider: mergeProvider(undefined, ask),
    failover: defaultFailover,
    warnings: [],
  };
}

function checkModelAllowed(model: string, key: Key, slug = model): void {
  const allowed = key.models ? key.models.has(model) || key.models.has(slug) : key.presets === undefined;
  if (!allowed)
    throw refuse(
      'model_not_allowed',
      `The key ${key.name} may not call the model ${model} by itself; it is meant for presets${key.presets ? `: ${[...key.presets].join(', ')}` : ''}.`,
      { param: 'model' },
    );
}

/** The canonical slug, or the name itself where only OpenRouter knows it. Throws `model_not_found`. */
function known(name: string, snapshot: Snapshot): string {
  const slug = snapshot.catalogue.models.has(name) ? name : (snapshot.catalogue.aliases.get(name) ?? name);
  if (endpointsOf(snapshot, slug).length > 0) return slug;
  const model = snapshot.catalogue.models.get(slug);
  if (model) {
    const offering = [...new Set(model.offers.map((offer) => offer.provider))].join(', ');
    throw refuse(
      'model_not_found',
      `The model ${slug} is known, but no configured provider serves it. It is offered by: ${offering || 'nobody'}.`,
      { param: 'model' },
    );
  }
  throw refuse('model_not_found', unknownModel(name, snapshot), { param: 'model' });
}

function unknownModel(name: string, snapshot: Snapshot): string {
  const short = name.slice(0, 120);
  if ([...snapshot.workspaces.values()].some((workspace) => workspace.presets.has(name)))
    return `There is no model ${JSON.stringify(short)}. The preset of that name is called as "@preset/${short}".`;
  const near = suggest(name, snapshot.catalogue.models.keys());
  const hint = near === undefined ? '' : ` Did you mean "${near}"?`;
  return `There is no model ${JSON.stringify(short)}.${hint} To add it, write into the configuration: models: { "${short}": { endpoints: [{ provider: …, model: …, price: { input: …, output: … } }], context: … } }`;
}

/** A model named twice is called once, at its first place. */
function dedupe(chain: readonly Member[]): readonly Member[] {
  const seen = new Map<string, Member>();
  for (const member of chain) {
    const earlier = seen.get(member.model);
    // A model named beside the preset keeps the parameters the preset has for it.
    seen.set(
      member.model,
      earlier ? { ...earlier, parameters: { ...member.parameters, ...earlier.parameters } } : member,
    );
  }
  return [...seen.values()];
}
