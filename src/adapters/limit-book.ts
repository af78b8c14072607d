/**
 * How limits stand: what this process counts in memory, and for what nobody has used since the start, what the store
 * knows. And what an operator may do about it: lend, end a loan, release what a crash had counted.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { CounterState, LimitBook, LimitReading, Release } from '../control/operations.ts';
import { counterId, spanOf, type Budget } from '../core/budget.ts';
import type { Counter } from '../core/counter.ts';
import { transaction } from './database.ts';
import { endLoan, recentLoans, recentReleases, releaseLost } from './interventions.ts';
import type { OpenCounter } from './ledger.ts';
import type { OpenLedger } from './open-ledger.ts';

export type LimitBookOptions = {
  readonly money: OpenLedger;
  readonly database: DatabaseSync;
  readonly now: () => number;
};

export function openLimitBook({ money, database, now }: LimitBookOptions): LimitBook {
  const { ledger } = money;
  return {
    read: () => readAll(database, ledger.counters(), now()),
    loans: () => money.loans(),
    lend(loan) {
      const made = money.lend(loan);
      ledger.freed();
      return made;
    },
    endLoan(id, intervention) {
      endLoan(database, id, intervention);
      money.reread();
    },
    release(budgets, intervention) {
      const counters = budgets.flatMap((budget) => countersWithLoss(database, budget, now()));
      let released: readonly Release[] = [];
      transaction(database, () => (released = releaseLost(database, counters, intervention)));
      forget(released, ledger.counters());
      if (released.length > 0) ledger.freed();
      return released;
    },
    pastLoans: (most) => recentLoans(database, most),
    pastReleases: (most) => recentReleases(database, most),
  };
}

/** What the store no longer counts, the open counters must not either. */
function forget(released: readonly Release[], open: readonly OpenCounter[]): void {
  const counters = new Map(open.map(({ counter }) => [counter.id, counter]));
  for (const { counter, amount } of released) {
    const found = counters.get(counter);
    if (found) found.spent -= amount;
  }
}

function readAll(database: DatabaseSync, open: readonly OpenCounter[], now: number): LimitReading {
  const byId = new Map(open.map((each) => [each.counter.id, each]));
  const byBudget = Map.groupBy(open, ({ budget }) => budget);
  const stored = database.prepare(
    'SELECT spent + max(leased, 0) AS spent, lost FROM budgets WHERE counter = ?',
  );
  const stateOf = (id: string, each: string): CounterState => {
    const row = stored.get(id);
    return state(each, byId.get(id)?.counter, row);
  };
  return {
    counter: (budget) =>
      budget.per === 'request'
        ? { each: '', spent: 0, held: 0, lost: 0 }
        : stateOf(counterId(budget.name, '', spanOf(budget, now).start), ''),
    counters(budget, most) {
      const { start } = spanOf(budget, now);
      const ids = new Set((byBudget.get(budget.name) ?? []).map(({ counter }) => counter.id));
      const store = largest(database, budget, { now, most });
      for (const id of store.ids) ids.add(id);
      const all = [...ids]
        .map((id) => stateOf(id, id.slice(budget.name.length + 1, -` @${start}`.length)))
        .filter(({ spent, held }) => spent > 0 || held > 0)
        .sort((a, b) => b.spent - a.spent || b.held - a.held);
      const counters = all.slice(0, most);
      return { counters, others: Math.max(all.length, store.count) - counters.length };
    },
  };
}

function state(
  each: string,
  open: Counter | undefined,
  row: Record<string, unknown> | undefined,
): CounterState {
  return {
    each,
    spent: open?.spent ?? Number(row?.['spent'] ?? 0),
    held: open?.held ?? 0,
    lost: Number(row?.['lost'] ?? 0),
  };
}

/**
 * The largest counters of a budget that has one for each, as the store has them, and how many there are. One that is
 * not among its largest there is not among the largest at all, unless it is open: what is spent only grows.
 */
function largest(
  database: DatabaseSync,
  budget: Budget,
  { now, most }: { readonly now: number; readonly most: number },
): { readonly ids: readonly string[]; readonly count: number } {
  const span = rangeOf(budget, now);
  const ids = database
    .prepare(`SELECT counter FROM budgets WHERE ${inRange} ORDER BY spent DESC LIMIT ?`)
    .all(...span, most)
    .map((row) => String(row['counter']));
  if (ids.length < most) return { ids, count: ids.length };
  const row = database.prepare(`SELECT count(*) AS count FROM budgets WHERE ${inRange}`).get(...span);
  return { ids, count: Number(row?.['count']) };
}

/** Counters of a budget with one for each, in the window that is now. */
const inRange = 'counter > ? AND counter < ? AND ends IS ?';

/** `key x usd/day each user ` and everything that begins with it: `!` follows the blank. */
function rangeOf(budget: Budget, now: number): [string, string, number | null] {
  const { end } = spanOf(budget, now);
  return [`${budget.name} `, `${budget.name}!`, Number.isFinite(end) ? end : null];
}

function countersWithLoss(database: DatabaseSync, budget: Budget, now: number): readonly string[] {
  if (budget.each === undefined) return [counterId(budget.name, '', spanOf(budget, now).start)];
  return database
    .prepare(`SELECT counter FROM budgets WHERE ${inRange} AND lost > 0`)
    .all(...rangeOf(budget, now))
    .map((row) => String(row['counter']));
}
