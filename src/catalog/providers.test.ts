import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCatalogue } from './load.ts';
import { knownProviders } from './providers.ts';

test('every provider of the catalogue is known, and every known one sells something', () => {
  const offering = [...loadCatalogue().models.values()].flatMap(({ offers }) =>
    offers.map(({ provider }) => provider),
  );
  assert.deepEqual([...knownProviders.keys()], [...new Set(offering)].sort());
});

test('addresses are absolute, https and without a trailing slash; keys come from the environment', () => {
  for (const { name, baseUrl, env, also = [] } of knownProviders.values()) {
    for (const address of [baseUrl, ...also.map((other) => other.baseUrl)]) {
      assert.equal(new URL(address).protocol, 'https:', name);
      assert.doesNotMatch(address, /\/$/, name);
    }
    assert.ok(env.length > 0 && env.every((variable) => /^[A-Z][A-Z0-9_]+$/.test(variable)), name);
  }
});

test('each presents its key the way its dialect wants it', () => {
  assert.deepEqual(knownProviders.get('anthropic')?.auth, { header: 'x-api-key', scheme: '' });
  assert.deepEqual(knownProviders.get('google')?.auth, { header: 'x-goog-api-key', scheme: '' });
  assert.equal(knownProviders.get('google')?.wire, 'gemini');
  assert.deepEqual(knownProviders.get('openai')?.auth, { header: 'authorization', scheme: 'Bearer' });
});
