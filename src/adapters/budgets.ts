/**
 * Counters and loans in SQLite. A row's `spent` is settled; `leased` was taken by the running process and is not
 * settled yet; `lost` is the part of `spent` that a dead process had leased and never settled.
 */
import type { DatabaseSync } from 'node:sqlite';
import type { Charge } from '../ports.ts';
import type { LeaseOrder } from './ledger.ts';

/** The tables, for the migration that makes them. */
export const budgetsSchema = `
CREATE TABLE budgets (
  counter TEXT PRIMARY KEY,
  ends INTEGER,
  spent INTEGER NOT NULL DEFAULT 0,
  leased INTEGER NOT NULL DEFAULT 0,
  lost INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX budgets_by_end ON budgets (ends);

CREATE TABLE loans (
  id INTEGER PRIMARY KEY,
  scope TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount > 0),
  starts INTEGER NOT NULL,
  ends INTEGER NOT NULL CHECK (ends > starts),
  reason TEXT NOT NULL,
  author TEXT NOT NULL
) STRICT;
`;

/** SQLite has no Infinity: a window that never ends has no end. */
function endOf(ends: number): number | null {
  return Number.isFinite(ends) ? ends : null;
}

/** Books leases; the caller's transaction makes them durable. */
export function takeLeases(database: DatabaseSync, orders: readonly LeaseOrder[]): void {
  const take = database.prepare(`
    INSERT INTO budgets (counter, ends, leased) VALUES (?1, ?2, ?3)
    ON CONFLICT (counter) DO UPDATE SET leased = leased + ?3`);
  for (const { counter, ends, amount } of orders) take.run(counter, endOf(ends), amount);
}

/** Settles charges; the caller's transaction makes it happen once. Those of a batch mostly are of few counters. */
export function settleCharges(database: DatabaseSync, charges: readonly Charge[]): void {
  if (charges.length === 0) return;
  const sums = new Map<string, { ends: number; paid: number; released: number }>();
  for (const { counter, ends, paid, released } of charges) {
    const sum = sums.get(counter) ?? { ends, paid: 0, released: 0 };
    sums.set(counter, { ends, paid: sum.paid + paid, released: sum.released + released });
  }
  const settle = database.prepare(`
    INSERT INTO budgets (counter, ends, spent, leased) VALUES (?1, ?2, ?3, -(?3 + ?4))
    ON CONFLICT (counter) DO UPDATE SET spent = spent + ?3, leased = leased - (?3 + ?4)`);
  for (const [counter, { ends, paid, released }] of sums) settle.run(counter, endOf(ends), paid, released);
}

/** Returns leases of which nothing is held: when a process ends in good order. */
export function returnLeases(database: DatabaseSync): void {
  database.exec('UPDATE budgets SET leased = 0 WHERE leased <> 0');
}

/**
 * At the start, after the journal was read: what a dead process had leased and not settled counts as spent, for it
 * may have been. More than was leased may have been settled, where a provider billed more than was held.
 */
export function forfeitLeases(database: DatabaseSync): void {
  database.exec(`
    UPDATE budgets SET spent = spent + max(leased, 0), lost = lost + max(leased, 0), leased = 0
    WHERE leased <> 0`);
}

/** What stands in a counter: settled, and leased by whoever is not us. */
export function spentOf(database: DatabaseSync, counter: string): number | undefined {
  const row = database
    .prepare('SELECT spent + max(leased, 0) AS spent FROM budgets WHERE counter = ?')
    .get(counter);
  return row === undefined ? undefined : Number(row['spent']);
}

/** Deletes counters whose window ended before `before` (epoch ms). */
export function forgetCounters(database: DatabaseSync, before: number): void {
  database.prepare('DELETE FROM budgets WHERE ends < ?').run(before);
}
