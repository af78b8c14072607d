import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Endpoint } from '../core/snapshot.ts';
import { snapshotOf } from '../../test/support/virtual-world.ts';
import { VirtualClock } from '../sim/clock.ts';
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

test('of an endpoint and its credentials the one that rests longer tells why', () => {
  const health = memoryHealth(new VirtualClock());
  const endpoint = endpointWith('sk-refused-key');
  const enter = (): ReturnType<typeof health.enter> => health.enter(endpoint, 'sk-refused-key', true);
  for (let time = 0; time < 3; time++) enter()?.settle({ class: 'server_error', status: 500, message: '' });
  assert.partialDeepStrictEqual(health.rest(endpoint), { why: 'server_error' });
  enter()?.settle({ class: 'auth', status: 401, message: '' });
  // A back-off is a guess, and who guesses may be asked as the last resort; a refused credential may not.
  assert.partialDeepStrictEqual(health.rest(endpoint), { why: 'auth' });
});

test('a pause that begins while a request waits for money keeps it from being sent', () => {
  let paused = false;
  const rest = { reason: 'paused', why: 'maintenance' } as const;
  const health = memoryHealth(new VirtualClock(), { pauses: { rest: () => (paused ? rest : undefined) } });
  const endpoint = endpointWith('sk-some-key');
  assert.ok(health.enter(endpoint, 'sk-some-key', false));
  paused = true;
  assert.equal(health.enter(endpoint, 'sk-some-key', false), undefined);
});

test('a probe that succeeds while a limit is told gives its place to the next', async () => {
  const clock = new VirtualClock();
  const health = memoryHealth(clock);
  const endpoint = endpointWith('sk-some-key');
  const enter = (): ReturnType<typeof health.enter> => health.enter(endpoint, 'sk-some-key', false);
  const late = enter();
  for (const call of [enter(), enter(), enter()])
    call?.settle({ class: 'server_error', status: 500, message: '' });
  await clock.advance(1_000);
  const probe = enter();
  await clock.advance(10);
  late?.settle({ class: 'rate_limit', status: 429, message: '', retryAfterMs: 20_000 });
  probe?.settle();
  assert.partialDeepStrictEqual(health.rest(endpoint), { why: 'rate_limit' });
  await clock.advance(20_000);
  assert.ok(enter(), 'the next may probe');
});
