/** What depends on a model: what would feel it if the model were gone. Pure, over the active configuration. */
import { describeLimit } from './limit.ts';
import { optional } from './optional.ts';
import { limitedScopes, printScope } from './scope.ts';
import type { Key, Preset, Snapshot } from './snapshot.ts';

/** Names of presets are `workspace/slug`, so that they are one each. */
export type PresetUse = {
  readonly workspace: string;
  readonly preset: string;
  readonly version: number;
  readonly status: 'active' | 'disabled' | 'archived';
  /** Its place in the chain; 0 is the primary. */
  readonly position: number;
  /** Of how many. */
  readonly models: number;
  /** Presets of the workspace that may route to it. */
  readonly routedBy: readonly string[];
};

export type DowngradeUse = {
  /** `key/ci`, `gateway`. */
  readonly scope: string;
  readonly workspace?: string;
  readonly limit: string;
  /** Percent of the limit from which on the model serves. */
  readonly at: number;
};

export type AliasUse = {
  readonly alias: string;
  readonly preset: string;
  readonly workspace: string;
  /** Absent = for the whole workspace. */
  readonly key?: string;
};

export type KeyUse = {
  readonly workspace: string;
  readonly key: string;
  /** It may name the model itself. */
  readonly plain: boolean;
  /** Presets with this model that it may use. */
  readonly presets: readonly string[];
  readonly disabled: boolean;
};

export type Dependents = {
  /** Canonical slug, or a name that only OpenRouter knows. */
  readonly model: string;
  /** Providers that serve it, in order. */
  readonly providers: readonly string[];
  readonly presets: readonly PresetUse[];
  readonly downgrades: readonly DowngradeUse[];
  readonly aliases: readonly AliasUse[];
  readonly keys: readonly KeyUse[];
};

/** `name` is a slug or a catalogue alias. */
export function dependentsOf(snapshot: Snapshot, name: string): Dependents {
  const model = snapshot.catalogue.aliases.get(name) ?? name;
  const presets = presetUses(snapshot, model);
  const names = new Set(presets.map(({ workspace, preset }) => `${workspace}/${preset}`));
  return {
    model,
    providers: (snapshot.endpoints.get(model) ?? []).map(({ provider }) => provider.name),
    presets,
    downgrades: downgradeUses(snapshot, model),
    aliases: aliasUses(snapshot, names),
    keys: keyUses(snapshot, model, presets),
  };
}

/** `a/m:nitro` is `a/m` at OpenRouter. */
function means(snapshot: Snapshot, written: string, model: string): boolean {
  const plain = written.split(':')[0] ?? written;
  return written === model || plain === model || snapshot.catalogue.aliases.get(plain) === model;
}

function presetUses(snapshot: Snapshot, model: string): readonly PresetUse[] {
  return [...snapshot.workspaces.values()].flatMap(({ name: workspace, presets }) =>
    [...presets.values()].flatMap(({ active, status }) => {
      const position = active.chain.findIndex((member) => means(snapshot, member.model, model));
      if (position === -1) return [];
      const { slug: preset, version, chain } = active;
      const routedBy = [...presets.values()].filter((entry) => routesTo(entry.active, preset));
      return [
        {
          workspace,
          preset,
          version,
          status,
          position,
          models: chain.length,
          routedBy: routedBy.map((entry) => entry.active.slug),
        },
      ];
    }),
  );
}

function routesTo({ route, background }: Preset, slug: string): boolean {
  return background?.preset === slug || route?.some((rule) => rule.preset === slug) === true;
}

function downgradeUses(snapshot: Snapshot, model: string): readonly DowngradeUse[] {
  return limitedScopes(snapshot).flatMap(({ scope, budgets }) =>
    budgets
      .flatMap(({ limits }) => limits)
      .flatMap((limit) =>
        limit.downgrade?.to.some((name) => means(snapshot, name, model)) === true
          ? [
              {
                scope: printScope(scope),
                ...optional('workspace', scope.workspace),
                limit: describeLimit(limit),
                at: limit.downgrade.at,
              },
            ]
          : [],
      ),
  );
}

function aliasUses(snapshot: Snapshot, presets: ReadonlySet<string>): readonly AliasUse[] {
  const among = (aliases: ReadonlyMap<string, string>, at: Omit<AliasUse, 'alias' | 'preset'>): AliasUse[] =>
    [...aliases]
      .filter(([, preset]) => presets.has(`${at.workspace}/${preset}`))
      .map(([alias, preset]) => ({ alias, preset, ...at }));
  return [
    ...[...snapshot.workspaces.values()].flatMap(({ name, aliases }) => among(aliases, { workspace: name })),
    ...[...snapshot.keys.values()].flatMap(({ name, workspace, aliases }) =>
      among(aliases, { workspace, key: name }),
    ),
  ];
}

function keyUses(snapshot: Snapshot, model: string, presets: readonly PresetUse[]): readonly KeyUse[] {
  return [...snapshot.keys.values()].flatMap((key) => {
    const plain = mayName(snapshot, key, model);
    const usable = presets
      .filter(({ workspace, status }) => workspace === key.workspace && status === 'active')
      .map(({ preset }) => preset)
      .filter((preset) => key.presets?.has(preset) !== false);
    if (!plain && usable.length === 0) return [];
    return [{ workspace: key.workspace, key: key.name, plain, presets: usable, disabled: key.disabled }];
  });
}

function mayName(snapshot: Snapshot, { models, presets, workspace }: Key, model: string): boolean {
  const open = (snapshot.endpoints.get(model) ?? []).some(
    ({ provider }) => provider.workspaces?.has(workspace) !== false,
  );
  if (!open) return false;
  if (!models) return presets === undefined;
  return [...models].some((name) => means(snapshot, name, model));
}
