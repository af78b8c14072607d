/**
 * Walks the plan: hold → attempt → settle, endpoint after endpoint, until one has content or none is left.
 * Bounded in number, time and money; the caller's mistake and the caller's departure end it at once.
 */
import type { PlanStep } from '../core/chain.ts';
import { mayTryNext, type Failure } from '../core/failure.ts';
import { optional } from '../core/optional.ts';
import { Refused } from '../core/problem.ts';
import type { AttemptRecord } from '../core/record.ts';
import { problemOfFailures, problemOfPlan, type Failed } from '../core/verdict.ts';
import type { WholeAnswer } from '../dialects/dialect.ts';
import type { Hold, HoldRequest, World } from '../ports.ts';
import { Attempt, type OpenStream } from './attempt.ts';
import type { Departure } from './departure.ts';
import { issuerOf, prepare, type Prepared, type Request } from './prepare.ts';
import { settleAttempt } from './settle.ts';
import type { Trail } from './trail.ts';

export type Journey = {
  readonly request: Request;
  readonly steps: readonly PlanStep[];
  readonly trail: Trail;
  readonly world: World;
  readonly departure: Departure;
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

/** Returns what serves. Throws Refused with the problem to tell. */
export async function walk(journey: Journey): Promise<Serving> {
  const { request, steps, trail, world } = journey;
  const failed: Failed[] = [];
  const { attempts, timeouts, on } = request.route.failover;
  for (const step of steps) {
    const late = world.clock.ticks() - trail.began > timeouts.startBy;
    if (trail.attempts.length >= attempts || late || journey.departure.why) break;
    const tried = await tryStep(journey, step);
    if (tried.kind === 'skipped') continue;
    if (tried.kind !== 'failed') return tried;
    failed.push(tried.failed);
    if (!mayTryNext(tried.failed.failure.class, false, on)) break;
  }
  const [first, ...rest] = failed;
  if (!first && trail.refusal) throw trail.refusal;
  throw new Refused(first ? problemOfFailures([first, ...rest]) : problemOfPlan(trail.skipped));
}

type Tried = Serving | { readonly kind: 'failed'; readonly failed: Failed } | { readonly kind: 'skipped' };

async function tryStep(journey: Journey, step: PlanStep): Promise<Tried> {
  const { trail, world, request } = journey;
  const prepared = tryToPrepare(journey, step);
  if (!prepared) return skip(trail, step, 'unreadable');
  if (prepared.incomplete && request.route.provider.require_parameters === true)
    return skip(trail, step, 'parameters');
  trail.crossing = prepared.warnings;
  const hold = await world.ledger.hold(holdRequest(journey, step));
  if (!('refused' in hold)) return await send(journey, { step, prepared, hold });
  skip(trail, step, hold.refused);
  return { kind: 'failed', failed: failedAt(step, { class: 'budget', status: 0, message: hold.refused }) };
}

/** What cannot be read well enough to cross to this wire may still pass to another endpoint. */
function tryToPrepare(journey: Journey, step: PlanStep): Prepared | undefined {
  try {
    return prepare(journey.request, step);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    journey.trail.refusal ??= error;
    return undefined;
  }
}

function skip(trail: Trail, { endpoint }: PlanStep, reason: string): Tried {
  trail.skipped = [...trail.skipped, { endpoint: endpoint.id, reason }];
  return { kind: 'skipped' };
}

type Held = { readonly step: PlanStep; readonly prepared: Prepared; readonly hold: Hold };

/** From here on the hold is settled, whatever happens. */
async function send(
  { trail, world, departure, request }: Journey,
  { step, prepared, hold }: Held,
): Promise<Tried> {
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
      promptTokens: request.ask.needs.promptTokens,
    });
  const settle = (failure?: Failure): AttemptRecord => {
    const settled = record(failure);
    trail.attempts[place] = settled;
    world.signatures.remember(request.workspace, attempt.facts().signatures ?? [], issuerOf(step.endpoint));
    hold.settle(settled);
    open = false;
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
  // Headers leave before the end is known; until then the trail shows the attempt as it stands.
  trail.attempts[place] = record();
  return { ...verdict, settle, abandon };
}

const abandoned: Failure = {
  class: 'client_gone',
  status: 0,
  message: 'given up after a fault of the gateway',
};

function failedAt({ endpoint }: PlanStep, failure: Failure): Failed {
  return { endpoint: endpoint.id, provider: endpoint.provider.name, failure };
}

function holdRequest({ trail, request: { route, ask, workspace } }: Journey, step: PlanStep): HoldRequest {
  return {
    attemptId: `${trail.id}/${trail.attempts.length}`,
    endpoint: step.endpoint,
    workspace,
    key: trail.key?.name ?? '',
    ...optional('preset', route.preset?.slug),
    ...optional('user', ask.user),
    worst: step.worst,
  };
}
