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

/** The presets that chose others by their rules, of each record, for the migration; those of records that are there. */
export const hopsSchema = `
  CREATE TABLE generation_hops (
    preset TEXT NOT NULL,
    at INTEGER NOT NULL,
    id TEXT NOT NULL,
    version TEXT NOT NULL,
    PRIMARY KEY (preset, at, id, version)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX generation_hops_by_time ON generation_hops (at);
  INSERT OR IGNORE INTO generation_hops (preset, at, id, version)
  SELECT g.record ->> 'workspace' || '/' || (hop.value ->> 'preset'), g.at, g.id, hop.value ->> 'version'
  FROM generations g, json_each(g.record, '$.routed') hop;
`;

/**
 * The same table with a hidden row number, for the migration. Keyed by `id` alone, a record stood in an index page,
 * where what is longer than 1,002 bytes spills to a page of 4 KB of its own: three times the disk, twice the work.
 */
export const rowsSchema = `
  DROP INDEX generations_by_time;
  DROP INDEX generations_by_preset;
  ALTER TABLE generations RENAME TO generations_before;
  CREATE TABLE generations (
    id TEXT NOT NULL UNIQUE,
    at INTEGER NOT NULL,
    preset TEXT,
    preset_version TEXT,
    record TEXT NOT NULL
  ) STRICT;
  INSERT INTO generations (id, at, preset, preset_version, record)
  SELECT id, at, preset, preset_version, record FROM generations_before ORDER BY id;
  DROP TABLE generations_before;
  CREATE INDEX generations_by_time ON generations (at);
  CREATE INDEX generations_by_preset ON generations (preset, at, preset_version) WHERE preset IS NOT NULL;
`;

/** A record as JSON text, and what its attempts are charged. */
export type Entry = { readonly record: string; readonly charges: readonly Charge[] };

/**
 * Inserts records, adds them to the roll-up and settles their charges; one that is there already stays as it is, and
 * counts no more. The caller's transaction makes it all happen together.
 */
export function insertEntries(database: DatabaseSync, entries: readonly Entry[]): void {
  if (entries.length === 0) return;
  const insert = database.prepare(
    'INSERT OR IGNORE INTO generations (id, at, preset, preset_version, record) VALUES (?, ?, ?, ?, ?)',
  );
  const fresh: GenerationRecord[] = [];
  const owed: Charge[] = [];
  for (const { record: text, charges } of entries) {
    const record = JSON.parse(text) as GenerationRecord;
    const { id, at, workspace, preset, presetVersion } = record;
    const name = preset === undefined ? null : `${workspace}/${preset}`;
    const version = presetVersion === undefined ? null : String(presetVersion);
    if (insert.run(id, at, name, version, text).changes !== 1) continue;
    fresh.push(record);
    if (charges.length > 0) owed.push(...charges);
  }
  insertHops(database, fresh);
  settleCharges(database, owed);
  addSpend(database, fresh);
}

function insertHops(database: DatabaseSync, records: readonly GenerationRecord[]): void {
  const routed = records.filter((record) => record.routed !== undefined);
  if (routed.length === 0) return;
  const insert = database.prepare(
    'INSERT OR IGNORE INTO generation_hops (preset, at, id, version) VALUES (?, ?, ?, ?)',
  );
  for (const { workspace, routed: hops = [], at, id } of routed)
    for (const { preset, version } of hops) insert.run(`${workspace}/${preset}`, at, id, String(version));
}

export function recordById(database: DatabaseSync, id: string): GenerationRecord | undefined {
  return parse(database.prepare('SELECT record FROM generations WHERE id = ?').get(id));
}

/** Newest first. */
export function recentRecords(database: DatabaseSync, limit: number): readonly GenerationRecord[] {
  const rows = database.prepare('SELECT record FROM generations ORDER BY at DESC LIMIT ?').all(limit);
  return rows.flatMap((row) => parse(row) ?? []);
}

/** Of a preset or of one version of it: the newest it served, and the newest it sent on where they are asked for. */
export function recordsOfPreset(
  database: DatabaseSync,
  { workspace, preset, version, since, most, sentOn }: PresetRecords,
): readonly GenerationRecord[] {
  const which = {
    preset: `${workspace}/${preset}`,
    since,
    most,
    ...(version === undefined ? {} : { version: String(version) }),
  };
  const read = (from: string, column: string): readonly GenerationRecord[] => {
    const only = version === undefined ? '' : `AND ${column} = :version`;
    const rows = database
      .prepare(
        `SELECT record FROM ${from} WHERE x.preset = :preset AND x.at >= :since ${only} ORDER BY x.at DESC LIMIT :most`,
      )
      .all(which);
    return rows.flatMap((row) => parse(row) ?? []);
  };
  const served = read('generations x', 'x.preset_version');
  if (sentOn !== true) return served;
  return [...served, ...read('generation_hops x JOIN generations USING (id)', 'x.version')];
}

/** Deletes records older than `before` (epoch ms). */
export function forgetRecords(database: DatabaseSync, before: number): void {
  database.prepare('DELETE FROM generation_hops WHERE at < ?').run(before);
  database.prepare('DELETE FROM generations WHERE at < ?').run(before);
}

function parse(row: Record<string, unknown> | undefined): GenerationRecord | undefined {
  const text = row?.['record'];
  return typeof text === 'string' ? (JSON.parse(text) as GenerationRecord) : undefined;
}
