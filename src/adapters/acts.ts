/** What administrators did beside the configuration, in SQLite, for ever: an entry is never changed or removed. */
import type { DatabaseSync } from 'node:sqlite';
import type { Act, ActLog } from '../control/operations.ts';
import type { JsonObject } from '../core/snapshot.ts';

/** For the migration. */
export const actsSchema = `
CREATE TABLE acts (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  author TEXT NOT NULL,
  act TEXT NOT NULL,
  details TEXT NOT NULL
) STRICT;
CREATE INDEX acts_by_time ON acts (at);
CREATE TRIGGER acts_stay BEFORE UPDATE ON acts
BEGIN SELECT RAISE(ABORT, 'an entry of the audit log is immutable'); END;
CREATE TRIGGER acts_remain BEFORE DELETE ON acts
BEGIN SELECT RAISE(ABORT, 'an entry of the audit log is kept for ever'); END;
`;

export function openActs(database: DatabaseSync): ActLog {
  const insert = database.prepare('INSERT INTO acts (at, author, act, details) VALUES (?, ?, ?, ?)');
  const select = database.prepare('SELECT * FROM acts WHERE at >= ? ORDER BY id DESC LIMIT ?');
  return {
    note: ({ at, author, act, details }) => void insert.run(at, author, act, JSON.stringify(details)),
    since: (from, most) => select.all(from, most).map(actFrom),
  };
}

function actFrom(row: Record<string, unknown>): Act {
  return {
    at: Number(row['at']),
    author: String(row['author']),
    act: String(row['act']),
    details: JSON.parse(String(row['details'])) as JsonObject,
  };
}
