/** The settings store on SQLite: objects with immutable versions, and revisions. All the SQL of the configuration. */
import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { transaction } from './database.ts';
import type { Kind } from '../core/settings.ts';
import type {
  Edit,
  SettingsStore,
  StoredChange,
  StoredObject,
  StoredRevision,
} from '../core/settings-store.ts';

type Row = Record<string, SQLOutputValue>;

/** A settings store in a database opened by `openDatabase`. */
export function createSettingsStore(database: DatabaseSync): SettingsStore {
  const select = {
    revision: database.prepare('SELECT coalesce(max(revision), 0) AS revision FROM revisions'),
    objects: database.prepare(`
      SELECT o.kind, o.name, o.archived, o.version, v.body,
        (SELECT max(version) FROM object_versions WHERE object_id = o.id) AS latest
      FROM objects o JOIN object_versions v ON v.object_id = o.id AND v.version = o.version ORDER BY o.id`),
    older: database.prepare(`
      SELECT o.name, v.version, v.body FROM objects o JOIN object_versions v ON v.object_id = o.id
      WHERE o.kind = ? AND v.version <> o.version ORDER BY o.id, v.version`),
    applied: database.prepare(`
      SELECT kind || ' ' || name AS object, applied FROM objects WHERE applied IS NOT NULL`),
    body: database.prepare(`
      SELECT v.body FROM object_versions v JOIN objects o ON o.id = v.object_id
      WHERE o.kind = ? AND o.name = ? AND v.version = ?`),
    revisions: database.prepare('SELECT * FROM revisions ORDER BY revision DESC LIMIT ?'),
    since: database.prepare('SELECT * FROM revisions WHERE at >= ? ORDER BY revision DESC LIMIT ?'),
  };
  const write = writer(database);
  return {
    load: () => ({
      revision: Number(select.revision.get()?.['revision']),
      objects: storedObjects(select.objects),
    }),
    older: (kind) =>
      select.older.all(kind).map(({ name, version, body }) => ({
        name: String(name),
        version: Number(version),
        body: String(body),
      })),
    applied: () =>
      new Map(select.applied.all().map((row) => [String(row['object']), String(row['applied'])])),
    body: (kind, name, version) => {
      const row = select.body.get(kind, name, version);
      return row === undefined ? undefined : String(row['body']);
    },
    commit(edits, revision) {
      transaction(database, () => {
        for (const edit of edits) write.edit(edit);
        if (revision) write.revision(revision);
      });
    },
    revisions: (limit) => select.revisions.all(limit).map(storedRevision),
    revisionsSince: (from, limit) => select.since.all(from, limit).map(storedRevision),
  };
}

function writer(database: DatabaseSync): {
  edit(edit: Edit): void;
  revision(revision: StoredRevision): void;
} {
  const object = database.prepare(`
    INSERT INTO objects (kind, name, archived, version) VALUES (:kind, :name, :archived, :version)
    ON CONFLICT (kind, name) DO UPDATE SET archived = :archived, version = :version`);
  const version = database.prepare(`
    INSERT INTO object_versions (object_id, version, body)
    SELECT id, version, :body FROM objects WHERE kind = :kind AND name = :name`);
  const applied = database.prepare(
    'UPDATE objects SET applied = :applied WHERE kind = :kind AND name = :name',
  );
  const revision = database.prepare(
    'INSERT INTO revisions (revision, at, author, message, changes) VALUES (?, ?, ?, ?, ?)',
  );
  return {
    edit(edit) {
      const { kind, name } = edit;
      object.run({ kind, name, archived: edit.archived ? 1 : 0, version: edit.version });
      if (edit.body !== undefined) version.run({ kind, name, body: edit.body });
      if (edit.applied !== undefined) applied.run({ kind, name, applied: edit.applied });
    },
    revision({ revision: number, at, author, message, changes }) {
      revision.run(number, at, author, message, JSON.stringify(changes));
    },
  };
}

/** One by one: all rows at once would be a second copy of everything. */
function* storedObjects(statement: StatementSync): Iterable<StoredObject> {
  for (const row of statement.iterate()) yield storedObject(row);
}

function storedObject(row: Row): StoredObject {
  return {
    kind: String(row['kind']) as Kind,
    name: String(row['name']),
    archived: row['archived'] === 1,
    version: Number(row['version']),
    latest: Number(row['latest']),
    body: String(row['body']),
  };
}

function storedRevision(row: Row): StoredRevision {
  return {
    revision: Number(row['revision']),
    at: Number(row['at']),
    author: String(row['author']),
    message: String(row['message']),
    changes: JSON.parse(String(row['changes'])) as StoredChange[],
  };
}
