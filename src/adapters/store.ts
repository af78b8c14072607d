/** The settings store on SQLite: objects with immutable versions, and revisions. All the SQL of the configuration. */
import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { transaction } from './database.ts';
import type { Kind } from '../core/settings.ts';
import type {
  DraftEdit,
  Edit,
  SettingsStore,
  StoredChange,
  StoredDraft,
  StoredObject,
  StoredRevision,
  StoredVersion,
} from '../core/settings-store.ts';

type Row = Record<string, SQLOutputValue>;

/** A settings store in a database opened by `openDatabase`. */
export function createSettingsStore(database: DatabaseSync): SettingsStore {
  const select = {
    revision: database.prepare('SELECT coalesce(max(revision), 0) AS revision FROM revisions'),
    objects: database.prepare(`
      SELECT o.kind, o.name, o.archived, o.deleted, o.version, v.body,
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
    versions: database.prepare(`
      SELECT v.version, v.body, v.revision, r.at, r.author, r.message
      FROM object_versions v JOIN objects o ON o.id = v.object_id LEFT JOIN revisions r USING (revision)
      WHERE o.kind = ? AND o.name = ? ORDER BY v.version`),
    made: database.prepare(`
      SELECT o.name, min(coalesce(r.at, 0)) AS first, max(coalesce(r.at, 0)) AS newest
      FROM objects o JOIN object_versions v ON v.object_id = o.id LEFT JOIN revisions r USING (revision)
      WHERE o.kind = ? GROUP BY o.id`),
    drafts: database.prepare('SELECT * FROM drafts ORDER BY name'),
    revisions: database.prepare('SELECT * FROM revisions ORDER BY revision DESC LIMIT ?'),
    between: database.prepare(
      'SELECT * FROM revisions WHERE revision > ? AND revision <= ? ORDER BY revision',
    ),
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
    versions: (kind, name) => select.versions.all(kind, name).map(storedVersion),
    made: (kind) =>
      select.made.all(kind).map(({ name, first, newest }) => ({
        name: String(name),
        first: Number(first),
        newest: Number(newest),
      })),
    drafts: () => select.drafts.all().map(storedDraft),
    commit(edits, revision, drafts = []) {
      transaction(database, () => {
        for (const edit of edits) write.edit(edit, revision?.revision);
        for (const edit of drafts) write.draft(edit);
        if (revision) write.revision(revision);
      });
    },
    revisions: (limit) => select.revisions.all(limit).map(storedRevision),
    revisionsBetween: (after, upTo) => select.between.all(after, upTo).map(storedRevision),
    revisionsSince: (from, limit) => select.since.all(from, limit).map(storedRevision),
  };
}

type Writer = {
  /** `revision`: the one that makes the edit's version. */
  edit(edit: Edit, revision: number | undefined): void;
  draft(edit: DraftEdit): void;
  revision(revision: StoredRevision): void;
};

function writer(database: DatabaseSync): Writer {
  const object = database.prepare(`
    INSERT INTO objects (kind, name, archived, deleted, version)
    VALUES (:kind, :name, :archived, :deleted, :version)
    ON CONFLICT (kind, name) DO UPDATE SET archived = :archived, deleted = :deleted, version = :version`);
  const version = database.prepare(`
    INSERT INTO object_versions (object_id, version, body, revision)
    SELECT id, version, :body, :revision FROM objects WHERE kind = :kind AND name = :name`);
  const dropDraft = database.prepare('DELETE FROM drafts WHERE name = ?');
  const draft = database.prepare(
    'INSERT OR REPLACE INTO drafts (name, body, base, at, author, message) VALUES (?, ?, ?, ?, ?, ?)',
  );
  const applied = database.prepare(
    'UPDATE objects SET applied = :applied WHERE kind = :kind AND name = :name',
  );
  const revision = database.prepare(
    'INSERT INTO revisions (revision, at, author, message, changes) VALUES (?, ?, ?, ?, ?)',
  );
  return {
    edit(edit, made) {
      const { kind, name } = edit;
      const [archived, deleted] = [edit.archived ? 1 : 0, edit.deleted === true ? 1 : 0];
      object.run({ kind, name, archived, deleted, version: edit.version });
      if (edit.body !== undefined) version.run({ kind, name, body: edit.body, revision: made ?? null });
      if (edit.applied !== undefined) applied.run({ kind, name, applied: edit.applied });
    },
    draft({ name, draft: one }) {
      if (one === null) dropDraft.run(name);
      else draft.run(name, one.body, one.base, one.at, one.author, one.message);
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
    deleted: row['deleted'] === 1,
    version: Number(row['version']),
    latest: Number(row['latest']),
    body: String(row['body']),
  };
}

/** What an early version of the schema did not keep is empty. */
function storedVersion(row: Row): StoredVersion {
  return {
    version: Number(row['version']),
    body: String(row['body']),
    revision: Number(row['revision'] ?? 0),
    at: Number(row['at'] ?? 0),
    author: String(row['author'] ?? ''),
    message: String(row['message'] ?? ''),
  };
}

function storedDraft(row: Row): StoredDraft {
  return {
    name: String(row['name']),
    body: String(row['body']),
    base: Number(row['base']),
    at: Number(row['at']),
    author: String(row['author']),
    message: String(row['message']),
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
