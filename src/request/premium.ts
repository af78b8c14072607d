/** Books the premium of what was settled, and remembers what it left in the provider's prompt cache. */
import { add, nano, zero, type Nano } from '../core/money.ts';
import { countedPremium, premiumBound, premiumOf } from '../core/premium.ts';
import { isPriced } from '../core/price.ts';
import { limitCost, type AttemptRecord } from '../core/record.ts';
import type { Endpoint } from '../core/snapshot.ts';
import { leastCached } from '../core/stay.ts';
import { promptTokens } from '../core/usage.ts';
import { warmthOf } from '../core/warmth.ts';
import { spentSoFar, type Trail } from './trail.ts';
import type { Journey } from './walk.ts';

/** Where an attempt went, and how much of its prompt the primary would have read from its cache, in tokens. */
export type Compared = { readonly endpoint: Endpoint; readonly cached: number };

/**
 * What limits on premium are charged for a settled attempt, in nano-USD. A failed attempt counts for itself; what
 * answers counts for the whole request, less what was counted before. What was not measured counts with its bound.
 */
export function countPremium(trail: Trail, settled: AttemptRecord, compared: Compared): Nano {
  const answered = settled.outcome === 'ok' || settled.basis === 'measured' || settled.basis === 'estimated';
  const counted = answered ? ofAnswer(trail, settled, compared) : ofFailure(trail, settled, compared);
  trail.premiumCounted += counted;
  return counted;
}

function ofAnswer(trail: Trail, settled: AttemptRecord, compared: Compared): Nano {
  const before = nano(spentSoFar(trail) - limitCost(settled));
  const paid = add(before, settled.cost);
  const { usage, at } = settled;
  if (isPrimary(trail, settled)) {
    // What the primary itself cost is what it would have cost; what failed before it is on top.
    trail.premium = { price: before, cache: zero };
    return nano(Math.max(0, before - trail.premiumCounted));
  }
  const premium = usage && premiumOf({ paid, usage, at }, trail.primary?.price, compared.cached);
  if (premium) trail.premium = premium;
  const measured = premium ? countedPremium(premium) : paid;
  const total = settled.bound ? add(before, boundOf(trail, settled, compared)) : measured;
  return nano(Math.max(0, total - trail.premiumCounted));
}

function ofFailure(trail: Trail, settled: AttemptRecord, compared: Compared): Nano {
  return isPrimary(trail, settled) ? zero : boundOf(trail, settled, compared);
}

/** The most that an unmeasured attempt may cost above the primary. */
function boundOf(trail: Trail, { bound, carried, at }: AttemptRecord, { endpoint, cached }: Compared): Nano {
  const { price } = endpoint;
  if (!bound || !isPriced(price)) return carried ?? zero;
  const within = { ...bound, from: at, until: at };
  const most = premiumBound({ price, primary: trail.primary?.price, cached, bound: within });
  return nano(Math.min(most, carried ?? most));
}

function isPrimary({ primary }: Trail, { model, provider }: AttemptRecord): boolean {
  return primary === undefined || (primary.model.slug === model && primary.provider.name === provider);
}

/**
 * Nothing is read or kept where the answer tells of no cache, nor of prompts too short for one: side calls of a session
 * take nothing from what is known of it.
 */
export function rememberCache(
  { request, world }: Pick<Journey, 'request' | 'world'>,
  endpoint: Endpoint,
  { usage, at }: AttemptRecord,
): void {
  const warmth = usage && promptTokens(usage) >= leastCached && warmthOf(endpoint.price, usage, at);
  if (!warmth) return;
  const conversation = request.thread.name();
  if (conversation !== undefined)
    world.caches.remember(request.workspace, conversation, { endpoint: endpoint.id, ...warmth });
}
