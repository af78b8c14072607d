/**
 * Walks the plan: hold → attempt → settle, endpoint after endpoint, until one has content or none is left.
 * Bounded in number, time and money; the caller's mistake and the caller's departure end it at once.
 */
import { mayTryNext, type Failure } from '../core/failure.ts';
import { firstTokenMs } from '../core/patience.ts';
import type { PlanStep } from '../core/chain.ts';
import type { Ask } from '../core/ask.ts';
import { optional } from '../core/optional.ts';
import { Refused } from '../core/problem.ts';
import type { AttemptRecord } from '../core/record.ts';
import type { Route } from '../core/resolve.ts';
import type { Endpoint } from '../core/snapshot.ts';
import { problemOfFailures, problemOfPlan, type Failed } from '../core/verdict.ts';
import type { AnswerIdentity, Dialect, WholeAnswer } from '../dialects/dialect.ts';
import { code } from '../dialects/table.ts';
import type { HoldRequest, World } from '../ports.ts';
import { Attempt, type OpenStream } from './attempt.ts';
import type { Headers } from './authenticate.ts';
import type { Departure } from './departure.ts';
import { settleAttempt } from './settle.ts';
import type { Trail } from './trail.ts';

export type Journey = {
  readonly dialect: Dialect;
  readonly ask: Ask;
  readonly route: Route;
  readonly steps: readonly PlanStep[];
  readonly trail: Trail;
  readonly world: World;
  /** The client's headers; an allow-list of them travels. */
  readonly headers: Headers;
  readonly ownProviders: ReadonlySet<string>;
  readonly departure: Departure;
};

/** What is being served. `settle` pays for it, once, when it has ended; with the failure if it ended badly. */
export type Serving = { readonly settle: (failure?: Failure) => AttemptRecord } & (
  | { readonly kind: 'whole'; readonly answer: WholeAnswer }
  | { readonly kind: 'stream'; readonly stream: OpenStream }
);

/** Returns what serves. Throws Refused with the problem to tell. */
export async function walk(journey: Journey): Promise<Serving> {
  const { route, steps, trail, world } = journey;
  const failed: Failed[] = [];
  const { attempts, timeouts, on } = route.failover;
  for (const step of steps) {
    const late = world.clock.ticks() - trail.began > timeouts.startBy;
    if (trail.attempts.length >= attempts || late || journey.departure.why) break;
    const tried = await tryStep(journey, step);
    if (tried.kind !== 'failed') return tried;
    failed.push(tried.failed);
    if (!mayTryNext(tried.failed.failure.class, false, on)) break;
  }
  const [first, ...rest] = failed;
  throw new Refused(first ? problemOfFailures([first, ...rest]) : problemOfPlan(trail.skipped));
}

type Tried = Serving | { readonly kind: 'failed'; readonly failed: Failed };

async function tryStep(journey: Journey, step: PlanStep): Promise<Tried> {
  const { trail, world, departure } = journey;
  const place = trail.attempts.length;
  const id = `${trail.id}/${place}`;
  const hold = await world.ledger.hold(holdRequest(journey, step, id));
  if ('refused' in hold) {
    trail.skipped = [...trail.skipped, { endpoint: step.endpoint.id, reason: hold.refused }];
    return { kind: 'failed', failed: failedAt(step, { class: 'budget', status: 0, message: hold.refused }) };
  }
  const began = { at: world.clock.now(), ticks: world.clock.ticks() };
  const attempt = send(journey, step);
  departure.watch((failure) => attempt.cancel(failure));
  const verdict = await attempt.verdict;
  const record = (failure?: Failure): AttemptRecord =>
    settleAttempt({
      id,
      step,
      facts: attempt.facts(),
      ...optional('failure', failure),
      at: began.at,
      latencyMs: world.clock.ticks() - began.ticks,
      promptTokens: journey.ask.needs.promptTokens,
    });
  const settle = (failure?: Failure): AttemptRecord => {
    const settled = record(failure);
    trail.attempts[place] = settled;
    world.signatures.remember(
      trail.key?.workspace ?? '',
      attempt.facts().signatures ?? [],
      issuerOf(step.endpoint),
    );
    hold.settle(settled);
    return settled;
  };
  if (verdict.kind === 'failed') {
    settle(verdict.failure);
    return { kind: 'failed', failed: failedAt(step, verdict.failure) };
  }
  // Headers leave before the end is known; until then the trail shows the attempt as it stands.
  trail.attempts[place] = record();
  return { ...verdict, settle };
}

/** Signatures are verified by the vendor, whichever account they were made with. */
function issuerOf({ provider, model }: Endpoint): string {
  return `${provider.catalog}/${model.slug.split('/')[0] ?? ''}`;
}

function failedAt(step: PlanStep, failure: Failed['failure']): Failed {
  return { endpoint: step.endpoint.id, provider: step.endpoint.provider.name, failure };
}

function holdRequest({ trail, route, ask }: Journey, step: PlanStep, attemptId: string): HoldRequest {
  return {
    attemptId,
    endpoint: step.endpoint,
    workspace: trail.key?.workspace ?? '',
    key: trail.key?.name ?? '',
    ...optional('preset', route.preset?.slug),
    ...optional('user', ask.user),
    worst: step.worst,
  };
}

function send(journey: Journey, step: PlanStep): Attempt {
  const { ask, route, trail, world } = journey;
  const { endpoint, merged } = step;
  const coded = code(journey.dialect, {
    ask,
    merged,
    endpoint,
    ...optional('preset', route.preset),
    provider: route.provider,
    ownProviders: journey.ownProviders,
    keeps: (signature) =>
      world.signatures.issuerOf(trail.key?.workspace ?? '', signature) === issuerOf(endpoint),
    now: trail.at,
  });
  trail.warnings.push(
    ...[...merged.warnings, ...coded.warnings].filter((warning) => !trail.warnings.includes(warning)),
  );
  const identity: AnswerIdentity = {
    generation: trail.id,
    model: endpoint.model.slug,
    created: Math.floor(trail.at / 1_000),
  };
  return new Attempt(
    {
      call: {
        method: 'POST',
        url: `${endpoint.provider.baseUrl}${coded.path}`,
        model: endpoint.providerModel,
        headers: {
          ...coded.headers,
          ...travelling(journey.headers, endpoint),
          ...credentials(endpoint),
          'content-type': 'application/json',
          accept: ask.stream ? 'text/event-stream' : 'application/json',
        },
        body: coded.body,
      },
      stream: ask.stream,
      translator: coded.stream(identity),
      whole: (body) => coded.whole(body, identity),
      timeouts: route.failover.timeouts,
      firstTokenMs: firstTokenMs(route.failover.timeouts, ask.needs),
      sent: { callerKeys: ask.keys, translated: coded.translated },
    },
    world.upstream,
    world.clock,
  );
}

/** The client's headers that travel, each only to the wire it means something to. Credentials and cookies never do. */
function travelling(headers: Headers, { wire }: Endpoint): Record<string, string> {
  const names =
    wire === 'anthropic'
      ? ['anthropic-beta', 'anthropic-version', 'traceparent']
      : ['openai-beta', 'traceparent'];
  const pairs = names.flatMap((name) =>
    headers[name] === undefined ? [] : [[name, headers[name]] as const],
  );
  return Object.fromEntries(pairs);
}

function credentials({ provider }: Endpoint): Record<string, string> {
  const secret = provider.credentials[0];
  const { header, scheme } = provider.auth;
  return {
    ...provider.headers,
    ...(secret === undefined ? {} : { [header]: scheme === '' ? secret : `${scheme} ${secret}` }),
  };
}
