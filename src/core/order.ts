/** In which order endpoints are tried: `order` and `sort`, and the wishes for pace. Pure: even the lot is drawn from a seed. */
import { chance } from './chance.ts';
import type { Ask } from './ask.ts';
import { likelyCost } from './effective-cost.ts';
import type { Merged } from './merge.ts';
import type { Pace, Percentiles } from './pace.ts';
import { acceptedPercentiles, sortWord, type SortWord } from './preferences.ts';
import { isPriced, rateAt } from './price.ts';
import type { Endpoint, JsonObject, JsonValue, ProviderPreferences } from './snapshot.ts';

/** What an order may look at beyond the configuration. */
export type Outlook = {
  /** Of this request: equal seeds draw equal lots. */
  readonly seed: string;
  /** Undefined = nothing is known of late. */
  pace(endpoint: string): Pace | undefined;
  /** Tokens that this conversation has in the endpoint's cache. */
  cached(endpoint: string): number;
};

export type OrderInput = {
  readonly ask: Ask;
  readonly route: { readonly provider: ProviderPreferences };
  /** Epoch ms. */
  readonly now: number;
  readonly outlook?: Outlook;
};

type Candidate = { readonly endpoint: Endpoint; readonly merged: Merged };
/** The smaller, the earlier; equals keep their places. */
type Rank = (candidate: Candidate) => number;

/** The candidates in the order that the preferences ask for; as they stand where they ask for none. */
export function arranged<C extends Candidate>(candidates: readonly C[], input: OrderInput): readonly C[] {
  const { order, sort, preferred_max_latency, preferred_min_throughput } = input.route.provider;
  const word = sortWord(sort);
  const wishes = preferred_max_latency !== undefined || preferred_min_throughput !== undefined;
  if (candidates.length < 2 || (!order && word === undefined && !wishes)) return candidates;
  const first = order ? byName(order) : word === undefined ? undefined : ranks[word](input);
  const sorted = first ? rankedBy(candidates, first) : candidates;
  return wishes ? rankedBy(sorted, byWishes(input)) : sorted;
}

function rankedBy<C extends Candidate>(candidates: readonly C[], rank: Rank): readonly C[] {
  const ranked = candidates.map((candidate) => ({ candidate, rank: rank(candidate) }));
  // Two of the unknown are both at infinity, and their difference is no number.
  return ranked.sort((a, b) => a.rank - b.rank || 0).map(({ candidate }) => candidate);
}

/** Those that are named, in the order of their names; the rest after them. */
function byName(order: readonly string[]): Rank {
  return ({ endpoint }) => {
    const at = order.indexOf(endpoint.provider.name);
    return at === -1 ? order.length : at;
  };
}

const ranks: Readonly<Record<SortWord, (input: OrderInput) => Rank>> = {
  price: (input) => (candidate) => priceOf(candidate, input) ?? Infinity,
  latency: (input) => (candidate) => paceOf(candidate, input)?.latency?.p50 ?? Infinity,
  throughput: (input) => (candidate) => -(paceOf(candidate, input)?.throughput?.p50 ?? -Infinity),
  balance: (input) => (candidate) => lotOf(candidate, input),
  effective_cost: (input) => (candidate) =>
    likelyCost(candidate, { ...input, cached: cachedAt(candidate, input) }) ?? Infinity,
  // OpenRouter's own measure; elsewhere a warning says that it means nothing.
  exacto: () => () => 0,
};

function paceOf({ endpoint }: Candidate, { outlook }: OrderInput): Pace | undefined {
  return outlook?.pace(endpoint.id);
}

function cachedAt({ endpoint }: Candidate, { outlook }: OrderInput): number {
  return outlook?.cached(endpoint.id) ?? 0;
}

/** Pico-USD of a token in and a token out, at the rates for this prompt now; undefined = unpriced. */
function priceOf({ endpoint: { price } }: Candidate, { ask, now }: OrderInput): number | undefined {
  if (!isPriced(price)) return undefined;
  const { input = 0, output = 0 } = rateAt(price, ask.needs.promptTokens, now);
  return input + output;
}

/** Tokens: a smaller cache is not worth it, and providers keep none. */
const worthStaying = 1_024;

/**
 * A lot weighted by the inverse square of the price: of two endpoints the one at a third of the price comes first nine
 * times in ten. Where the conversation has a cache it stays: that is cheaper than any draw.
 */
function lotOf(candidate: Candidate, input: OrderInput): number {
  const cached = cachedAt(candidate, input);
  if (cached >= worthStaying) return -cached;
  const price = priceOf(candidate, input);
  if (price === undefined) return Infinity;
  // The least of exponential variables with these rates is each of them with the chance of its share of the rates.
  return -Math.log(chance(`${input.outlook?.seed ?? ''} ${candidate.endpoint.id}`)) * price ** 2;
}

/** Who misses a wish goes behind those who do not; of whom nothing is known is given the benefit of the doubt. */
function byWishes(input: OrderInput): Rank {
  const { preferred_max_latency: latency, preferred_min_throughput: throughput } = input.route.provider;
  return (candidate) => {
    const pace = paceOf(candidate, input);
    const slow = misses(pace?.latency, latency, (ms, most) => ms > most * 1_000);
    const thin = misses(pace?.throughput, throughput, (speed, least) => speed < least);
    return slow || thin ? 1 : 0;
  };
}

/** A bare number is meant for the median. */
function misses(
  known: Percentiles | undefined,
  wish: JsonValue | undefined,
  worse: (value: number, wished: number) => boolean,
): boolean {
  if (!known || wish === undefined) return false;
  const wishes: JsonObject = typeof wish === 'number' ? { p50: wish } : (wish as JsonObject);
  return acceptedPercentiles.some((name) => {
    const wished = wishes[name];
    return typeof wished === 'number' && worse(known[name], wished);
  });
}
