/** A clock that is turned by hand: what would take hours takes as long as the work in it. */
import type { Cancel, Clock } from '../ports.ts';

/** Tuesday noon, UTC. */
export const epoch = Date.UTC(2026, 10, 24, 12);

export class VirtualClock implements Clock {
  readonly #epoch: number;
  #now = 0;
  #stepped = 0;
  #pending = 0;
  /** What is to happen, by its ms. A cancelled timer leaves its set; an empty set is passed over. */
  readonly #due = new Map<number, Set<() => void>>();
  /** The ms of `#due`, the latest first. */
  readonly #times: number[] = [];

  constructor(began = epoch) {
    this.#epoch = began;
  }

  now(): number {
    return this.#epoch + this.#now + this.#stepped;
  }

  /** Sets the wall clock forwards or back; durations know nothing of it. */
  step(ms: number): void {
    this.#stepped += ms;
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
    this.#pending += 1;
    return () => {
      if (timers.delete(timer)) this.#pending -= 1;
    };
  }

  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** How many timers are still to fire. */
  get pending(): number {
    return this.#pending;
  }

  /** Moves on, firing timers in their order; promises settle in between. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await this.#fire(() => false, until);
    this.#now = until;
    await settled();
  }

  /** Fires timers in their order until `over`, or until nothing is left to come. */
  async run(over: () => boolean): Promise<void> {
    await this.#fire(over, Infinity);
  }

  async #fire(over: () => boolean, until: number): Promise<void> {
    await settled();
    while (!over()) {
      const at = this.#times.at(-1);
      if (at === undefined || at > until) return;
      const timers = this.#due.get(at);
      const [first] = timers ?? [];
      if (!timers || !first) {
        this.#times.pop();
        this.#due.delete(at);
        continue;
      }
      timers.delete(first);
      this.#pending -= 1;
      this.#now = at;
      first();
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
