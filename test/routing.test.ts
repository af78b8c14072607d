/** In which order endpoints serve, through a real gateway: measured pace, lots, likely cost. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { ExplanationView, StatusView } from '../src/control/api-views.ts';
import { key, startTestGateway, type TestGateway } from './support/gateway.ts';
import { completion, json, startUpstream } from './support/upstream.ts';

/** One model at two providers: `one` stands first, is dearer, and calls it deepseek-v4-pro. */
const document = `
providers:
  one: { wire: openai-chat, base_url: 'emulator://deepseek/v1', catalog: none }
  two: { wire: openai-chat, base_url: 'emulator://deepseek/v1', catalog: none }
models:
  acme/m:
    context: 100000
    endpoints:
      - { provider: one, model: deepseek-v4-pro, price: { input: 3, output: 6, cache_read: 0.03 } }
      - { provider: two, model: deepseek-v4-flash, price: { input: 1, output: 2, cache_read: 0.9 } }
  acme/last:
    endpoints: [{ provider: two, model: deepseek-v4-flash, price: { input: 0.1, output: 0.2 } }]
presets:
  p: { models: [acme/m, acme/last] }
keys: [{ name: test, key: '${key}' }]
`;

const messages = [{ role: 'user', content: 'Say twenty words or more about rivers, please, and then some.' }];

/** Asks, reads the answer to its end, and tells who served. */
async function served(gateway: TestGateway, provider?: object, more: object = {}): Promise<string> {
  const response = await gateway.post({ model: 'acme/m', messages, provider, ...more });
  assert.equal(response.status, 200, await response.clone().text());
  await response.arrayBuffer();
  return response.headers.get('x-spillway-provider') ?? '';
}

async function admin<T>(gateway: TestGateway, path: string, body?: object): Promise<T> {
  const response = await fetch(`${gateway.url}/api/admin/${path}`, {
    method: body ? 'POST' : 'GET',
    headers: {
      authorization: 'Bearer spw-test-0123456789abcdef',
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  assert.equal(response.status, 200);
  return (await response.json()) as T;
}

async function endpoints(gateway: TestGateway): Promise<readonly Record<string, unknown>[]> {
  const response = await fetch(`${gateway.base}/models/acme/m/endpoints`, {
    headers: { authorization: `Bearer ${key}` },
  });
  return ((await response.json()) as { data: { endpoints: Record<string, unknown>[] } }).data.endpoints;
}

async function startSlow(t: TestContext): Promise<TestGateway> {
  const gateway = await startTestGateway(t, document);
  gateway.emulator?.setFault({
    model: 'deepseek/deepseek-v4-pro',
    kind: 'slow',
    delayMs: 300,
    tokensPerSecond: 100,
  });
  return gateway;
}

test('measured pace decides under sort and wishes, and is shown', async (t) => {
  const gateway = await startSlow(t);
  const stream = { stream: true };
  assert.equal(await served(gateway, { sort: 'latency' }, stream), 'one', 'nothing is known yet');
  const [slow] = await endpoints(gateway);
  assert.ok(slow);
  assert.ok((slow['latency_last_30m'] as { p50: number }).p50 >= 290);
  assert.equal(
    await served(gateway, { sort: 'latency' }, stream),
    'one',
    'the unknown stand behind the known',
  );
  assert.equal(
    await served(gateway, { preferred_max_latency: 0.1 }, stream),
    'two',
    'the unknown miss no wish',
  );
  for (const provider of [
    { sort: 'latency' },
    { sort: { by: 'throughput' } },
    { preferred_max_latency: 0.1 },
    { preferred_min_throughput: { p50: 2_000 } },
  ])
    assert.equal(await served(gateway, provider, stream), 'two', JSON.stringify(provider));
  assert.equal(await served(gateway, undefined, stream), 'one', 'without a word the document’s order holds');
  const { paces } = await admin<StatusView>(gateway, 'status');
  assert.deepEqual(paces.map(({ endpoint }) => endpoint).toSorted(), ['acme/m@one', 'acme/m@two']);
  const [one, two] = await endpoints(gateway);
  assert.ok(one && two);
  const speed = (entry: Record<string, unknown>): number =>
    (entry['throughput_last_30m'] as { p50: number }).p50;
  assert.ok(speed(two) > speed(one), `${speed(two)} is more than ${speed(one)}`);
});

test('sort: balance spreads requests by the inverse square of the price, and keeps a conversation at its cache', async (t) => {
  const gateway = await startTestGateway(t, document);
  const seen: string[] = [];
  for (let turn = 0; turn < 60; turn++) seen.push(await served(gateway, { sort: 'balance' }));
  // At a third of the price, nine in ten; by pure chance below forty once in some 10^7.
  const cheap = seen.filter((name) => name === 'two').length;
  assert.ok(cheap >= 40 && cheap < 60, `${cheap} of 60`);
  const session = { session_id: 's', messages: [{ role: 'user', content: 'A long story. '.repeat(2_000) }] };
  // The second answer tells of the cache that the first one left.
  for (let turn = 0; turn < 2; turn++) await served(gateway, { only: ['one'] }, session);
  for (let turn = 0; turn < 12; turn++)
    assert.equal(await served(gateway, { sort: 'balance' }, session), 'one');
});

test('sort: effective_cost follows the cache, and explain shows the estimate beside the worst case', async (t) => {
  const gateway = await startTestGateway(t, document);
  const session = { session_id: 's', messages: [{ role: 'user', content: 'A long story. '.repeat(4_000) }] };
  const provider = { sort: 'effective_cost' };
  const request = { model: 'acme/m', provider, ...session };
  const explained = async (): Promise<ExplanationView['steps']> =>
    (await admin<ExplanationView>(gateway, 'explain', { request })).steps;
  const cold = await explained();
  assert.deepEqual(
    cold.map((step) => step.provider),
    ['two', 'one'],
  );
  for (const step of cold)
    assert.ok((step.likely_usd ?? 0) < (step.worst_usd ?? 0) && (step.likely_usd ?? 0) > 0);
  assert.equal(await served(gateway, provider, session), 'two');
  for (let turn = 0; turn < 2; turn++) await served(gateway, { only: ['one'] }, session);
  assert.equal(
    await served(gateway, provider, session),
    'one',
    'where it is cached it is cheaper, though dearer cold',
  );
  const warm = await explained();
  assert.deepEqual(
    warm.map((step) => step.provider),
    ['one', 'two'],
  );
  assert.equal(await served(gateway, provider, { ...session, session_id: 'another' }), 'two');
});

test('sort stays within a model unless it is said: partition none orders the whole chain', async (t) => {
  const gateway = await startTestGateway(t, document);
  const at = async (provider: object): Promise<string | null> => {
    const response = await gateway.post({ model: '@preset/p', messages, provider });
    await response.arrayBuffer();
    return response.headers.get('x-spillway-model');
  };
  assert.equal(await at({ sort: 'price' }), 'acme/m');
  assert.equal(await at({ sort: { by: 'price', partition: 'none' } }), 'acme/last');
  assert.equal(await at({ sort: { by: 'effective_cost', partition: 'none' } }), 'acme/last');
  assert.equal(
    await at({ sort: { by: 'latency', partition: 'none' } }),
    'acme/m',
    'known before unknown, then as listed',
  );
});

test('names that are no provider here are told, and what OpenRouter knows alone travels there', async (t) => {
  const router = await startUpstream(t, json(200, completion('routed')));
  const gateway = await startTestGateway(
    t,
    document
      .replace('presets:', `presets:\n  q: { models: [openai/gpt-5.4-mini] }`)
      .replace(
        'models:\n',
        `  openrouter: { wire: openai-chat, base_url: '${router.url}', catalog: openrouter }\nmodels:\n`,
      ),
  );
  const provider = {
    order: ['azure'],
    quantizations: ['fp8'],
    enforce_distillable_text: true,
    sort: { by: 'exacto', partition: 'model' },
    preferred_max_latency: { p90: 3 },
    max_price: { image: '0.01' },
  };
  const response = await gateway.post({ model: '@preset/q', messages, provider });
  assert.equal(response.status, 200);
  assert.partialDeepStrictEqual(JSON.parse(router.asked[0]?.body.toString() ?? '{}'), {
    provider: { ...provider, max_price: { image: 0.01 } },
  });
  assert.deepEqual(gateway.lastRecord().warnings, []);
  await gateway.post({ model: '@preset/q', messages, provider: { sort: { by: 'balance' } } });
  const sent = JSON.parse(router.asked[1]?.body.toString() ?? '{}') as { provider: object };
  assert.ok(!('sort' in sent.provider), 'a word of ours does not travel');
  const alone = await startTestGateway(t, document);
  await served(alone, { order: ['azure', 'two'] });
  assert.match(
    alone.lastRecord().warnings.join(),
    /"provider.order" names azure: there is no such provider here/,
  );
});
