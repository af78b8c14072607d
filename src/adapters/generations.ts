/** Generation records in SQLite. The columns are what records are looked up and aged by; the rest stays JSON. */
import type { DatabaseSync } from 'node:sqlite';
import type { GenerationRecord } from '../core/record.ts';
import { spendAdder } from './spend.ts';

/** The table, for the migration that makes it. */
export const generationsSchema = `
  CREATE TABLE IF NOT EXISTS generations (
    id TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    record TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS generations_by_time ON generations (at);
`;

/**
 * Inserts records given as JSON text and adds them to the roll-up, in one transaction; one that is there already
 * stays as it is, and is not added again.
 */
export function insertRecords(database: DatabaseSync, records: readonly string[]): void {
  if (records.length === 0) return;
  const insert = database.prepare(
    `INSERT OR IGNORE INTO generations (id, at, record) VALUES (json_extract(?1, '$.id'), json_extract(?1, '$.at'), ?1)`,
  );
  const addSpend = spendAdder(database);
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const record of records)
      if (insert.run(record).changes === 1) addSpend(JSON.parse(record) as GenerationRecord);
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

export function recordById(database: DatabaseSync, id: string): GenerationRecord | undefined {
  return parse(database.prepare('SELECT record FROM generations WHERE id = ?').get(id));
}

/** Newest first. */
export function recentRecords(database: DatabaseSync, limit: number): readonly GenerationRecord[] {
  const rows = database.prepare('SELECT record FROM generations ORDER BY at DESC LIMIT ?').all(limit);
  return rows.flatMap((row) => parse(row) ?? []);
}

/** Deletes records older than `before` (epoch ms). */
export function forgetRecords(database: DatabaseSync, before: number): void {
  database.prepare('DELETE FROM generations WHERE at < ?').run(before);
}

function parse(row: Record<string, unknown> | undefined): GenerationRecord | undefined {
  const text = row?.['record'];
  return typeof text === 'string' ? (JSON.parse(text) as GenerationRecord) : undefined;
}
