/**
 * Walks the plan: hold → attempt → settle, endpoint after endpoint, until one has content or none is left.
 * Bounded in number, time and money; the caller's mistake and the caller's departure end it at once.
 */
import { isShare, lastResort, type Rest } from '../core/breaker.ts';
import type { PlanStep } from '../core/chain.ts';
import { mayTryNext, type Failure } from '../core/failure.ts';
import { zero, type Nano } from '../core/money.ts';
import { optional } from '../core/optional.ts';
import { paceSample } from '../core/pace.ts';
import { Refused, type Problem } from '../core/problem.ts';
import { limitCost, limitTokens, type AttemptRecord } from '../core/record.ts';
import { problemOfDenial } from '../core/refusal.ts';
import { problemOfFailures, problemOfPlan, problemOfResting, type Failed } from '../core/verdict.ts';
import type { WholeAnswer } from '../dialects/dialect.ts';
import type { Call, Denial, Hold, Paid, Ticket, World } from '../ports.ts';
import { Attempt, type OpenStream } from './attempt.ts';
import type { Departure, Running } from './departure.ts';
import { holdFor, isDenial, type Held } from './hold.ts';
import { countPremium, rememberCache } from './premium.ts';
import type { Endpoint } from '../core/snapshot.ts';
import { issuerOf, prepare, type Prepared, type Request } from './prepare.ts';
import { settleAttempt } from './settle.ts';
import { notePlace, nowAsked } from './stay.ts';
import type { Trail } from './trail.ts';
import { isWorthAnother } from './warm-retry.ts';

export type Journey = {
  readonly request: Request;
  readonly steps: readonly PlanStep[];
  /** The plan's own order, with those that rest: who stands before whom. */
  readonly order: readonly PlanStep[];
  /** Endpoints that only their health keeps from serving; grows by those that began to rest since the plan was made. */
  readonly resting: PlanStep[];
  readonly trail: Trail;
  readonly ticket: Ticket;
  readonly world: World;
  readonly departure: Departure;
  /** Until when others' settlements may be waited for, on the clock that never steps back. */
  readonly deadline: number;
};

/** What is being served. `settle` pays for it, once, when it has ended; with the failure if it ended badly. */
export type Serving = {
  readonly settle: (failure?: Failure) => AttemptRecord;
  /** For the way out that nobody foresaw: closes the upstream and settles, if that has not happened yet. */
  readonly abandon: () => void;
} & (
  | { readonly kind: 'whole'; readonly answer: WholeAnswer }
  | { readonly kind: 'stream'; readonly stream: OpenStream }
);

/** An endpoint that was left out for money, or for another limit. */
type Denied = { readonly step: PlanStep; readonly denial: Denial };

/** Returns what serves. Throws Refused with the problem to tell. */
export async function walk(journey: Journey): Promise<Serving> {
  const failed: Failed[] = [];
  const denied: Denied[] = [];
  const served =
    (await walkSteps(journey, failed, denied)) ?? (await askThoseAtRest(journey, failed, denied));
  if (served) return served;
  throw refusal(journey, failed, denied);
}

async function walkSteps(journey: Journey, failed: Failed[], denied: Denied[]): Promise<Serving | undefined> {
  const { request, steps, trail } = journey;
  const { on } = request.route.failover;
  for (const [index, step] of steps.entries()) {
    if (isOver(journey)) break;
    if (denied.some((earlier) => isDearer(step, earlier, trail.primary))) {
      skip(trail, step, 'budget');
      continue;
    }
    const tried = await tryTwice(journey, step, failed, index + 1 < steps.length);
    if (tried.kind === 'skipped') continue;
    if (tried.kind === 'denied') denied.push(tried.denied);
    else if (tried.kind !== 'failed') return tried;
    else {
      failed.push(tried.failed);
      if (!mayTryNext(tried.failed.failure.class, false, on)) break;
    }
  }
  return undefined;
}

/** Once more where the conversation has its cache and the failure was brief. */
async function tryTwice(journey: Journey, step: PlanStep, failed: Failed[], more: boolean): Promise<Tried> {
  const tried = await tryStep(journey, step);
  if (tried.kind !== 'failed') return tried;
  const { failure } = tried.failed;
  if (!(await isWorthAnother(journey, { step, failure, more }))) return tried;
  const again = await tryStep(journey, step);
  if (again.kind === 'skipped') return tried;
  failed.push(tried.failed);
  return again;
}

/** No attempt begins any more. */
function isOver(journey: Journey): boolean {
  const { trail, request, departure } = journey;
  return (
    trail.attempts.length >= request.route.failover.attempts || isLate(journey) || departure.why !== undefined
  );
}

function isLate({ request, trail, world }: Journey): boolean {
  return world.clock.ticks() - trail.began > request.route.failover.timeouts.startBy;
}

/**
 * Nobody is left to ask but those who rest. One of which nobody knows when it will be back is asked all the same, once:
 * refusing could be no better. Those whose rate limit strikes a share of the calls are asked one after the other.
 */
async function askThoseAtRest(
  journey: Journey,
  failed: Failed[],
  denied: Denied[],
): Promise<Serving | undefined> {
  const { trail, request } = journey;
  const { on } = request.route.failover;
  const asked = new Set(failed.map(({ endpoint }) => endpoint));
  for (;;) {
    const last = failed.at(-1);
    if (denied.length > 0 || isOver(journey)) break;
    if (last && !mayTryNext(last.failure.class, false, on)) break;
    const left = restingNow(journey).filter(
      ({ endpoint, rest }) => !asked.has(endpoint) && (!last || isShare(rest)),
    );
    const step = lastResort(left)?.step;
    if (!step) break;
    asked.add(step.endpoint.id);
    trail.skipped = trail.skipped.filter(({ endpoint }) => endpoint !== step.endpoint.id);
    const tried = await tryStep(journey, step, true);
    if (tried.kind === 'whole' || tried.kind === 'stream') return tried;
    if (tried.kind === 'denied') denied.push(tried.denied);
    if (tried.kind === 'failed') failed.push(tried.failed);
  }
  return undefined;
}

type RestingStep = { readonly step: PlanStep; readonly endpoint: string; readonly rest: Rest };

/** What rests at this moment. One that came back since it was left out has done so just now. */
function restingNow({ resting, world }: Journey): readonly RestingStep[] {
  return resting.map((step) => ({
    step,
    endpoint: step.endpoint.id,
    rest: world.health?.rest(step.endpoint) ?? {
      reason: 'breaker',
      why: 'overloaded',
      until: world.clock.now(),
    },
  }));
}

/**
 * Where money was short for one endpoint, a dearer one is not asked: a limit is no reason to spend more. What is
 * free is never dearer, and premium is no reason against the primary.
 */
function isDearer(
  step: PlanStep,
  { step: { worst }, denial }: Denied,
  primary: Endpoint | undefined,
): boolean {
  const { unit } = denial.limit ?? {};
  if (step.worst === 0 || (unit === 'premium_usd' && step.endpoint === primary)) return false;
  const forMoney = unit === 'usd' || unit === 'premium_usd';
  return forMoney && worst !== undefined && (step.worst ?? Infinity) >= worst;
}

/** A refusal for money is the answer, unless the request itself was wrong; then the first real error; then the plan's. */
function refusal(journey: Journey, failed: readonly Failed[], denied: readonly Denied[]): Refused {
  const { trail, world } = journey;
  const [first, ...rest] = failed;
  const own = failed.some(({ failure }) => failure.class === 'caller');
  const denial = denied.find((one) => one.denial.denied === 'busy') ?? denied[0];
  if (denial && !own) return new Refused(problemOf(journey, denial));
  const now = world.clock.now();
  const [resting, ...others] = restingNow(journey);
  if (first)
    return new Refused(problemOfFailures([first, ...rest], resting ? [resting, ...others] : [], now));
  if (resting && !trail.refusal) return new Refused(problemOfResting([resting, ...others], now));
  return trail.refusal ?? new Refused(problemOfPlan(trail.skipped));
}

function problemOf({ world, request }: Journey, { step, denial }: Denied): Problem {
  const { contact } = request;
  return problemOfDenial(denial, { now: world.clock.now(), contact, endpoint: step.endpoint.id });
}

type Tried =
  | Serving
  | { readonly kind: 'failed'; readonly failed: Failed }
  | { readonly kind: 'denied'; readonly denied: Denied }
  | { readonly kind: 'skipped' };

async function tryStep(journey: Journey, step: PlanStep, forced = false): Promise<Tried> {
  const { trail, request, world, departure } = journey;
  nowAsked(trail, step);
  const rest = forced ? undefined : world.health?.rest(step.endpoint);
  if (rest) return leaveAlone(journey, step, rest);
  const held = await holdFor({ ...journey, step });
  if (isDenial(held)) return deny(journey, step, held);
  if (isLate(journey)) {
    // Only a store that hardly answers takes so long.
    held.hold.settle(nothing);
    return deny(journey, step, { denied: 'unavailable' });
  }
  if (departure.why) {
    held.hold.settle(nothing);
    return { kind: 'skipped' };
  }
  const credential = world.health?.credential(step.endpoint.provider);
  const prepared = tryToPrepare(journey, held, credential);
  if (!prepared) return skip(trail, step, 'unreadable');
  if (prepared.incomplete && request.route.provider.require_parameters === true) {
    held.hold.settle(nothing);
    return skip(trail, step, 'parameters');
  }
  const call = world.health ? world.health.enter(step.endpoint, credential, forced) : untold;
  if (!call) {
    held.hold.settle(nothing);
    return leaveAlone(journey, step, world.health?.rest(step.endpoint));
  }
  trail.crossing = prepared.warnings;
  return await send(journey, held, { ...prepared, call });
}

function deny(journey: Journey, step: PlanStep, denial: Denial): Tried {
  const denied = { step, denial };
  skip(journey.trail, step, skipReason(denial), problemOf(journey, denied).message);
  return { kind: 'denied', denied };
}

/** Since the plan was made others found out, or one of them probes it. */
function leaveAlone({ trail, resting }: Journey, step: PlanStep, rest: Rest | undefined): Tried {
  resting.push(step);
  return skip(trail, step, rest?.reason ?? 'breaker', rest?.why);
}

const untold: Call = { answered: () => undefined, settle: () => undefined };

const nothing: Paid = { usd: zero, premium: zero, tokens: 0 };

function skipReason({ denied, limit }: Denial): string {
  if (denied === 'unpriced' || denied === 'unbounded') return denied;
  return limit === undefined || limit.unit === 'usd' || limit.unit === 'premium_usd' ? 'budget' : 'limit';
}

/** What cannot be read well enough to cross to this wire may still pass to another endpoint. */
function tryToPrepare(
  journey: Journey,
  { step, hold }: Held,
  credential: string | undefined,
): Prepared | undefined {
  try {
    return prepare(journey.request, step, credential);
  } catch (error) {
    hold.settle(nothing);
    if (!(error instanceof Refused)) throw error;
    journey.trail.refusal ??= error;
    return undefined;
  }
}

function skip(trail: Trail, { endpoint }: PlanStep, reason: string, why?: string): Tried {
  trail.skipped = [...trail.skipped, { endpoint: endpoint.id, reason, ...optional('why', why) }];
  return { kind: 'skipped' };
}

/** From here on the hold is settled, whatever happens. */
async function send(
  journey: Journey,
  held: Held,
  prepared: Prepared & { readonly call: Call },
): Promise<Tried> {
  const { trail, world, departure, request } = journey;
  const { step } = held;
  const place = trail.attempts.length;
  const at = world.clock.now();
  const ticks = world.clock.ticks();
  const attempt = new Attempt(prepared.order, world.upstream, world.clock);
  const tell = once(prepared.call);
  departure.watch(untilLeft(attempt, tell), step.endpoint.provider.drainMs);
  const verdict = await attempt.verdict;
  let open = true;
  const record = (failure?: Failure): AttemptRecord =>
    settleAttempt({
      id: `${trail.id}/${place}`,
      step,
      facts: attempt.facts(),
      ...optional('failure', failure),
      at,
      latencyMs: world.clock.ticks() - ticks,
      ask: request.ask,
      input: held.input,
    });
  const settle = (failure?: Failure): AttemptRecord => {
    const settled = record(failure);
    tell(failure);
    trail.attempts[place] = settled;
    open = false;
    world.signatures.remember(request.workspace, attempt.facts().signatures ?? [], issuerOf(step.endpoint));
    world.pace.note(step.endpoint.id, paceSample(settled, request.ask.stream));
    notePlace(journey, step.endpoint, settled);
    rememberCache(journey, step.endpoint, settled);
    pay(held.hold, settled, countPremium(trail, settled, { endpoint: step.endpoint, cached: held.cached }));
    return settled;
  };
  const abandon = (): void => {
    if (!open) return;
    attempt.cancel(abandoned);
    settle(abandoned);
  };
  if (verdict.kind === 'failed') {
    settle(verdict.failure);
    return { kind: 'failed', failed: failedAt(step, verdict.failure) };
  }
  if (verdict.kind === 'stream') {
    prepared.call.answered();
    // Headers leave before the end is known; until then the trail shows the attempt as it stands.
    trail.attempts[place] = record();
  }
  return { ...verdict, settle, abandon };
}

/** Tells the endpoint's health how the call ended: the first time only. */
function once(call: Call): (failure?: Failure) => void {
  let told = false;
  return (failure) => {
    if (!told) call.settle(failure);
    told = true;
  };
}

/** What is read on for nobody says nothing of the endpoint any longer: a probe gives its place to the next request. */
function untilLeft(attempt: Attempt, tell: (failure: Failure) => void): Running {
  return {
    cancel: (failure) => attempt.cancel(failure),
    drain: (failure, ms) => {
      tell(failure);
      attempt.drain(failure, ms);
    },
  };
}

function pay(hold: Hold, settled: AttemptRecord, premium: Nano): void {
  hold.settle({ usd: limitCost(settled), premium, tokens: limitTokens(settled) });
}

const abandoned: Failure = {
  class: 'client_gone',
  status: 0,
  message: 'given up after a fault of the gateway',
};

function failedAt({ endpoint }: PlanStep, failure: Failure): Failed {
  return { endpoint: endpoint.id, provider: endpoint.provider.name, failure };
}
