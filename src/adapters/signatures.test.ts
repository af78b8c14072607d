/** Signatures of thinking on a real database: known again after a restart, bounded, and not there in clear. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { DatabaseSync } from 'node:sqlite';
import { openDatabase } from './database.ts';
import { insertSignatures, knownSignatures, openSignatures, type KeptSignatures } from './signatures.ts';

const secret = Buffer.from('a secret of the test');

function openTestDatabase(t: TestContext): DatabaseSync {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-signatures-'));
  const database = openDatabase(join(folder, 'spillway.db'));
  t.after(() => {
    database.close();
    rmSync(folder, { recursive: true });
  });
  return database;
}

/** As a process that starts would open them. */
function start(database: DatabaseSync, key: Uint8Array = secret): KeptSignatures {
  return openSignatures({
    secret: key,
    before: knownSignatures(database),
    keep: (rows) => insertSignatures(database, rows),
  });
}

test('what was remembered is known after a restart, in its workspace alone', (t) => {
  const database = openTestDatabase(t);
  const first = start(database);
  first.remember('a', ['one', 'two'], 'anthropic/anthropic');
  first.remember('b', ['one'], 'google/google');
  first.flush();
  const second = start(database);
  const issuers = ['a', 'b', 'c'].map((workspace) => second.issuerOf(workspace, 'one'));
  assert.deepEqual(issuers, ['anthropic/anthropic', 'google/google', undefined]);
  assert.equal(second.issuerOf('a', 'two'), 'anthropic/anthropic');
  assert.equal(start(database, Buffer.from('another secret of it')).issuerOf('a', 'one'), undefined);
  assert.equal(JSON.stringify([...knownSignatures(database)]).includes('two'), false);
});

test('what is new is handed over in batches, and once', () => {
  const batches: number[] = [];
  const signatures = openSignatures({ secret, keep: (rows) => batches.push(rows.length) });
  signatures.remember('a', ['one', 'two'], 'x/y');
  signatures.remember('a', ['two', 'three'], 'x/y');
  signatures.flush();
  signatures.remember('a', ['one'], 'x/y');
  signatures.flush();
  assert.deepEqual(batches, [3]);
});

test('the oldest are forgotten, in memory and in the database', (t) => {
  const database = openTestDatabase(t);
  const signatures = start(database);
  const names = Array.from({ length: 50_002 }, (_, at) => `s${at}`);
  signatures.remember('busy', names, 'x/y');
  signatures.remember('quiet', ['kept'], 'x/y');
  signatures.flush();
  for (const known of [signatures, start(database)]) {
    const issuers = ['s0', 's1', 's2', 's50001'].map((name) => known.issuerOf('busy', name));
    assert.deepEqual(issuers, [undefined, undefined, 'x/y', 'x/y']);
    assert.equal(known.issuerOf('quiet', 'kept'), 'x/y');
  }
});
