/** Providers, the catalogue with the operator's overlay, and which endpoints there are. */
import type { Catalogue, Model, Offer } from './catalog.ts';
import { defaultAuth } from './defaults.ts';
import type { ModelBody, PriceBody, ProviderBody } from './document-provider.ts';
import { parseDuration } from './duration.ts';
import { defaultDrainMs } from './hang-up.ts';
import { limitsFrom } from './limit.ts';
import { fromUsd, perMillion, type Pico } from './money.ts';
import { present } from './present.ts';
import type { Price } from './price.ts';
import { secretForm } from './secret-text.ts';
import type { Setting } from './settings.ts';
import type { Auth, Endpoint, Provider } from './snapshot.ts';

/** What references and encrypted texts stand for. Those that could not be resolved are absent. */
export type Secrets = {
  /** The text in the configuration → the secret. */
  readonly values: ReadonlyMap<string, string>;
  /** A key's text in the configuration, unless it is a hash itself → its SHA-256 in hex. */
  readonly hashes: ReadonlyMap<string, string>;
};

export const noSecrets: Secrets = { values: new Map(), hashes: new Map() };

export function reveal(text: string, secrets: Secrets): string | undefined {
  return secrets.values.get(text) ?? (secretForm(text) === 'literal' ? text : undefined);
}

export function buildProvider(name: string, body: ProviderBody, secrets: Secrets): Provider {
  const keys = body.api_key === undefined ? [] : [body.api_key].flat();
  const credentials = keys.flatMap((key) => reveal(key, secrets) ?? []);
  return present({
    name,
    wire: body.wire,
    baseUrl: body.base_url.replace(/\/+$/, ''),
    allowPrivate: body.allow_private === true ? (true as const) : undefined,
    credentials,
    credentialMissing: keys.length > 0 && credentials.length === 0 ? true : undefined,
    auth: authOf(body),
    headers: headersOf(body, secrets),
    catalog: catalogOf(name, body),
    drainMs: drainOf(body.drain, catalogOf(name, body)),
    data: present({ collection: body.data?.collection, zdr: body.data?.zdr }),
    workspaces:
      body.workspaces === undefined || body.workspaces === 'all' ? undefined : new Set(body.workspaces),
    limits: limitsFrom(body.limits),
  });
}

function drainOf(drain: string | undefined, catalog: string): number | undefined {
  if (drain === 'never') return undefined;
  return drain === undefined ? defaultDrainMs(catalog) : parseDuration(drain);
}

function authOf(body: ProviderBody): Auth {
  if (body.auth === undefined) return defaultAuth[body.wire];
  if (body.auth === 'bearer') return { header: 'authorization', scheme: 'Bearer' };
  if (body.auth === 'x-api-key') return { header: 'x-api-key', scheme: '' };
  return { header: body.auth.header.toLowerCase(), scheme: '' };
}

function headersOf(body: ProviderBody, secrets: Secrets): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [header, text] of Object.entries(body.headers ?? {})) {
    const value = reveal(text, secrets);
    if (value !== undefined) headers[header.toLowerCase()] = value;
  }
  return headers;
}

/** OpenRouter is recognised by its address; any other provider's catalogue is named like itself. */
export function catalogOf(name: string, body: ProviderBody): string {
  if (body.catalog !== undefined) return body.catalog;
  return /^https?:\/\/([a-z0-9-]+\.)*openrouter\.ai([:/]|$)/i.test(body.base_url) ? 'openrouter' : name;
}

/** The catalogue with the operator's overlay on it. */
export function overlay(catalogue: Catalogue, settings: readonly Setting<'model'>[]): Catalogue {
  if (settings.length === 0) return catalogue;
  const models = new Map(catalogue.models);
  for (const { name, body } of settings) models.set(name, overlaidModel(name, body, models.get(name)));
  return { ...catalogue, models };
}

function overlaidModel(slug: string, body: ModelBody, known: Model | undefined): Model {
  return present({
    slug,
    name: body.name ?? known?.name ?? slug,
    kind: known?.kind,
    context: body.context ?? known?.context,
    maxInput: body.context === undefined ? known?.maxInput : undefined,
    maxOutput: body.max_output ?? known?.maxOutput,
    features: body.features ?? known?.features ?? [],
    tier: body.tier ?? known?.tier,
    tierBasis: body.tier === undefined ? known?.tierBasis : 'set by the operator',
    released: known?.released,
    offers: known?.offers ?? [],
  });
}

/** Canonical slug → endpoints, in the order of `providers`. Models that nobody configured serves are absent. */
export function buildEndpoints(
  catalogue: Catalogue,
  providers: ReadonlyMap<string, Provider>,
  overlays: readonly Setting<'model'>[],
): ReadonlyMap<string, readonly Endpoint[]> {
  const bodies = new Map(overlays.map(({ name, body }) => [name, body]));
  const endpoints = new Map<string, readonly Endpoint[]>();
  for (const model of catalogue.models.values()) {
    const body = bodies.get(model.slug);
    const served: Endpoint[] = [];
    for (const provider of providers.values()) {
      const endpoint = endpointAt(provider, model, body);
      if (endpoint) served.push(endpoint);
    }
    if (served.length > 0) endpoints.set(model.slug, served);
  }
  return endpoints;
}

function endpointAt(provider: Provider, model: Model, body: ModelBody | undefined): Endpoint | undefined {
  const own = body?.endpoints?.find((endpoint) => endpoint.provider === provider.name);
  const offer = offerAt(provider.catalog, model);
  const providerModel = own?.model ?? offer?.id;
  if (providerModel === undefined) return undefined;
  return present({
    id: `${model.slug}@${provider.name}`,
    model,
    provider,
    providerModel,
    wire: own?.model === undefined ? (offer?.wire ?? provider.wire) : provider.wire,
    price: own?.price === undefined ? offer?.price : priceFrom(own.price),
    context: own?.context ?? body?.context ?? offer?.context ?? model.context,
    maxInput:
      own?.context === undefined && body?.context === undefined
        ? (offer?.maxInput ?? model.maxInput)
        : undefined,
    maxOutput: own?.max_output ?? body?.max_output ?? offer?.maxOutput ?? model.maxOutput,
    features: new Set(own?.features ?? body?.features ?? offer?.features ?? model.features),
    retiresOn: own?.model === undefined ? offer?.retiresOn : undefined,
  });
}

/** A provider may offer a model under several ids; one that is not deprecated is preferred. */
function offerAt(catalog: string, model: Model): Offer | undefined {
  let first: Offer | undefined;
  for (const offer of model.offers) {
    if (offer.provider !== catalog) continue;
    if (offer.status !== 'deprecated') return offer;
    first ??= offer;
  }
  return first;
}

/** From USD per million tokens, the way price lists and the document say it. */
export function priceFrom(body: PriceBody): Price {
  const pico = (usd: number | undefined): Pico | undefined =>
    usd === undefined ? undefined : perMillion(usd);
  const base = present({
    input: pico(body.input),
    output: pico(body.output),
    cacheRead: pico(body.cache_read),
    cacheWrite: pico(body.cache_write),
    cacheWrite1h: pico(body.cache_write_1h),
    reasoning: pico(body.reasoning),
    perRequest: body.per_request === undefined ? undefined : fromUsd(body.per_request),
  });
  return present({ base, free: body.free });
}
