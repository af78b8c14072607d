/** A key gets a new secret while the old one still works: nobody has to change two places at one moment. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue } from './support/sample-catalogue.ts';
import { applied, document, local, open, sha256, withKeys } from './support/applying.ts';
import { authenticate } from '../src/request/authenticate.ts';
import { Refused } from '../src/core/problem.ts';
import type { OpenConfiguration } from '../src/control/configuration.ts';

const hour = 3_600_000;
/** The clock of the settings stands here, give or take some ms. */
const noon = Date.parse('2026-11-15T00:00:00Z');

function answerTo(configuration: OpenConfiguration, secret: string, now: number): string {
  try {
    const headers = { authorization: `Bearer ${secret}` };
    return authenticate(headers, configuration.snapshot(), { digest: sha256, now }).name;
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return error.problem.code;
  }
}

test('both secrets work until the overlap ends, then only the new one; a start changes nothing', async (t) => {
  const { settings, configuration } = open(t);
  withKeys(settings);
  await applied(configuration, document);
  const first = (await configuration.addKey({ name: 'app', expiresAt: noon + 10 * hour }, local)).secret;
  const { secret: second, key } = await configuration.rotateKey('app', noon + hour, local);
  assert.equal(key.retiringUntil, noon + hour);
  assert.notEqual(key.hash, sha256(first).slice(0, 12));
  for (const from of [configuration, settings.open({ catalogue })]) {
    const at = (ms: number) => [answerTo(from, first, noon + ms), answerTo(from, second, noon + ms)];
    assert.deepEqual(at(hour - 1), ['app', 'app']);
    assert.deepEqual(at(hour), ['key_expired', 'app']);
    assert.deepEqual(at(10 * hour), ['key_expired', 'key_expired']);
  }
});

test('no secret ends before the time it was promised, and without an overlap all end at once', async (t) => {
  const { settings, configuration } = open(t);
  withKeys(settings);
  await applied(configuration, document);
  const first = (await configuration.addKey({ name: 'app' }, local)).secret;
  const second = (await configuration.rotateKey('app', noon + hour, local)).secret;
  const all = (): string[] => [first, second].map((secret) => answerTo(configuration, secret, noon));
  assert.deepEqual(all(), ['app', 'app']);
  await assert.rejects(
    configuration.rotateKey('app', noon + 2 * hour, local),
    /the secret before the last rotation of app is accepted until 2026-11-15T01:00:00.000Z, and a key has two at most/,
  );
  const third = (await configuration.rotateKey('app', 0, local)).secret;
  assert.deepEqual(all(), ['invalid_key', 'invalid_key']);
  assert.equal(answerTo(configuration, third, noon), 'app');
  await configuration.removeKey('app', local);
  assert.equal(answerTo(configuration, third, noon), 'invalid_key');
});

test('an export holds both as hashes and comes back the same; a key by reference is rotated where it stands', async (t) => {
  const { settings, configuration } = open(t);
  withKeys(settings);
  await applied(configuration, document);
  const first = (await configuration.addKey({ name: 'app' }, local)).secret;
  await configuration.rotateKey('app', noon + hour, local);
  const again = await applied(configuration, configuration.export());
  assert.equal(again.changes.filter(({ action }) => action !== 'unchanged').length, 0);
  assert.equal(answerTo(configuration, first, noon), 'app');
  await assert.rejects(
    configuration.rotateKey('dev', noon + hour, local),
    /the key dev is read from env:\w+: change it there/,
  );
});
