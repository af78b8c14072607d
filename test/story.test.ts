/** The story of a request in virtual time: what happens when, and that everything ends exactly once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
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

/** Limits that never refuse here: what they hold must come back. */
const document = (failover = ''): string => `
limits: [{ usd: 1000, per: day }, { premium_usd: 1000, per: hour }, { concurrent: 10 }]
providers: { up: { wire: openai-chat, base_url: 'https://up.example/v1' } }
models:
  acme/a: { context: 100000, endpoints: [{ provider: up, model: a, price: { input: 1, output: 2 } }] }
  acme/b: { context: 100000, endpoints: [{ provider: up, model: b, price: { input: 10, output: 20 } }] }
  acme/c: { context: 100000, endpoints: [{ provider: up, model: c, price: { input: 30, output: 60 } }] }
presets:
  p: { models: [acme/a, acme/b, acme/c], failover: { ${failover} }, limits: [{ tokens: 1000000000, per: day }, { usd: 100, per: request }] }
keys: [{ name: test, key: '${virtualKeyHash}' }]
`;
const plain = snapshotOf(document());
const ask = { model: '@preset/p', stream: true, messages: [{ role: 'user', content: 'hi' }] };
const answers: Script = [
  connected,
  streams(1),
  says(10, 'Hel'),
  says(10, 'lo', 'stop'),
  bills(1, 1_000, 100),
];
const silent: Script = [connected];

/** Nothing may be left behind, whatever happened. */
function closed(seen: Visit): void {
  assert.deepEqual(seen.faults, []);
  assert.equal(seen.records.length, 1, 'one record');
  assert.equal(seen.settled.length, seen.calls.length, 'every call is an attempt of the record');
  assert.equal(seen.held(), 0, 'every hold is settled');
  assert.equal(seen.clock.pending, 0, 'no timer is left');
}

test('a stream that just works', async () => {
  const seen = visit(plain, ask, [answers]);
  await seen.clock.advance(5_000);
  await seen.done;
  assert.deepEqual(
    seen.events.map((event) => event.replace(/ \{.*/, '')),
    ['12 head 200 position 0', '12 write data:', '22 write data:', '23 end data:'],
  );
  assert.equal(seen.records[0]?.firstTokenMs, 12);
  closed(seen);
});

test('a silent primary: heartbeats from 15 s, a head that says the server is pending, the fallback after 60 s', async () => {
  const seen = visit(plain, ask, [silent, answers]);
  await seen.clock.advance(120_000);
  await seen.done;
  const times = seen.events
    .filter((event) => event.includes('SPILLWAY PROCESSING'))
    .map((event) => event.split(' ')[0]);
  assert.deepEqual(times, ['15000', '30000', '45000', '60000']);
  assert.equal(seen.events[0], '15000 head 200 pending');
  assert.equal(seen.events.filter((event) => event.includes('head')).length, 1);
  assert.deepEqual(
    seen.records[0]?.attempts.map(({ outcome, latencyMs }) => [outcome, latencyMs]),
    [
      ['timeout', 60_001],
      ['ok', 23],
    ],
  );
  closed(seen);
});

test('everything fails after a heartbeat: one error event in the stream, and no clean end', async () => {
  const seen = visit(plain, ask, [silent, refuses(1, 500)]);
  await seen.clock.advance(120_000);
  await seen.done;
  assert.match(seen.events.at(-2) ?? '', /write data: .*"id":"gen-1"/);
  assert.match(seen.events.at(-1) ?? '', /abort/);
  closed(seen);
});

test('reasoning is given 180 s, and so is a prompt of more than 50k tokens', async () => {
  for (const body of [
    { ...ask, reasoning_effort: 'high' },
    { ...ask, messages: [{ role: 'user', content: 'x'.repeat(260_000) }] },
  ]) {
    const seen = visit(plain, body, [
      [
        connected,
        [100_000, (sink) => sink.head(200, { 'content-type': 'text/event-stream' })],
        ...answers.slice(2),
      ],
    ]);
    await seen.clock.advance(200_000);
    await seen.done;
    assert.equal(seen.records[0]?.attempts.length, 1);
    closed(seen);
  }
});

test('no attempt begins after start_by', async () => {
  const seen = visit(snapshotOf(document('timeouts: { first_token: 4s, start_by: 6s }')), ask, [silent]);
  await seen.clock.advance(60_000);
  await seen.done;
  assert.equal(seen.calls.length, 2);
  closed(seen);
});

test('no connection within 5 s, silence in mid-stream for 2 min, a stream of more than 30 min', async () => {
  const connecting = visit(plain, ask, [[], answers]);
  await connecting.clock.advance(10_000);
  await connecting.done;
  assert.deepEqual(
    [connecting.settled[0]?.outcome, connecting.settled[0]?.basis, connecting.settled[0]?.latencyMs],
    ['timeout', 'none', 5_000],
  );
  closed(connecting);

  const idle = visit(plain, ask, [
    [connected, streams(1), says(1, 'a'), says(100_000, 'b'), says(100_000, 'c')],
  ]);
  await idle.clock.advance(400_000);
  await idle.done;
  assert.deepEqual(
    [idle.records[0]?.ending, idle.settled[0]?.outcome, idle.settled[0]?.latencyMs],
    ['cut', 'timeout', 320_003],
  );
  closed(idle);

  const endless = visit(plain, ask, [
    [connected, streams(1), says(1, 'first'), ...Array.from({ length: 40 }, () => says(60_000, 'x'))],
  ]);
  await endless.clock.advance(3_000_000);
  await endless.done;
  assert.deepEqual([endless.records[0]?.ending, endless.settled[0]?.latencyMs], ['cut', 1_800_000]);
  closed(endless);
});

test('the client leaves, at every moment: the upstream is cancelled, nothing further is tried, one record', async () => {
  for (let moment = 0; moment <= 40; moment++) {
    for (const scripts of [
      [answers],
      [refuses(5, 500), answers],
      [silent],
      [[connected, streams(1), says(3, 'a'), breaks(9)]],
    ]) {
      const seen = visit(plain, ask, scripts);
      await seen.clock.advance(moment);
      const calls = seen.calls.length;
      const over = seen.records.length > 0;
      seen.depart('client');
      await seen.clock.advance(100_000);
      await seen.done;
      if (!over) {
        assert.equal(seen.calls.length, calls, `at ${moment}: nothing begins after the client left`);
        // One that leaves after the dialect's own sign of the end has been served.
        assert.equal(
          seen.records[0]?.ending,
          seen.records[0]?.finish === undefined ? 'client_gone' : 'ok',
          `at ${moment}`,
        );
        assert.ok(seen.cancelled() >= 1);
      }
      closed(seen);
    }
  }
});

test('the gateway must stop, at every moment: an error is told, never a clean end', async () => {
  for (let moment = 2; moment <= 20; moment++) {
    const seen = visit(plain, ask, [answers]);
    await seen.clock.advance(moment);
    seen.depart('shutdown');
    await seen.clock.advance(100_000);
    await seen.done;
    const last = seen.events.at(-1) ?? '';
    assert.match(last, moment < 12 ? /end \{"error":\{"code":503/ : /abort/, `at ${moment}`);
    closed(seen);
  }
});

test('a client that reads slowly pauses the upstream, and resumes it', async () => {
  const seen = visit(plain, ask, [answers]);
  await seen.clock.advance(11);
  seen.slow.on = true;
  await seen.clock.advance(3);
  seen.slow.on = false;
  seen.slow.release();
  await seen.clock.advance(5_000);
  await seen.done;
  const order = seen.events.map((event) => event.split(' ')[1]);
  assert.deepEqual(order, ['head', 'write', 'pause', 'resume', 'write', 'end']);
  closed(seen);
});

test('a client that leaves while paused is forgotten', async () => {
  const seen = visit(plain, ask, [answers]);
  await seen.clock.advance(11);
  seen.slow.on = true;
  await seen.clock.advance(3);
  seen.depart('client');
  await seen.clock.advance(5_000);
  await seen.done;
  assert.equal(seen.records[0]?.ending, 'client_gone');
  closed(seen);
});

test('usage missing from the answer is estimated, flagged, and never zero', async () => {
  const seen = visit(plain, ask, [
    [
      connected,
      streams(1),
      says(1, 'some words of an answer'),
      says(1, '', 'stop'),
      [1, (sink) => sink.end()],
    ],
  ]);
  await seen.clock.advance(5_000);
  await seen.done;
  assert.equal(seen.settled[0]?.basis, 'estimated');
  assert.ok((seen.settled[0]?.cost ?? 0) > 0);
  assert.match(seen.events.at(-1) ?? '', /^\d+ end data:/);
  closed(seen);
});

test('a provider that reports impossible numbers is not believed, and nobody is harmed', async () => {
  for (const usage of [
    { prompt_tokens: 9e15, completion_tokens: 1 },
    { prompt_tokens: 10, completion_tokens: 5, cost: 1e10 },
  ]) {
    const last: Script[number] = [
      1,
      (sink) =>
        sink.data(
          Buffer.from(`data: ${JSON.stringify({ id: 'u', choices: [], usage })}\n\ndata: [DONE]\n\n`),
        ),
    ];
    const seen = visit(plain, ask, [[connected, streams(1), says(1, 'hi', 'stop'), last]]);
    await seen.clock.advance(5_000);
    await seen.done;
    assert.equal(seen.records[0]?.ending, 'ok');
    assert.ok((seen.records[0]?.cost ?? 0) < 1e9);
    closed(seen);
  }
});

test('an answer that cannot be read is the endpoint’s failure, and is quoted nowhere', async () => {
  const hostile = [
    'data: {"id":"u","choices":[],"usage":{"a":}}\n\n',
    'data: {"id":"\\x secret","choices":[{"index":0,"delta":{"content":"x"}}]}\n\n',
    'data: {"id":"u","choices":[null,{"delta":{"content":[]}},7]}\n\ndata: [DONE]\n\n',
  ];
  for (const bytes of hostile) {
    const seen = visit(plain, ask, [
      [connected, streams(1), [1, (sink) => sink.data(Buffer.from(bytes))], [1, (sink) => sink.end()]],
      answers,
    ]);
    await seen.clock.advance(5_000);
    await seen.done;
    assert.deepEqual(
      seen.records[0]?.attempts.map(({ outcome }) => outcome),
      ['server_error', 'ok'],
      bytes,
    );
    assert.equal(JSON.stringify(seen.records).includes('secret'), false);
    closed(seen);
  }
});

test('a client that closes when the answer is complete has been served: the usage is waited for', async () => {
  const seen = visit(plain, ask, [[connected, streams(1), says(1, 'hi', 'stop'), bills(200, 1_000, 100)]]);
  await seen.clock.advance(10);
  seen.depart('client');
  await seen.clock.advance(5_000);
  await seen.done;
  assert.deepEqual(
    [seen.records[0]?.ending, seen.settled[0]?.basis, seen.settled[0]?.cost],
    ['ok', 'measured', 1_200_000],
  );
  closed(seen);
});

test('a finished answer whose upstream stays silent, or breaks, is complete', async () => {
  for (const after of [[], [breaks(5)]] as const) {
    const seen = visit(plain, ask, [[connected, streams(1), says(1, 'hi', 'stop'), ...after]]);
    await seen.clock.advance(200_000);
    await seen.done;
    assert.equal(seen.records[0]?.ending, 'ok');
    assert.match(seen.events.at(-1) ?? '', /end data:/);
    closed(seen);
  }
});

test('of several answers each must end: one that is cut makes the whole one cut', async () => {
  const choice = (index: number, finish: string | null): Script[number] => [
    1,
    (sink) =>
      sink.data(
        Buffer.from(
          `data: ${JSON.stringify({ id: 'u', choices: [{ index, delta: { content: 'x' }, finish_reason: finish }] })}\n\n`,
        ),
      ),
  ];
  const seen = visit(plain, { ...ask, n: 2 }, [
    [connected, streams(1), choice(0, null), choice(1, null), choice(0, 'stop'), [1, (sink) => sink.end()]],
  ]);
  await seen.clock.advance(5_000);
  await seen.done;
  assert.equal(seen.records[0]?.ending, 'cut');
  closed(seen);
});

test('a slow client is not the endpoint’s silence', async () => {
  const seen = visit(plain, ask, [
    [connected, streams(1), says(1, 'a'), says(1, 'b'), says(300_000, 'c', 'stop'), bills(1, 10, 10)],
  ]);
  await seen.clock.advance(3);
  seen.slow.on = true;
  await seen.clock.advance(2);
  await seen.clock.advance(299_000);
  seen.slow.on = false;
  seen.slow.release();
  await seen.clock.advance(10_000);
  await seen.done;
  assert.equal(seen.records[0]?.ending, 'ok');
  closed(seen);
});

test('a refusal whose body never ends is judged by its status', async () => {
  const seen = visit(plain, ask, [
    [connected, [1, (sink) => sink.head(429, { 'retry-after': '7' })]],
    answers,
  ]);
  await seen.clock.advance(10_000);
  await seen.done;
  assert.deepEqual(
    seen.records[0]?.attempts.map(({ outcome, latencyMs }) => [outcome, latencyMs]),
    [
      ['rate_limit', 1_002],
      ['ok', 23],
    ],
  );
  closed(seen);
});
