/**
 * Whoever guesses at admin keys is made to wait: after some refusals in a minute each further one is answered a second later,
 * and only a few wait at a time. Who brings a key that is known never waits, so nobody is locked out by somebody else.
 */
import type { Clock } from '../ports.ts';

const freeInAMinute = 10;
const waitMs = 1_000;
const mostWaiting = 20;

export type SignIns = {
  /** Resolves when the refusal may be told; false = too many wait already: come back later. */
  refused(): Promise<boolean>;
};

export function watchSignIns(clock: Pick<Clock, 'ticks' | 'after'>): SignIns {
  let began = -Infinity;
  let count = 0;
  let waiting = 0;
  return {
    async refused() {
      const now = clock.ticks();
      if (now - began >= 60_000) [began, count] = [now, 0];
      count += 1;
      if (count <= freeInAMinute) return true;
      if (waiting >= mostWaiting) return false;
      waiting += 1;
      await new Promise<void>((resolve) => clock.after(waitMs, resolve));
      waiting -= 1;
      return true;
    },
  };
}
