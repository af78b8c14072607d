/**
 * What a dead primary costs in time, exact, in virtual time: until its breaker opens the limit that was set for it and
 * not a moment more, and then nothing.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bills,
  connected,
  refuses,
  says,
  snapshotOf,
  streams,
  virtualKeyHash,
  visit,
  type Script,
  type Visit,
} from './support/virtual-world.ts';

const firstToken = 300;

const snapshot = snapshotOf(`
providers:
  up: { wire: openai-chat, base_url: 'https://up.example/v1' }
  other: { wire: openai-chat, base_url: 'https://other.example/v1' }
models:
  acme/a: { context: 100000, endpoints: [{ provider: up, model: a, price: { input: 1, output: 2 } }] }
  acme/b: { context: 100000, endpoints: [{ provider: other, model: b, price: { input: 10, output: 20 } }] }
presets:
  pair:
    models: [acme/a, acme/b]
    failover: { timeouts: { connect: 200ms, first_token: ${firstToken}ms } }
    limits: [{ usd: 100, per: day }]
  fallback: { models: [acme/b], limits: [{ usd: 100, per: day }] }
keys: [{ name: test, key: '${virtualKeyHash}' }]
`);

/** From the call to its first content 8 ms. */
const well: Script = [connected, streams(5), says(2, 'hi', 'stop'), bills(1, 10, 2)];
const ownMs = 8;

const deaths: readonly (readonly [name: string, script: Script, ms: number])[] = [
  ['takes the request and never answers', [connected], 1 + firstToken],
  ['begins a stream and says nothing', [connected, streams(50)], 1 + firstToken],
  ['sends pings and no content', [connected, streams(1), ...pings(100)], 1 + firstToken],
  ['never takes the connection', [], 200],
  ['answers 500', refuses(1, 500), 1],
  [
    'refuses the connection',
    [[1, (sink) => sink.broken({ kind: 'unreachable', message: 'ECONNREFUSED' })]],
    1,
  ],
];

/** A comment of the event stream every 20 ms. */
function pings(count: number): Script {
  return Array.from({ length: count }, () => [20, (sink) => sink.data(Buffer.from(': ping\n\n'))]);
}

/** Ms until the client got content. */
async function waited(seen: Visit): Promise<number> {
  const began = seen.clock.ticks();
  await seen.clock.advance(400);
  const first = seen.events.find((event) => event.includes('write data'));
  assert.ok(first, seen.events.join('\n'));
  return Number.parseFloat(first) - began;
}

for (const [name, script, ms] of deaths)
  test(`a primary that ${name}: ${ms} ms more, and none once its breaker is open`, async () => {
    const ask = (preset: string): object => ({
      model: `@preset/${preset}`,
      stream: true,
      messages: [{ role: 'user', content: 'hi' }],
    });
    const first = visit(snapshot, ask('pair'), ({ model }) => (model === 'a' ? script : well));
    const before = [await waited(first)];
    for (let turn = 1; turn < 3; turn++) before.push(await waited(first.another(ask('pair'))));
    assert.deepEqual(before, Array(3).fill(ms + ownMs));
    assert.equal(first.health.breakers()[0]?.state, 'open');
    assert.equal(await waited(first.another(ask('pair'))), ownMs);
    assert.equal(await waited(first.another(ask('fallback'))), ownMs, 'as if it were asked directly');
    assert.deepEqual(first.faults, []);
  });
