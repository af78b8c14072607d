/** The one place where a request ends: the record is written, and only then does the last byte leave. */
import { optional } from '../core/optional.ts';
import type { AttemptRecord, Ending } from '../core/record.ts';
import type { AnswerFacts, Bill } from '../dialects/dialect.ts';
import type { World } from '../ports.ts';
import { costSoFar, recordOf, routingFacts, type Trail } from './trail.ts';

/** What the client is billed, told at the end of its answer. */
export function billOf(trail: Trail, served: AttemptRecord): Bill {
  const usage = served.usage ?? { input: 0, output: 0 };
  return {
    usage,
    basis: served.basis,
    cost: costSoFar(trail),
    upstreamCost: served.cost,
    spillway: routingFacts(trail, usage),
  };
}

/** Remembers how the answer itself ended, in the provider's words and in ours. */
export function noteFinish(trail: Trail, facts: AnswerFacts): void {
  if (facts.finish !== undefined) trail.finish = facts.finish;
  if (facts.nativeFinish !== undefined) trail.nativeFinish = facts.nativeFinish;
  if (facts.answerId !== undefined) trail.answerId = facts.answerId;
}

/** Writes the record. A second call for the same request is our own bug and is reported as one. */
export function conclude(
  trail: Trail,
  world: World,
  how: { readonly ending: Ending; readonly problem?: string },
): void {
  if (trail.concluded) {
    world.fault(new Error('a request was concluded twice'), trail.id);
    return;
  }
  trail.concluded = true;
  world.journal.close(
    recordOf(trail, {
      ending: how.ending,
      latencyMs: world.clock.ticks() - trail.began,
      ...optional('problem', how.problem),
    }),
  );
}
