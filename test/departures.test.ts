/**
 * The client leaves, in every phase of its request: the provider's connection is closed in that very moment, nothing
 * further begins, nobody is blamed, and what was used is settled once. Exact in virtual time, in order on real sockets.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request, type ServerResponse } from 'node:http';
import { test, type TestContext } from 'node:test';
import { key, startTestGateway, type TestGateway } from './support/gateway.ts';
import { bodyOf, routes, type Dialects } from './support/seen-answer.ts';
import { completion, json, startUpstream, type TestUpstream } from './support/upstream.ts';
import {
  bills,
  connected,
  says,
  snapshotOf,
  streams,
  virtualKeyHash,
  visit,
  type Script,
  type Visit,
} from './support/virtual-world.ts';

const document = (limits: string): string => `
limits: [${limits}]
providers: { up: { wire: openai-chat, base_url: 'https://up.example/v1', catalog: deepseek } }
models:
  acme/a: { context: 100000, endpoints: [{ provider: up, model: a, price: { input: 1, output: 2 } }] }
  acme/b: { context: 100000, endpoints: [{ provider: up, model: b, price: { input: 10, output: 20 } }] }
presets: { p: { models: [acme/a, acme/b] } }
keys: [{ name: test, key: '${virtualKeyHash}' }]
`;
const plain = snapshotOf(document('{ usd: 1000, per: day }'));
const ask = { model: '@preset/p', stream: true, messages: [{ role: 'user', content: 'hi' }] };
const good: Script = [connected, streams(1), says(10, 'Hel'), says(10, 'lo', 'stop'), bills(1, 10, 5)];
const refusesAt = (ms: number, then: () => void): Script => [
  [ms, (sink) => sink.connected()],
  [0, (sink) => sink.head(500, {})],
  [
    0,
    (sink) => {
      sink.end();
      then();
    },
  ],
];

type Phase = {
  readonly script: Script;
  /** Ms after the request came. */
  readonly leaves: number;
  /** The attempt's outcome, and what it is paid with. */
  readonly attempt: readonly [string, string];
};

const phases: Readonly<Record<string, Phase>> = {
  'before there is a connection': { script: [], leaves: 3, attempt: ['client_gone', 'none'] },
  'before the head': { script: [connected], leaves: 40_000, attempt: ['client_gone', 'unmeasured'] },
  'before the first token': {
    script: [connected, streams(1)],
    leaves: 40_000,
    attempt: ['client_gone', 'unmeasured'],
  },
  'in mid-stream': {
    script: [connected, streams(1), says(1, 'some words of an answer'), says(60_000, 'x')],
    leaves: 10_000,
    attempt: ['client_gone', 'unmeasured'],
  },
  'while a refusal is read': {
    script: [connected, [1, (sink) => sink.head(429, {})]],
    leaves: 100,
    attempt: ['client_gone', 'none'],
  },
};

async function closed(seen: Visit): Promise<void> {
  await seen.clock.advance(600_000);
  await seen.done;
  assert.deepEqual(seen.faults, []);
  assert.deepEqual(
    seen.records.map(({ ending }) => ending),
    ['client_gone'],
    'one record',
  );
  assert.equal(seen.held(), 0, 'every hold is settled');
  assert.equal(seen.clock.pending, 0, 'no timer is left');
}

for (const [phase, { script, leaves, attempt }] of Object.entries(phases))
  test(`${phase}: cancelled in that moment`, async () => {
    const seen = visit(plain, ask, [script, good]);
    await seen.clock.advance(leaves);
    const told = seen.events.length;
    seen.depart('client');
    await seen.clock.advance(0);
    assert.equal(seen.cancelled(), 1, 'before any time has passed');
    assert.equal(seen.records.length, 1);
    await closed(seen);
    assert.equal(seen.calls.length, 1, 'no further hop');
    assert.equal(seen.events.length, told, 'nothing is written to nobody');
    const [only] = seen.settled;
    assert.deepEqual([only?.outcome, only?.basis, only?.latencyMs], [...attempt, leaves]);
    // What was sent and broke off has its estimate, and its bound in the limits.
    assert.equal((only?.unmeasured ?? 0) > 0, attempt[1] === 'unmeasured');
    assert.equal(seen.standings()[0]?.spent ?? 0, only?.carried ?? 0);
    assert.deepEqual(seen.health.breakers(), [], 'nobody is blamed');
  });

test('between two hops: in the very moment of the failure, and the second is not begun', async () => {
  const leaving: { now: () => void } = { now: () => assert.fail() };
  const seen = visit(plain, ask, [refusesAt(5, () => leaving.now()), good]);
  leaving.now = () => seen.depart('client');
  await closed(seen);
  assert.deepEqual([seen.calls.length, seen.settled.map(({ outcome }) => outcome)], [1, ['server_error']]);
});

test('while it waits for what others hold: nothing is begun, and the wait is over', async () => {
  const first = visit(snapshotOf(document('{ concurrent: 1 }')), ask, [
    [connected, streams(1), says(1, 'a')],
  ]);
  await first.clock.advance(100);
  const second = first.another(ask);
  await second.clock.advance(3_000);
  assert.deepEqual([second.calls.length, second.records.length], [1, 0], 'it waits');
  second.depart('client');
  await second.clock.advance(0);
  assert.deepEqual(
    second.records.map(({ ending, attempts }) => [ending, attempts.length]),
    [['client_gone', 0]],
  );
  assert.equal(second.calls.length, 1);
  first.depart('client');
  await closed(first);
});

/** On real sockets: the second upstream answers well, and is never asked. */
type Real = {
  readonly gateway: TestGateway;
  readonly first: TestUpstream;
  readonly second: TestUpstream;
  readonly order: string[];
};

type Stage = 'before the head' | 'before the first token' | 'in mid-stream';

const piece = (delta: object): string =>
  `data: ${JSON.stringify({ id: 'u', created: 1, model: 'x', choices: [{ index: 0, delta, finish_reason: null }] })}\n\n`;

async function start(t: TestContext, stage: Stage): Promise<Real> {
  const order: string[] = [];
  const behave = (response: ServerResponse): void => {
    order.push('asked');
    response.on('close', () => order.push('upstream closed'));
    if (stage === 'before the head') return;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(piece({ role: 'assistant', content: '' }));
    if (stage === 'in mid-stream') response.write(piece({ content: 'some words' }));
  };
  const first = await startUpstream(t, behave);
  const second = await startUpstream(t, json(200, completion('never')));
  const gateway = await startTestGateway(
    t,
    `
limits: [{ usd: 1000, per: day }]
providers:
  one: { wire: openai-chat, base_url: '${first.url}', catalog: deepseek }
  two: { wire: openai-chat, base_url: '${second.url}' }
models:
  acme/one: { context: 100000, endpoints: [{ provider: one, model: one, price: { input: 1, output: 2 } }] }
  acme/two: { context: 100000, endpoints: [{ provider: two, model: two, price: { input: 10, output: 20 } }] }
presets: { p: { models: [acme/one, acme/two] } }
keys: [{ name: test, key: '${key}' }]
`,
  );
  gateway.journal.follow(() => order.push('record'));
  return { gateway, first, second, order };
}

async function until(condition: () => boolean): Promise<void> {
  for (let tries = 0; !condition() && tries < 2_000; tries++) await new Promise((go) => setTimeout(go, 2));
  assert.ok(condition(), 'it never happened');
}

/** Asks, and leaves as soon as the stage is reached. */
async function leave({ gateway, order }: Real, api: Dialects, stage: Stage): Promise<void> {
  const asking = request(`${gateway.base}${routes[api]}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
  });
  asking.on('error', () => undefined);
  asking.end(JSON.stringify(bodyOf(api, '@preset/p', 'hi', true)));
  if (stage === 'in mid-stream') {
    const [answer] = (await once(asking, 'response')) as [NodeJS.ReadableStream];
    await once(answer, 'data');
  } else await until(() => order.includes('asked'));
  order.push('client left');
  asking.destroy();
}

for (const stage of ['before the head', 'before the first token', 'in mid-stream'] as const)
  for (const api of ['chat', 'responses', 'messages'] as const)
    test(`on real sockets, ${api}, ${stage}: the provider sees the connection close, and nobody else is asked`, async (t) => {
      const real = await start(t, stage);
      await leave(real, api, stage);
      await until(() => real.order.includes('upstream closed') && real.order.includes('record'));
      assert.deepEqual(real.order.slice(0, 2), ['asked', 'client left']);
      assert.deepEqual(real.order.slice(2).sort(), ['record', 'upstream closed'], 'each once');
      assert.deepEqual([real.first.asked.length, real.second.asked.length], [1, 0]);
      const { ending, attempts } = real.gateway.lastRecord();
      assert.deepEqual(
        [ending, attempts.map(({ outcome, basis }) => [outcome, basis])],
        ['client_gone', [['client_gone', 'unmeasured']]],
      );
      assert.ok((attempts[0]?.carried ?? 0) > 0, 'limits count what it may have cost');
    });
