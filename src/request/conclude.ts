/** The one place where a request ends: the record is written, and only then does the last byte leave. */
import { add, zero } from '../core/money.ts';
import { optional } from '../core/optional.ts';
import { problem, Refused, type Problem } from '../core/problem.ts';
import type { AttemptRecord, Ending } from '../core/record.ts';
import type { AnswerFacts, Bill } from '../dialects/dialect.ts';
import type { Reply, World } from '../ports.ts';
import { expectNoRetry, expectRetry } from './client-retry.ts';
import type { Departure } from './departure.ts';
import type { Front } from './front.ts';
import { metadataOf } from './metadata.ts';
import { costSoFar, recordOf, routingFacts, servedBy, type Reason, type Trail } from './trail.ts';

/** What the client is billed, told at the end of its answer. */
export function billOf(trail: Trail, served: AttemptRecord): Bill {
  const usage = served.usage ?? { input: 0, output: 0 };
  return {
    usage,
    basis: served.basis,
    cost: costSoFar(trail),
    upstreamCost: served.cost,
    promptCost: served.promptCost ?? zero,
    unmeasured: trail.attempts.reduce((sum, attempt) => add(sum, attempt.unmeasured ?? zero), zero),
    spillway: routingFacts(trail, usage),
    ...(trail.wantsMetadata ? { metadata: metadataOf(trail) } : {}),
  };
}

/** Remembers how the answer itself ended, in the provider's words and in ours. */
export function noteFinish(trail: Trail, facts: AnswerFacts): void {
  if (facts.finish !== undefined) trail.finish = facts.finish;
  if (facts.nativeFinish !== undefined) trail.nativeFinish = facts.nativeFinish;
  if (facts.answerId !== undefined) trail.answerId = facts.answerId;
}

/** Writes the record. A second call for the same request is our own bug and is reported as one. */
export function conclude(trail: Trail, world: World, how: { readonly ending: Ending } & Reason): void {
  if (trail.concluded) {
    world.fault(new Error('a request was concluded twice'), trail.id);
    return;
  }
  const record = recordOf(trail, {
    ending: how.ending,
    latencyMs: world.clock.ticks() - trail.began,
    ...optional('problem', how.problem),
    ...optional('refusedBy', how.refusedBy),
  });
  trail.concluded = true;
  if (how.ending === 'ok') expectNoRetry(trail, world);
  else expectRetry(trail, world);
  world.journal.close(record, trail.ticket?.close() ?? []);
}

/** One request on its way: what happened so far, and those who must be told. */
export type Visit = {
  readonly trail: Trail;
  readonly front: Front;
  readonly reply: Reply;
  readonly world: World;
  readonly departure: Departure;
};

/** A refusal, a failure of every endpoint, a stream that broke, a client that left, a shutdown, or our own bug. */
export function concludeBadly(error: unknown, { trail, front, world, departure }: Visit): void {
  if (!(error instanceof Refused)) world.fault(error, trail.id);
  if (trail.concluded === true) return;
  const told = problemOf(error, trail, departure);
  // Those who must stop before anybody has said anything have failed.
  const interrupted = error instanceof Refused && error.problem.code === 'stream_interrupted';
  const cut = interrupted && servedBy(trail) !== undefined;
  const left = departure.why === 'client' || told.code === 'body_incomplete';
  const ending = left ? 'client_gone' : cut ? 'cut' : 'failed';
  conclude(trail, world, {
    ending,
    problem: told.code,
    ...(told.limit === undefined ? {} : { refusedBy: told.message }),
  });
  if (ending !== 'client_gone') front.problem(told);
}

function problemOf(error: unknown, trail: Trail, departure: Departure): Problem {
  if (departure.why === 'shutdown')
    return problem('draining', 'The gateway is shutting down.', { retryAfter: 1 });
  if (error instanceof Refused) return error.problem;
  return problem(
    'internal',
    `Something went wrong inside the gateway. Its log has the details under ${trail.id}.`,
  );
}
