/** What checks of the configuration share: the whole of it, and whether a name in it leads anywhere. */
import { canonicalModel } from './build-preset.ts';
import { endpointsOf, isOpenRouter, isOpenRouterName } from './endpoints.ts';
import { error, type Mistake, type Path } from './mistake.ts';
import { presetName, type Kind, type Settings } from './settings.ts';
import { addressIn, isOpenTo } from './shared-preset.ts';
import type { Snapshot } from './snapshot.ts';
import { suggest } from './suggest.ts';

export type CheckInput = {
  readonly settings: Settings;
  /** Built from `settings`; secrets need not be resolved. */
  readonly snapshot: Snapshot;
  /** Epoch ms. */
  readonly now: number;
  /** `preset coder`: objects that stand in the document but are wrong in themselves. */
  readonly broken: ReadonlySet<string>;
  /** Workspaces that stand in the configuration or have a preset in it, and `default`. */
  readonly workspaces: ReadonlySet<string>;
};

/** A reference to an object by name. `known` are the names that would do. */
export type Reference = {
  readonly kind: Kind;
  readonly name: string;
  readonly path: Path;
  readonly known: Iterable<string>;
};

/** An error when a reference leads nowhere. */
export function checkReference(reference: Reference, input: CheckInput): readonly Mistake[] {
  const { kind, name, path } = reference;
  const known = [...reference.known];
  if (known.includes(name) || input.broken.has(`${kind} ${name}`)) return [];
  const near = suggest(name, known);
  const hint = near === undefined ? listed(kind, known) : `; did you mean ${near}?`;
  return [error(path, `there is no ${kind} ${JSON.stringify(name)}${hint}`)];
}

function listed(kind: Kind, known: readonly string[]): string {
  if (known.length === 0) return `: none is configured`;
  return known.length > 8 ? ` among the ${known.length} ${kind}s` : `; there are ${known.join(', ')}`;
}

/** An error when `slug` is no preset of the workspace, or an archived one. */
export function checkPresetReference(
  slug: string,
  workspace: string,
  path: Path,
  input: CheckInput,
): readonly Mistake[] {
  const { workspace: owner, slug: own } = addressIn(workspace, slug);
  if (input.broken.has(`preset ${presetName(owner, own)}`)) return [];
  const presets = input.snapshot.workspaces.get(owner)?.presets;
  const entry = presets?.get(own);
  if (entry !== undefined && entry.status !== 'archived') {
    if (isOpenTo(entry, workspace)) return [];
    return [
      error(
        path,
        `the preset ${own} of ${owner} is not shared with ${workspace}: its owner says shared_with`,
      ),
    ];
  }
  if (owner !== workspace) {
    const known = [...(presets?.keys() ?? [])].map((name) => `${owner}/${name}`);
    return checkReference({ kind: 'preset', name: slug, path, known }, input);
  }
  const known = [...(presets ?? [])].filter(([, { status }]) => status !== 'archived').map(([name]) => name);
  return checkReference({ kind: 'preset', name: slug, path, known }, input);
}

/** An error when nobody could serve the model: it is unknown, or no configured provider offers it. */
export function checkModelName(name: string, path: Path, input: CheckInput): readonly Mistake[] {
  const { snapshot, broken } = input;
  const slug = canonicalModel(name, snapshot.catalogue.aliases);
  if (endpointsOf(snapshot, slug).length > 0 || broken.has(`model ${name}`)) return [];
  const model = snapshot.catalogue.models.get(slug);
  if (model === undefined) return [error(path, unknownModel(name, snapshot))];
  if ([...broken].some((object) => object.startsWith('provider '))) return [];
  const offering = [...new Set(model.offers.map((offer) => offer.provider))];
  const fix =
    offering.length === 0
      ? `add an endpoint for it: models: { ${slug}: { endpoints: [{ provider: …, model: … }] } }`
      : `it is offered by ${offering.join(', ')}: add one of them under providers`;
  return [error(path, `no configured provider serves ${slug}; ${fix}`)];
}

function unknownModel(name: string, snapshot: Snapshot): string {
  const { models, aliases } = snapshot.catalogue;
  if (isOpenRouterName(name) && ![...snapshot.providers.values()].some(isOpenRouter)) {
    const plain = name.split(':')[0] ?? name;
    const instead = models.has(plain) ? `, or write ${plain}` : '';
    return `${JSON.stringify(name)} is a name that only OpenRouter knows: add a provider with catalog: openrouter${instead}`;
  }
  const near = suggest(name, models.keys()) ?? suggest(name, aliases.keys());
  if (near !== undefined) return `the catalogue has no model ${JSON.stringify(name)}; did you mean ${near}?`;
  return `the catalogue has no model ${JSON.stringify(name)}; to add it: models: { ${JSON.stringify(name)}: { endpoints: [{ provider: …, model: …, price: { input: …, output: … } }], context: … } }`;
}
