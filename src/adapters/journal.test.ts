import assert from 'node:assert/strict';
import { appendFileSync, closeSync, mkdtempSync, openSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test, type TestContext } from 'node:test';
import { zero } from '../core/money.ts';
import type { GenerationRecord } from '../core/record.ts';
import { openDatabase } from './database.ts';
import { recentRecords, recordById } from './generations.ts';
import { openJournal, type DurableJournal } from './journal.ts';

const record = (id: string, at = Date.now()): GenerationRecord => ({
  id,
  at,
  latencyMs: 1,
  revision: 1,
  workspace: 'default',
  key: 'test',
  api: 'chat',
  stream: false,
  requested: 'x',
  ending: 'ok',
  attempts: [],
  skipped: [],
  warnings: [],
  tags: {},
  cost: zero,
});

type Setting = {
  readonly folder: string;
  readonly reader: DatabaseSync;
  readonly open: () => DurableJournal;
  readonly faults: unknown[];
};

function setting(t: TestContext): Setting {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-test-'));
  const database = join(folder, 'spillway.db');
  const reader = openDatabase(database);
  const faults: unknown[] = [];
  t.after(() => {
    reader.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder,
    reader,
    faults,
    open: () => openJournal({ folder, database, reader, fault: (error) => faults.push(error) }),
  };
}

test('the records of a preset, and of one version of it, committed or not', async (t) => {
  const { open, faults } = setting(t);
  const rows: readonly (readonly [id: string, at: number, more: Partial<GenerationRecord>])[] = [
    ['gen-1', 100, { preset: 'coder', presetVersion: 1 }],
    ['gen-2', 200, { preset: 'coder', presetVersion: 2 }],
    ['gen-3', 300, { preset: 'coder', presetVersion: 'draft' }],
    ['gen-4', 400, { preset: 'coder', presetVersion: 2, workspace: 'team' }],
    [
      'gen-5',
      500,
      {
        preset: 'other',
        presetVersion: 2,
        routed: [
          { preset: 'auto', version: 3, rule: 1 },
          { preset: 'coder', version: 1, rule: 0 },
        ],
      },
    ],
    ['gen-6', 600, {}],
    ['gen-7', 700, { preset: 'coder', presetVersion: 2 }],
  ];
  const found = (journal: DurableJournal): unknown => {
    const which = { workspace: 'default', preset: 'coder', since: 0, most: 10 };
    const ids = (more: object): readonly string[] =>
      journal.ofPreset({ ...which, ...more }).map(({ id }) => id);
    return [
      ids({}),
      ids({ most: 2 }),
      ids({ since: 200 }),
      ids({ version: 2 }),
      ids({ version: 'draft' }),
      ids({ workspace: 'team' }),
      ids({ sentOn: true }),
      ids({ sentOn: true, most: 3 }),
      ids({ sentOn: true, version: 1 }),
      ids({ sentOn: true, version: 2 }),
      ids({ sentOn: true, preset: 'auto', version: 3 }),
      ids({ sentOn: true, preset: 'auto', version: 2 }),
      ids({ sentOn: true, preset: 'auto', workspace: 'team' }),
      ids({ preset: 'auto' }),
    ];
  };
  const expected = [
    ['gen-7', 'gen-3', 'gen-2', 'gen-1'],
    ['gen-7', 'gen-3'],
    ['gen-7', 'gen-3', 'gen-2'],
    ['gen-7', 'gen-2'],
    ['gen-3'],
    ['gen-4'],
    ['gen-7', 'gen-5', 'gen-3', 'gen-2', 'gen-1'],
    ['gen-7', 'gen-5', 'gen-3'],
    ['gen-5', 'gen-1'],
    ['gen-7', 'gen-2'],
    ['gen-5'],
    [],
    [],
    [],
  ];
  const journal = open();
  for (const [id, at, more] of rows) journal.close({ ...record(id, at), ...more }, []);
  assert.deepEqual(found(journal), expected, 'in memory');
  await journal.stop();
  const again = open();
  assert.deepEqual(found(again), expected, 'in SQLite');
  again.close({ ...record('gen-8', 800), preset: 'coder', presetVersion: 2 }, []);
  assert.deepEqual(again.ofPreset({ workspace: 'default', preset: 'coder', since: 700, most: 9 }).length, 2);
  await again.stop();
  assert.deepEqual(faults, []);
});

test('a record is readable at once, and in SQLite after a stop', async (t) => {
  const { folder, reader, open, faults } = setting(t);
  const journal = open();
  journal.close(record('gen-1'), []);
  assert.equal(journal.find('gen-1')?.id, 'gen-1');
  assert.equal(journal.find('gen-2'), undefined);
  await journal.stop();
  assert.equal(recordById(reader, 'gen-1')?.id, 'gen-1');
  assert.deepEqual(
    readdirSync(folder).filter((name) => name.endsWith('.ndjson')),
    [],
    'nothing is left to be read again',
  );
  assert.deepEqual(faults, []);
});

test('what a killed process had appended is there after the next start, a torn last line apart', async (t) => {
  const { folder, reader, open } = setting(t);
  appendFileSync(
    join(folder, 'journal-1-0.ndjson'),
    `${JSON.stringify(record('gen-a', 1))}\n${JSON.stringify(record('gen-b', 2))}\n{"id":"gen-c","at":`,
  );
  const journal = open();
  assert.deepEqual(
    journal.recent(10).map(({ id }) => id),
    ['gen-b', 'gen-a'],
  );
  await journal.stop();
  assert.equal(recordById(reader, 'gen-c'), undefined);
});

test('the same record twice is one', async (t) => {
  const { folder, reader, open } = setting(t);
  for (const name of ['journal-1-0.ndjson', 'journal-2-0.ndjson'])
    appendFileSync(join(folder, name), `${JSON.stringify(record('gen-a'))}\n`);
  await open().stop();
  assert.equal(recentRecords(reader, 10).length, 1);
});

test('recent is newest first, across memory and SQLite', async (t) => {
  const { open } = setting(t);
  const first = open();
  for (let index = 0; index < 5; index++) first.close(record(`gen-${index}`, 1_000 + index), []);
  await first.stop();
  const second = open();
  second.close(record('gen-5', 2_000), []);
  assert.deepEqual(
    second.recent(3).map(({ id }) => id),
    ['gen-5', 'gen-4', 'gen-3'],
  );
  await second.stop();
});

test('a busy database delays the commit and loses nothing; the operator is told', async (t) => {
  const { folder, reader, open, faults } = setting(t);
  const journal = open();
  const other = new DatabaseSync(join(folder, 'spillway.db'));
  other.exec('BEGIN IMMEDIATE');
  journal.close(record('gen-1'), []);
  while (faults.length === 0) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.match(String(faults[0]), /records wait: database is locked/);
  assert.equal(journal.find('gen-1')?.id, 'gen-1');
  other.exec('ROLLBACK');
  other.close();
  while (!recordById(reader, 'gen-1')) await new Promise((resolve) => setTimeout(resolve, 50));
  await journal.stop();
});

test('those who follow are told of each record', async (t) => {
  const { open } = setting(t);
  const journal = open();
  const told: string[] = [];
  const stop = journal.follow(({ id }) => told.push(id));
  journal.close(record('gen-1'), []);
  stop();
  journal.close(record('gen-2'), []);
  assert.deepEqual(told, ['gen-1']);
  await journal.stop();
});

test('files that are committed are deleted while the process runs', async (t) => {
  const { folder, open } = setting(t);
  const journal = open();
  const large = 'x'.repeat(3 * 1024 * 1024);
  for (let index = 0; index < 8; index++) journal.close({ ...record(`gen-${index}`), warnings: [large] }, []);
  const files = (): number => readdirSync(folder).filter((name) => name.endsWith('.ndjson')).length;
  while (files() > 1) await new Promise((resolve) => setTimeout(resolve, 20));
  await journal.stop();
  assert.equal(files(), 0);
});

test('a lease that is asked for just before the end is answered', async (t) => {
  const { open, faults } = setting(t);
  const journal = open();
  const taking = journal.take([{ counter: 'gateway usd/day @0', ends: Infinity, amount: 5 }]);
  await journal.stop();
  assert.deepEqual(await taking, [5]);
  assert.deepEqual(faults, []);
});

const onLinux = process.platform === 'linux' ? false : 'needs /proc to find the file that is open';

test(
  'what cannot be appended stays leased over a stop, and counts as spent at the next start',
  { skip: onLinux },
  async (t) => {
    const { folder, reader, open, faults } = setting(t);
    const journal = open();
    await journal.take([{ counter: 'key default/ci usd/total @0', ends: Infinity, amount: 100 }]);
    const file = readdirSync('/proc/self/fd').find((fd) => {
      try {
        return readlinkSync(`/proc/self/fd/${fd}`).startsWith(join(folder, 'journal-'));
      } catch {
        return false;
      }
    });
    // From here on the disk is full, for this file.
    closeSync(Number(file));
    assert.equal(openSync('/dev/full', 'a'), Number(file));
    journal.close(record('gen-1'), [
      { counter: 'key default/ci usd/total @0', ends: Infinity, paid: 70, released: 30 },
    ]);
    assert.match(String(faults[0]), /ENOSPC/);
    await journal.stop();
    const spent = (): number => Number(reader.prepare('SELECT spent FROM budgets').get()?.['spent']);
    assert.equal(spent(), 0);
    await open().stop();
    assert.equal(spent(), 100);
  },
);
