/** Books the premium of what was settled, and remembers what it left in the provider's prompt cache. */
import { nano, zero, type Nano } from '../core/money.ts';
import { countedPremium, premiumOf } from '../core/premium.ts';
import { limitCost, type AttemptRecord } from '../core/record.ts';
import type { Endpoint } from '../core/snapshot.ts';
import { warmthOf } from '../core/warmth.ts';
import type { World } from '../ports.ts';
import type { Request } from './prepare.ts';
import { spentSoFar, type Trail } from './trail.ts';

/**
 * What limits on premium are charged for a settled attempt, in nano-USD. `cached` is what the primary would have read
 * from its cache. A failed attempt counts for itself; what answers counts for the whole request, less what was
 * counted before.
 */
export function countPremium(trail: Trail, settled: AttemptRecord, cached: number): Nano {
  const counted =
    settled.outcome === 'ok' ? ofAnswer(trail, settled, cached) : ofFailure(trail, settled, cached);
  trail.premiumCounted += counted;
  return counted;
}

function ofAnswer(trail: Trail, settled: AttemptRecord, cached: number): Nano {
  const paid = spentSoFar(trail);
  const { usage, at } = settled;
  if (isPrimary(trail, settled)) {
    // What the primary itself cost is what it would have cost; what failed before it is on top.
    const before = nano(paid - limitCost(settled));
    trail.premium = { price: before, cache: zero };
    return nano(Math.max(0, before - trail.premiumCounted));
  }
  const premium = usage && premiumOf({ paid, usage, at }, trail.primary?.price, cached);
  if (premium) trail.premium = premium;
  const total = premium ? countedPremium(premium) : paid;
  return nano(Math.max(0, total - trail.premiumCounted));
}

function ofFailure(trail: Trail, settled: AttemptRecord, cached: number): Nano {
  if (isPrimary(trail, settled)) return zero;
  const paid = limitCost(settled);
  const { usage, at } = settled;
  const own = usage && premiumOf({ paid, usage, at }, trail.primary?.price, cached);
  return own ? countedPremium(own) : paid;
}

function isPrimary({ primary }: Trail, { model, provider }: AttemptRecord): boolean {
  return primary === undefined || (primary.model.slug === model && primary.provider.name === provider);
}

/** Nothing is read or kept where the answer tells of no cache. */
export function rememberCache(
  { request, world }: { readonly request: Request; readonly world: World },
  endpoint: Endpoint,
  { usage, at }: AttemptRecord,
): void {
  const warmth = usage && warmthOf(endpoint.price, usage, at);
  if (!warmth) return;
  const conversation = request.conversation();
  if (conversation !== undefined)
    world.caches.remember(request.workspace, conversation, { endpoint: endpoint.id, ...warmth });
}
