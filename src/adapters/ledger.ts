/**
 * The ledger of one process: holds and settles in memory, against what it has leased from the store. The arithmetic
 * is `core/counter.ts`; here counters are kept, opened when they are first needed and forgotten when their window
 * has ended. Limits are those of the configuration that is active now, whatever a request began with.
 */
import type { LoanRecord } from '../control/operations.ts';
import { budgetsOfCaller, counterId, eachOf, spanOf, type Budget, type Caller } from '../core/budget.ts';
import { Counter } from '../core/counter.ts';
import { isMoney } from '../core/document-limit.ts';
import type { LimitState } from '../core/limit-state.ts';
import type { Snapshot } from '../core/snapshot.ts';
import type { Charge, Clock, Denial, Foresight, Ledger, Ticket } from '../ports.ts';
import { LedgerTicket, type Claim } from './ledger-ticket.ts';
import type { Opening } from './opening.ts';

/** What a lease order asks for: so much more of a counter; less than nothing is given back. */
export type LeaseOrder = { readonly counter: string; readonly ends: number; readonly amount: number };

/** Where leases are durable. The only store is SQLite now; several processes may share another one later. */
export type LeaseStore = {
  /** What stands in a counter so far; once for each counter and process. */
  spent(opening: Opening): number;
  /** Takes leases, durably; the amounts granted, in order. Rejects when the store cannot be reached. */
  take(orders: readonly LeaseOrder[]): Promise<readonly number[]>;
  /** Amounts added to limits for a time, outside the document. */
  loans(): readonly Loan[];
};

/** Lent to a limit in dollars until it ends by itself. */
export type Loan = Omit<LoanRecord, 'endedBy' | 'endedWhy'>;

/** A share of a limit was reached. */
export type Notice = { readonly state: LimitState; readonly percent: number };

export type LedgerOptions = {
  readonly clock: Clock;
  readonly store: LeaseStore;
  readonly snapshot: () => Snapshot;
  /** Told once for each percentage of a limit that is reached in a window. */
  readonly notice: (notice: Notice) => void;
  readonly fault: (error: unknown) => void;
};

/** A counter that has ended is kept a little longer, for clocks that step back. */
const graceMs = 120_000;
const sweepMs = 60_000;
/** A store that takes longer to make a lease durable counts as lost: nobody waits for it any longer. */
const storeMs = 5_000;

/** So much is asked for a counter. */
export type Order = { readonly counter: Counter; readonly amount: number };

export type OpenCounter = { readonly budget: string; readonly each: string; readonly counter: Counter };

type Open = { budget: Budget; readonly caller: Caller; readonly counter: Counter; warned: number };

export class ProcessLedger implements Ledger {
  readonly options: LedgerOptions;
  settlements = 0;
  readonly #open = new Map<string, Open>();
  /** The counter a budget counts on now; looked up by the budget itself, which is one object for each configuration. */
  readonly #current = new WeakMap<Budget, Open>();
  readonly #waiting = new Set<() => void>();
  /** Those who need what others have asked of the store. */
  readonly #awaiting = new Set<() => void>();
  #swept = 0;

  constructor(options: LedgerOptions) {
    this.options = options;
  }

  admit(caller: Caller): Ticket | Denial {
    const { admission } = budgetsOfCaller(this.options.snapshot(), caller);
    const ticket = new LedgerTicket(this, caller);
    if (admission.length === 0) return ticket;
    const claims = admission.map((budget) => this.claim(budget, caller, 1));
    return ticket.enter(claims) ?? ticket;
  }

  foresee(caller: Caller): Foresight {
    const { admission } = budgetsOfCaller(this.options.snapshot(), caller);
    const ticket = new LedgerTicket(this, caller);
    return ticket.foresight(admission.map((budget) => this.claim(budget, caller, 1)));
  }

  onFreed(callback: () => void): () => void {
    this.#waiting.add(callback);
    return () => this.#waiting.delete(callback);
  }

  /** Something was freed or paid: whoever waits may try again, in the order in which they began to. */
  freed(): void {
    this.settlements += 1;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const callback of waiting) callback();
  }

  /** A budget's claim on its counter for an amount. */
  claim(budget: Budget, caller: Caller, amount: number): Claim {
    return this.#claimOn(this.#counterOf(budget, caller), amount, caller);
  }

  #claimOn(open: Open, amount: number, caller = open.caller): Claim {
    const { budget, counter } = open;
    return { budget, caller, open, counter, amount, ceiling: this.ceiling(budget) };
  }

  /** What is compared with: the limit and what is lent to it. Infinity where nothing refuses. */
  ceiling({ name, unit, enforced, per }: Budget): number {
    if (!enforced) return Infinity;
    if (!isMoney(unit) || per === 'request') return enforced.amount;
    const loans = this.options.store.loans();
    if (loans.length === 0) return enforced.amount;
    const now = this.options.clock.now();
    return loans
      .filter(({ budget, from, until }) => budget === name && from <= now && now < until)
      .reduce((sum, { amount }) => sum + amount, enforced.amount);
  }

  /** How a budget stands for a caller. */
  state({ budget, caller, counter, ceiling }: Claim): LimitState {
    const each = eachOf(budget, caller);
    return {
      kind: budget.kind,
      of: budget.of,
      ...(each === '' ? {} : { each }),
      unit: budget.unit,
      ...(budget.per === undefined ? {} : { per: budget.per }),
      limit: Number.isFinite(ceiling) ? ceiling : (budget.observed?.amount ?? 0),
      spent: counter.spent,
      held: counter.held,
      ...(Number.isFinite(counter.ends) ? { resetsAt: counter.ends } : {}),
    };
  }

  /** Every counter that is open: what was asked of it since the start, in windows that have not ended. */
  standings(): readonly LimitState[] {
    return this.#running().map((open) => this.state(this.#claimOn(open, 0)));
  }

  /** The counters themselves, with the name of the budget each counts for, and whose it is. */
  counters(): readonly OpenCounter[] {
    return this.#running().map(({ budget, caller, counter }) => ({
      budget: budget.name,
      each: eachOf(budget, caller),
      counter,
    }));
  }

  #running(): readonly Open[] {
    const now = this.options.clock.now();
    return [...this.#open.values()].filter(
      ({ counter, budget }) => counter.starts <= now && now < counter.ends && budget.per !== 'request',
    );
  }

  /** Tells of the shares of a limit that a payment has crossed. */
  watch(claim: Claim): void {
    const limit = claim.budget.enforced ?? claim.budget.observed;
    if (!limit || limit.amount === 0 || claim.budget.unit === 'concurrent') return;
    const share = (claim.counter.spent * 100) / (claim.budget.enforced ? claim.ceiling : limit.amount);
    const reached = limit.warn.findLast((percent) => share >= percent);
    if (reached === undefined || reached <= claim.open.warned) return;
    claim.open.warned = reached;
    this.options.notice({ state: this.state(claim), percent: reached });
  }

  /** Leases what is short; resolves with false when the store cannot be reached, or does not answer in time. */
  lease(orders: readonly Order[]): Promise<boolean> {
    return new Promise((resolve) => {
      const stop = this.options.clock.after(storeMs, () => resolve(false));
      void this.#lease(orders).then((reached) => {
        stop();
        resolve(reached);
      });
    });
  }

  /** Waits for what others have asked for, until `enough`; false when the store does not answer in time. */
  arrived(enough: () => boolean): Promise<boolean> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (enough()) end(true);
      };
      const end = (reached: boolean): void => {
        stop();
        this.#awaiting.delete(look);
        resolve(reached);
      };
      const stop = this.options.clock.after(storeMs, () => end(false));
      this.#awaiting.add(look);
    });
  }

  /** What comes late is leased all the same, and lies idle until somebody needs it. */
  async #lease(orders: readonly Order[]): Promise<boolean> {
    try {
      const granted = await this.options.store.take(
        orders.map(({ counter: { id, ends }, amount }) => ({ counter: id, ends, amount })),
      );
      orders.forEach(({ counter, amount }, index) => counter.lease(amount, granted[index] ?? 0));
      return true;
    } catch (error) {
      for (const { counter, amount } of orders) counter.lease(amount, 0);
      this.options.fault(error);
      return false;
    } finally {
      for (const look of this.#awaiting) look();
    }
  }

  /** What a counter is charged, with what it gives back; then what it needs next is leased ahead. */
  charge(counter: Counter, paid: number, ceiling: number): Charge {
    const released = counter.trim(ceiling);
    const ahead = counter.refill(ceiling);
    if (ahead > 0) void this.lease([{ counter, amount: ahead }]).then(() => this.giveBack(counter, ceiling));
    return { counter: counter.id, ends: counter.ends, paid, released };
  }

  /** True while new holds belong to this counter's window. */
  isCurrent({ starts, ends }: Counter): boolean {
    const now = this.options.clock.now();
    return now >= starts && now < ends;
  }

  /** Returns what lies idle beyond one slice, while a request is still on its way. */
  giveBack(counter: Counter, ceiling: number): void {
    if (!counter.durable) return;
    const amount = -counter.trim(ceiling);
    if (amount < 0)
      this.options.store
        .take([{ counter: counter.id, ends: counter.ends, amount }])
        .catch((error: unknown) => this.options.fault(error));
  }

  #counterOf(budget: Budget, caller: Caller): Open {
    const now = this.options.clock.now();
    if (now - this.#swept > sweepMs) this.#sweep(now);
    const known = budget.each === undefined ? this.#current.get(budget) : undefined;
    if (known && this.isCurrent(known.counter)) return known;
    const open = this.#find(budget, caller, now);
    if (budget.each === undefined) this.#current.set(budget, open);
    return open;
  }

  #find(budget: Budget, caller: Caller, now: number): Open {
    const span = spanOf(budget, now);
    const id = counterId(budget.name, eachOf(budget, caller), span.start);
    const durable = budget.enforced !== undefined && budget.unit !== 'concurrent';
    const known = this.#open.get(id);
    if (known) {
      // The configuration may have changed: how much, and whether it refuses.
      known.budget = budget;
      known.counter.durable = durable;
      return known;
    }
    const kept = budget.unit !== 'concurrent';
    const counter = new Counter({
      id,
      starts: span.start,
      ends: span.end,
      durable,
      spent: kept ? this.options.store.spent({ counter: id, start: span.start, budget, caller }) : 0,
    });
    const open = { budget, caller, counter, warned: 0 };
    this.#open.set(id, open);
    return open;
  }

  #sweep(now: number): void {
    this.#swept = now;
    for (const [id, { counter }] of this.#open)
      if (counter.ends + graceMs < now && counter.held === 0) this.#open.delete(id);
  }
}
