/**
 * Where hanging up does not stop the bill, an answer is read on after its client left, so that it is settled with what it
 * really cost. The client's side is over at once; the money, and its place in the limits on what runs, are free when the
 * reading ends; a shutdown ends it.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request, type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { openDrains } from '../src/adapters/drains.ts';
import { key, startTestGateway } from './support/gateway.ts';
import { startUpstream } from './support/upstream.ts';
import {
  answers,
  bills,
  breaks,
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

const document = (
  provider: string,
  limits = '{ usd: 1000, per: day }, { premium_usd: 1000, per: day }',
): string => `
limits: [${limits}]
providers: { up: { wire: openai-chat, base_url: 'https://up.example/v1', ${provider} } }
models:
  acme/a: { context: 100000, endpoints: [{ provider: up, model: a, price: { input: 1, output: 2 } }] }
  acme/b: { context: 100000, endpoints: [{ provider: up, model: b, price: { input: 10, output: 20 } }] }
presets: { p: { models: [acme/a, acme/b] } }
keys: [{ name: test, key: '${virtualKeyHash}' }]
`;
const drained = snapshotOf(document('drain: 30s'));
const ask = { model: '@preset/p', stream: true, messages: [{ role: 'user', content: 'hi' }] };
const whole = { ...ask, stream: false };
const slow: Script = [
  connected,
  streams(1),
  says(1, 'Hel'),
  says(10_000, 'lo', 'stop'),
  bills(1, 1_000, 100),
];
const good: Script = [connected, streams(1), says(1, 'hello', 'stop'), bills(1, 10, 5)];
const completion = {
  id: 'u',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1_000, completion_tokens: 100 },
};
/** 1,000 tokens in and 100 out at $1 and $2 per million, in nano-USD. */
const price = 1_200_000;

async function over(seen: Visit): Promise<void> {
  await seen.clock.advance(600_000);
  await seen.done;
  assert.deepEqual(seen.faults, []);
  assert.deepEqual(
    seen.records.map(({ ending }) => ending),
    ['client_gone'],
    'one record',
  );
  assert.equal(seen.calls.length, 1, 'no further hop');
  assert.equal(seen.held(), 0, 'every hold is settled');
  assert.equal(seen.clock.pending, 0, 'no timer is left');
  assert.equal(seen.drains.running, 0);
}

/** What the client was sent. */
const writes = ({ events }: Visit): readonly string[] =>
  events.filter((event) => !/ (pause|resume)$/.test(event));

const money = ({ settled: [only] }: Visit): readonly unknown[] => [
  only?.outcome,
  only?.basis,
  only?.cost,
  only?.latencyMs,
];

type Case = {
  readonly body?: object;
  readonly script: Script;
  readonly leaves: number;
  /** Outcome, basis, cost, ms. */
  readonly money: readonly [string, string, number, number];
};

const cases: Readonly<Record<string, Case>> = {
  'a stream in the middle': { script: slow, leaves: 100, money: ['client_gone', 'measured', price, 10_004] },
  'a stream before its first token': {
    script: [connected, streams(1), says(10_000, 'hello', 'stop'), bills(1, 1_000, 100)],
    leaves: 100,
    money: ['client_gone', 'measured', price, 10_003],
  },
  'a stream before its head': {
    script: [connected, streams(10_000), says(1, 'hello', 'stop'), bills(1, 1_000, 100)],
    leaves: 100,
    money: ['client_gone', 'measured', price, 10_003],
  },
  'an answer in one piece': {
    body: whole,
    script: [
      connected,
      [10_000, (sink) => sink.head(200, { 'content-type': 'application/json' })],
      ...answers(completion).slice(2),
    ],
    leaves: 100,
    money: ['client_gone', 'measured', price, 10_001],
  },
  'a silence of more than `first_token`, for nobody waits for a token': {
    script: [connected, streams(1), says(29_000, 'late', 'stop'), bills(1, 1_000, 100)],
    leaves: 100,
    money: ['client_gone', 'measured', price, 29_003],
  },
  'an answer that takes longer than it is read on': {
    script: [connected, streams(1), says(1, 'Hel'), says(40_000, 'lo', 'stop'), bills(1, 1_000, 100)],
    leaves: 100,
    money: ['client_gone', 'unmeasured', 0, 30_100],
  },
  'an answer that breaks meanwhile': {
    script: [connected, streams(1), says(1, 'Hel'), breaks(5_000)],
    leaves: 100,
    money: ['client_gone', 'unmeasured', 0, 5_003],
  },
  'a refusal meanwhile': {
    script: [
      connected,
      [5_000, (sink) => sink.head(429, {})],
      [0, (sink) => sink.data(Buffer.from('{}'))],
      [0, (sink) => sink.end()],
    ],
    leaves: 100,
    money: ['client_gone', 'none', 0, 5_001],
  },
  'a complete answer without usage, estimated': {
    script: [connected, streams(1), says(1, 'Hel'), says(5_000, 'lo', 'stop'), [1, (sink) => sink.end()]],
    leaves: 100,
    money: ['client_gone', 'estimated', 0, 5_004],
  },
};

for (const [what, { body = ask, script, leaves, money: expected }] of Object.entries(cases))
  test(`read on: ${what}`, async () => {
    const seen = visit(drained, body, [script, slow]);
    await seen.clock.advance(leaves);
    const told = writes(seen);
    seen.depart('client');
    await seen.clock.advance(0);
    assert.deepEqual([seen.records.length, seen.cancelled(), seen.drains.running], [0, 0, 1], 'it goes on');
    assert.ok(seen.held() > 0, 'what it may cost is held until then');
    await over(seen);
    assert.deepEqual(writes(seen), told, 'nothing is written to nobody, not even a heartbeat');
    const [outcome, basis, cost, ms] = money(seen);
    assert.deepEqual([outcome, basis, ms], [expected[0], expected[1], expected[3]]);
    if (basis === 'estimated') assert.ok(Number(cost) > 0);
    else assert.equal(cost, expected[2]);
    assert.deepEqual(seen.health.breakers(), [], 'nobody is blamed');
  });

test('limits count what was measured, the premium of a fallback included', async () => {
  const refused: Script = [
    [0, (sink) => sink.connected()],
    [0, (sink) => sink.head(500, {})],
    [0, (sink) => sink.end()],
  ];
  const seen = visit(drained, ask, [refused, slow]);
  await seen.clock.advance(100);
  seen.depart('client');
  await seen.clock.advance(60_000);
  await seen.done;
  assert.deepEqual(
    seen.settled.map(({ outcome, basis, cost }) => [outcome, basis, cost]),
    [
      ['server_error', 'none', 0],
      ['client_gone', 'measured', 10 * price],
    ],
  );
  assert.deepEqual(
    seen.standings().map(({ unit, spent, held }) => [unit, spent, held]),
    [
      ['usd', 10 * price, 0],
      ['premium_usd', 9 * price, 0],
    ],
  );
  assert.deepEqual(seen.records[0]?.premium, { price: 9 * price, cache: 0 });
});

test('whoever reads slowly and leaves does not keep the upstream paused', async () => {
  const seen = visit(drained, ask, [slow]);
  await seen.clock.advance(1);
  seen.slow.on = true;
  await seen.clock.advance(10);
  assert.equal(seen.events.at(-1)?.endsWith('pause'), true);
  seen.depart('client');
  assert.equal(seen.events.at(-1)?.endsWith('resume'), true);
  seen.slow.release();
  await over(seen);
  assert.deepEqual(money(seen).slice(0, 3), ['client_gone', 'measured', price]);
});

test('a place in a limit on what runs at once is free when the reading ends, for the provider works on it until then', async () => {
  const first = visit(snapshotOf(document('drain: 30s', '{ concurrent: 1 }')), ask, [slow]);
  await first.clock.advance(100);
  first.depart('client');
  const second = first.another(ask);
  await second.clock.advance(9_000);
  assert.equal(second.calls.length, 1, 'it waits');
  await second.clock.advance(600_000);
  await second.done;
  assert.deepEqual([second.calls.length, second.records[0]?.ending], [2, 'ok']);
});

test('a probe that is read on for nobody gives its place to the next request', async () => {
  let asked = 0;
  const seen = visit(drained, ask, ({ model }) => {
    if (model === 'b') return good;
    asked += 1;
    if (asked <= 3) return refuses(1, 500);
    return asked === 4 ? [connected, streams(10_000), ...good.slice(2)] : good;
  });
  const next = async (): Promise<Visit> => {
    const another = seen.another(ask);
    await another.clock.advance(100);
    return another;
  };
  for (let turn = 0; turn < 3; turn++) await next();
  await seen.clock.advance(2_000);
  const probe = await next();
  assert.equal(asked, 4);
  probe.depart('client');
  await probe.clock.advance(0);
  assert.equal(probe.records.length, 0, 'it is read on');
  assert.deepEqual(
    (await next()).settled.map(({ model, outcome }) => `${model} ${outcome}`),
    ['acme/a ok'],
  );
  await seen.clock.advance(60_000);
  assert.deepEqual([probe.records[0]?.ending, seen.health.breakers()], ['client_gone', []]);
});

test('a shutdown ends it at once: settled as far as it was read', async () => {
  const seen = visit(drained, ask, [slow]);
  await seen.clock.advance(100);
  seen.depart('client');
  await seen.drains.end();
  await seen.clock.advance(0);
  assert.deepEqual([seen.cancelled(), seen.records.length], [1, 1]);
  await over(seen);
  assert.deepEqual(money(seen), ['client_gone', 'unmeasured', 0, 100]);
  const late = seen.another(ask);
  await late.clock.advance(50);
  late.depart('client');
  await late.clock.advance(0);
  assert.equal(late.records.length, 1, 'nothing is read on any longer');
});

/** Whose accounts go on billing is known; for all others the connection is closed. */
const providers: readonly (readonly [string, 'read on' | 'hung up'])[] = [
  ['catalog: groq', 'read on'],
  ['catalog: mistral', 'read on'],
  ['catalog: google', 'read on'],
  ['catalog: groq, drain: never', 'hung up'],
  ['catalog: openai', 'hung up'],
  ['catalog: deepseek', 'hung up'],
  ['catalog: deepseek, drain: 1m', 'read on'],
  ['catalog: openrouter', 'hung up'],
  ['data: {}', 'hung up'],
];

test('where a provider is known to bill the whole answer anyway it is read on; elsewhere the connection is closed', async () => {
  for (const [provider, expected] of providers) {
    const seen = visit(snapshotOf(document(provider)), ask, [slow]);
    await seen.clock.advance(100);
    seen.depart('client');
    await seen.clock.advance(0);
    assert.equal(seen.cancelled() === 0 ? 'read on' : 'hung up', expected, provider);
    await over(seen);
  }
});

test('so many are read on at once, and no more', async () => {
  const drains = openDrains(1);
  const stopped: string[] = [];
  const back = drains.enter(() => stopped.push('first'));
  assert.equal(
    drains.enter(() => stopped.push('second')),
    undefined,
  );
  back?.();
  const again = drains.enter(() => {
    stopped.push('third');
    again?.();
  });
  await drains.end();
  assert.deepEqual([stopped, drains.running], [['third'], 0]);
  assert.equal(
    drains.enter(() => undefined),
    undefined,
    'none after the end',
  );
});

const frame = (delta: object, more: object = {}): string =>
  `data: ${JSON.stringify({ id: 'u', created: 1, model: 'x', choices: [{ index: 0, delta, finish_reason: null }], ...more })}\n\n`;

test('on real sockets: the provider finishes, the usage is paid; a stop in the middle settles once', async (t) => {
  let upstream: ServerResponse | undefined;
  const provider = await startUpstream(t, (response) => {
    upstream = response;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(frame({ role: 'assistant', content: 'some words' }));
  });
  const gateway = await startTestGateway(
    t,
    `
limits: [{ usd: 1000, per: day }]
providers: { one: { wire: openai-chat, base_url: '${provider.url}', drain: 1m } }
models: { acme/one: { context: 100000, endpoints: [{ provider: one, model: one, price: { input: 1, output: 2 } }] } }
presets: { p: { models: [acme/one] } }
keys: [{ name: test, key: '${key}' }]
`,
  );
  const askAndLeave = async (): Promise<void> => {
    const asking = request(`${gateway.base}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    });
    asking.on('error', () => undefined);
    asking.end(JSON.stringify(ask));
    const [answer] = (await once(asking, 'response')) as [NodeJS.ReadableStream];
    await once(answer, 'data');
    asking.destroy();
    // The gateway has seen it when it lets another request run to its end.
    await (await fetch(`${gateway.base}/models`, { headers: { authorization: `Bearer ${key}` } })).text();
  };
  const record = async (count: number): Promise<void> => {
    for (let tries = 0; gateway.records().length < count && tries < 2_000; tries++)
      await new Promise((go) => setTimeout(go, 2));
  };
  await askAndLeave();
  assert.equal(gateway.records().length, 0, 'it is read on');
  upstream?.end(
    `${frame({}, { choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })}${frame({}, { choices: [], usage: { prompt_tokens: 1_000, completion_tokens: 100 } })}data: [DONE]\n\n`,
  );
  await record(1);
  const [first] = gateway.lastRecord().attempts;
  assert.deepEqual(
    [gateway.lastRecord().ending, first?.outcome, first?.basis, first?.cost],
    ['client_gone', 'client_gone', 'measured', price],
  );
  await askAndLeave();
  const closes = upstream ? once(upstream, 'close') : assert.fail('never asked');
  await gateway.stop(0);
  await closes;
  assert.deepEqual(
    gateway.records().map(({ ending, attempts }) => [ending, attempts[0]?.basis]),
    [
      ['client_gone', 'measured'],
      ['client_gone', 'unmeasured'],
    ],
  );
});
