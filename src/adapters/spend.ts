/**
 * The roll-up of spend in SQLite: hourly sums, written in the transaction that commits a record, so that each record
 * is in it exactly once whatever is killed and read again. Nothing here ages: records are forgotten, sums stay.
 */
import type { DatabaseSync, SQLOutputValue } from 'node:sqlite';
import type { GenerationRecord } from '../core/record.ts';
import {
  columnsFor,
  reportOf,
  type SpendColumn,
  type SpendFilter,
  type SpendQuery,
  type SpendReport,
  type SpendSum,
} from '../core/spend-report.ts';
import {
  addSums,
  measures,
  spendOf,
  spent,
  type Measure,
  type SpendPlace,
  type Sums,
} from '../core/spend.ts';

const placeColumns: readonly (keyof SpendPlace)[] = [
  'hour',
  'workspace',
  'key',
  'preset',
  'version',
  'position',
  'model',
  'provider',
  'user',
  'tags',
];
const numbers: ReadonlySet<SpendColumn | 'hour'> = new Set(['hour', 'day', 'version', 'position']);

const quoted = (name: string): string => `"${name}"`;
const columnOf = (measure: Measure): string =>
  measure.replaceAll(/[A-Z0-9]+/g, (part) => `_${part.toLowerCase()}`);

/**
 * The tables, for the migration that makes them. `key_spend` is what `GET /v1/key` reads: one row for each key and
 * hour, however many users and tags the spend has. Money is nano-USD; 2^63 of it is nine billion dollars.
 */
export const spendSchema = `
CREATE TABLE spend (
  hour INTEGER NOT NULL,
  workspace TEXT NOT NULL,
  "key" TEXT NOT NULL,
  preset TEXT NOT NULL,
  version INTEGER NOT NULL,
  position INTEGER NOT NULL,
  model TEXT NOT NULL,
  provider TEXT NOT NULL,
  user TEXT NOT NULL,
  tags TEXT NOT NULL,
  attempts INTEGER NOT NULL,
  requests INTEGER NOT NULL,
  fallbacks INTEGER NOT NULL,
  settled INTEGER NOT NULL,
  estimated INTEGER NOT NULL,
  unmeasured INTEGER NOT NULL,
  failed INTEGER NOT NULL,
  premium_price INTEGER NOT NULL,
  premium_cache INTEGER NOT NULL,
  input INTEGER NOT NULL,
  cache_read INTEGER NOT NULL,
  cache_write INTEGER NOT NULL,
  cache_write_1h INTEGER NOT NULL,
  output INTEGER NOT NULL,
  reasoning INTEGER NOT NULL,
  overruns INTEGER NOT NULL,
  PRIMARY KEY (hour, workspace, "key", preset, version, position, model, provider, user, tags)
) STRICT, WITHOUT ROWID;

CREATE TABLE key_spend (
  workspace TEXT NOT NULL,
  "key" TEXT NOT NULL,
  hour INTEGER NOT NULL,
  amount INTEGER NOT NULL,
  PRIMARY KEY (workspace, "key", hour)
) STRICT, WITHOUT ROWID;
`;

/** What clients' own retries cost; records of before did not know them. */
export const clientRetriesSchema = `
ALTER TABLE spend ADD COLUMN client_retries INTEGER NOT NULL DEFAULT 0;
ALTER TABLE spend ADD COLUMN client_retried INTEGER NOT NULL DEFAULT 0;
`;

const addCell = `
INSERT INTO spend (${[...placeColumns.map(quoted), ...measures.map(columnOf)].join(', ')})
VALUES (${[...placeColumns, ...measures].map(() => '?').join(', ')})
ON CONFLICT DO UPDATE SET ${measures.map((name) => `${columnOf(name)} = ${columnOf(name)} + excluded.${columnOf(name)}`).join(', ')}`;

const addToKey = `
INSERT INTO key_spend (workspace, "key", hour, amount) VALUES (?, ?, ?, ?)
ON CONFLICT DO UPDATE SET amount = amount + excluded.amount`;

/** Adds records to the roll-up, inside the transaction that is open: those of a batch mostly stand in few cells. */
export function addSpend(database: DatabaseSync, records: readonly GenerationRecord[]): void {
  const cells = new Map<string, { readonly place: SpendPlace; readonly sums: Record<Measure, bigint> }>();
  for (const { place, sums } of records.flatMap(spendOf)) {
    const name = JSON.stringify(Object.values(place));
    const cell = cells.get(name);
    if (cell) addSums(cell.sums, sums);
    else cells.set(name, { place, sums: { ...sums } });
  }
  const cell = database.prepare(addCell);
  const key = database.prepare(addToKey);
  for (const { place, sums } of cells.values()) {
    // BigInt, because a number would be bound as a floating-point value.
    const where = placeColumns.map((name) => (numbers.has(name) ? BigInt(place[name]) : String(place[name])));
    cell.run(...where, ...measures.map((name) => sums[name]));
    key.run(place.workspace, place.key, BigInt(place.hour), spent(sums));
  }
}

/** Nano-USD that a key has spent since an hour (since 1970, UTC). */
export function readKeySpend(
  database: DatabaseSync,
  key: { readonly workspace: string; readonly name: string },
  since: number,
): bigint {
  const statement = database.prepare(
    'SELECT sum(amount) AS amount FROM key_spend WHERE workspace = ? AND "key" = ? AND hour >= ?',
  );
  statement.setReadBigInts(true);
  return bigintOf(statement.get(key.workspace, key.name, since)?.['amount'] ?? 0n);
}

/** Adds the roll-up up; takes seconds where each of some hundred thousand generations has tags of its own. */
export function readReport(database: DatabaseSync, query: SpendQuery): SpendReport {
  const columns = columnsFor(query.by);
  const keys = columns.map((name) => (name === 'day' ? 'hour / 24' : quoted(name)));
  const wanted = [
    ...columns.map((name, index) => `${keys[index]} AS ${quoted(name)}`),
    ...measures.map((name) => `sum(${columnOf(name)}) AS ${quoted(name)}`),
  ];
  const { conditions, values } = conditionsOf(query.filter);
  const statement = database.prepare(
    `SELECT ${wanted.join(', ')} FROM spend WHERE ${['hour >= ?', 'hour < ?', ...conditions].join(' AND ')}
    ${keys.length === 0 ? 'HAVING count(*) > 0' : `GROUP BY ${keys.join(', ')}`}`,
  );
  statement.setReadBigInts(true);
  return reportOf(query, sumsOf(statement.iterate(query.range.from, query.range.to, ...values), columns));
}

/** A preset named `workspace/slug` is one; a bare slug is every workspace's. */
function conditionsOf({ preset, ...plain }: SpendFilter): {
  readonly conditions: readonly string[];
  readonly values: readonly string[];
} {
  const [slug, workspace] = preset?.split('/').reverse() ?? [];
  const wanted = [
    ...Object.entries(plain),
    ...(slug === undefined ? [] : [['preset', slug] as const]),
    ...(workspace === undefined ? [] : [['workspace', workspace] as const]),
  ];
  return {
    conditions: wanted.map(([name]) => `${quoted(name)} = ?`),
    values: wanted.map(([, value]) => value),
  };
}

function* sumsOf(
  rows: Iterable<Record<string, SQLOutputValue>>,
  columns: readonly SpendColumn[],
): Iterable<SpendSum> {
  for (const row of rows) {
    const place = columns.map((name) => [name, numbers.has(name) ? Number(row[name]) : String(row[name])]);
    const sums = measures.map((name) => [name, bigintOf(row[name] ?? 0n)]);
    yield { place: Object.fromEntries(place), sums: Object.fromEntries(sums) as Sums };
  }
}

function bigintOf(value: SQLOutputValue): bigint {
  return BigInt(value as bigint | number);
}
