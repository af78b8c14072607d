import assert from 'node:assert/strict';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { everything } from '../../test/support/arbitrary-records.ts';
import { temporaryFolder } from '../../test/support/gateway.ts';
import { openDatabase } from './database.ts';
import { insertEntries } from './generations.ts';
import { spendReports } from './spend-reports.ts';

const query = { by: ['workspace'], range: everything, filter: {}, limit: 10 } as const;

test('a report that fails is told to who asked for it, and the next one is made', async (t) => {
  const path = join(temporaryFolder(t), 'spillway.db');
  const none = new DatabaseSync(':memory:');
  t.after(() => none.close());
  const spend = spendReports(path, none);
  await assert.rejects(spend.report(query), /unable to open database file/);
  const database = openDatabase(path);
  t.after(() => database.close());
  const ended = {
    id: 'gen-1',
    at: everything.from * 3_600_000,
    workspace: 'team',
    key: 'ci',
    attempts: [],
    tags: {},
  };
  insertEntries(database, [{ record: JSON.stringify(ended), charges: [] }]);
  const reports = await Promise.all([spend.report(query), spend.report(query)]);
  assert.deepEqual(
    reports.map(({ rows, total }) => [rows[0]?.group, total.requests]),
    [
      [['team'], 1n],
      [['team'], 1n],
    ],
  );
});
