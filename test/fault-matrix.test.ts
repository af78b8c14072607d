/**
 * Every fault of the emulator × the caller's dialect × streamed or not × where in the chain it strikes. Whatever
 * happens, the caller gets one coherent answer, or one error in its own dialect: never two starts, never an answer that
 * only looks finished, never a hang; and there is one record, which tells of every call that a provider saw.
 */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { AttemptRecord } from '../src/core/record.ts';
import type { Fault, FaultKind } from '../src/emulator/emulator.ts';
import { wrongEnvelope } from './support/envelopes.ts';
import { key, startTestGateway, type TestGateway } from './support/gateway.ts';
import { bodyOf, readAnswer, routes, type Dialects, type SeenAnswer } from './support/seen-answer.ts';

/** One model on each wire. */
const models = [
  'deepseek/deepseek-v4-pro',
  'anthropic/claude-haiku-4.5',
  'google/gemini-3.5-flash',
  'openai/gpt-5.4-mini',
];
const places = ['first', 'second', 'every endpoint'] as const;
type Place = (typeof places)[number];

/** The chain that begins with the model of that number; which wire is struck where turns with it. */
const chainFrom = (turn: number): readonly string[] =>
  models.map((_, at) => models[(turn + at) % models.length] ?? '');

/** `patient` presets never run out of time on a busy machine; the others are for faults that are silence. */
const document = `
limits: [{ concurrent: 1 }, { usd: 1000, per: day }]
providers:
  deepseek: { wire: openai-chat, base_url: 'emulator://deepseek/v1' }
  anthropic: { wire: anthropic, base_url: 'emulator://anthropic/v1' }
  google: { wire: gemini, base_url: 'emulator://google/v1beta' }
  openai: { wire: openai-responses, base_url: 'emulator://openai/v1' }
presets:
${models
  .flatMap((_, turn) => {
    const chain = chainFrom(turn).join(', ');
    return [
      `  patient${turn}: { models: [${chain}] }`,
      `  hasty${turn}: { models: [${chain}], failover: { timeouts: { first_token: 400ms, response: 400ms, idle: 400ms } } }`,
    ];
  })
  .join('\n')}
keys: [{ name: test, key: '${key}' }]
`;

type Expected = {
  /** How an attempt that meets it is recorded. */
  readonly outcome: string;
  /** What becomes of the answer; by default the next endpoint gives it. */
  readonly stream?: 'cut' | 'served';
  readonly whole?: 'served';
  /** Where every endpoint fails: the status, and whether asking again may help. */
  readonly status: number;
  readonly final?: true;
  readonly retryAfter?: string;
  readonly fault?: Partial<Fault>;
  /** No provider sees the call. */
  readonly unseen?: true;
  readonly silent?: true;
};

/** `Record` makes a new fault without a row a type error. */
const rows: Readonly<Record<FaultKind, Expected>> = {
  rate_limit: { outcome: 'rate_limit', status: 429, retryAfter: '7', fault: { retryAfter: 7 } },
  server_error: { outcome: 'server_error', status: 502 },
  overloaded: { outcome: 'overloaded', status: 503 },
  html_502: { outcome: 'server_error', status: 502 },
  empty_200: { outcome: 'server_error', status: 502 },
  error_in_stream: { outcome: 'server_error|overloaded', status: 503 },
  error_after_content: { outcome: 'server_error|overloaded', status: 502, stream: 'cut' },
  stall: { outcome: 'timeout', status: 504, silent: true },
  stall_mid_stream: { outcome: 'timeout', status: 504, stream: 'cut', silent: true },
  reset: { outcome: 'connection', status: 502 },
  refused: { outcome: 'connection', status: 502, unseen: true },
  cut: { outcome: 'server_error|connection', status: 502, stream: 'cut' },
  unknown_model: { outcome: 'model_gone', status: 404, final: true },
  out_of_credit: { outcome: 'quota', status: 502, final: true },
  slow: {
    outcome: 'ok',
    status: 200,
    stream: 'served',
    whole: 'served',
    fault: { delayMs: 20, tokensPerSecond: 4_000 },
  },
};

type Column = { readonly gateway: TestGateway; readonly api: Dialects; readonly stream: boolean };
type Cell = { readonly kind: FaultKind; readonly place: Place; readonly turn: number };

/** What is known of one request when it is over. */
type Outcome = {
  readonly seen: SeenAnswer;
  readonly attempts: readonly AttemptRecord[];
  readonly ending: string;
  readonly id: string;
};

async function strike({ gateway, api, stream }: Column, { kind, place, turn }: Cell): Promise<Outcome> {
  const chain = chainFrom(turn);
  const emulator = gateway.emulator ?? assert.fail('no emulator');
  emulator.clearFaults();
  const fault = { kind, ...rows[kind].fault };
  const [first = '', second = ''] = chain;
  if (place === 'every endpoint') emulator.setFault({ model: '*', ...fault });
  if (place === 'first') emulator.setFault({ model: first, ...fault });
  if (place === 'second') {
    emulator.setFault({ model: first, kind: 'server_error' });
    emulator.setFault({ model: second, ...fault });
  }
  const before = { records: gateway.records().length, calls: emulator.bill().total.requests };
  const preset = `${rows[kind].silent ? 'hasty' : 'patient'}${turn}`;
  const response = await fetch(gateway.base + routes[api], {
    method: 'POST',
    signal: AbortSignal.timeout(20_000),
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(bodyOf(api, `@preset/${preset}`, 'write 60 words', stream)),
  });
  const seen = await readAnswer(api, response);
  assert.equal(gateway.records().length, before.records + 1, 'one record');
  const { attempts, ending, id } = gateway.lastRecord();
  const met = attempts.filter(
    ({ outcome }, at) => !(rows[kind].unseen && (at > 0 || place !== 'second') && outcome !== 'ok'),
  );
  await settledAt(() => emulator.bill().total.requests - before.calls, met.length);
  assert.equal(seen.headers.get('x-generation-id'), id);
  assert.equal(seen.headers.get('x-spillway-preset'), `${preset}@1`);
  return { seen, attempts, ending, id };
}

/** A provider enters a call into its books when its connection has closed. */
async function settledAt(count: () => number, expected: number): Promise<void> {
  for (let tries = 0; count() < expected && tries < 400; tries++)
    await new Promise((go) => setTimeout(go, 5));
  assert.equal(count(), expected, 'calls that the providers saw');
}

/** The judge: what is promised for this cell. */
function judge({ api, stream }: Column, cell: Cell, { seen, attempts, ending, id }: Outcome): void {
  const expected = rows[cell.kind];
  const how = (stream ? expected.stream : expected.whole) ?? 'next';
  const chain = chainFrom(cell.turn);
  const struck = cell.place === 'second' ? 1 : 0;
  const outcomes = attempts.map(({ outcome }) => outcome);
  const served = how !== 'next' ? struck : cell.place === 'every endpoint' ? undefined : struck + 1;
  const length = served === undefined ? chain.length : served + 1;
  assert.deepEqual(
    attempts.map(({ model }) => model),
    chain.slice(0, length),
    'in the order of the chain',
  );
  if (cell.place === 'second') assert.equal(outcomes[0], 'server_error');
  for (const outcome of served === undefined ? outcomes : outcomes.slice(struck, struck + 1))
    assert.match(outcome, new RegExp(`^(${expected.outcome})$`));
  const told = attempts.map(
    ({ model, provider, outcome }, at) => `${model}@${provider}:${at === served ? 'ok' : outcome}`,
  );
  assert.equal(seen.headers.get('x-spillway-attempts'), told.join(','));
  const header = (name: string): string | null => seen.headers.get(`x-spillway-${name}`);
  if (served === undefined) return judgeFailure(api, expected, { seen, attempts, ending, id });
  assert.deepEqual(
    [
      seen.status,
      header('model'),
      header('provider'),
      header('position'),
      header('fallback'),
      header('pending'),
    ],
    [200, chain[served], attempts[served]?.provider, String(served), String(served > 0), null],
  );
  assert.equal(seen.starts, 1, 'one start');
  if (how === 'cut') return judgeCut(seen, ending);
  assert.deepEqual([ending, outcomes.at(-1)], ['ok', 'ok']);
  assert.deepEqual([seen.errors.length, seen.finished, seen.clean], [0, true, true]);
  assert.equal(seen.text.trim().split(/\s+/).length, 60, 'every word, once');
}

function judgeFailure(
  api: Dialects,
  { status, final, retryAfter }: Expected,
  { seen, ending, id }: Outcome,
): void {
  assert.deepEqual([ending, seen.status, seen.clean], ['failed', status, true]);
  assert.equal(wrongEnvelope(api, seen.body), undefined);
  const header = (name: string): string | null => seen.headers.get(name);
  assert.deepEqual(
    [header('x-should-retry'), header('retry-after'), header('x-spillway-model'), header('request-id')],
    [final ? 'false' : null, retryAfter ?? null, null, id],
  );
}

function judgeCut(seen: SeenAnswer, ending: string): void {
  assert.deepEqual(
    {
      ending,
      errors: seen.errors.length,
      last: seen.errorIsLast,
      finished: seen.finished,
      clean: seen.clean,
    },
    { ending: 'cut', errors: 1, last: true, finished: false, clean: false },
  );
  const words = seen.text.trim().split(/\s+/).length;
  assert.ok(seen.text !== '' && words < 60, 'what had been sent stays sent, and no more');
}

/** Silence costs its timeout, so there the wires take turns; every other fault strikes first on each of them. */
function cellsOf(kind: FaultKind, column: number): readonly Cell[] {
  const turn = column % models.length;
  const turns = rows[kind].silent ? [turn] : models.map((_, at) => at);
  return [
    ...turns.map((at): Cell => ({ kind, place: 'first', turn: at })),
    { kind, place: 'second', turn },
    { kind, place: 'every endpoint', turn },
  ];
}

const columns = (['chat', 'responses', 'messages'] as const).flatMap((api) =>
  [true, false].map((stream) => ({ api, stream })),
);

// The columns wait for their timeouts side by side.
test('the matrix', { concurrency: columns.length }, async (t) => {
  await Promise.all(
    columns.map(({ api, stream }, number) =>
      t.test(`${api}, ${stream ? 'streamed' : 'whole'}`, async (column: TestContext) => {
        const gateway = await startTestGateway(column, document);
        for (const kind of Object.keys(rows) as FaultKind[])
          for (const cell of cellsOf(kind, number))
            await column.test(`${kind} at ${cell.place} of ${chainFrom(cell.turn)[0]}`, async () => {
              const here = { gateway, api, stream };
              judge(here, cell, await strike(here, cell));
            });
      }),
    ),
  );
});
