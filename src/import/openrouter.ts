/**
 * `spillway import openrouter`: presets as OpenRouter's API answers them (GET /presets/{slug}, /presets,
 * /presets/{slug}/versions), or only what a preset holds. Shapes: its OpenAPI file, schemas Preset and
 * PresetDesignatedVersion.
 */
import { knownProviders } from '../catalog/providers.ts';
import { findModel, type Catalogue } from '../core/catalog.ts';
import { isOpenRouterName } from '../core/endpoints.ts';
import { draftText, emptyDraft, type Draft } from './draft.ts';
import { amountOf, fieldsOf, isFields, listOf, textOf, textsOf, type Fields } from './loose.ts';
import { nameGiver, slugFor } from './names.ts';
import { presetFrom } from './openrouter-config.ts';
import {
  BadSource,
  below,
  createReport,
  type At,
  type Imported,
  type Report,
  type Source,
} from './report.ts';
import { proseWithout } from './secrets.ts';

/** A preset with the version that is in force, or whatever of the two was found. */
type Found = {
  readonly at: At;
  readonly preset: Fields;
  readonly version: Fields;
  readonly inside: At;
  readonly config: At;
};

/** The document for these files, and what became of everything in them. Throws `BadSource` for other files. */
export function importOpenRouter(sources: readonly Source[], catalogue: Catalogue): Imported {
  const report = createReport();
  const draft = emptyDraft();
  const {
    baseUrl: base_url,
    wire,
    env,
  } = knownProviders.get('openrouter') ?? { baseUrl: '', wire: 'openai-chat', env: [] };
  draft.providers.set('openrouter', { wire, base_url, api_key: `env:${env[0] ?? ''}` });
  const give = nameGiver();
  const all = sources.flatMap(readPresets);
  const versions = sources.flatMap(readVersions);
  const used = new Set<unknown>();
  for (const one of all) {
    const found = one.version === nothing ? withVersion(one, versions) : one;
    if (used.has(found.preset['id']) && found.preset['id'] !== undefined) continue;
    if (found.version === nothing) {
      if (!all.some((other) => other.version !== nothing && other.preset['id'] === found.preset['id']))
        report.lost(
          one.at,
          `${nameIn(one)} came without its version: give what GET /presets/${nameIn(one)} answers too`,
        );
      continue;
    }
    used.add(found.preset['id']);
    writePreset(found, give(slugFor(nameIn(found), 'preset')), { draft, report, catalogue });
  }
  keepPolicies(draft);
  return { document: draftText(draft, head(sources)), report: report.entries };
}

/** OpenRouter is told with each request what its providers may do with prompts, and keeps to it. */
function keepPolicies({ providers, presets, comments }: Draft): void {
  const wishes = [...presets.values()].map(({ provider }) => provider);
  const data = {
    ...(wishes.some((wish) => wish?.data_collection === 'deny') && { collection: 'deny' as const }),
    ...(wishes.some((wish) => wish?.zdr === true) && { zdr: true }),
  };
  const openrouter = providers.get('openrouter');
  if (openrouter === undefined || Object.keys(data).length === 0) return;
  providers.set('openrouter', { ...openrouter, data });
  comments.push({
    path: ['providers', 'openrouter', 'data'],
    text: 'It is told with each request, and sends it only to who keeps to it.',
  });
}

const nothing: Fields = {};

function head(sources: readonly Source[]): readonly string[] {
  return [
    `Imported from OpenRouter (${sources.map(({ name }) => name.replaceAll(/\s+/g, ' ')).join(', ')}). Read it, set OPENROUTER_API_KEY,`,
    'and try it: spillway check, spillway explain PRESET -f FILE, spillway apply --dry-run.',
    'To call vendors directly as well, add them under providers: the models keep their names.',
  ];
}

function nameIn({ preset, at }: Pick<Found, 'preset' | 'at'>): string {
  return textOf(preset['slug']) ?? textOf(preset['name']) ?? fileName(at.source.name);
}

function fileName(path: string): string {
  return (path.split(/[/\\]/).at(-1) ?? '').replace(/\.[a-z]+$/i, '');
}

/** Presets in a file; a file that holds nothing of OpenRouter's is an error. */
function readPresets(source: Source): readonly Found[] {
  const at: At = { source, path: [] };
  const { value } = source;
  const data = isFields(value) && 'data' in value ? value['data'] : value;
  const inside = data === value ? at : below(at, 'data');
  const found = Array.isArray(data)
    ? data.map((one, index) => asPreset(fieldsOf(one), below(inside, index)))
    : [asPreset(fieldsOf(data), inside)];
  if (found.length > 0 && found.every((one) => one === undefined))
    throw new BadSource(
      `${source.name} is no preset of OpenRouter: give what GET /presets/{slug} answers, or { "models": […], … } alone`,
    );
  return found.flatMap((one) => (one === undefined || one === 'version' ? [] : one));
}

function asPreset(fields: Fields, at: At): Found | 'version' | undefined {
  if ('config' in fields && 'preset_id' in fields) return 'version';
  if (textOf(fields['slug']) !== undefined) {
    const { designated_version: version } = fields;
    const inside = below(at, 'designated_version');
    if (isFields(version)) return { at, preset: fields, version, inside, config: below(inside, 'config') };
    return { at, preset: fields, version: nothing, inside: at, config: at };
  }
  if (isFields(fields['config']))
    return { at, preset: nothing, version: fields, inside: at, config: below(at, 'config') };
  const holds = textOf(fields['model']) !== undefined || textsOf(fields['models']).length > 0;
  return holds ? { at, preset: nothing, version: { config: fields }, inside: at, config: at } : undefined;
}

type Version = { readonly fields: Fields; readonly at: At };

function readVersions(source: Source): readonly Version[] {
  const list = listOf(fieldsOf(source.value)['data'] ?? source.value);
  const path = Array.isArray(source.value) ? [] : ['data'];
  return list.flatMap((one, index) =>
    isFields(one) && 'preset_id' in one ? { fields: one, at: { source, path: [...path, index] } } : [],
  );
}

/** The designated one of the versions in other files. */
function withVersion(found: Found, versions: readonly Version[]): Found {
  const version = versions.find(({ fields }) => fields['id'] === found.preset['designated_version_id']);
  return version === undefined
    ? found
    : { ...found, version: version.fields, inside: version.at, config: below(version.at, 'config') };
}

type Target = { readonly draft: Draft; readonly report: Report; readonly catalogue: Catalogue };

function writePreset(
  { at, preset, version, inside, config: place }: Found,
  name: string,
  target: Target,
): void {
  const { draft, report, catalogue } = target;
  const config = fieldsOf(version['config']);
  const prose = (text: string | undefined, where: At): string | undefined =>
    text === undefined ? undefined : proseWithout(text, where, report);
  const system = prose(
    textOf(version['system_prompt']) ?? textOf(config['system_prompt']),
    below(inside, 'system_prompt'),
  );
  const body = presetFrom(config, place, report);
  const status = textOf(preset['status']) ?? 'active';
  const description = prose(textOf(preset['description']) ?? titleOf(preset), below(at, 'description'));
  draft.presets.set(name, {
    ...(description !== undefined && { description: description.slice(0, 2_000) }),
    ...(status !== 'active' && { disabled: true }),
    ...(system !== undefined && { system_prompt: system.slice(0, 100_000) }),
    ...body,
  });
  report.carried(at, `presets.${name}; version ${amountOf(version['version']) ?? 1} there is version 1 here`);
  if (status !== 'active') report.changed(below(at, 'status'), `it is ${status}, so it is written disabled`);
  if (system !== undefined && system.length > 100_000)
    report.changed(below(inside, 'system_prompt'), 'is longer than 100,000 characters and was cut there');
  if (system !== undefined)
    report.carried(below(inside, 'system_prompt'), "comes before the request's own system message");
  if (body.models === undefined)
    report.changed(at, 'it names no model, so callers must: model beside preset, or author/model@preset/…');
  for (const slug of modelsIn(body)) addUnknown(slug, { draft, report, catalogue }, at);
  draft.comments.push({
    path: ['presets', name],
    text: 'No limit holds for it, as at OpenRouter. limits: [{ usd: 20, per: day }, { premium_usd: 5, per: day }]',
  });
}

function titleOf(preset: Fields): string | undefined {
  const title = textOf(preset['name']);
  return title === preset['slug'] ? undefined : title;
}

function modelsIn({ models }: ReturnType<typeof presetFrom>): readonly string[] {
  return (models ?? []).map((member) => (typeof member === 'string' ? member : member.model));
}

/** A model that the bundled catalogue has not heard of is at OpenRouter all the same. */
function addUnknown(slug: string, { draft, report, catalogue }: Target, at: At): void {
  const found = findModel(catalogue, slug);
  if (found?.offers.some(({ provider }) => provider === 'openrouter') === true || isOpenRouterName(slug))
    return;
  if (draft.models.has(found?.slug ?? slug)) return;
  draft.models.set(found?.slug ?? slug, {
    endpoints: [{ provider: 'openrouter', model: slug }],
    ...(found ? {} : { features: ['tools', 'json_schema'] }),
  });
  draft.comments.push({
    path: ['models', found?.slug ?? slug],
    text: 'The catalogue does not know it at OpenRouter. Under a limit in dollars it needs a price: { input: …, output: … } at its endpoint.',
  });
  report.changed(at, `${slug} is not in the catalogue: it stands under models, without a price`);
}
