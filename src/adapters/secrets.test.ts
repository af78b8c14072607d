import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { DataRefused } from './database.ts';
import { createResolver, createVault, hashKey, loadSecret } from './secrets.ts';

const vault = createVault(Buffer.from('a secret of sixteen'));

test('what is sealed opens in its place, and nowhere else', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.string(), fc.string(), (text, place, other) => {
      const sealed = vault.seal(place, text);
      assert.equal(vault.open(place, sealed), text);
      assert.equal(vault.seal(place, text), sealed, 'sealing again gives the same');
      if (other !== place) assert.equal(vault.open(other, sealed), undefined);
    }),
  );
});

test('another secret, or a changed byte, opens nothing', () => {
  const sealed = vault.seal('provider p credential', 'sk-secret');
  assert.equal(sealed.includes('sk-secret'), false);
  assert.equal(
    createVault(Buffer.from('another secret here')).open('provider p credential', sealed),
    undefined,
  );
  const bytes = Buffer.from(sealed.slice('sealed:'.length), 'base64url');
  for (let index = 0; index < bytes.length; index++) {
    const changed = Buffer.from(bytes);
    changed.writeUInt8(changed.readUInt8(index) ^ 1, index);
    assert.equal(
      vault.open('provider p credential', `sealed:${changed.toString('base64url')}`),
      undefined,
      `byte ${index}`,
    );
  }
  for (const junk of ['sealed:', 'sealed:AAAA', 'sealed:!!!']) assert.equal(vault.open('x', junk), undefined);
});

test('equal secrets in different places do not look equal', () => {
  assert.notEqual(vault.seal('a', 'same'), vault.seal('b', 'same'));
});

test('keys are new each time and kept as their SHA-256', () => {
  const keys = new Set(Array.from({ length: 100 }, () => vault.newKey()));
  assert.equal(keys.size, 100);
  for (const key of keys) assert.match(key, /^sk-[A-Za-z0-9_-]{43}$/);
  assert.equal(hashKey('abc'), 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});

test('references: variables, and files without their last line break', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-secrets-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, 'key'), 'sk-file\r\n');
  writeFileSync(join(folder, 'empty'), '\n');
  writeFileSync(join(folder, 'large'), 'x'.repeat(70_000));
  const resolve = createResolver({ SET: 'value', EMPTY: '' }, folder);
  const table: readonly [string, string | undefined][] = [
    ['env:SET', 'value'],
    ['env:EMPTY', undefined],
    ['env:UNSET', undefined],
    ['file:key', 'sk-file'],
    [`file:${join(folder, 'key')}`, 'sk-file'],
    ['file:empty', undefined],
    ['file:large', undefined],
    ['file:gone', undefined],
    ['file:.', undefined],
  ];
  for (const [reference, value] of table) assert.equal(resolve(reference), value, reference);
});

test('the secret of a data directory is made once, for its owner only', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-secrets-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const made = loadSecret(folder, undefined);
  assert.ok(made.length >= 32);
  assert.deepEqual(loadSecret(folder, undefined), made);
  assert.equal(statSync(join(folder, 'secret')).mode & 0o777, 0o600);
  assert.deepEqual(
    Buffer.from(loadSecret(folder, 'given by the operator')),
    Buffer.from('given by the operator'),
  );
  assert.throws(
    () => loadSecret(folder, 'short'),
    (cause) => cause instanceof DataRefused && /at least 16 characters/.test(cause.message),
  );
});
