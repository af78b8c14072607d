/** What happened to one request so far. Grows by attempts, becomes the record exactly once. */
import type { Api, Ask } from '../core/ask.ts';
import type { FinishReason } from '../core/conversation.ts';
import { add, zero, type Nano } from '../core/money.ts';
import { optional } from '../core/optional.ts';
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
import type { Endpoint, JsonObject, Key } from '../core/snapshot.ts';
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
  return {
    id: ids.generation(),
    api: dialect.api,
    at: clock.now(),
    began: clock.ticks(),
    revision,
    ...optional('userAgent', headers['user-agent']?.slice(0, 200)),
    tags: readTags(headers['x-spillway-tags']),
    wantsMetadata: headers['x-openrouter-metadata']?.toLowerCase() === 'enabled',
    attempts: [],
    warnings: [],
    crossing: [],
    skipped: [],
    premiumCounted: 0,
    ...optional('originator', headers['originator']?.slice(0, 64)),
  };
}

const maxTags = 16;

/** `customer=acme, feature=search` → tags; what is no pair is ignored. */
function readTags(header: string | undefined): Readonly<Record<string, string>> {
  const pairs = (header ?? '').split(',').map((pair) => pair.split('=', 2).map((side) => side.trim()));
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
  return {
    generation: trail.id,
    ...optional('preset', preset && `${preset.slug}@${preset.version}`),
    ...optional('route', routeText(trail.route?.hops)),
    ...(served
      ? {
          model: served.model,
          provider: served.provider,
          position: served.position,
          fallback: served.position > 0,
        }
      : {}),
    attempts: trail.attempts.map(({ model, provider, outcome }) => `${model}@${provider}:${outcome}`),
    ...(trail.skipped.length > 0
      ? { skipped: trail.skipped.map(({ endpoint, reason }) => `${endpoint}:${reason}`) }
      : {}),
    ...optional('cost_multiplier', multiplier(costSoFar(trail), primaryCost(trail, usage))),
    ...(warningsOf(trail).length > 0 ? { warnings: warningsOf(trail) } : {}),
  };
}

/** Of the route and of the attempt that served, or was the last. */
export function warningsOf({ warnings, crossing, ticket }: Trail): readonly string[] {
  return [...new Set([...warnings, ...crossing, ...(ticket?.observed ?? [])])];
}

export type Conclusion = { readonly ending: Ending; readonly latencyMs: number } & Reason;

/** The code of the problem, and the limit that it is about in words. */
export type Reason = { readonly problem?: string; readonly refusedBy?: string };

/** The record of the whole generation. */
export function recordOf(trail: Trail, conclusion: Conclusion): GenerationRecord {
  const { ask, route, key } = trail;
  const served = servedBy(trail);
  return {
    id: trail.id,
    at: trail.at,
    latencyMs: conclusion.latencyMs,
    ...optional('firstTokenMs', served && firstToken(trail, served)),
    revision: trail.revision,
    workspace: key?.workspace ?? '',
    key: key?.name ?? '',
    api: trail.api,
    stream: ask?.stream ?? false,
    requested: route?.requested ?? ask?.model ?? '',
    ...optional('preset', route?.preset?.slug),
    ...optional('presetVersion', route?.preset?.version),
    ...(route && route.hops.length > 0 ? { routed: route.hops, ...optional('task', route.task) } : {}),
    ending: conclusion.ending,
    ...optional('problem', conclusion.problem),
    ...optional('refusedBy', conclusion.refusedBy),
    ...optional('finish', trail.finish),
    ...optional('nativeFinish', trail.nativeFinish),
    attempts: trail.attempts,
    skipped: trail.skipped,
    warnings: warningsOf(trail),
    ...optional('user', ask?.user),
    ...optional('session', ask?.session),
    tags: { ...ask?.tags, ...trail.tags },
    ...optional(
      'served',
      served && { position: served.position, model: served.model, provider: served.provider },
    ),
    cost: costSoFar(trail),
    // What broke off is not measured: nothing can be compared with it.
    ...optional(
      'primaryCost',
      served?.usage && served.basis !== 'unmeasured' ? primaryCost(trail, served.usage) : undefined,
    ),
    ...optional('premium', trail.premium),
    ...optional('cacheLost', trail.cacheLost),
    ...optional('userAgent', trail.userAgent),
    ...optional('clientRetry', trail.clientRetry),
  };
}

/** From the client's request to the first content, in ms. */
function firstToken(trail: Trail, served: AttemptRecord): number | undefined {
  return served.firstTokenMs === undefined ? undefined : served.at - trail.at + served.firstTokenMs;
}
