import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import type { Edit, StoredRevision } from '../core/settings-store.ts';
import { backupDatabase, DataRefused, openDatabase } from './database.ts';
import { lockDirectory } from './lock.ts';
import { migrations } from './schema.ts';
import { createSettingsStore } from './store.ts';

function folderOf(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-store-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function open(t: TestContext, file: string): DatabaseSync {
  const database = openDatabase(file);
  t.after(() => {
    if (database.isOpen) database.close();
  });
  return database;
}

const edit = (name: string, version: number, body?: string, more: Partial<Edit> = {}): Edit => ({
  kind: 'preset',
  name,
  version,
  archived: false,
  ...(body === undefined ? {} : { body }),
  ...more,
});

const revision = (number: number): StoredRevision => ({
  revision: number,
  at: number,
  author: 'olga',
  message: `m${number}`,
  changes: [],
});

const refused = (words: RegExp) => (cause: unknown) =>
  cause instanceof DataRefused && words.test(cause.message);

test('objects, versions and what documents said are there after opening again', (t) => {
  const file = join(folderOf(t), 'spillway.db');
  const database = open(t, file);
  const store = createSettingsStore(database);
  assert.deepEqual([store.load().revision, [...store.load().objects]], [0, []]);
  store.commit([edit('a', 1, '{"one":1}', { applied: '{"one":1}' }), edit('b', 1, '{}')], revision(1));
  store.commit([edit('a', 2, '{"two":2}')], revision(2));
  store.commit([edit('a', 1), edit('b', 1, undefined, { archived: true, applied: null })], revision(3));
  store.commit([edit('a', 1, undefined, { applied: 'later' })]);
  database.close();
  const again = createSettingsStore(open(t, file));
  const { revision: newest, objects } = again.load();
  assert.equal(newest, 3);
  assert.deepEqual(
    [...objects],
    [
      {
        kind: 'preset',
        name: 'a',
        archived: false,
        deleted: false,
        version: 1,
        latest: 2,
        body: '{"one":1}',
      },
      { kind: 'preset', name: 'b', archived: true, deleted: false, version: 1, latest: 1, body: '{}' },
    ],
  );
  assert.deepEqual(again.older('preset'), [{ name: 'a', version: 2, body: '{"two":2}' }]);
  assert.deepEqual(again.older('key'), []);
  assert.deepEqual([...again.applied()], [['preset a', 'later']]);
  assert.equal(again.body('preset', 'a', 2), '{"two":2}');
  assert.equal(again.body('preset', 'a', 3), undefined);
  assert.deepEqual(again.revisions(2), [revision(3), revision(2)]);
});

test('a version knows the revision that made it; a draft is there until it is thrown away', (t) => {
  const file = join(folderOf(t), 'spillway.db');
  const database = open(t, file);
  const store = createSettingsStore(database);
  const draft = { name: 'a', body: '{"next":1}', base: 1, at: 5, author: 'rita', message: 'try' };
  store.commit([edit('a', 1, '{}')], revision(1));
  store.commit([], undefined, [{ name: 'a', draft: { ...draft, body: '{}' } }]);
  store.commit([edit('a', 2, '{"two":2}')], revision(2), [{ name: 'a', draft }]);
  store.commit([edit('a', 1)], revision(3));
  store.commit([edit('a', 1, undefined, { archived: true, deleted: true })], revision(4));
  const made = (number: number): object => ({ revision: number, at: number, author: 'olga' });
  assert.deepEqual(store.versions('preset', 'a'), [
    { version: 1, body: '{}', ...made(1), message: 'm1' },
    { version: 2, body: '{"two":2}', ...made(2), message: 'm2' },
  ]);
  assert.deepEqual(store.versions('key', 'a'), []);
  assert.deepEqual(store.drafts(), [draft]);
  assert.deepEqual(store.revisionsBetween(1, 3), [revision(2), revision(3)]);
  database.close();
  const again = createSettingsStore(open(t, file));
  assert.deepEqual(
    [...again.load().objects].map(({ archived, deleted }) => [archived, deleted]),
    [[true, true]],
  );
  again.commit([edit('a', 3, '{}')], revision(5), [{ name: 'a', draft: null }]);
  assert.deepEqual(again.drafts(), []);
  assert.deepEqual(
    [...again.load().objects].map(({ archived, deleted }) => [archived, deleted]),
    [[false, false]],
  );
});

test('versions of an older schema are given the first revision that names them', (t) => {
  const file = join(folderOf(t), 'spillway.db');
  const old = openDatabase(file, migrations.slice(0, 3));
  old.exec(`
    INSERT INTO objects (id, kind, name, version) VALUES (1, 'preset', 'a', 1), (2, 'key', 'a', 1), (3, 'preset', 'lost', 1);
    INSERT INTO object_versions (object_id, version, body) VALUES (1, 1, '{}'), (1, 2, '{}'), (2, 1, '{}'), (3, 1, '{}');`);
  const change = (kind: string, version: number): object => ({ kind, name: 'a', action: 'changed', version });
  const revisions = [[change('preset', 1)], [change('preset', 2), change('key', 1)], [change('preset', 1)]];
  for (const [index, changes] of revisions.entries())
    old
      .prepare('INSERT INTO revisions VALUES (?, ?, ?, ?, ?)')
      .run(index + 1, index + 1, 'olga', `m${index + 1}`, JSON.stringify(changes));
  old.close();
  const store = createSettingsStore(open(t, file));
  const made = (kind: 'preset' | 'key', name: string): unknown =>
    store.versions(kind, name).map(({ version, revision: number, author }) => [version, number, author]);
  assert.deepEqual(made('preset', 'a'), [
    [1, 1, 'olga'],
    [2, 2, 'olga'],
  ]);
  assert.deepEqual(made('key', 'a'), [[1, 2, 'olga']]);
  assert.deepEqual(made('preset', 'lost'), [[1, 0, '']]);
});

test('a commit happens whole or not at all', (t) => {
  const store = createSettingsStore(open(t, join(folderOf(t), 'spillway.db')));
  store.commit([edit('a', 1, '{}')], revision(1));
  assert.throws(() => store.commit([edit('b', 1, '{}'), edit('a', 1, '{"again":1}')], revision(2)));
  assert.throws(() => store.commit([edit('c', 1, '{}')], revision(1)), 'a revision is written once');
  assert.deepEqual(
    [...store.load().objects].map(({ name }) => name),
    ['a'],
  );
  assert.equal(store.load().revision, 1);
});

test('versions and revisions cannot be changed or deleted, not even by hand', (t) => {
  const database = open(t, join(folderOf(t), 'spillway.db'));
  createSettingsStore(database).commit([edit('a', 1, '{}')], revision(1));
  for (const statement of [
    "UPDATE object_versions SET body = '{}'",
    'DELETE FROM object_versions',
    "UPDATE revisions SET author = 'x'",
    'DELETE FROM revisions',
  ])
    assert.throws(() => database.exec(statement), /immutable|for ever/, statement);
});

test('the files are readable by their owner only', (t) => {
  const folder = join(folderOf(t), 'data');
  createSettingsStore(open(t, join(folder, 'spillway.db'))).commit([edit('a', 1, '{}')], revision(1));
  assert.equal(statSync(folder).mode & 0o777, 0o700);
  for (const name of readdirSync(folder))
    assert.equal(statSync(join(folder, name)).mode & 0o777, 0o600, name);
});

test('a newer version copies the file beside it and then migrates; an older one refuses', (t) => {
  const file = join(folderOf(t), 'spillway.db');
  const database = open(t, file);
  createSettingsStore(database).commit([edit('a', 1, '{}')], revision(1));
  database.close();
  const known = migrations.length;
  const newer = [...migrations, 'CREATE TABLE added (id INTEGER PRIMARY KEY) STRICT;'];
  const migrated = openDatabase(file, newer);
  migrated.exec('INSERT INTO added (id) VALUES (1)');
  migrated.close();
  assert.throws(
    () => openDatabase(file),
    refused(
      new RegExp(
        `was written by a newer Spillway \\(its schema is ${known + 1}, this one knows up to ${known}\\)`,
      ),
    ),
  );
  const backup = openDatabase(`${file}.schema-${known}.backup`);
  assert.equal([...createSettingsStore(backup).load().objects].length, 1);
  backup.close();
  openDatabase(file, newer).close();
  assert.equal(
    readdirSync(join(file, '..')).filter((name) => name.endsWith('.backup')).length,
    1,
    'opened as it is: no copy',
  );
});

test('a migration that fails leaves the file as it was', (t) => {
  const file = join(folderOf(t), 'spillway.db');
  open(t, file).close();
  assert.throws(
    () => openDatabase(file, [...migrations, 'CREATE TABLE half (id INTEGER) STRICT; SELECT nonsense;']),
    refused(/cannot be used/),
  );
  const database = open(t, file);
  assert.equal(
    database.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'half'").get()?.['n'],
    0,
  );
});

test('what is no database is refused in a sentence', (t) => {
  const file = join(folderOf(t), 'spillway.db');
  writeFileSync(file, 'this is just text, and long enough to be taken for a database header '.repeat(20));
  assert.throws(() => openDatabase(file), refused(/the database .* cannot be used \(.*not a database.*\)/));
});

test('a backup while it is in use is whole, and never replaces a file', async (t) => {
  const folder = folderOf(t);
  const database = open(t, join(folder, 'spillway.db'));
  const store = createSettingsStore(database);
  let last = 0;
  const commit = (): void => store.commit([edit(`p${++last}`, 1, '{}')], revision(last));
  commit();
  const copy = join(folder, 'copy.db');
  const running = backupDatabase(database, copy);
  for (let turn = 0; turn < 200; turn++) {
    commit();
    await new Promise((resolve) => setImmediate(resolve));
  }
  await running;
  const { revision: newest, objects } = createSettingsStore(open(t, copy)).load();
  assert.equal([...objects].length, newest, 'every revision in the copy is whole');
  assert.ok(newest >= 1 && newest <= last);
  assert.equal(statSync(copy).mode & 0o777, 0o600);
  await assert.rejects(backupDatabase(database, copy), refused(/exists already/));
  await assert.rejects(
    backupDatabase(database, join(folder, 'no', 'such', 'folder.db')),
    refused(/could not be written/),
  );
});

test('one process per directory: a second one is told who holds it', (t) => {
  const folder = join(folderOf(t), 'data');
  const lock = lockDirectory(folder);
  assert.throws(
    () => lockDirectory(folder),
    refused(new RegExp(`is in use by process ${process.pid} on .*, since 20`)),
  );
  lock.release();
  lock.release();
  lockDirectory(folder).release();
});

test('a killed process leaves its lock free and its commits in place', async (t) => {
  const folder = folderOf(t);
  const script = `
    import { lockDirectory } from ${JSON.stringify(new URL('./lock.ts', import.meta.url).href)};
    import { openDatabase } from ${JSON.stringify(new URL('./database.ts', import.meta.url).href)};
    import { createSettingsStore } from ${JSON.stringify(new URL('./store.ts', import.meta.url).href)};
    lockDirectory(process.argv[1]);
    const store = createSettingsStore(openDatabase(process.argv[1] + '/spillway.db'));
    for (let n = 1; ; n++) {
      store.commit([{ kind: 'preset', name: 'p', version: n, archived: false, body: String(n) }],
        { revision: n, at: n, author: 'x', message: '', changes: [] });
      process.stdout.write(n + '\\n');
    }`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  let told = '';
  child.stdout.on('data', (chunk: Buffer) => (told += chunk.toString()));
  while (told.split('\n').length < 20) await once(child.stdout, 'data');
  assert.throws(() => lockDirectory(folder), refused(new RegExp(`in use by process ${child.pid} on`)));
  child.kill('SIGKILL');
  await once(child, 'close');
  const lock = lockDirectory(folder);
  const { revision: newest, objects } = createSettingsStore(open(t, join(folder, 'spillway.db'))).load();
  const acknowledged = Number(told.trim().split('\n').at(-1));
  assert.ok(newest >= acknowledged, `${newest} ≥ ${acknowledged}`);
  assert.deepEqual(
    [...objects].map(({ version, body }) => [version, body]),
    [[newest, String(newest)]],
  );
  lock.release();
});
