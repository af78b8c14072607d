/**
 * Every fault of the emulator, streamed or not, on the primary: the caller gets one coherent answer from the
 * fallback, or, where content had already reached it, one protocol-correct error. Never a hang, never two starts,
 * never an answer that only looks finished.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Fault, FaultKind } from '../src/emulator/emulator.ts';
import { emulatedChain, key, startTestGateway, type TestGateway } from './support/gateway.ts';

type Expected = {
  /** How the attempt at the primary is recorded. */
  readonly outcome: string;
  /** What the client of a stream sees; default: the fallback's whole answer. */
  readonly stream?: 'fallback' | 'cut' | 'primary';
  readonly whole?: 'fallback' | 'primary';
  readonly fault?: Partial<Fault>;
};

const primary = 'deepseek/deepseek-v4-pro';

/** `Record` makes a new fault without a row a type error. */
const rows: Readonly<Record<FaultKind, Expected>> = {
  rate_limit: { outcome: 'rate_limit', fault: { retryAfter: 7 } },
  server_error: { outcome: 'server_error' },
  overloaded: { outcome: 'overloaded' },
  html_502: { outcome: 'server_error' },
  empty_200: { outcome: 'server_error' },
  error_in_stream: { outcome: 'server_error|overloaded' },
  error_after_content: { outcome: 'server_error|overloaded', stream: 'cut' },
  stall: { outcome: 'timeout' },
  stall_mid_stream: { outcome: 'timeout', stream: 'cut' },
  reset: { outcome: 'connection' },
  refused: { outcome: 'connection' },
  cut: { outcome: 'server_error|connection', stream: 'cut' },
  unknown_model: { outcome: 'model_gone' },
  out_of_credit: { outcome: 'quota' },
  slow: {
    outcome: 'ok',
    stream: 'primary',
    whole: 'primary',
    fault: { delayMs: 50, tokensPerSecond: 2_000 },
  },
};

type Seen = {
  readonly headers: Headers;
  readonly status: number;
  readonly starts: number;
  readonly text: string;
  readonly finishes: readonly string[];
  readonly errors: readonly { code: number; type: string }[];
  readonly done: boolean;
  /** The connection ended as HTTP says an answer ends. */
  readonly clean: boolean;
  readonly ids: ReadonlySet<string>;
};

type Chunk = {
  id: string;
  error?: { code: number; type: string };
  choices: { delta: { role?: string; content?: string }; finish_reason?: string | null }[];
};

async function readStream(gateway: TestGateway): Promise<Seen> {
  const response = await gateway.post({
    model: '@preset/coder',
    stream: true,
    messages: [{ role: 'user', content: 'write 60 words' }],
  });
  let raw = '';
  let clean = true;
  try {
    for await (const piece of response.body ?? []) raw += Buffer.from(piece as Uint8Array).toString();
  } catch {
    clean = false;
  }
  const payloads = raw.split('\n\n').flatMap((frame) => (frame.startsWith('data: ') ? [frame.slice(6)] : []));
  const chunks = payloads
    .filter((payload) => payload !== '[DONE]')
    .map((payload) => JSON.parse(payload) as Chunk);
  const choices = chunks.flatMap((chunk) => chunk.choices ?? []);
  return {
    headers: response.headers,
    status: response.status,
    starts: choices.filter(({ delta }) => delta.role !== undefined).length,
    text: choices.map(({ delta }) => delta.content ?? '').join(''),
    finishes: choices.flatMap(({ finish_reason: reason }) => (reason ? [reason] : [])),
    errors: chunks.flatMap(({ error }) => (error ? [error] : [])),
    done: payloads.at(-1) === '[DONE]',
    clean,
    ids: new Set(chunks.map(({ id }) => id)),
  };
}

for (const [kind, expected] of Object.entries(rows) as [FaultKind, Expected][]) {
  test(`${kind}, streamed`, async (t) => {
    const gateway = await startTestGateway(t, emulatedChain);
    gateway.emulator?.setFault({ model: primary, kind, ...expected.fault });
    const seen = await readStream(gateway);
    const record = gateway.lastRecord();
    assert.match(record.attempts[0]?.outcome ?? '', new RegExp(`^(${expected.outcome})$`));
    assert.equal(seen.starts, 1, 'one start');
    assert.equal(seen.ids.size, 1, 'one answer');
    if (expected.stream === 'cut') {
      assert.equal(seen.errors.length, 1, 'one error event');
      assert.deepEqual(seen.finishes, ['error']);
      assert.equal(seen.done, false);
      assert.equal(seen.clean, false, 'a cut answer never ends cleanly');
      assert.ok(seen.text.length > 0, 'what had been sent stays sent');
      assert.equal(record.ending, 'cut');
      assert.equal(record.attempts.length, 1, 'nothing is spliced');
      return;
    }
    const position = expected.stream === 'primary' ? '0' : '1';
    assert.equal(seen.headers.get('x-spillway-position'), position);
    assert.deepEqual(seen.finishes, ['stop']);
    assert.ok(seen.done && seen.clean);
    assert.deepEqual(seen.errors, []);
    assert.equal(seen.text.split(' ').length, 60, 'every word, once');
    assert.equal(record.ending, 'ok');
  });

  test(`${kind}, not streamed`, async (t) => {
    const gateway = await startTestGateway(t, emulatedChain);
    gateway.emulator?.setFault({ model: primary, kind, ...expected.fault });
    const response = await gateway.post({
      model: '@preset/coder',
      messages: [{ role: 'user', content: 'write 60 words' }],
    });
    const body = (await response.json()) as {
      choices: { message: { content: string }; finish_reason: string }[];
      usage: { cost: number };
    };
    assert.equal(response.status, 200);
    assert.equal(body.choices[0]?.message.content.split(' ').length, 60);
    const position = expected.whole === 'primary' ? '0' : '1';
    assert.equal(response.headers.get('x-spillway-position'), position);
    const attempts = response.headers.get('x-spillway-attempts')?.split(',') ?? [];
    assert.match(attempts[0] ?? '', new RegExp(`^deepseek/deepseek-v4-pro@deepseek:(${expected.outcome})$`));
    assert.equal(attempts.length, expected.whole === 'primary' ? 1 : 2);
    assert.equal(Number(response.headers.get('x-spillway-cost-usd')), body.usage.cost);
    assert.equal(gateway.lastRecord().attempts.length, attempts.length);
  });
}

test('every endpoint rate-limited: 429 with the shortest wait, what was tried, and the first error first', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  for (const stream of [true, false]) {
    // A fault that is set by hand resets what was learned before it.
    gateway.emulator?.setFault({ model: primary, kind: 'rate_limit', retryAfter: 40 });
    gateway.emulator?.setFault({ model: 'anthropic/claude-haiku-4.5', kind: 'overloaded' });
    gateway.emulator?.setFault({ model: 'anthropic/claude-sonnet-4.6', kind: 'rate_limit', retryAfter: 12 });
    const response = await gateway.post({
      model: '@preset/coder',
      stream,
      messages: [{ role: 'user', content: 'x' }],
    });
    assert.equal(response.status, 429);
    assert.equal(response.headers.get('retry-after'), '12');
    assert.equal(response.headers.get('x-should-retry'), null);
    const { error } = (await response.json()) as {
      error: { type: string; metadata: { previous_errors: { code: string }[] } };
    };
    assert.equal(error.type, 'upstream_rate_limited');
    assert.deepEqual(
      error.metadata.previous_errors.map(({ code }) => code),
      ['rate_limit', 'overloaded', 'rate_limit'],
    );
    assert.equal(response.headers.get('x-generation-id'), gateway.lastRecord().id);
  }
});

test('a client that leaves closes the upstream, in every phase, and no further endpoint is tried', async (t) => {
  for (const kind of ['stall', 'stall_mid_stream'] as const) {
    for (const stream of [true, false]) {
      const gateway = await startTestGateway(
        t,
        emulatedChain.replace('first_token: 300ms, response: 1s, idle: 400ms', 'idle: 60s'),
      );
      gateway.emulator?.setFault({ model: '*', kind });
      const leave = new AbortController();
      const asking = fetch(`${gateway.base}/chat/completions`, {
        method: 'POST',
        signal: leave.signal,
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          model: '@preset/coder',
          stream,
          messages: [{ role: 'user', content: 'write 60 words' }],
        }),
      }).then((response) => response.text());
      setTimeout(() => leave.abort(), 150);
      await assert.rejects(asking);
      for (let tries = 0; gateway.records().length === 0 && tries < 100; tries++)
        await new Promise((resolve) => setTimeout(resolve, 10));
      const record = gateway.lastRecord();
      assert.equal(record.ending, 'client_gone');
      assert.equal(record.attempts.length, 1);
      assert.equal(record.attempts[0]?.outcome, 'client_gone');
      // The emulator bills when its client leaves; it would not, had the connection stayed open.
      for (let tries = 0; gateway.emulator?.bill().total.requests === 0 && tries < 50; tries++)
        await new Promise((resolve) => setTimeout(resolve, 10));
      if (kind === 'stall_mid_stream') assert.equal(gateway.emulator?.bill().total.requests, 1);
    }
  }
});

test('repaired, the primary serves again at once', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  const position = async (): Promise<string | null> =>
    (await gateway.post({ model: '@preset/coder', messages: [{ role: 'user', content: 'x' }] })).headers.get(
      'x-spillway-position',
    );
  assert.equal(await position(), '0');
  for (const kind of ['server_error', 'rate_limit', 'out_of_credit', 'unknown_model'] as const) {
    gateway.emulator?.setFault({ model: primary, kind });
    for (let turn = 0; turn < 4; turn++) assert.equal(await position(), '1', kind);
    gateway.emulator?.clearFaults();
    assert.equal(await position(), '0', kind);
  }
});

test('attempts are bounded, whatever the chain', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain.replace('failover: {', 'failover: { attempts: 2,'));
  gateway.emulator?.setFault({ model: '*', kind: 'server_error' });
  const response = await gateway.post({ model: '@preset/coder', messages: [{ role: 'user', content: 'x' }] });
  assert.equal(response.status, 502);
  assert.equal(gateway.lastRecord().attempts.length, 2);
});
