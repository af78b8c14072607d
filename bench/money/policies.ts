/**
 * The three ways to keep a limit in dollars, as ledgers behind the same port around the same `serve`: ours, and the
 * two that are common elsewhere. All of them wait, refuse and shorten answers by the same rules.
 */
import { ProcessLedger, type LeaseStore } from '../../src/adapters/ledger.ts';
import type { Demand } from '../../src/core/demand.ts';
import type { LimitState } from '../../src/core/limit-state.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';
import type { Charge, Denial, Hold, Ledger, Ticket } from '../../src/ports.ts';
import type { VirtualClock } from '../../src/sim/clock.ts';

export const policyNames = ['count-after', 'reserve-once', 'ours'] as const;
export type PolicyName = (typeof policyNames)[number];

export const policyWords: Readonly<Record<PolicyName, string>> = {
  'count-after': 'asks whether anything is left, then counts what it came to',
  'reserve-once': "reserves once at the primary's price, settles at the end; a fallback is not held again",
  ours: 'holds every attempt at its own worst price, against durable leases',
};

export type Book = {
  readonly ledger: Ledger;
  /** What it has counted as spent, in nano-USD. */
  counted(): number;
  /** What it holds, in nano-USD: nothing, once nothing runs. */
  held(): number;
};

export type BookOptions = {
  readonly clock: VirtualClock;
  readonly snapshot: Snapshot;
  /** Nano-USD. */
  readonly cap: number;
  readonly fault: (error: unknown) => void;
};

export const books: Readonly<Record<PolicyName, (options: BookOptions) => Book>> = {
  'count-after': ({ cap }) => new CommonBook(cap, (book) => new CountedTicket(book)),
  'reserve-once': ({ cap }) => new CommonBook(cap, (book) => new ReservedTicket(book)),
  ours: ourBook,
};

/** What a durable lease takes, in ms: a commit and a turn of the thread. */
const commitMs = 3;

function ourBook({ clock, snapshot, fault }: BookOptions): Book {
  const store: LeaseStore = {
    spent: () => 0,
    loans: () => [],
    async take(orders) {
      await clock.sleep(commitMs);
      return orders.map(({ amount }) => amount);
    },
  };
  const ledger = new ProcessLedger({
    clock,
    store,
    snapshot: () => snapshot,
    notice: () => undefined,
    fault,
  });
  const sum = (amount: (state: LimitState) => number): number =>
    ledger.standings().reduce((all, state) => all + amount(state), 0);
  return { ledger, counted: () => sum(({ spent }) => spent), held: () => sum(({ held }) => held) };
}

/** One counter in memory, as most gateways have it. */
class CommonBook implements Ledger, Book {
  readonly ledger = this;
  readonly cap: number;
  readonly #ticket: (book: CommonBook) => Ticket;
  readonly #waiting = new Set<() => void>();
  settlements = 0;
  spent = 0;
  reserved = 0;

  constructor(cap: number, ticket: (book: CommonBook) => Ticket) {
    this.cap = cap;
    this.#ticket = ticket;
  }

  counted(): number {
    return this.spent;
  }

  held(): number {
    return this.reserved;
  }

  admit(): Ticket | Denial {
    return this.spent >= this.cap ? this.denial('exhausted') : this.#ticket(this);
  }

  onFreed(callback: () => void): () => void {
    this.#waiting.add(callback);
    return () => this.#waiting.delete(callback);
  }

  freed(): void {
    this.settlements += 1;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const callback of waiting) callback();
  }

  denial(denied: 'exhausted' | 'busy'): Denial {
    const { cap: limit, spent, reserved: held } = this;
    return { denied, limit: { kind: 'key', of: 'bench', unit: 'usd', per: 'total', limit, spent, held } };
  }
}

abstract class CommonTicket implements Ticket {
  readonly observed: readonly string[] = [];
  protected readonly book: CommonBook;

  constructor(book: CommonBook) {
    this.book = book;
  }

  abstract hold(target: unknown, demand: Demand): Hold | Denial;
  abstract close(): readonly Charge[];

  downgrade(): undefined {
    return undefined;
  }

  limits(): 'money' {
    return 'money';
  }

  leastOutput(): undefined {
    return undefined;
  }

  room(_target: unknown, freed: boolean): ReturnType<Ticket['room']> {
    const { cap, spent, reserved } = this.book;
    return { usd: cap - spent - (freed ? 0 : reserved), premium: Infinity, tokens: Infinity };
  }
}

class CountedTicket extends CommonTicket {
  hold(): Hold {
    return { settle: ({ usd }) => void (this.book.spent += usd) };
  }

  close(): readonly Charge[] {
    return [];
  }
}

class ReservedTicket extends CommonTicket {
  #reserved: number | undefined;
  #paid = 0;

  hold(_target: unknown, { usd = Infinity as never }: Demand): Hold | Denial {
    if (this.#reserved === undefined) {
      if (usd > this.room(undefined, true).usd) return this.book.denial('exhausted');
      if (usd > this.room(undefined, false).usd) return this.book.denial('busy');
      this.#reserved = usd;
      this.book.reserved += usd;
    }
    return { settle: (paid) => void (this.#paid += paid.usd) };
  }

  close(): readonly Charge[] {
    this.book.reserved -= this.#reserved ?? 0;
    this.book.spent += this.#paid;
    this.#reserved = 0;
    this.book.freed();
    return [];
  }
}
