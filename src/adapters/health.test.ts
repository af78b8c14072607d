import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Endpoint } from '../core/snapshot.ts';
import { snapshotOf, VirtualClock } from '../../test/support/virtual-world.ts';
import { memoryHealth } from './health.ts';

function endpointWith(apiKey: string): Endpoint {
  const snapshot = snapshotOf(`
providers: { up: { wire: openai-chat, base_url: 'https://up.example/v1', api_key: ${apiKey} } }
models: { acme/a: { endpoints: [{ provider: up, model: a, price: { input: 1, output: 2 } }] } }
`);
  const [endpoint] = snapshot.endpoints.get('acme/a') ?? [];
  assert.ok(endpoint);
  return endpoint;
}

test('a refused credential is left alone until it changes; the same one applied again is still refused', () => {
  const health = memoryHealth(new VirtualClock());
  const before = endpointWith('sk-refused-key');
  health.enter(before, 'sk-refused-key', false)?.settle({ class: 'auth', status: 401, message: '' });
  assert.partialDeepStrictEqual(health.rest(before), { reason: 'breaker', why: 'auth' });
  assert.equal(health.rest(endpointWith('sk-refused-key'))?.reason, 'breaker');
  assert.equal(health.rest(endpointWith('sk-another-key')), undefined);
});
