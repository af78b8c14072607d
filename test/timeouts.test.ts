/**
 * The clock in virtual time: what each timeout is, how it is recorded, and that it never cuts what is healthy.
 * A timeout that fires too early costs a fallback, and on a warm conversation its whole prompt again.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  answers,
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

const document = (failover = ''): string => `
limits: [{ usd: 1000, per: day }]
providers: { up: { wire: openai-chat, base_url: 'https://up.example/v1' } }
models:
  acme/a: { context: 1000000, features: [reasoning], endpoints: [{ provider: up, model: a, price: { input: 1, output: 2 } }] }
  acme/b: { context: 1000000, endpoints: [{ provider: up, model: b, price: { input: 10, output: 20 } }] }
presets: { p: { models: [acme/a, acme/b], failover: { ${failover} } } }
keys: [{ name: test, key: '${virtualKeyHash}' }]
`;
const plain = snapshotOf(document());
const ask = { model: '@preset/p', stream: true, messages: [{ role: 'user', content: 'hi' }] };
const whole = { ...ask, stream: false };
const completion = {
  id: 'u',
  choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 10, completion_tokens: 5 },
};
const good: Script = [connected, streams(1), says(10, 'Hel'), says(10, 'lo', 'stop'), bills(1, 10, 5)];

/** Whatever a chat stream may say. */
const event = (afterMs: number, value: object | string): Script[number] => [
  afterMs,
  (sink) => sink.data(Buffer.from(typeof value === 'string' ? value : `data: ${JSON.stringify(value)}\n\n`)),
];
const thinks = (afterMs: number): Script[number] =>
  event(afterMs, {
    id: 'u',
    choices: [{ index: 0, delta: { reasoning_content: 'hm' }, finish_reason: null }],
  });
const ping = (afterMs: number): Script[number] => event(afterMs, ': OPENROUTER PROCESSING\n\n');
const role = (afterMs: number): Script[number] =>
  event(afterMs, { id: 'u', choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] });

async function play(seen: Visit, ms = 3_600_000): Promise<Visit> {
  await seen.clock.advance(ms);
  await seen.done;
  assert.deepEqual(seen.faults, []);
  assert.equal(seen.records.length, 1, 'one record');
  assert.equal(seen.settled.length, seen.calls.length, 'every call is an attempt of the record');
  assert.equal(seen.held(), 0, 'every hold is settled');
  assert.equal(seen.clock.pending, 0, 'no timer is left');
  return seen;
}

const story = ({ records: [record] }: Visit): object => ({
  ending: record?.ending,
  attempts: record?.attempts.map(({ outcome, basis, latencyMs }) => [outcome, basis, latencyMs]),
});

/** What is healthy, however slow: served by the primary, by default. */
const healthy: readonly (readonly [string, body: object, Script])[] = [
  [
    'a model that reasons in silence for 100 s',
    { ...ask, reasoning_effort: 'high' },
    [connected, streams(100_000), says(1, 'done', 'stop'), bills(1, 10, 5)],
  ],
  [
    'the same behind pings, whose head came at once',
    { ...ask, reasoning: { effort: 'high' } },
    [connected, streams(1), role(1), ...Array.from({ length: 10 }, () => ping(10_000)), ...good.slice(2)],
  ],
  [
    'a cold prompt of 150k tokens that takes 120 s to read',
    { ...ask, messages: [{ role: 'user', content: 'word '.repeat(150_000) }] },
    [connected, streams(120_000), says(1, 'done', 'stop'), bills(1, 150_000, 5)],
  ],
  [
    'reasoning that is shown, then 100 s of silence before the answer',
    ask,
    [connected, streams(1), thinks(5_000), says(100_000, 'done', 'stop'), bills(1, 10, 5)],
  ],
  [
    'a tool call whose arguments come after 119 s',
    ask,
    [
      connected,
      streams(1),
      event(1, {
        id: 'u',
        choices: [
          {
            index: 0,
            delta: {
              tool_calls: [{ index: 0, id: 'c', type: 'function', function: { name: 'f', arguments: '' } }],
            },
          },
        ],
      }),
      event(119_000, {
        id: 'u',
        choices: [
          {
            index: 0,
            delta: { tool_calls: [{ index: 0, function: { arguments: '{}' } }] },
            finish_reason: 'tool_calls',
          },
        ],
      }),
      bills(1, 10, 5),
    ],
  ],
  [
    'a whole answer after 9 min',
    whole,
    [
      connected,
      [539_000, (sink) => sink.head(200, { 'content-type': 'application/json' })],
      ...answers(completion).slice(2),
    ],
  ],
  [
    'a stream that takes 29 min, a token every 100 s',
    ask,
    [
      connected,
      streams(1),
      says(1, 'x'),
      ...Array.from({ length: 17 }, () => says(100_000, 'x')),
      says(1, '', 'stop'),
      bills(1, 10, 5),
    ],
  ],
];

for (const [what, body, script] of healthy)
  test(`${what} is not failed over`, async () => {
    const seen = await play(visit(plain, body, [script, good]));
    assert.equal(seen.records[0]?.ending, 'ok');
    assert.deepEqual(
      seen.settled.map(({ outcome, position }) => [outcome, position]),
      [['ok', 0]],
    );
  });

type Limit = {
  readonly what: string;
  readonly body?: object;
  readonly failover?: string;
  readonly script: Script;
  /** The first attempt: outcome, what was billed, its ms. */
  readonly attempt: readonly [string, string, number];
  readonly message: RegExp;
  /** How it goes on; default: the fallback answers. */
  readonly after?: 'cut' | 'failed';
};

/** Each timeout with its class. Silence that was never sent is free; after the request was written it may be billed. */
const limits: readonly Limit[] = [
  {
    what: 'connect: 5 s',
    script: [],
    attempt: ['timeout', 'none', 5_000],
    message: /^no connection within 5000 ms$/,
  },
  {
    what: 'first_token: 60 s',
    script: [connected],
    attempt: ['timeout', 'unmeasured', 60_001],
    message: /^no first token within 60000 ms$/,
  },
  {
    what: 'first_token, though comments and an empty role delta come',
    script: [connected, streams(1), role(1), ...Array.from({ length: 30 }, () => ping(5_000))],
    attempt: ['timeout', 'unmeasured', 60_001],
    message: /^no first token/,
  },
  {
    what: 'first_token of a model that reasons: 180 s',
    body: { ...ask, reasoning_effort: 'low' },
    script: [connected],
    attempt: ['timeout', 'unmeasured', 180_001],
    message: /^no first token within 180000 ms$/,
  },
  {
    what: 'first_token as the preset says, whatever is asked',
    body: { ...ask, reasoning_effort: 'low' },
    failover: 'timeouts: { first_token: 7s }',
    script: [connected],
    attempt: ['timeout', 'unmeasured', 7_001],
    message: /^no first token within 7000 ms$/,
  },
  {
    // `start_by` has passed by then: nothing else is begun, for the client waits no longer either.
    what: 'response: 10 min for a whole answer',
    after: 'failed',
    body: whole,
    script: [connected],
    attempt: ['timeout', 'unmeasured', 600_001],
    message: /^no answer within 600000 ms$/,
  },
  {
    what: 'response, though half of the body has come',
    failover: 'timeouts: { response: 2m }',
    body: whole,
    script: [
      connected,
      [1, (sink) => sink.head(200, { 'content-type': 'application/json' })],
      [1, (sink) => sink.data(Buffer.from('{"id":"u"'))],
    ],
    attempt: ['timeout', 'unmeasured', 120_001],
    message: /^no answer/,
  },
  {
    what: 'idle: 2 min of silence after content',
    script: [connected, streams(1), says(1, 'a')],
    attempt: ['timeout', 'unmeasured', 120_003],
    message: /^nothing came for 120000 ms$/,
    after: 'cut',
  },
  {
    what: 'total: 30 min',
    script: [connected, streams(1), says(1, 'x'), ...Array.from({ length: 40 }, () => says(60_000, 'x'))],
    attempt: ['timeout', 'unmeasured', 1_800_000],
    message: /^the answer was not complete in time$/,
    after: 'cut',
  },
  {
    what: 'total of a whole answer, where it is the shorter one',
    body: whole,
    failover: 'timeouts: { response: 5m, total: 3m }',
    script: [connected],
    attempt: ['timeout', 'unmeasured', 180_000],
    message: /^the answer was not complete/,
  },
];

for (const { what, body = ask, failover, script, attempt, message, after } of limits)
  test(what, async () => {
    const snapshot = failover === undefined ? plain : snapshotOf(document(failover));
    const second: Script = body === whole ? answers(completion) : good;
    const seen = await play(visit(snapshot, body, [script, second]));
    const [first] = seen.settled;
    assert.deepEqual([first?.outcome, first?.basis, first?.latencyMs], attempt);
    assert.match(first?.message ?? '', message);
    // Before content the next endpoint answers; after it the stream is cut, and nobody else is asked.
    assert.equal(seen.records[0]?.ending, after ?? 'ok');
    assert.equal(seen.calls.length, after ? 1 : 2);
    assert.equal(seen.cancelled() >= 1, true, 'the upstream is closed');
  });

test('start_by counts from the request, not from the attempt: the last one begins before it', async () => {
  const snapshot = snapshotOf(document('attempts: 20, timeouts: { first_token: 4s, start_by: 4s }'));
  const seen = await play(visit(snapshot, ask, [[connected]]));
  assert.deepEqual(story(seen), { ending: 'failed', attempts: [['timeout', 'unmeasured', 4_001]] });
  // It is no limit for an attempt that has begun.
  const slow = await play(
    visit(snapshotOf(document('timeouts: { start_by: 1s }')), ask, [
      [connected, streams(1), says(50_000, 'late', 'stop'), bills(1, 10, 5)],
    ]),
  );
  assert.equal(slow.records[0]?.ending, 'ok');
});

test('whatever its rhythm, a stream whose silences are shorter than `idle` is never cut before `total`', async () => {
  // A first token within 60 s, silences within 2 min, at most 30 min in all.
  const rhythm = fc.tuple(
    fc.integer({ min: 0, max: 59_900 }),
    fc.array(fc.integer({ min: 0, max: 119_000 }), { maxLength: 14 }),
  );
  await fc.assert(
    fc.asyncProperty(rhythm, async ([first, gaps]) => {
      const script = [
        connected,
        streams(0),
        says(first, 'a'),
        ...gaps.map((gap) => says(gap, 'x')),
        says(0, '', 'stop'),
        bills(0, 10, 5),
      ];
      const seen = await play(visit(plain, ask, [script, good]));
      assert.deepEqual([seen.records[0]?.ending, seen.calls.length], ['ok', 1]);
    }),
    { numRuns: 60 },
  );
});

test('and one silence longer than `idle` always cuts it, wherever it is', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.integer({ min: 0, max: 100_000 }), { maxLength: 8 }),
      fc.integer({ min: 120_001, max: 400_000 }),
      async (gaps, silence) => {
        const script = [
          connected,
          streams(0),
          says(1, 'a'),
          ...gaps.map((gap) => says(gap, 'x')),
          says(silence, 'late', 'stop'),
        ];
        const seen = await play(visit(plain, ask, [script, good]));
        const before = gaps.reduce((sum, gap) => sum + gap, 2);
        assert.deepEqual(story(seen), {
          ending: 'cut',
          attempts: [['timeout', 'unmeasured', before + 120_000]],
        });
      },
    ),
    { numRuns: 40 },
  );
});
