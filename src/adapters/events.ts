/** Events in SQLite: written by the journal's thread, bounded in time and number. */
import type { DatabaseSync } from 'node:sqlite';
import type { EventKind, GatewayEvent } from '../core/event.ts';
import { optional } from '../core/optional.ts';

/** For the migration. */
export const eventsSchema = `
CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  subject TEXT NOT NULL,
  why TEXT NOT NULL,
  until INTEGER
) STRICT;
CREATE INDEX events_by_time ON events (at);
`;

/** However much happens within the days that are kept. */
const kept = 100_000;

export function insertEvents(database: DatabaseSync, events: readonly GatewayEvent[]): void {
  const insert = database.prepare(
    'INSERT INTO events (at, kind, subject, why, until) VALUES (?, ?, ?, ?, ?)',
  );
  for (const { at, kind, subject, why, until } of events)
    insert.run(Math.round(at), kind, subject, why, until === undefined ? null : Math.round(until));
}

/** Those at or after `from` (epoch ms), newest first, at most so many. */
export function readEvents(database: DatabaseSync, from: number, most: number): readonly GatewayEvent[] {
  return database
    .prepare('SELECT * FROM events WHERE at >= ? ORDER BY id DESC LIMIT ?')
    .all(from, most)
    .map((row) => ({
      at: Number(row['at']),
      kind: row['kind'] as EventKind,
      subject: String(row['subject']),
      why: String(row['why']),
      ...optional('until', row['until'] === null ? undefined : Number(row['until'])),
    }));
}

/** Deletes what is older than `before` (epoch ms), and beyond what is kept in all. */
export function forgetEvents(database: DatabaseSync, before: number): void {
  database
    .prepare('DELETE FROM events WHERE at < ? OR id <= (SELECT max(id) FROM events) - ?')
    .run(before, kept);
}
