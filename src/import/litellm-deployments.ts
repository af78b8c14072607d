/** LiteLLM's `model_list`: each entry is a deployment, and those of one name are a model group. */
import { findModel, type Catalogue, type Feature } from '../core/catalog.ts';
import { checkParameters, knownParameters } from '../core/check-parameters.ts';
import type { PriceBody } from '../core/document-provider.ts';
import type { PresetBody } from '../core/document-preset.ts';
import { knownProviders } from '../catalog/providers.ts';
import { createAccounts, type Account, type Accounts } from './litellm-accounts.ts';
import { guessedPrefix, knownPrefixes } from './litellm-names.ts';
import { amountOf, entryOf, fieldsOf, isNothing, listOf, textOf, textsOf, type Fields } from './loose.ts';
import { slugFor } from './names.ts';
import { below, type At, type Report, type Source } from './report.ts';
import { withoutSecrets } from './secrets.ts';

export type Deployment = {
  /** Its model group: the name that callers use. */
  readonly group: string;
  readonly at: At;
  readonly account: Account;
  /** The model in the catalogue, or the slug it is given. */
  readonly slug: string;
  /** What the provider calls it. */
  readonly id: string;
  /** The catalogue knows it. */
  readonly known: boolean;
  readonly params: Fields;
  readonly info: Fields;
  /** Lower is tried first. */
  readonly order?: number;
  readonly price?: PriceBody;
  readonly parameters: Parameters;
};

type Parameters = NonNullable<PresetBody['parameters']>;

/** `openai/*`: everything that an account has, by its own names. */
export type Wildcard = { readonly group: string; readonly at: At; readonly account: Account };

export type ModelList = {
  readonly deployments: readonly Deployment[];
  readonly wildcards: readonly Wildcard[];
  /** Access group → the model groups in it. */
  readonly accessGroups: ReadonlyMap<string, readonly string[]>;
};

type Reading = {
  readonly report: Report;
  readonly catalogue: Catalogue;
  readonly accounts: Accounts;
  /** Name → values of `credential_list`. */
  readonly credentials: ReadonlyMap<string, Fields>;
};

/** Reads `model_list` of a config, with its `credential_list`. */
export function readModelList(sources: readonly Source[], catalogue: Catalogue, report: Report): ModelList {
  const accounts = createAccounts(report);
  const deployments: Deployment[] = [];
  const wildcards: Wildcard[] = [];
  const accessGroups = new Map<string, string[]>();
  for (const source of sources) {
    const config = fieldsOf(source.value);
    const reading = { report, catalogue, accounts, credentials: credentialsIn(config) };
    for (const [index, entry] of listOf(config['model_list']).entries()) {
      const read = readEntry(fieldsOf(entry), { source, path: ['model_list', index] }, reading);
      if (read === undefined) continue;
      if ('slug' in read) deployments.push(read);
      else wildcards.push(read);
      for (const name of textsOf(fieldsOf(fieldsOf(entry)['model_info'])['access_groups']))
        accessGroups.set(name, [...(accessGroups.get(name) ?? []), read.group]);
    }
  }
  return { deployments, wildcards, accessGroups };
}

function credentialsIn(config: Fields): ReadonlyMap<string, Fields> {
  return new Map(
    listOf(config['credential_list']).map((entry) => {
      const { credential_name: name, credential_values: values } = fieldsOf(entry);
      return [textOf(name) ?? '', fieldsOf(values)];
    }),
  );
}

/** Kinds of calls that there is no door for. */
const otherModes = /^(image|audio|rerank|moderation|video|ocr|search|batch|realtime|vector)/;

function readEntry(entry: Fields, at: At, reading: Reading): Deployment | Wildcard | undefined {
  const { report } = reading;
  const group = textOf(entry['model_name']);
  const own = fieldsOf(entry['litellm_params']);
  const named = reading.credentials.get(textOf(own['litellm_credential_name']) ?? '');
  const params: Fields = { ...named, ...own };
  const full = textOf(params['model']);
  if (group === undefined || full === undefined) {
    report.lost(at, 'has no model_name, or no litellm_params.model; left out');
    return undefined;
  }
  const info = fieldsOf(entry['model_info']);
  const mode = textOf(info['mode']) ?? '';
  if (otherModes.test(mode)) {
    report.lost(below(at, 'model_info', 'mode'), `there is no endpoint for ${mode}; ${group} was left out`);
    return undefined;
  }
  const inside = below(at, 'litellm_params');
  const { prefix, id } = splitModel(full, params);
  const account = reading.accounts.of(prefix, params, inside);
  if (account === undefined) return undefined;
  if (full.includes('*') || group.includes('*')) return { group, at, account };
  const found = identify({ account, id, base: textOf(info['base_model']), prefix }, reading.catalogue);
  const order = amountOf(params['order']);
  const price = priceOf({ ...info, ...params });
  tellRest(params, inside, report);
  return {
    group,
    at,
    account,
    id,
    ...found,
    params,
    info,
    ...(order !== undefined && { order }),
    ...(price && { price }),
    parameters: parametersOf(params, inside, report),
  };
}

function splitModel(full: string, params: Fields): { readonly prefix: string; readonly id: string } {
  const slash = full.indexOf('/');
  const first = slash === -1 ? '' : full.slice(0, slash);
  const given = textOf(params['custom_llm_provider']);
  if (given !== undefined) return { prefix: given, id: first === given ? full.slice(slash + 1) : full };
  const guessed = guessedPrefix(full);
  if (slash === -1) return { prefix: guessed ?? 'unknown', id: full };
  return { prefix: first, id: full.slice(slash + 1).replace(/^(responses|chat)\//, '') };
}

type Named = {
  readonly account: Account;
  readonly id: string;
  readonly base: string | undefined;
  readonly prefix: string;
};

/** The model in the catalogue: by what the provider calls it, else by any name that it has there. */
function identify(
  { account, id, base, prefix }: Named,
  catalogue: Catalogue,
): { readonly slug: string; readonly known: boolean } {
  const seller = account.catalog ?? account.pricedLike;
  for (const model of seller === undefined ? [] : catalogue.models.values())
    if (model.offers.some((offer) => offer.provider === seller && offer.id === id))
      return { slug: model.slug, known: true };
  const names = [
    base,
    base?.split('/').at(-1),
    id,
    `${prefix}/${id}`,
    `${entryOf(knownPrefixes, prefix) ?? ''}/${id}`,
  ];
  for (const name of names) {
    const found = name === undefined ? undefined : findModel(catalogue, name.toLowerCase());
    if (found) return { slug: found.slug, known: true };
  }
  return { slug: slugOf(account, id), known: false };
}

/** `author/name` for a model that only this operator knows. */
export function slugOf({ name }: Pick<Account, 'name'>, id: string): string {
  const parts = id.split('/');
  const author = parts.length > 1 ? slugFor(parts.at(-2) ?? '', name) : name;
  return `${author}/${slugFor((parts.at(-1) ?? '').replaceAll(':', '-'), 'model')}`;
}

const prices: Readonly<Record<string, keyof PriceBody>> = {
  input_cost_per_token: 'input',
  output_cost_per_token: 'output',
  cache_read_input_token_cost: 'cache_read',
  cache_creation_input_token_cost: 'cache_write',
  output_cost_per_reasoning_token: 'reasoning',
};

/** LiteLLM counts in USD per token; two zeros mean that it is free. */
function priceOf(fields: Fields): PriceBody | undefined {
  const price: Record<string, number> = {};
  for (const [theirs, ours] of Object.entries(prices)) {
    const amount = amountOf(fields[theirs]);
    if (amount !== undefined && amount <= 0.1) price[ours] = Number((amount * 1e6).toFixed(6));
  }
  if (price['input'] === undefined && price['output'] === undefined) return undefined;
  if ((price['input'] ?? 0) === 0 && (price['output'] ?? 0) === 0) return { free: true };
  return price;
}

/** What a caller may leave open, and the deployment fills in. */
const notParameters: ReadonlySet<string> = new Set(['user', 'metadata', 'store']);

function parametersOf(params: Fields, at: At, report: Report): Parameters {
  const kept: Record<string, unknown> = {};
  const advice = 'write it by hand';
  for (const name of knownParameters) {
    if (isNothing(params[name]) || notParameters.has(name)) continue;
    const value = withoutSecrets(params[name], below(at, name), { report, advice });
    if (value === undefined) continue;
    const [wrong] = checkParameters({ [name]: value }, []);
    if (wrong) report.lost(below(at, name), `${wrong.message}; left out`);
    else kept[name] = value;
  }
  return kept as Parameters;
}

/** Fields that are read elsewhere, or say nothing that is not so here anyway. */
const understood: ReadonlySet<string> = new Set([
  ...'model api_key api_base base_url api_version azure_ad_token custom_llm_provider order weight'.split(' '),
  ...'litellm_credential_name headers extra_headers organization rpm tpm max_parallel_requests'.split(' '),
  ...'timeout stream_timeout drop_params max_budget budget_duration'.split(' '),
  ...Object.keys(prices),
  ...knownParameters,
]);

function tellRest(params: Fields, at: At, report: Report): void {
  for (const [name, value] of Object.entries(params))
    if (!understood.has(name) && !isNothing(value))
      report.lost(below(at, name), `nothing here corresponds to it`);
  if (!isNothing(params['weight']))
    report.lost(below(at, 'weight'), 'shares follow the price here (sort: balance), not weights');
  if (!isNothing(params['max_budget']))
    report.lost(
      below(at, 'max_budget'),
      'a budget of one deployment: write a limit at its provider or its model by hand',
    );
}

const featureFields: Readonly<Record<string, Feature>> = {
  supports_function_calling: 'tools',
  supports_response_schema: 'json_schema',
  supports_vision: 'vision',
  supports_pdf_input: 'pdf',
  supports_audio_input: 'audio',
  supports_reasoning: 'reasoning',
};

/** What `model_info` says that a model can do; undefined where it says nothing of it. */
export function featuresOf(info: Fields): Feature[] | undefined {
  const said = Object.entries(featureFields).filter(([field]) => typeof info[field] === 'boolean');
  return said.length === 0
    ? undefined
    : said.flatMap(([field, feature]) => (info[field] === true ? [feature] : []));
}

/** The list price at a provider of the catalogue, in USD per million tokens. */
export function listPrice(catalogue: Catalogue, slug: string, seller: string): PriceBody | undefined {
  const offer = catalogue.models.get(slug)?.offers.find(({ provider }) => provider === seller);
  if (!offer?.price || !knownProviders.has(seller)) return undefined;
  const { input, output, cacheRead, cacheWrite } = offer.price.base;
  const usd = (pico: number | undefined): number | undefined => (pico === undefined ? undefined : pico / 1e6);
  const said = {
    input: usd(input),
    output: usd(output),
    cache_read: usd(cacheRead),
    cache_write: usd(cacheWrite),
  };
  if (!said.input || !said.output) return undefined;
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}
