/** What an operator did to limits outside the document, in SQLite: loans, and releases of what crashes had counted. */
import type { DatabaseSync } from 'node:sqlite';
import type { Intervention, LoanRecord, Release } from '../control/operations.ts';
import { optional } from '../core/optional.ts';
import type { Loan } from './ledger.ts';

/** For the migration: who ended a loan before its time, and the releases. */
export const interventionsSchema = `
ALTER TABLE loans RENAME COLUMN scope TO budget;
ALTER TABLE loans ADD COLUMN ended_by TEXT;
ALTER TABLE loans ADD COLUMN ended_why TEXT;

CREATE TABLE releases (
  id INTEGER PRIMARY KEY,
  counter TEXT NOT NULL,
  amount INTEGER NOT NULL CHECK (amount > 0),
  at INTEGER NOT NULL,
  reason TEXT NOT NULL,
  author TEXT NOT NULL
) STRICT;
`;

/** Loans that have not ended at `now` (epoch ms). */
export function loansOf(database: DatabaseSync, now: number): readonly Loan[] {
  return database.prepare('SELECT * FROM loans WHERE ends > ? ORDER BY id').all(now).map(loanFrom);
}

/** Every loan there was, newest first. */
export function recentLoans(database: DatabaseSync, most: number): readonly LoanRecord[] {
  return database.prepare('SELECT * FROM loans ORDER BY id DESC LIMIT ?').all(most).map(loanFrom);
}

function loanFrom(row: Record<string, unknown>): LoanRecord {
  const text = (name: string): string | undefined => {
    const value = row[name];
    return typeof value === 'string' ? value : undefined;
  };
  return {
    id: Number(row['id']),
    budget: String(row['budget']),
    amount: Number(row['amount']),
    from: Number(row['starts']),
    until: Number(row['ends']),
    reason: String(row['reason']),
    author: String(row['author']),
    ...optional('endedBy', text('ended_by')),
    ...optional('endedWhy', text('ended_why')),
  };
}

/** Writes a loan; it is durable when this returns. */
export function addLoan(database: DatabaseSync, loan: Omit<Loan, 'id'>): Loan {
  const { lastInsertRowid } = database
    .prepare('INSERT INTO loans (budget, amount, starts, ends, reason, author) VALUES (?, ?, ?, ?, ?, ?)')
    .run(loan.budget, loan.amount, loan.from, loan.until, loan.reason, loan.author);
  return { ...loan, id: Number(lastInsertRowid) };
}

/** Ends a loan now; durable when this returns. A loan lasts a millisecond at least. */
export function endLoan(database: DatabaseSync, id: number, { at, author, reason }: Intervention): void {
  database
    .prepare('UPDATE loans SET ends = max(?, starts + 1), ended_by = ?, ended_why = ? WHERE id = ?')
    .run(at, author, reason, id);
}

/** Every release there was, newest first. */
export function recentReleases(database: DatabaseSync, most: number): readonly Release[] {
  return database
    .prepare('SELECT * FROM releases ORDER BY id DESC LIMIT ?')
    .all(most)
    .map((row) => ({
      counter: String(row['counter']),
      amount: Number(row['amount']),
      at: Number(row['at']),
      reason: String(row['reason']),
      author: String(row['author']),
    }));
}

/** Takes what crashes had counted out of counters, and writes down who did; the caller's transaction makes it durable. */
export function releaseLost(
  database: DatabaseSync,
  counters: readonly string[],
  { at, author, reason }: Intervention,
): readonly Release[] {
  const look = database.prepare('SELECT lost FROM budgets WHERE counter = ? AND lost > 0');
  const take = database.prepare('UPDATE budgets SET spent = spent - lost, lost = 0 WHERE counter = ?');
  const note = database.prepare(
    'INSERT INTO releases (counter, amount, at, reason, author) VALUES (?, ?, ?, ?, ?)',
  );
  return counters.flatMap((counter) => {
    const row = look.get(counter);
    if (row === undefined) return [];
    const amount = Number(row['lost']);
    take.run(counter);
    note.run(counter, amount, at, reason, author);
    return [{ counter, amount, at, reason, author }];
  });
}
