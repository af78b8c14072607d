import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { fallbackRecord } from '../../test/support/in-memory-control.ts';
import { forgetRecords, insertEntries, recentRecords, recordById, recordsOfPreset } from './generations.ts';
import { migrations } from './schema.ts';

const dayMs = 86_400_000;

test('records end with their days, what they came to stays', () => {
  const database = new DatabaseSync(':memory:');
  for (const step of migrations) database.exec(step);
  const now = Date.UTC(2026, 10, 24);
  const aged = (days: number) => ({ ...fallbackRecord(), id: `gen-${days}`, at: now - days * dayMs });
  insertEntries(
    database,
    [91, 89].map((days) => ({ record: JSON.stringify(aged(days)), charges: [] })),
  );
  const requests = (): unknown =>
    database.prepare('SELECT sum(requests) AS requests FROM spend').get()?.['requests'];
  const before = requests();
  forgetRecords(database, now - 90 * dayMs);
  assert.deepEqual(
    recentRecords(database, 10).map(({ id }) => id),
    ['gen-89'],
  );
  assert.deepEqual([before, requests()], [2, 2]);
});

test('records of an older schema are all there, by id, by time and by preset', () => {
  const database = new DatabaseSync(':memory:');
  for (const step of migrations.slice(0, 5)) database.exec(step);
  const old = database.prepare('INSERT INTO generations (id, at, record) VALUES (?, ?, ?)');
  const { preset: _none, presetVersion: _neither, ...plain } = fallbackRecord();
  const records = [
    { ...plain, id: 'gen-3', at: 3 },
    { ...fallbackRecord(), id: 'gen-2', at: 2, preset: 'coder', presetVersion: 7 },
    { ...fallbackRecord(), id: 'gen-1', at: 1, preset: 'coder', presetVersion: 'draft' as const },
  ];
  for (const record of records) old.run(record.id, record.at, JSON.stringify(record));
  for (const step of migrations.slice(5)) database.exec(step);
  assert.deepEqual(recentRecords(database, 10), records);
  assert.deepEqual(recordById(database, 'gen-2'), records[1]);
  const of = (version?: number | 'draft'): readonly string[] =>
    recordsOfPreset(database, {
      workspace: plain.workspace,
      preset: 'coder',
      since: 0,
      most: 10,
      ...(version === undefined ? {} : { version }),
    }).map(({ id }) => id);
  assert.deepEqual([of(), of(7), of('draft')], [['gen-2', 'gen-1'], ['gen-2'], ['gen-1']]);
  insertEntries(
    database,
    [...records, { ...fallbackRecord(), id: 'gen-4', at: 4, preset: 'coder', presetVersion: 7 }].map(
      (record) => ({
        record: JSON.stringify(record),
        charges: [],
      }),
    ),
  );
  assert.deepEqual(of(7), ['gen-4', 'gen-2'], 'what is there already stays as it is');
});
