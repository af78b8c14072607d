/**
 * One counter: what is spent, what is held for attempts in flight, and what this process has leased from the store.
 * A lease is durable before it is used; holds and settlements then happen against it in memory. Pure: no clock, no I/O.
 *
 * Always: `spent + held` is what the ceiling is compared with; `leased` covers `held` before anything is sent.
 * All numbers are in the unit of the limit: nano-USD, tokens, requests.
 */

/** A part of the limit that one lease may take beyond what is needed now: what a crash may cost. */
const sliceShare = 100;

export type CounterInit = Pick<Counter, 'id' | 'starts' | 'ends' | 'durable' | 'spent'>;

export class Counter {
  /** `name`, whose counter it is, and the window's beginning: what the store knows it by. */
  readonly id: string;
  /** Epoch ms; Infinity for one that never ends. */
  readonly starts: number;
  readonly ends: number;
  /** False = counts in memory alone: what runs at this moment, and what only observes. */
  durable: boolean;
  spent: number;
  held = 0;
  leased = 0;
  /** Asked of the store and not answered yet. */
  asked = 0;
  /** The latest hold: as much may lie idle, so that the next one need not wait for the store. */
  #typical = 0;

  constructor(init: CounterInit) {
    this.id = init.id;
    this.starts = init.starts;
    this.ends = init.ends;
    this.durable = init.durable;
    this.spent = init.spent;
  }

  /** What fits now; with `freed`, what would fit if every hold came to nothing. May be negative. */
  room(ceiling: number, freed = false): number {
    return ceiling - this.spent - (freed ? 0 : this.held);
  }

  /** Holds; how much must be leased before anything is sent. 0 = nothing. */
  hold(amount: number, ceiling: number): number {
    this.held += amount;
    this.#typical = amount;
    if (!this.durable) return 0;
    const short = this.held - this.leased - this.asked;
    if (short <= 0) return 0;
    return this.#ask(short + Math.max(0, Math.min(share(ceiling), this.#unleased(ceiling) - short)));
  }

  /** Undoes a hold of which nothing was sent. */
  free(amount: number): void {
    this.held -= amount;
  }

  /** Pays `paid` of a hold of `amount`, which is freed. More than was held is paid all the same. */
  settle(amount: number, paid: number): void {
    this.held -= amount;
    this.spent += paid;
    this.leased -= paid;
  }

  /** The store has answered an order of `asked`. */
  lease(asked: number, granted: number): void {
    this.asked -= asked;
    this.leased += granted;
  }

  /** True when what is held is leased. */
  get covered(): boolean {
    return !this.durable || this.leased >= this.held;
  }

  /** Gives back what lies idle beyond one slice: so much is returned to the store. */
  trim(ceiling: number): number {
    if (!this.durable) return 0;
    const excess = this.leased - this.held - Math.max(share(ceiling), this.#typical);
    if (excess <= 0) return 0;
    this.leased -= excess;
    return excess;
  }

  /** How much to lease ahead, so that the next hold need not wait. 0 = nothing. */
  refill(ceiling: number): number {
    if (!this.durable) return 0;
    const slice = Math.max(share(ceiling), this.#typical);
    const idle = this.leased + this.asked - this.held;
    const wish = Math.min(slice - idle, this.#unleased(ceiling));
    return idle * 2 < slice && wish > 0 ? this.#ask(wish) : 0;
  }

  #ask(amount: number): number {
    this.asked += amount;
    return amount;
  }

  #unleased(ceiling: number): number {
    return Math.max(0, ceiling - this.spent - this.leased - this.asked);
  }
}

/** One slice; none of a limit that no longer refuses. */
function share(ceiling: number): number {
  return Number.isFinite(ceiling) ? Math.floor(ceiling / sliceShare) : 0;
}
