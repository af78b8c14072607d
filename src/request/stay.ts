/** Where this conversation was served, what of it the plan follows, and what a move has cost. */
import type { Needs } from '../core/ask.ts';
import type { Plan, PlanStep } from '../core/chain.ts';
import { lostCache } from '../core/lost-cache.ts';
import type { AttemptRecord } from '../core/record.ts';
import type { Route } from '../core/resolve.ts';
import type { Endpoint, Key } from '../core/snapshot.ts';
import { isWarm, keepPlace, leastCached, type Place } from '../core/stay.ts';
import { isPriced } from '../core/price.ts';
import { promptTokens } from '../core/usage.ts';
import { warmthOf } from '../core/warmth.ts';
import type { Health, Stays } from '../ports.ts';
import type { Thread } from './conversation.ts';
import type { Trail } from './trail.ts';
import type { Journey } from './walk.ts';

/** Ms that a cache lives where nothing is said of it. */
const shortLife = 300_000;

/** Who stays: conversations of one workspace, key and preset. Without a preset: of one name of a model. */
export function scopeOf({ workspace, name }: Key, { preset, requested }: Route): string {
  return `${workspace}\n${name}\n${preset ? `@${preset.slug}` : requested}`;
}

export type Asking = {
  readonly key: Key;
  readonly route: Route;
  readonly thread: Thread;
  /** Epoch ms. */
  readonly now: number;
  readonly stays: Stays | undefined;
  readonly health: Pick<Health, 'calm'> | undefined;
};

/** The plan as it is for this conversation. While nobody stays anywhere, nothing is worked out. */
export function followPlace(plan: Plan, { key, route, thread, now, stays, health }: Asking): Plan {
  if (!stays || plan.steps.length < 2) return plan;
  const scope = scopeOf(key, route);
  if (!stays.any(scope)) return plan;
  const place = placeOf(stays, scope, thread);
  const calm = (endpoint: Endpoint): boolean => health?.calm(endpoint) ?? true;
  return place ? keepPlace(plan, { place, now, preset: route.preset, calm }) : plan;
}

/** Undefined for what is no conversation, or was not served yet. */
export function placeOf(stays: Stays, scope: string, thread: Thread): Place | undefined {
  const name = thread.hasCacheToLose() ? thread.name() : undefined;
  return name === undefined ? undefined : stays.of(scope, name);
}

/** Who was passed over, and is asked all the same, was not left out. */
export function nowAsked(trail: Trail, { endpoint }: PlanStep): void {
  const isThis = ({ endpoint: id, reason }: { endpoint: string; reason: string }): boolean =>
    reason === 'stay' && id === endpoint.id;
  if (trail.skipped.some(isThis)) trail.skipped = trail.skipped.filter((skip) => !isThis(skip));
}

/** Whether the conversation would lose a cache by leaving this endpoint now. */
export function isWarmAt({ request, trail, world }: Journey, { id }: Endpoint): boolean {
  const { thread, workspace, route } = request;
  const name = thread.hasCacheToLose() ? thread.name() : undefined;
  if (name === undefined) return false;
  if (world.caches.cached(workspace, name, id) >= leastCached) return true;
  const place = trail.key && world.stays?.of(scopeOf(trail.key, route), name);
  return place?.endpoint === id && isWarm(place, world.clock.now());
}

/** Remembers where an answer came from, and what it has cost that it came from elsewhere than before. */
export function notePlace(journey: Journey, endpoint: Endpoint, settled: AttemptRecord): void {
  const { request, trail, world } = journey;
  const { thread, route } = request;
  const began = settled.outcome === 'client_gone' && settled.firstTokenMs !== undefined;
  if (!world.stays || !trail.key || !(settled.outcome === 'ok' || began)) return;
  if (isTooShort(request.ask.needs, settled) || !thread.hasCacheToLose()) return;
  const name = thread.name();
  if (name === undefined) return;
  const scope = scopeOf(trail.key, route);
  const before = troubledBefore(journey, endpoint);
  const known = world.stays.of(scope, name);
  // Where nobody remembers it, it may have its cache wherever it would have been served, had that been well.
  const left = known ? [known.endpoint] : before;
  noteLoss(journey, { endpoint, settled, name, left });
  const at = world.clock.now();
  const { until = at + shortLife } =
    (settled.usage && warmthOf(endpoint.price, settled.usage, settled.at)) ?? {};
  world.stays.served(scope, name, {
    endpoint: endpoint.id,
    at,
    warmUntil: until,
    displaced: before.length > 0,
    stay: route.failover.stay ?? 0,
  });
}

/**
 * What tools, media and framing add to a prompt is estimated with room to spare; what was measured takes that back. It
 * does not where the text alone is long: some providers tell less than they read.
 */
function isTooShort({ promptTokens: estimated, beside }: Needs, { basis, usage }: AttemptRecord): boolean {
  if (estimated - beside >= leastCached) return false;
  return basis === 'measured' && usage !== undefined && promptTokens(usage) < leastCached;
}

/** Endpoints that stand before this one in the plan's own order, and failed now or rest. */
function troubledBefore({ order, resting, trail }: Journey, { id }: Endpoint): readonly string[] {
  const at = order.findIndex(({ endpoint }) => endpoint.id === id);
  const before = order.slice(0, Math.max(0, at)).map(({ endpoint }) => endpoint.id);
  return before.filter(
    (one) =>
      resting.some(({ endpoint }) => endpoint.id === one) ||
      trail.attempts.some(({ model, provider }) => `${model}@${provider}` === one),
  );
}

type Moved = {
  readonly endpoint: Endpoint;
  readonly settled: AttemptRecord;
  readonly name: string;
  /** Where it may have been before. */
  readonly left: readonly string[];
};

/** Of those that it left, the one with the most in its cache counts. */
function noteLoss({ request, trail, order, world }: Journey, { endpoint, settled, name, left }: Moved): void {
  const { usage, at } = settled;
  if (!usage) return;
  const caches = left
    .filter((id) => id !== endpoint.id)
    .map((id) => ({ id, tokens: world.caches.cached(request.workspace, name, id, trail.at) }));
  const most = caches.reduce((a, b) => (b.tokens > a.tokens ? b : a), { id: '', tokens: 0 });
  if (most.tokens < leastCached) return;
  const known = order.find((step) => step.endpoint.id === most.id)?.endpoint.price;
  const lost = lostCache({
    left: { tokens: most.tokens, price: isPriced(known) ? known : undefined },
    served: { price: endpoint.price, usage },
    at,
  });
  if (lost !== undefined) trail.cacheLost = lost;
}
