/** Waiting for money that others hold: held is not spent, so a settlement may make room. Nothing was sent yet. */
import type { Cancel, Denial, World } from '../ports.ts';
import type { Departure } from './departure.ts';

/** How long a request waits for what others hold, in all, in ms. */
export const patienceMs = 10_000;

export type Waiting = {
  readonly world: World;
  readonly departure: Departure;
  /** On the clock that never steps back. */
  readonly deadline: number;
};

/** Tries again when a settlement has changed something, until it is granted, time is over, or nobody is there any more. */
export async function patiently<T>(
  { world, departure, deadline }: Waiting,
  attempt: () => T | Promise<T>,
  busy: (result: Awaited<T>) => Denial | undefined,
): Promise<Awaited<T>> {
  for (;;) {
    let seen = world.ledger.settlements;
    const result = await attempt();
    const denial = busy(result);
    if (!denial) return result;
    do {
      const left = deadline - world.clock.ticks();
      if (left <= 0 || departure.why) return result;
      if (world.ledger.settlements === seen) await settlement(world, departure, left);
      seen = world.ledger.settlements;
    } while (denial.changed?.() === false);
  }
}

function settlement(world: World, departure: Departure, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const stop: Cancel[] = [];
    const done = (): void => {
      for (const each of stop) each();
      resolve();
    };
    stop.push(world.ledger.onFreed(done), world.clock.after(ms, done));
    departure.watch({ cancel: done, drain: done });
  });
}
