/** What happened to one request so far. Grows by attempts, becomes the record exactly once. */
import type { Api, Ask } from '../core/ask.ts';
import type { FinishReason } from '../core/conversation.ts';
import { add, zero, type Nano } from '../core/money.ts';
import type { Draft } from '../core/optional.ts';
import type { Refused } from '../core/problem.ts';
import { cost, isPriced } from '../core/price.ts';
import {
  limitCost,
  multiplier,
  type AttemptRecord,
  type ClientRetry,
  type Ending,
  type GenerationRecord,
  type Premium,
  type Skip,
} from '../core/record.ts';
import type { Route } from '../core/resolve.ts';
import { routeText } from '../core/route.ts';
import type { Endpoint, JsonObject, JsonValue, Key } from '../core/snapshot.ts';
import { cold, type Usage } from '../core/usage.ts';
import type { Dialect } from '../dialects/dialect.ts';
import type { Ticket, World } from '../ports.ts';
import type { Headers } from './authenticate.ts';

export type Trail = {
  readonly id: string;
  readonly api: Api;
  /** Epoch ms, and the same moment on the clock that never steps back. */
  readonly at: number;
  readonly began: number;
  readonly revision: number;
  readonly userAgent?: string;
  readonly tags: Readonly<Record<string, string>>;
  /** The client wants `openrouter_metadata`. */
  readonly wantsMetadata: boolean;
  readonly attempts: AttemptRecord[];
  /** Of the route. */
  warnings: readonly string[];
  /** Of the latest attempt: what was changed for its endpoint, or could not be carried there. */
  crossing: readonly string[];
  skipped: readonly Skip[];
  /** Why the first endpoint that could not be written for was left out. */
  refusal?: Refused;
  key?: Key;
  ask?: Ask;
  route?: Route;
  primary?: Endpoint;
  finish?: FinishReason;
  nativeFinish?: string;
  answerId?: string;
  concluded?: boolean;
  /** What it holds and has paid. Absent until it was let in. */
  ticket?: Ticket;
  /** Nano-USD of premium that limits have counted for attempts so far. */
  premiumCounted: number;
  premium?: Premium;
  /** Nano-USD: what buying a cached prompt again has cost, where the conversation was moved. */
  cacheLost?: Nano;
  /** Which client it is, in its own word: Codex must be refused in another way. */
  readonly originator?: string;
  /** The client asks again. */
  clientRetry?: ClientRetry;
  /** If the client comes again, that will be known as a retry. */
  retryExpected?: boolean;
};

/** The beginning of a trail; nothing has happened yet. */
export function beginTrail(
  { headers, dialect }: { readonly headers: Headers; readonly dialect: Dialect },
  revision: number,
  world: World,
): Trail {
  const { clock, ids } = world;
  const trail: Draft<Trail> = {
    id: ids.generation(),
    api: dialect.api,
    at: clock.now(),
    began: clock.ticks(),
    revision,
    tags: readTags(headers['x-spillway-tags']),
    wantsMetadata: headers['x-openrouter-metadata']?.toLowerCase() === 'enabled',
    attempts: [],
    warnings: [],
    crossing: [],
    skipped: [],
    premiumCounted: 0,
  };
  const { 'user-agent': agent, originator } = headers;
  if (agent !== undefined) trail.userAgent = agent.slice(0, 200);
  if (originator !== undefined) trail.originator = originator.slice(0, 64);
  return trail;
}

const maxTags = 16;
const noTags = {};

/** `customer=acme, feature=search` → tags; what is no pair is ignored. */
function readTags(header: string | undefined): Readonly<Record<string, string>> {
  if (header === undefined) return noTags;
  const pairs = header.split(',').map((pair) => pair.split('=', 2).map((side) => side.trim()));
  return Object.fromEntries(
    pairs
      .filter(([name, value]) => name && value)
      .slice(0, maxTags)
      .map(([name = '', value = '']) => [name.slice(0, 64), value.slice(0, 512)]),
  );
}

/** What all attempts cost together, measured or estimated. */
export function costSoFar(trail: Trail): Nano {
  return trail.attempts.reduce((sum, attempt) => add(sum, attempt.cost), zero);
}

/** The same with what limits count for attempts that broke off unmeasured. */
export function spentSoFar(trail: Trail): Nano {
  return trail.attempts.reduce((sum, attempt) => add(sum, limitCost(attempt)), zero);
}

/** The attempt that answered, if one did: the last one, when it went well or had begun to. */
export function servedBy(trail: Trail): AttemptRecord | undefined {
  const last = trail.attempts.at(-1);
  return last?.outcome === 'ok' || last?.firstTokenMs !== undefined ? last : undefined;
}

/** The same tokens at the primary, cold. Undefined where the primary has no price. */
export function primaryCost(trail: Trail, usage: Usage): Nano | undefined {
  const price = trail.primary?.price;
  return isPriced(price) ? cost(price, cold(usage), trail.at) : undefined;
}

/** The facts of routing for `usage.spillway`: what headers cannot say because they left too early. */
export function routingFacts(trail: Trail, usage: Usage): JsonObject {
  const served = servedBy(trail);
  const preset = trail.route?.preset;
  const facts: Record<string, JsonValue> = { generation: trail.id };
  if (preset) facts['preset'] = `${preset.slug}@${preset.version}`;
  const route = routeText(trail.route?.hops);
  if (route !== undefined) facts['route'] = route;
  if (served) {
    facts['model'] = served.model;
    facts['provider'] = served.provider;
    facts['position'] = served.position;
    facts['fallback'] = served.position > 0;
  }
  facts['attempts'] = trail.attempts.map(({ model, provider, outcome }) => `${model}@${provider}:${outcome}`);
  if (trail.skipped.length > 0)
    facts['skipped'] = trail.skipped.map(({ endpoint, reason }) => `${endpoint}:${reason}`);
  const times = multiplier(costSoFar(trail), primaryCost(trail, usage));
  if (times !== undefined) facts['cost_multiplier'] = times;
  const warnings = warningsOf(trail);
  if (warnings.length > 0) facts['warnings'] = warnings;
  return facts;
}

/** Of the route and of the attempt that served, or was the last. */
export function warningsOf({ warnings, crossing, ticket }: Trail): readonly string[] {
  if (warnings.length + crossing.length + (ticket?.observed.length ?? 0) === 0) return warnings;
  return [...new Set([...warnings, ...crossing, ...(ticket?.observed ?? [])])];
}

export type Conclusion = { readonly ending: Ending; readonly latencyMs: number } & Reason;

/** The code of the problem, and the limit that it is about in words. */
export type Reason = { readonly problem?: string; readonly refusedBy?: string };

/** The record of the whole generation. */
export function recordOf(trail: Trail, conclusion: Conclusion): GenerationRecord {
  const { ask, route, key } = trail;
  const record: Draft<GenerationRecord> = {
    id: trail.id,
    at: trail.at,
    latencyMs: conclusion.latencyMs,
    revision: trail.revision,
    workspace: key?.workspace ?? '',
    key: key?.name ?? '',
    api: trail.api,
    stream: ask?.stream ?? false,
    requested: route?.requested ?? ask?.model ?? '',
    ending: conclusion.ending,
    attempts: trail.attempts,
    skipped: trail.skipped,
    warnings: warningsOf(trail),
    tags: ask ? { ...ask.tags, ...trail.tags } : trail.tags,
    cost: costSoFar(trail),
  };
  if (route?.preset) {
    record.preset = route.preset.slug;
    record.presetVersion = route.preset.version;
  }
  if (route && route.hops.length > 0) {
    record.routed = route.hops;
    if (route.task !== undefined) record.task = route.task;
  }
  if (conclusion.problem !== undefined) record.problem = conclusion.problem;
  if (conclusion.refusedBy !== undefined) record.refusedBy = conclusion.refusedBy;
  if (trail.finish !== undefined) record.finish = trail.finish;
  if (trail.nativeFinish !== undefined) record.nativeFinish = trail.nativeFinish;
  if (ask?.user !== undefined) record.user = ask.user;
  if (ask?.session !== undefined) record.session = ask.session;
  if (trail.premium) record.premium = trail.premium;
  if (trail.cacheLost !== undefined) record.cacheLost = trail.cacheLost;
  if (trail.clientRetry) record.clientRetry = trail.clientRetry;
  if (trail.userAgent !== undefined) record.userAgent = trail.userAgent;
  const served = servedBy(trail);
  if (served) addServed(record, trail, served);
  return record;
}

function addServed(record: Draft<GenerationRecord>, trail: Trail, served: AttemptRecord): void {
  const { position, model, provider, firstTokenMs, usage } = served;
  record.served = { position, model, provider };
  // From the client's request to the first content.
  if (firstTokenMs !== undefined) record.firstTokenMs = served.at - trail.at + firstTokenMs;
  // What broke off is not measured: nothing can be compared with it.
  const primary = usage && served.basis !== 'unmeasured' ? primaryCost(trail, usage) : undefined;
  if (primary !== undefined) record.primaryCost = primary;
}
