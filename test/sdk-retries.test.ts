/**
 * The official SDKs with their own retries on, as they come. Where asking again cannot help they ask once, so that one
 * call is one generation; where it can, they ask again, and the call succeeds. First every code of the closed table, as
 * the gateway writes it; then refusals by a real gateway.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { OpenRouter } from '@openrouter/sdk';
import OpenAI from 'openai';
import { problem, problemTable, type ProblemCode } from '../src/core/problem.ts';
import { statusFor } from '../src/core/refusal.ts';
import { problemAnswer } from '../src/problem-answer.ts';
import { key, startTestGateway, type TestGateway } from './support/gateway.ts';
import { completion } from './support/upstream.ts';

type Question = { readonly model: string; readonly prompt: string };
type Sdk = {
  /** Has read `x-should-retry`; the other repeats every 5xx, and nothing else. */
  readonly obeys: boolean;
  readonly call: (origin: string, apiKey: string, question: Question) => Promise<unknown>;
};

const messages = (prompt: string): { role: 'user'; content: string }[] => [{ role: 'user', content: prompt }];

const sdks: Readonly<Record<string, Sdk>> = {
  'openai, chat': {
    obeys: true,
    call: (origin, apiKey, { model, prompt }) =>
      new OpenAI({ baseURL: `${origin}/v1`, apiKey }).chat.completions.create({
        model,
        messages: messages(prompt),
        max_tokens: 1_000,
      }),
  },
  'openai, responses': {
    obeys: true,
    call: (origin, apiKey, { model, prompt }) =>
      new OpenAI({ baseURL: `${origin}/v1`, apiKey }).responses.create({
        model,
        input: prompt,
        max_output_tokens: 1_000,
      }),
  },
  anthropic: {
    obeys: true,
    call: (origin, apiKey, { model, prompt }) =>
      new Anthropic({ baseURL: origin, apiKey }).messages.create({
        model,
        messages: messages(prompt),
        max_tokens: 1_000,
      }),
  },
  openrouter: {
    obeys: false,
    call: (origin, apiKey, { model, prompt }) =>
      new OpenRouter({ serverURL: `${origin}/api/v1`, apiKey }).chat.send({
        chatRequest: { model, messages: messages(prompt), maxTokens: 1_000 },
      }),
  },
};

/** A server that tells each code once and then answers; it counts what it was asked, by path. */
async function startTeller(t: TestContext): Promise<{ origin: string; asked: ReadonlyMap<string, number> }> {
  const asked = new Map<string, number>();
  const server = createServer((request, response) => {
    request.resume();
    const [, name = '', code = '', ...rest] = (request.url ?? '').split('/');
    const place = `${name}/${code}`;
    const count = (asked.get(place) ?? 0) + 1;
    asked.set(place, count);
    const route = `/${rest.join('/')}`;
    const api = route.endsWith('/responses')
      ? 'responses'
      : route.endsWith('/messages')
        ? 'messages'
        : 'chat';
    if (count > 1) {
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify(completion('served')));
      return;
    }
    const told = problem(code as ProblemCode, 'A sentence.');
    const answer = problemAnswer(
      { ...told, status: statusFor(told, api, undefined) },
      { url: route, headers: {} },
      'gen-1',
    );
    response.writeHead(answer.status, answer.headers).end(answer.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

const codes = Object.keys(problemTable) as ProblemCode[];

test('every code of the table: asked once where a retry cannot help, and again where it can', async (t) => {
  const { origin, asked } = await startTeller(t);
  const question = { model: 'm', prompt: 'hi' };
  await Promise.all(
    Object.entries(sdks).flatMap(([name, { call }], number) =>
      // The fourth keeps asking those two for an hour.
      codes
        .filter((code) => name !== 'openrouter' || !deaf.includes(code))
        .map((code) => call(`${origin}/${number}/${code}`, key, question).catch(() => undefined)),
    ),
  );
  for (const [number, [name, { obeys }]] of Object.entries(sdks).entries())
    for (const code of codes) {
      if (!obeys && deaf.includes(code)) continue;
      const { retry, status } = problemTable[code];
      const again = obeys ? retry : status >= 500;
      assert.equal(asked.get(`${number}/${code}`), again ? 2 : 1, `${name}: ${code}`);
    }
});

/**
 * OpenRouter's SDK repeats every 5xx for up to an hour, whatever the headers say. So nothing that a retry cannot help
 * has such a status, except these two: a provider's account is the operator's trouble and no fault of the caller's.
 */
const deaf: readonly ProblemCode[] = ['upstream_credit', 'upstream_auth'];

test('whatever a retry cannot help is no 5xx, but for a provider’s account', () => {
  const hopeless = codes.filter((code) => !problemTable[code].retry && problemTable[code].status >= 500);
  assert.deepEqual(hopeless, deaf);
});

test('a retry that can help has a status that the SDKs repeat by themselves', () => {
  for (const code of codes.filter((each) => problemTable[each].retry)) {
    const { status } = problemTable[code];
    assert.ok(status === 408 || status === 429 || status >= 500, code);
  }
});

const keys = {
  broke: 'sk-broke-0123456789abcdef',
  month: 'sk-month-0123456789abcdef',
  narrow: 'sk-narrow-0123456789abcdef',
  off: 'sk-off-0123456789abcdef01',
  old: 'sk-old-0123456789abcdef01',
};

const document = `
providers:
  deepseek: { wire: openai-chat, base_url: 'emulator://deepseek/v1' }
models:
  acme/a: { endpoints: [{ provider: deepseek, model: deepseek-v4-pro, price: { input: 1, output: 10 } }], context: 90000 }
  acme/tiny: { endpoints: [{ provider: deepseek, model: deepseek-v4-pro, price: { input: 1, output: 10 } }], context: 1500 }
  acme/unpriced: { endpoints: [{ provider: deepseek, model: deepseek-v4-pro }], context: 90000 }
presets:
  p: { models: [acme/a] }
  high: { models: [acme/a], provider: { zdr: true } }
  off: { models: [acme/a], disabled: true }
  fixed: { models: [acme/a], locked: [models] }
keys:
  - { name: test, key: '${key}' }
  - { name: broke, key: '${keys.broke}', limits: [{ usd: 0.000001, per: day, min_output: 1 }] }
  - { name: month, key: '${keys.month}', limits: [{ requests: 0, per: month }] }
  - { name: narrow, key: '${keys.narrow}', presets: [p] }
  - { name: off, key: '${keys.off}', disabled: true }
  - { name: old, key: '${keys.old}', expires: '2020-01-01' }
`;

type Refusal = {
  readonly model: string;
  readonly key?: string;
  readonly prompt?: string;
};

/** Code → what is refused with it. */
const refusals: Readonly<Partial<Record<ProblemCode, Refusal>>> = {
  invalid_key: { model: '@preset/p', key: 'sk-nobody-0123456789abcdef' },
  key_disabled: { model: '@preset/p', key: keys.off },
  key_expired: { model: '@preset/p', key: keys.old },
  limit_exhausted: { model: '@preset/p', key: keys.broke },
  rate_limited: { model: '@preset/p', key: keys.month },
  model_unpriced: { model: 'acme/unpriced', key: keys.broke },
  preset_not_found: { model: '@preset/nothing' },
  preset_version_not_found: { model: '@preset/p@99' },
  preset_disabled: { model: '@preset/off' },
  preset_not_allowed: { model: '@preset/high', key: keys.narrow },
  model_not_allowed: { model: 'acme/a', key: keys.narrow },
  models_locked: { model: 'acme/tiny@preset/fixed' },
  model_not_found: { model: 'acme/nothing' },
  no_endpoint: { model: '@preset/high' },
  context_length_exceeded: { model: 'acme/tiny', prompt: 'word '.repeat(5_000) },
};

async function generationsOf(
  gateway: TestGateway,
  sdk: Sdk,
  { model, key: own, prompt = 'hi' }: Refusal,
): Promise<readonly (string | undefined)[]> {
  const before = gateway.records().length;
  await assert.rejects(sdk.call(gateway.url, own ?? key, { model, prompt }), `${model} was served`);
  return gateway
    .records()
    .slice(before)
    .map(({ problem: code }) => code);
}

for (const [name, sdk] of Object.entries(sdks))
  test(`${name}: one generation for every refusal by policy`, async (t) => {
    const gateway = await startTestGateway(t, document);
    for (const [code, refusal] of Object.entries(refusals))
      assert.deepEqual(await generationsOf(gateway, sdk, refusal), [code], code);
  });

for (const [name, sdk] of Object.entries(sdks))
  test(`${name}: what the provider refused for good is one generation, what was brief is asked again and served`, async (t) => {
    const gateway = await startTestGateway(t, document);
    const question = { model: '@preset/p' };
    gateway.emulator?.setFault({ model: '*', kind: 'unknown_model' });
    assert.deepEqual(await generationsOf(gateway, sdk, question), ['upstream_model_gone']);
    if (sdk.obeys) {
      gateway.emulator?.setFault({ model: '*', kind: 'out_of_credit' });
      assert.deepEqual(await generationsOf(gateway, sdk, question), ['upstream_credit']);
    }
    gateway.emulator?.setFault({ model: '*', kind: 'server_error', times: 1 });
    const before = gateway.records().length;
    await sdk.call(gateway.url, key, { ...question, prompt: 'hello' });
    assert.deepEqual(
      gateway
        .records()
        .slice(before)
        .map(({ ending }) => ending),
      ['failed', 'ok'],
    );
  });
