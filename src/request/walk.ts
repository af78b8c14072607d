/**
 * Walks the plan: hold → attempt → settle, endpoint after endpoint, until one has content or none is left.
 * Bounded in number, time and money; the caller's mistake and the caller's departure end it at once.
 */
import { lastResort, type Rest } from '../core/breaker.ts';
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
import type { Departure } from './departure.ts';
import { holdFor, isDenial, type Held } from './hold.ts';
import { countPremium, rememberCache } from './premium.ts';
import type { Endpoint } from '../core/snapshot.ts';
import { issuerOf, prepare, type Prepared, type Request } from './prepare.ts';
import { settleAttempt } from './settle.ts';
import type { Trail } from './trail.ts';

export type Journey = {
  readonly request: Request;
  readonly steps: readonly PlanStep[];
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
  const served = (await walkSteps(journey, failed, denied)) ?? (await askOneAtRest(journey, failed, denied));
  if (served) return served;
  throw refusal(journey, failed, denied);
}

async function walkSteps(journey: Journey, failed: Failed[], denied: Denied[]): Promise<Serving | undefined> {
  const { request, steps, trail, world } = journey;
  const { attempts, timeouts, on } = request.route.failover;
  for (const step of steps) {
    const late = world.clock.ticks() - trail.began > timeouts.startBy;
    if (trail.attempts.length >= attempts || late || journey.departure.why) break;
    if (denied.some((earlier) => isDearer(step, earlier, trail.primary))) {
      skip(trail, step, 'budget');
      continue;
    }
    const tried = await tryStep(journey, step);
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

/**
 * Nothing was asked, for every endpoint rests. One of which nobody knows when it will be back is asked all the same,
 * once: refusing could be no better.
 */
async function askOneAtRest(
  journey: Journey,
  failed: Failed[],
  denied: Denied[],
): Promise<Serving | undefined> {
  const { trail, departure } = journey;
  if (failed.length > 0 || denied.length > 0 || departure.why) return undefined;
  const step = lastResort(restingNow(journey))?.step;
  if (!step) return undefined;
  trail.skipped = trail.skipped.filter(({ endpoint }) => endpoint !== step.endpoint.id);
  const tried = await tryStep(journey, step, true);
  if (tried.kind === 'whole' || tried.kind === 'stream') return tried;
  if (tried.kind === 'denied') denied.push(tried.denied);
  if (tried.kind === 'failed') failed.push(tried.failed);
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
  const rest = forced ? undefined : world.health?.rest(step.endpoint);
  if (rest) return leaveAlone(journey, step, rest.reason);
  const held = await holdFor({ ...journey, step });
  if (isDenial(held)) {
    const denied = { step, denial: held };
    skip(trail, step, skipReason(held), problemOf(journey, denied).message);
    return { kind: 'denied', denied };
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
    return leaveAlone(journey, step, 'breaker');
  }
  trail.crossing = prepared.warnings;
  return await send(journey, held, { ...prepared, call });
}

/** Since the plan was made others found out, or one of them probes it. */
function leaveAlone({ trail, resting }: Journey, step: PlanStep, reason: string): Tried {
  resting.push(step);
  return skip(trail, step, reason);
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
  departure.watch((failure) => attempt.cancel(failure));
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
    prepared.call.settle(failure);
    trail.attempts[place] = settled;
    open = false;
    world.signatures.remember(request.workspace, attempt.facts().signatures ?? [], issuerOf(step.endpoint));
    world.pace.note(step.endpoint.id, paceSample(settled, request.ask.stream));
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
