/**
 * What OpenRouter's `provider` object means at an endpoint. A hard condition that nobody can vouch for leaves the
 * endpoint out by name; a wish that means nothing there is told. OpenRouter itself is sent the object.
 */
import { isOpenRouter } from './endpoints.ts';
import { isPriced, rateAt } from './price.ts';
import type { Ask } from './ask.ts';
import type { Endpoint, JsonObject, JsonValue, ProviderPreferences, Snapshot } from './snapshot.ts';

export const acceptedSorts = [
  'price',
  'throughput',
  'latency',
  'exacto',
  'balance',
  'effective_cost',
] as const;
export type SortWord = (typeof acceptedSorts)[number];

export const acceptedPercentiles = ['p50', 'p75', 'p90', 'p99'] as const;

/** OpenRouter's list. Endpoints elsewhere are all `unknown`: no vendor says, and nobody else is asked. */
export const acceptedQuantizations: readonly string[] = [
  'int4',
  'int8',
  'fp4',
  'mxfp4',
  'nvfp4',
  'fp6',
  'fp8',
  'mxfp8',
  'fp16',
  'bf16',
  'fp32',
  'unknown',
];

/** `sort` is a word, or an object with the word in `by`. */
export function sortWord(sort: JsonValue | undefined): SortWord | undefined {
  return (isObject(sort) ? sort['by'] : sort) as SortWord | undefined;
}

/** `partition: none`: endpoints of all models of the chain are ordered together. */
export function sortsAcrossModels(sort: JsonValue | undefined): boolean {
  return isObject(sort) && sort['partition'] === 'none';
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The field for which an endpoint may not serve. Names that are no provider of ours are meant for OpenRouter. */
export function notPreferred(
  { provider }: Endpoint,
  preferences: ProviderPreferences,
  snapshot: Snapshot,
): string | undefined {
  const { only, ignore, order, quantizations } = preferences;
  const foreign = isOpenRouter(provider) && (only ?? []).some((name) => !snapshot.providers.has(name));
  if (only && !only.includes(provider.name) && !foreign) return 'only';
  if (ignore?.includes(provider.name) === true) return 'ignore';
  if (preferences.allow_fallbacks === false && order && !order.includes(provider.name)) return 'order';
  if (preferences.data_collection === 'deny' && provider.data.collection !== 'deny') return 'data_policy';
  if (preferences.zdr === true && provider.data.zdr !== true) return 'data_policy';
  const elsewhere = !isOpenRouter(provider);
  if (quantizations && (quantizations.length === 0 || (elsewhere && !quantizations.includes('unknown'))))
    return 'quantizations';
  return elsewhere && preferences.enforce_distillable_text === true ? 'enforce_distillable_text' : undefined;
}

/** `max_price`, against the dearest rate that this request may meet at `now` (epoch ms). */
export function tooDear(
  { price, provider }: Endpoint,
  { provider: { max_price: limit } }: { readonly provider: ProviderPreferences },
  { needs }: Ask,
  now: number,
): string | undefined {
  if (!limit) return undefined;
  if (!isPriced(price)) return 'unpriced';
  const rate = rateAt(price, needs.promptTokens, now);
  const over = (rated: number | undefined, most: number | undefined): boolean =>
    most !== undefined && (rated ?? 0) > most * 1e6;
  if (over(rate.input, limit.prompt) || over(rate.output, limit.completion)) return 'max_price';
  if (limit.request !== undefined && (rate.perRequest ?? 0) > limit.request * 1e9) return 'max_price';
  // Only OpenRouter has a price for an image or a sound.
  const media = (needs.vision && limit.image !== undefined) || (needs.audio && limit.audio !== undefined);
  return media && !isOpenRouter(provider) ? 'unpriced' : undefined;
}

/** Wishes that mean nothing at an endpoint, in words. */
export function idleAt(
  { provider }: Endpoint,
  { sort, order, ignore }: ProviderPreferences,
  { providers }: Snapshot,
): readonly string[] {
  if ((sort === undefined && !order && !ignore) || isOpenRouter(provider)) return [];
  const told: string[] = [];
  if (sortWord(sort) === 'exacto')
    told.push('"provider.sort": exacto is known to OpenRouter alone; the order of the configuration held');
  // Where OpenRouter is among the providers, the names are meant for it.
  if ([...providers.values()].some(isOpenRouter)) return told;
  for (const [field, names] of Object.entries({ order, ignore })) {
    const foreign = names?.filter((name) => !providers.has(name)) ?? [];
    if (foreign.length > 0)
      told.push(
        `"provider.${field}" names ${foreign.slice(0, 5).join(', ')}: there is no such provider here`,
      );
  }
  return told;
}
