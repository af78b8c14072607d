/** Clients that ask again after they were failed: known, recorded with what it cost, and told by one command. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { emulatedChain, key, startTestGateway, type TestGateway } from './support/gateway.ts';
import { runCli } from './support/process.ts';
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

const snapshot = snapshotOf(`
providers: { up: { wire: openai-chat, base_url: 'https://up.example/v1' } }
models: { acme/a: { context: 100000, endpoints: [{ provider: up, model: a, price: { input: 1, output: 2 } }] } }
presets: { p: { models: [acme/a] } }
keys: [{ name: test, key: '${virtualKeyHash}' }]
`);
const ask = { model: '@preset/p', stream: true, messages: [{ role: 'user', content: 'hi' }] };
const good: Script = [connected, streams(1), says(1, 'hello', 'stop'), bills(1, 10, 5)];

async function end(seen: Visit, ms = 1_000): Promise<Visit> {
  await seen.clock.advance(ms);
  await seen.done;
  assert.deepEqual(seen.faults, []);
  return seen;
}

/** How the first went → is the same body a retry? */
const firsts: readonly (readonly [string, Script, 'leaves' | 'stays', boolean])[] = [
  ['answered', good, 'stays', false],
  ['failed', refuses(1, 500), 'stays', true],
  ['was refused for what it said', refuses(1, 400), 'stays', true],
  ['was cut', [connected, streams(1), says(1, 'hel'), breaks(5)], 'stays', true],
  ['was left', [connected, streams(1), says(1, 'hel'), says(10_000, 'lo', 'stop')], 'leaves', true],
  // Agents close as soon as they have what they want: they were served.
  [
    'was closed after its end',
    [connected, streams(1), says(1, 'hello', 'stop'), bills(200, 10, 5)],
    'leaves',
    false,
  ],
];

for (const [what, script, client, expected] of firsts)
  test(`after one that ${what}, the same body is ${expected ? 'a' : 'no'} retry`, async () => {
    const first = visit(snapshot, ask, [script, good]);
    await first.clock.advance(100);
    if (client === 'leaves') first.depart('client');
    await end(first);
    const again = await end(first.another(ask));
    assert.deepEqual(again.records[0]?.clientRetry, expected ? { of: 'gen-1' } : undefined);
    const third = await end(first.another(ask));
    assert.deepEqual(third.records[0]?.clientRetry, undefined, 'the second was served');
  });

test('another body, or two minutes later, is none; a chain of failures names the latest', async () => {
  const first = await end(visit(snapshot, ask, [refuses(1, 400)]));
  const other = await end(first.another({ ...ask, messages: [{ role: 'user', content: 'ho' }] }));
  assert.equal(other.records[0]?.clientRetry, undefined);
  const second = await end(first.another(ask));
  const third = await end(first.another(ask));
  assert.deepEqual(
    [second.records[0]?.clientRetry, third.records[0]?.clientRetry],
    [{ of: 'gen-1' }, { of: 'gen-3' }],
  );
  await first.clock.advance(120_000);
  const late = await end(first.another(ask));
  assert.equal(late.records[0]?.clientRetry, undefined);
});

const document = `${emulatedChain}
  - { name: other, key: 'sk-other-0123456789abcdef' }`;
const chat = {
  model: '@preset/coder',
  max_tokens: 500,
  messages: [{ role: 'user' as const, content: 'write 20 words' }],
};
const admin = { authorization: 'Bearer spw-test-0123456789abcdef' };

async function gatewayThatFailsOnce(t: TestContext): Promise<TestGateway> {
  const gateway = await startTestGateway(t, document);
  for (const { slug } of chain) gateway.emulator?.setFault({ model: slug, kind: 'server_error', times: 1 });
  return gateway;
}
const chain = ['deepseek/deepseek-v4-pro', 'anthropic/claude-haiku-4.5', 'anthropic/claude-sonnet-4.6'].map(
  (slug) => ({ slug }),
);

const sdks: Readonly<Record<string, (gateway: TestGateway) => Promise<unknown>>> = {
  'openai, chat': ({ base }) => new OpenAI({ baseURL: base, apiKey: key }).chat.completions.create(chat),
  'openai, a stream': async ({ base }) => {
    const stream = await new OpenAI({ baseURL: base, apiKey: key }).chat.completions.create({
      ...chat,
      stream: true,
    });
    for await (const _chunk of stream) continue;
  },
  'openai, responses': ({ base }) =>
    new OpenAI({ baseURL: base, apiKey: key }).responses.create({
      model: chat.model,
      input: 'write 20 words',
    }),
  anthropic: ({ url }) => new Anthropic({ baseURL: url, apiKey: key }).messages.create(chat),
};

for (const [name, call] of Object.entries(sdks))
  test(`the retry of ${name} is known by its count and by its body, and helps`, async (t) => {
    const gateway = await gatewayThatFailsOnce(t);
    await call(gateway);
    const [first, second, ...more] = gateway.records();
    assert.deepEqual(
      [first?.ending, first?.clientRetry, second?.ending, more.length],
      ['failed', undefined, 'ok', 0],
    );
    assert.deepEqual(second?.clientRetry, { of: first?.id, count: 1 });
  });

test('its cost is one command away, and stands in the generation', async (t) => {
  const gateway = await gatewayThatFailsOnce(t);
  const post = async (body: object, headers = {}): Promise<void> =>
    void (await (await gateway.post(body, headers)).text());
  await post(chat);
  await post(chat);
  await post(chat, { authorization: 'Bearer sk-other-0123456789abcdef' });
  // Only the header says so: the first of it went through another gateway.
  await post(
    { ...chat, messages: [{ role: 'user', content: 'write 30 words' }] },
    { 'x-stainless-retry-count': '2' },
  );
  const [first, second, third, fourth] = gateway.records();
  assert.deepEqual(
    [second?.clientRetry, third?.clientRetry, fourth?.clientRetry],
    [{ of: first?.id }, undefined, { count: 2 }],
  );
  const seen = await fetch(`${gateway.base}/generation?id=${second?.id}`, {
    headers: { authorization: `Bearer ${key}` },
  });
  assert.deepEqual(((await seen.json()) as { data: { client_retry: object } }).data.client_retry, {
    of: first?.id,
  });
  const cost = ((second?.cost ?? 0) + (fourth?.cost ?? 0)) / 1e9;
  type Spend = { total: { requests: number; client_retries: number; client_retries_usd: string } };
  const total = async (): Promise<Spend['total']> =>
    ((await (await fetch(`${gateway.url}/api/admin/spend`, { headers: admin })).json()) as Spend).total;
  while ((await total()).requests < 4) await sleep(20);
  const { client_retries: count, client_retries_usd: usd } = await total();
  assert.deepEqual([count, usd], [2, cost.toFixed(9)]);
  const told = await runCli(['spend'], {
    SPILLWAY_URL: gateway.url,
    SPILLWAY_ADMIN_KEY: 'spw-test-0123456789abcdef',
  });
  assert.match(told.out, /note: 2 requests repeated by clients cost \$0\.0/);
});
