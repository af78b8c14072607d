/** What a request will likely cost at an endpoint, beside the worst that is held for it. Pure. */
import type { Ask } from './ask.ts';
import { answersOf } from './demand.ts';
import type { Merged } from './merge.ts';
import type { Nano } from './money.ts';
import { cost, isPriced } from './price.ts';
import type { Endpoint } from './snapshot.ts';
import type { Usage } from './usage.ts';

/** Tokens of an answer that nobody has seen yet: agents' steps have some 440 on average, thinking comes on top. */
const likelyAnswer = 500;
const likelyThinking = 1_500;

export type LikelyInput = {
  readonly ask: Ask;
  /** Tokens of the prompt that this conversation has in the endpoint's cache. */
  readonly cached: number;
  /** Epoch ms: what the price is now. */
  readonly now: number;
};

/**
 * Nano-USD: the estimated prompt at the rates of its length and of this hour, what is cached at the price of reading it,
 * what the request writes to a cache at the price of writing; and an answer of the usual length. Undefined = no price.
 */
export function likelyCost(
  { endpoint, merged }: { readonly endpoint: Endpoint; readonly merged: Merged },
  { ask, cached, now }: LikelyInput,
): Nano | undefined {
  const { price } = endpoint;
  if (!isPriced(price)) return undefined;
  const { promptTokens, reasoning } = ask.needs;
  const cacheRead = Math.min(cached, promptTokens);
  const fresh = promptTokens - cacheRead;
  const writes = writesCache(endpoint, ask) ? ask.needs.later.cacheWrites : 'none';
  const answer = Math.min(merged.outputCap, likelyAnswer + (reasoning ? likelyThinking : 0));
  const usage: Usage = {
    input: writes === 'none' ? fresh : 0,
    cacheRead,
    ...(writes === '5m' ? { cacheWrite: fresh } : {}),
    ...(writes === '1h' ? { cacheWrite1h: fresh } : {}),
    output: ask.api === 'embeddings' ? 0 : answer * answersOf(ask, merged),
  };
  return cost(price, usage, now);
}

/** Where writing to a cache has a price: on the anthropic wire it is asked for by marks, elsewhere the provider does it. */
function writesCache({ price, wire }: Endpoint, { source }: Ask): boolean {
  if (price?.base.cacheWrite === undefined) return false;
  return wire !== 'anthropic' || source.body.includes('cache_control');
}
