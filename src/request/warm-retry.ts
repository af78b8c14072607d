/** The one retry at the same endpoint: for a warm conversation, after a brief failure, while somebody is there. */
import { pauseBefore } from '../core/brief.ts';
import type { PlanStep } from '../core/chain.ts';
import { mayTryNext, type Failure } from '../core/failure.ts';
import type { World } from '../ports.ts';
import type { Departure } from './departure.ts';
import { isWarmAt } from './stay.ts';
import type { Journey } from './walk.ts';

/** What failed, and whether another endpoint follows: an attempt is left for it. */
export type Missed = { readonly step: PlanStep; readonly failure: Failure; readonly more: boolean };

/** Waits as long as it takes, and tells whether to ask once more. */
export async function isWorthAnother(journey: Journey, { step, failure, more }: Missed): Promise<boolean> {
  const { request, trail, world, departure } = journey;
  const { attempts, timeouts, on } = request.route.failover;
  const pause = pauseBefore(failure);
  if (pause === undefined || !mayTryNext(failure.class, false, on)) return false;
  if (attempts - trail.attempts.length < (more ? 2 : 1)) return false;
  if (world.clock.ticks() + pause - trail.began > timeouts.startBy) return false;
  if (departure.why || !isWarmAt(journey, step.endpoint) || restsFor(world, step, pause)) return false;
  await waited(world, departure, pause);
  return departure.why === undefined && !world.health?.rest(step.endpoint);
}

/** It rests for longer than that. */
function restsFor({ health, clock }: World, { endpoint }: PlanStep, pause: number): boolean {
  const rest = health?.rest(endpoint);
  // A moment is rounded where it is told.
  return rest !== undefined && (rest.until ?? Infinity) > clock.now() + pause + 1;
}

function waited({ clock }: World, departure: Departure, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const stop = clock.after(ms, resolve);
    const end = (): void => {
      stop();
      resolve();
    };
    departure.watch({ cancel: end, drain: end });
  });
}
