import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { fallbackRecord } from '../../test/support/in-memory-control.ts';
import { forgetRecords, insertEntries, recentRecords } from './generations.ts';
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
