/** OpenRouter as an upstream: told what it may charge, billed by what it charged, and the only one for its own features. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { key, startTestGateway, type TestGateway } from './support/gateway.ts';
import { completion, json, startUpstream, type TestUpstream } from './support/upstream.ts';

async function start(
  t: TestContext,
): Promise<{ gateway: TestGateway; router: TestUpstream; direct: TestUpstream }> {
  const router = await startUpstream(t, json(200, completion('routed')));
  const direct = await startUpstream(t, json(200, completion('direct')));
  const gateway = await startTestGateway(
    t,
    `
providers:
  deepseek: { wire: openai-chat, base_url: '${direct.url}' }
  openrouter: { wire: openai-chat, base_url: '${router.url}', catalog: openrouter }
presets:
  p: { models: [deepseek/deepseek-v4-pro] }
keys: [{ name: test, key: '${key}' }]
`,
  );
  return { gateway, router, direct };
}

const messages = [{ role: 'user', content: 'hi' }];
const sent = (upstream: TestUpstream): Record<string, unknown> =>
  JSON.parse(upstream.asked.at(-1)?.body.toString() ?? '{}') as Record<string, unknown>;

test('a variant, a latest alias and a router go to OpenRouter as they stand, never stripped', async (t) => {
  const { gateway, router, direct } = await start(t);
  for (const model of [
    'deepseek/deepseek-v4-pro:nitro',
    '~anthropic/claude-sonnet-latest',
    'openrouter/auto',
  ]) {
    const response = await gateway.post({ model, messages });
    assert.equal(response.status, 200, model);
    assert.equal(sent(router)['model'], model);
  }
  assert.equal(direct.asked.length, 0);
});

test('without OpenRouter they are refused by name', async (t) => {
  const direct = await startUpstream(t, json(200, completion('direct')));
  const gateway = await startTestGateway(
    t,
    `providers: { deepseek: { wire: openai-chat, base_url: '${direct.url}' } }\nkeys: [{ name: test, key: '${key}' }]\n`,
  );
  const response = await gateway.post({ model: 'deepseek/deepseek-v4-pro:nitro', messages });
  assert.equal(response.status, 404);
  assert.match(await response.text(), /deepseek\/deepseek-v4-pro:nitro/);
  assert.equal(direct.asked.length, 0);
});

test('it is told the price that the worst case was computed with, and the caller’s names that are no provider of ours', async (t) => {
  const { gateway, router } = await start(t);
  await gateway.post({
    model: 'anthropic/claude-haiku-4.5',
    messages,
    provider: {
      order: ['openrouter', 'google-vertex'],
      ignore: ['azure'],
      max_price: { completion: '4' },
      sort: 'throughput',
      data_collection: 'allow',
    },
  });
  assert.equal(router.asked.length, 0, 'dearer than the caller allows');
  await gateway.post({
    model: 'anthropic/claude-haiku-4.5',
    messages,
    provider: {
      order: ['openrouter', 'google-vertex'],
      ignore: ['azure'],
      max_price: { completion: '9' },
      sort: 'throughput',
    },
  });
  assert.deepEqual(sent(router)['provider'], {
    sort: 'throughput',
    ignore: ['azure'],
    order: ['google-vertex'],
    max_price: { prompt: 1, completion: 5 },
  });
});

test('plugins are served there alone; elsewhere the endpoint is left out by name', async (t) => {
  const { gateway, router, direct } = await start(t);
  const response = await gateway.post({ model: '@preset/p', messages, plugins: [{ id: 'web' }] });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('x-spillway-skipped'), 'deepseek/deepseek-v4-pro@deepseek:plugins');
  assert.deepEqual(sent(router)['plugins'], [{ id: 'web' }]);
  assert.equal(direct.asked.length, 0);
});

test('what it says it charged is what is billed', async (t) => {
  const { gateway, router } = await start(t);
  router.answer(
    json(
      200,
      completion('routed', {
        usage: { prompt_tokens: 1_000, completion_tokens: 100, total_tokens: 1_100, cost: 0.00123 },
      }),
    ),
  );
  const response = await gateway.post({ model: 'anthropic/claude-haiku-4.5', messages });
  assert.equal(response.headers.get('x-spillway-cost-usd'), '0.00123');
  assert.equal(gateway.lastRecord().cost, 1_230_000);
});

test('its fields do not reach other providers', async (t) => {
  const { gateway, direct } = await start(t);
  await gateway.post({
    model: '@preset/p',
    messages,
    usage: { include: true },
    transforms: [],
    session_id: 's',
    reasoning: { effort: 'low' },
  });
  const body = sent(direct);
  for (const name of ['usage', 'transforms', 'session_id', 'provider', 'preset', 'reasoning'])
    assert.equal(body[name], undefined, name);
  assert.equal(body['reasoning_effort'], 'low');
});
