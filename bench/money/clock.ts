/** A clock that is turned by hand: what would take hours takes as long as the work in it. */
import type { Cancel, Clock } from '../../src/ports.ts';

/** Monday, midnight UTC. */
const epoch = Date.UTC(2026, 10, 2);

export class VirtualClock implements Clock {
  #now = 0;
  /** What is to happen, by its ms. A cancelled timer leaves its set; an empty set is passed over. */
  readonly #due = new Map<number, Set<() => void>>();
  /** The ms of `#due`, the latest first. */
  readonly #times: number[] = [];

  now(): number {
    return epoch + this.#now;
  }

  ticks(): number {
    return this.#now;
  }

  after(ms: number, fire: () => void): Cancel {
    const at = this.#now + Math.max(0, Math.ceil(ms));
    const timers = this.#due.get(at) ?? this.#open(at);
    // Twice the same function are two timers.
    const timer = (): void => fire();
    timers.add(timer);
    return () => timers.delete(timer);
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Fires timers in their order, promises settling in between, until `over` or until nothing is left to come. */
  async run(over: () => boolean): Promise<void> {
    await settled();
    while (!over()) {
      const at = this.#times.pop();
      if (at === undefined) return;
      const timers = this.#due.get(at) ?? new Set();
      this.#due.delete(at);
      if (timers.size === 0) continue;
      this.#now = at;
      for (const fire of timers) fire();
      await settled();
    }
  }

  #open(at: number): Set<() => void> {
    const timers = new Set<() => void>();
    this.#due.set(at, timers);
    let [low, high] = [0, this.#times.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#times[middle] ?? 0) > at) low = middle + 1;
      else high = middle;
    }
    this.#times.splice(low, 0, at);
    return timers;
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
