/**
 * What a counter begins with that nobody has counted on before. A limit that is new in the configuration counts what
 * was spent in its window already, from the hourly roll-up: numbers never restart. Windows of a minute begin at zero.
 */
import type { DatabaseSync, SQLInputValue } from 'node:sqlite';
import { eachOf, type Budget, type Caller } from '../core/budget.ts';
import { spentOf } from './budgets.ts';

export type Opening = {
  readonly counter: string;
  /** Epoch ms at which its window began. */
  readonly start: number;
  readonly budget: Budget;
  readonly caller: Caller;
};

/** The table, for the migration that makes it: since when (epoch ms) each budget has been counted. */
export const openingSchema = `
CREATE TABLE counted (
  budget TEXT PRIMARY KEY,
  since INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
`;

/** Returns what tells the amount that a counter begins with, in the unit of its limit. */
export function openings(database: DatabaseSync, now: () => number): (opening: Opening) => number {
  const known = new Map(
    database
      .prepare('SELECT budget, since FROM counted')
      .all()
      .map((row) => [String(row['budget']), Number(row['since'])]),
  );
  const note = database.prepare('INSERT OR IGNORE INTO counted (budget, since) VALUES (?, ?)');
  return (opening) => {
    const { counter, start, budget } = opening;
    const counted = spentOf(database, counter);
    if (counted !== undefined) return counted;
    const since = known.get(budget.name);
    if (since !== undefined && since <= start) return 0;
    if (since === undefined) {
      known.set(budget.name, now());
      note.run(budget.name, now());
    }
    return spentBefore(database, opening);
  };
}

const hourMs = 3_600_000;

/** Nano-USD, tokens or requests of the roll-up since the window began. */
function spentBefore(database: DatabaseSync, { start, budget, caller }: Opening): number {
  if (budget.per === 'minute') return 0;
  const conditions: [column: string, value: SQLInputValue][] = scopeOf(budget, caller);
  const where = conditions.map(([column]) => ` AND "${column}" = ?`).join('');
  const values = conditions.map(([, value]) => value);
  const row = database
    .prepare(`SELECT coalesce(sum(${amounts[budget.unit]}), 0) AS amount FROM spend WHERE hour >= ?${where}`)
    .get(Math.floor(start / hourMs), ...values);
  return Number(row?.['amount'] ?? 0);
}

/** Columns of the roll-up, by unit. Requests are counted where they were served, so providers count attempts. */
const amounts: Readonly<Record<Budget['unit'], string>> = {
  usd: 'settled + estimated + unmeasured',
  premium_usd: 'max(0, premium_price + premium_cache)',
  tokens: 'input + cache_read + cache_write + cache_write_1h + output + reasoning',
  requests: 'requests',
  concurrent: '0',
};

function scopeOf(budget: Budget, caller: Caller): [column: string, value: SQLInputValue][] {
  const { kind, of, each } = budget;
  const scope: [string, SQLInputValue][] =
    kind === 'gateway'
      ? []
      : kind === 'key' || kind === 'preset'
        ? [
            ['workspace', caller.workspace],
            [kind, of],
          ]
        : [[kind, of]];
  if (each === undefined) return scope;
  const byUser = each === 'user' && caller.user !== undefined && eachOf(budget, caller) !== '';
  return [...scope, byUser ? ['user', caller.user ?? ''] : ['key', caller.key]];
}
