/** Generation records in SQLite. The columns are what records are looked up and aged by; the rest stays JSON. */
import type { DatabaseSync } from 'node:sqlite';
import type { PresetRecords } from '../control/operations.ts';
import type { GenerationRecord } from '../core/record.ts';
import type { Charge } from '../ports.ts';
import { settleCharges } from './budgets.ts';
import { addSpend } from './spend.ts';

/** The table, for the migration that makes it. */
export const generationsSchema = `
  CREATE TABLE IF NOT EXISTS generations (
    id TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    record TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS generations_by_time ON generations (at);
`;

/** A record as JSON text, and what its attempts are charged. */
export type Entry = { readonly record: string; readonly charges: readonly Charge[] };

/**
 * Inserts records, adds them to the roll-up and settles their charges; one that is there already stays as it is, and
 * counts no more. The caller's transaction makes it all happen together.
 */
export function insertEntries(database: DatabaseSync, entries: readonly Entry[]): void {
  if (entries.length === 0) return;
  const insert = database.prepare('INSERT OR IGNORE INTO generations (id, at, record) VALUES (?, ?, ?)');
  const fresh: GenerationRecord[] = [];
  const owed: Charge[] = [];
  for (const { record: text, charges } of entries) {
    const record = JSON.parse(text) as GenerationRecord;
    if (insert.run(record.id, record.at, text).changes !== 1) continue;
    fresh.push(record);
    if (charges.length > 0) owed.push(...charges);
  }
  settleCharges(database, owed);
  addSpend(database, fresh);
}

export function recordById(database: DatabaseSync, id: string): GenerationRecord | undefined {
  return parse(database.prepare('SELECT record FROM generations WHERE id = ?').get(id));
}

/** Newest first. */
export function recentRecords(database: DatabaseSync, limit: number): readonly GenerationRecord[] {
  const rows = database.prepare('SELECT record FROM generations ORDER BY at DESC LIMIT ?').all(limit);
  return rows.flatMap((row) => parse(row) ?? []);
}

/** Newest first, of a preset or of one version of it. */
export function recordsOfPreset(
  database: DatabaseSync,
  { workspace, preset, version, since, most }: PresetRecords,
): readonly GenerationRecord[] {
  const only = version === undefined ? '' : 'AND preset_version = :version';
  const rows = database
    .prepare(
      `SELECT record FROM generations WHERE preset = :preset AND at >= :since ${only} ORDER BY at DESC LIMIT :most`,
    )
    .all({
      preset: `${workspace}/${preset}`,
      since,
      most,
      ...(version === undefined ? {} : { version: String(version) }),
    });
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
