import assert from 'node:assert/strict';
import { test } from 'node:test';
import { applied, local, open, sha256 } from '../../test/support/applying.ts';
import { OperationRefused } from './operations.ts';

test('keys: made once, shown once, switched off and removed', async (t) => {
  const { settings, configuration } = open(t);
  await applied(configuration, 'presets: { coder: {} }');
  const { secret, key } = await configuration.addKey(
    { name: 'ci', presets: ['coder'], expiresAt: Date.parse('2027-01-01') },
    local,
  );
  assert.match(secret, /^sk-[\w-]{32,}$/);
  const hash = sha256(secret);
  assert.deepEqual(key, {
    name: 'ci',
    workspace: 'default',
    hash: hash.slice(0, 12),
    disabled: false,
    presets: ['coder'],
    expiresAt: Date.parse('2027-01-01'),
  });
  assert.equal(configuration.snapshot().keys.get(hash)?.presets?.has('coder'), true);
  assert.equal((await configuration.setKeyDisabled('ci', true, local)).disabled, true);
  assert.equal(settings.open().snapshot().keys.get(hash)?.disabled, true);
  const reopened = settings.open();
  await reopened.setKeyDisabled('ci', false, local);
  assert.equal(reopened.snapshot().keys.get(hash)?.disabled, false);
  await reopened.removeKey('ci', local);
  assert.equal(reopened.snapshot().keys.has(hash), false);
  const again = await reopened.addKey({ name: 'ci' }, local);
  assert.notEqual(again.secret, secret);
});

test('operations on keys that cannot be done say why and change nothing', async (t) => {
  const { configuration } = open(t);
  await applied(configuration, 'presets: { coder: {} }');
  await configuration.addKey({ name: 'ci' }, local);
  const table: readonly [() => Promise<unknown>, number, RegExp][] = [
    [() => configuration.addKey({ name: 'ci' }, local), 409, /there is a key ci already/],
    [() => configuration.addKey({ name: 'C I' }, local), 400, /name must be lower-case.*e.g. c-i/],
    [
      () => configuration.addKey({ name: 'x', presets: ['codr'] }, local),
      400,
      /presets\[0\] there is no preset "codr"; did you mean coder/,
    ],
    [
      () => configuration.addKey({ name: 'x', workspace: 'team' }, local),
      400,
      /workspace there is no workspace "team"/,
    ],
    [() => configuration.addKey({ name: 'x', expiresAt: 0 }, local), 400, /expires is over/],
    [() => configuration.setKeyDisabled('cii', true, local), 404, /there is no key "cii"; did you mean ci\?/],
    [() => configuration.removeKey('zzzzzz', local), 404, /there is no key "zzzzzz"$/],
  ];
  for (const [operation, status, words] of table) {
    await assert.rejects(operation, (cause) => {
      assert.ok(cause instanceof OperationRefused, String(cause));
      assert.equal(cause.status, status);
      assert.match(cause.message, words);
      return true;
    });
  }
  assert.equal(configuration.history(10).length, 2);
});
