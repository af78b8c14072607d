/** What the simulator found, each as the smallest case that shows it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Snapshot } from '../src/core/snapshot.ts';
import {
  connected,
  says,
  snapshotOf,
  streams,
  virtualKeyHash,
  visit,
  type Script,
} from './support/virtual-world.ts';

const configured = (preset: string, a = '', b = ''): Snapshot =>
  snapshotOf(`
providers:
  up: { wire: openai-chat, base_url: 'https://up.example/v1', catalog: deepseek }
models:
  acme/a: { context: 100000, endpoints: [{ provider: up, model: a, price: { input: 1, output: 2 } }] ${a} }
  acme/b: { context: 100000, endpoints: [{ provider: up, model: b, price: { input: 1, output: 2 } }] ${b} }
presets: { p: { models: [acme/a, acme/b] ${preset} } }
keys: [{ name: test, key: '${virtualKeyHash}' }]`);

const ask = {
  model: '@preset/p',
  stream: true,
  max_tokens: 1_000,
  messages: [{ role: 'user', content: 'hello' }],
};
const silent: Script = [connected];

test('a shutdown before anybody has said anything is a failure, no cut answer', async () => {
  const seen = visit(configured(''), ask, [silent]);
  await seen.clock.advance(10);
  seen.depart('shutdown');
  await seen.clock.advance(10);
  assert.partialDeepStrictEqual(seen.records, [{ ending: 'failed', problem: 'draining' }]);
});

test('who waits for money that others hold waits no longer than attempts may begin', async () => {
  const limits = ', failover: { timeouts: { start_by: 1s } }, limits: [{ usd: 0.003, per: total }]';
  const first = visit(configured(limits), ask, [silent]);
  await first.clock.advance(10);
  const second = first.another(ask);
  await first.clock.advance(1_000);
  assert.equal(second.records[0]?.problem, 'limit_busy');
  first.depart('client');
  await first.clock.advance(10_000);
  assert.equal(first.calls.length, 1);
});

test('a fallback under the floor is not called because a longer answer is asked for than it could give', async () => {
  const short = ', max_output: 500, features: [tools], tier: small';
  const floor = ', floor: { tier: strong }';
  const tools = [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }];
  const seen = visit(configured(floor, ', features: [], tier: strong', short), { ...ask, tools }, [silent]);
  await seen.clock.advance(10);
  assert.equal(seen.calls.length, 0);
  assert.deepEqual(
    seen.records[0]?.skipped.map(({ reason }) => reason),
    ['tools', 'floor:tier'],
  );
});

test('a client that reads slowly and leaves behind the end does not keep the usage from being read', async () => {
  const seen = visit(configured(''), ask, [[connected, streams(1), says(1, 'hi', 'stop')]]);
  seen.slow.on = true;
  await seen.clock.advance(5);
  seen.depart('client');
  await seen.clock.advance(5);
  const words = seen.events.map((event) => event.split(' ')[1]);
  assert.ok(words.indexOf('resume') > words.indexOf('pause') && words.includes('pause'), words.join(' '));
});

const finished: readonly Script[number][] = [connected, streams(1), says(1, 'hi', 'stop')];
const slowEnds: Readonly<Record<string, { readonly script: Script; readonly reads: boolean }>> = {
  'more comes behind the end': { script: [...finished, says(300, 'more')], reads: false },
  'it reads on in the meantime': { script: finished, reads: true },
};
for (const why of ['client', 'shutdown'] as const)
  for (const [what, { script, reads }] of Object.entries(slowEnds))
    test(`a slow client does not keep an answer open that is complete, ${why}, though ${what}`, async () => {
      const seen = visit(configured(''), ask, [script]);
      seen.slow.on = true;
      await seen.clock.advance(5);
      seen.depart(why);
      if (reads) seen.slow.release();
      await seen.clock.advance(1_100);
      assert.equal(seen.records[0]?.ending, 'ok');
      await seen.clock.advance(5_000);
      assert.equal(seen.clock.pending, 0, 'no timer is left');
    });
