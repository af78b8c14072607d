/** Refusals for money as the official clients see them: typed, once, in words; and what raw HTTP says to agents. */
import assert from 'node:assert/strict';
import { createServer, request as httpRequest } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { problemOfDenial } from '../src/core/refusal.ts';
import { retryHeaders } from '../src/request/respond.ts';
import { breaks, connected, snapshotOf, virtualKeyHash, visit } from './support/virtual-world.ts';
import { key, startTestGateway, type TestGateway } from './support/gateway.ts';

const document = (own: string): string => `
providers: { deepseek: { wire: openai-chat, base_url: 'emulator://deepseek/v1' } }
models:
  acme/a: { endpoints: [{ provider: deepseek, model: deepseek-v4-pro, price: { input: 1, output: 10 } }], context: 90000 }
  acme/unpriced: { endpoints: [{ provider: deepseek, model: deepseek-v4-pro }], context: 90000 }
workspaces: { default: { contact: '#ai-platform' } }
presets: { p: { models: [acme/a] } }
keys: [{ name: ci, key: '${key}', limits: [${own}] }]
`;
/** Less than one answer of the least length may cost. */
const exhausted = '{ usd: 0.0102, per: day, min_output: 1000 }';
const sentence =
  /^Key ci has spent \$0\.00\d+ of \$0\.0102 today \(UTC\); resets in (\d+ h)?( ?\d+ (min|s))?\. Ask #ai-platform\.$/;

type Gate = TestGateway & {
  readonly seen: () => number;
  readonly openai: OpenAI;
  readonly anthropic: Anthropic;
};

/** A gateway behind a door that counts; the clients keep their usual retries. */
async function start(t: TestContext, own = exhausted): Promise<Gate> {
  const gateway = await startTestGateway(t, document(own));
  let seen = 0;
  const door = createServer((incoming, outgoing) => {
    seen += 1;
    const { method, headers, url = '/' } = incoming;
    const onward = httpRequest(
      `${gateway.url}${url}`,
      { method, headers: { ...headers, host: '127.0.0.1' } },
      (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      },
    );
    incoming.pipe(onward);
  });
  await new Promise<void>((resolve) => door.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    door.closeAllConnections();
    door.close();
  });
  const url = `http://127.0.0.1:${(door.address() as AddressInfo).port}`;
  return {
    ...gateway,
    seen: () => seen,
    openai: new OpenAI({ baseURL: `${url}/v1`, apiKey: key }),
    anthropic: new Anthropic({ baseURL: url, apiKey: key }),
  };
}

const chat = {
  model: '@preset/p',
  max_tokens: 1_000,
  messages: [{ role: 'user' as const, content: 'hello' }],
};
const responses = { model: '@preset/p', max_output_tokens: 1_000, input: 'hello' };

/** Uses the limit up. */
async function spend({ openai }: Gate): Promise<void> {
  await openai.chat.completions.create(chat);
}

/** What a call is refused with, and how often the gateway was asked. */
async function refusal<E extends Error>(
  gate: Gate,
  type: abstract new (...args: never[]) => E,
  call: () => PromiseLike<unknown>,
): Promise<{ readonly error: E; readonly asked: number }> {
  const before = gate.seen();
  try {
    await call();
  } catch (error) {
    assert.ok(error instanceof type, String(error));
    return { error, asked: gate.seen() - before };
  }
  throw new Error('it was not refused');
}

for (const stream of [false, true]) {
  const how = stream ? 'a stream' : 'a whole answer';
  test(`chat, ${how}: 402 with the limit, asked once`, async (t) => {
    const gate = await start(t);
    await spend(gate);
    const { error, asked } = await refusal(gate, OpenAI.APIError, () =>
      gate.openai.chat.completions.create({ ...chat, stream }),
    );
    assert.equal(asked, 1);
    assert.deepEqual(
      [error.status, error.type, (error.headers as Headers).get('retry-after')],
      [402, 'limit_exhausted', null],
    );
    const { message, metadata } = error.error as { message: string; metadata: { limit: object } };
    assert.match(message, sentence);
    assert.partialDeepStrictEqual(metadata.limit, {
      scope: 'key',
      name: 'ci',
      limit: 0.0102,
      contact: '#ai-platform',
    });
  });

  test(`messages, ${how}: 402 in Anthropic's envelope, asked once`, async (t) => {
    const gate = await start(t);
    await spend(gate);
    const { error, asked } = await refusal(gate, Anthropic.APIError, () =>
      gate.anthropic.messages.create({ ...chat, stream }),
    );
    assert.equal(asked, 1);
    assert.equal(error.status, 402);
    const told = error.error as { type: string; error: { type: string; code: string; message: string } };
    assert.deepEqual(
      [told.type, told.error.type, told.error.code],
      ['error', 'billing_error', 'limit_exhausted'],
    );
    assert.match(told.error.message, sentence);
  });

  test(`responses, ${how}: 429 insufficient_quota, asked once`, async (t) => {
    const gate = await start(t);
    await spend(gate);
    const { error, asked } = await refusal(gate, OpenAI.RateLimitError, () =>
      gate.openai.responses.create({ ...responses, stream }),
    );
    assert.equal(asked, 1);
    assert.deepEqual([error.type, error.code], ['insufficient_quota', 'insufficient_quota']);
    assert.equal(error.headers.get('retry-after'), null);
    assert.equal(error.headers.get('x-should-retry'), 'false');
    assert.match((error.error as { message: string }).message, sentence);
  });
}

test('codex is told with 400, whose text it shows', async (t) => {
  const gate = await start(t);
  await spend(gate);
  const headers = { originator: 'codex_cli_rs' };
  const { error, asked } = await refusal(gate, OpenAI.BadRequestError, () =>
    gate.openai.responses.create({ ...responses, stream: true }, { headers }),
  );
  assert.equal(asked, 1);
  assert.equal(error.code, 'insufficient_quota');
  assert.match((error.error as { message: string }).message, sentence);
});

test('a rate that resets within a minute has Retry-After; one that takes a month is not asked again', async (t) => {
  const month = await start(t, '{ requests: 1, per: month }');
  await spend(month);
  const { error, asked } = await refusal(month, OpenAI.RateLimitError, () =>
    month.openai.chat.completions.create(chat),
  );
  assert.deepEqual([asked, error.type, error.headers.get('retry-after')], [1, 'rate_limited', null]);
  assert.match(
    (error.error as { message: string }).message,
    /^Key ci has made 1 request of 1 request this month/,
  );
  const minute = await start(t, '{ requests: 0, per: minute }');
  const answer = await minute.post(chat);
  const wait = Number(answer.headers.get('retry-after'));
  assert.ok(answer.status === 429 && wait >= 1 && wait <= 60);
  assert.equal(answer.headers.get('x-should-retry'), null);
});

test('a model without a price is refused under a limit in dollars, asked once', async (t) => {
  const gate = await start(t);
  const { error, asked } = await refusal(gate, OpenAI.APIError, () =>
    gate.openai.chat.completions.create({ ...chat, model: 'acme/unpriced' }),
  );
  assert.deepEqual([asked, error.status, error.type], [1, 402, 'model_unpriced']);
  assert.match(
    error.message,
    /acme\/unpriced@deepseek has no price, and a limit in dollars applies: set its price/,
  );
});

test('what is busy may be asked again after two seconds', () => {
  const limit = {
    kind: 'key',
    of: 'ci',
    unit: 'usd',
    per: 'day',
    limit: 5e9,
    spent: 1e9,
    held: 4e9,
  } as const;
  const told = problemOfDenial({ denied: 'busy', limit }, { now: 0, contact: undefined });
  assert.deepEqual([told.code, told.status, retryHeaders(told)], ['limit_busy', 429, { 'retry-after': '2' }]);
  assert.equal(
    told.message,
    'Key ci has spent $1.00 of $5.00 today (UTC) and holds $4.00 for requests in flight.',
  );
});

test('in a stream that a heartbeat has opened the refusal is its one error event, and no clean end', async () => {
  const limited = snapshotOf(`
providers: { up: { wire: openai-chat, base_url: 'https://up.example/v1' } }
models:
  acme/a: { context: 90000, endpoints: [{ provider: up, model: a, price: { input: 1, output: 2 } }] }
  acme/b: { context: 90000, endpoints: [{ provider: up, model: b, price: { input: 100, output: 200 } }] }
presets: { p: { models: [acme/a, acme/b], limits: [{ usd: 0.05, per: day, min_output: 1000 }] } }
keys: [{ name: test, key: '${virtualKeyHash}' }]`);
  const ask = { model: '@preset/p', stream: true, max_tokens: 1_000, messages: chat.messages };
  const visited = visit(limited, ask, [[connected, breaks(20_000)]]);
  await visited.clock.advance(15_000);
  assert.deepEqual(visited.events.slice(0, 1), ['15000 head 200 pending']);
  await visited.clock.advance(10_000);
  const [error, end] = visited.events.slice(-2);
  assert.match(error ?? '', /^20001 write data: \{/);
  assert.equal(end, '20001 abort');
  assert.equal(visited.records[0]?.problem, 'limit_exhausted');
  assert.equal(visited.calls.length, 1, 'the fallback was not called');
});
