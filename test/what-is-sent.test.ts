/** What the gateway sends to providers, what it keeps from them, and what it says of it afterwards. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { key } from './support/gateway.ts';
import { ask, startPair as start } from './support/pair.ts';
import { completion, json, sse } from './support/upstream.ts';

test('the caller’s own mistake is not sent down the chain, and its words come back', async (t) => {
  const { gateway, second } = await start(
    t,
    json(400, {
      error: {
        message: "Invalid value for 'temperature': must be a number.",
        type: 'invalid_request_error',
        param: 'temperature',
        code: 'invalid_type',
      },
    }),
  );
  const response = await gateway.post({ ...ask, temperature: 'hot' });
  const { error } = (await response.json()) as {
    error: { type: string; message: string; param: string; code: number };
  };
  assert.equal(response.status, 400);
  assert.equal(response.headers.get('x-should-retry'), 'false');
  assert.deepEqual([error.type, error.param, error.code], ['upstream_refused', 'temperature', 400]);
  assert.match(error.message, /must be a number/);
  assert.equal(second.asked.length, 0);
});

test('a 200 KB request of the same wire is spliced, not re-serialised', async (t) => {
  const { gateway, first } = await start(t, json(200, completion('ok')));
  const messages = `[ {"role":"system" , "content":"${'é\\u00e9 '.repeat(15_000)}"},\n {"role":"user","content":"hi","unknown":{"b":1,"a":[1.0,2.50]}} ]`;
  const body = `{"messages":${messages},"model":"@preset/p","temperature":0.70,"unknown_field":{"z":1},"provider":{"allow_fallbacks":true}}`;
  assert.equal((await gateway.post(body)).status, 200);
  const sent = first.asked[0]?.body.toString() ?? '';
  assert.ok(body.length > 100_000);
  assert.ok(sent.includes(messages), 'the messages keep their bytes');
  assert.ok(
    sent.includes('"temperature":0.70') && sent.includes('"unknown_field":{"z":1}'),
    'what is unknown travels',
  );
  const { model, max_tokens: cap, provider } = JSON.parse(sent) as Record<string, unknown>;
  assert.deepEqual([model, cap, provider], ['one-raw', 8_000, undefined]);
});

test('the caller’s credentials and cookies never travel, the provider’s own are sent', async (t) => {
  const { gateway, first } = await start(t, json(200, completion('ok')));
  await gateway.post(ask, {
    cookie: 'a=b',
    'x-api-key': key,
    'openai-beta': 'x=1',
    traceparent: '00-1-1-01',
    'x-secret': 'y',
    'anthropic-beta': 'no',
  });
  const headers = first.asked[0]?.headers ?? {};
  assert.equal(headers.authorization, 'Bearer provider-secret-1');
  assert.equal(headers['openai-beta'], 'x=1');
  assert.equal(headers['traceparent'], '00-1-1-01');
  for (const name of ['cookie', 'x-api-key', 'x-secret', 'anthropic-beta'])
    assert.equal(headers[name], undefined, name);
  assert.equal(JSON.stringify(headers).includes(key), false);
});

test('preset < member < request; of two caps the smaller; locked keys keep the preset’s value, with a warning', async (t) => {
  const preset = `, parameters: { temperature: 0.1, top_p: 0.5, seed: 7, max_tokens: 900 }, system_prompt: "Be kind.", locked: [top_p]`;
  const { gateway, first } = await start(t, json(200, completion('ok')), { preset });
  const response = await gateway.post({
    ...ask,
    temperature: 0.9,
    top_p: 0.99,
    max_tokens: 5_000,
    seed: null,
  });
  const sent = JSON.parse(first.asked[0]?.body.toString() ?? '{}') as Record<string, unknown>;
  assert.partialDeepStrictEqual(sent, {
    temperature: 0.9,
    top_p: 0.5,
    seed: 7,
    max_tokens: 900,
    messages: [
      { role: 'system', content: 'Be kind.' },
      { role: 'user', content: 'hi' },
    ],
  });
  const { usage } = (await response.json()) as { usage: { spillway: { warnings: string[] } } };
  assert.ok(usage.spillway.warnings.some((warning) => warning.includes('"top_p" is locked')));
  assert.ok(usage.spillway.warnings.some((warning) => warning.includes('lowered from 5000 to 900')));
});

test('a failed attempt is paid for when it was billed, and the bill says so', async (t) => {
  const { gateway, first } = await start(t, json(200, completion('from the first')));
  const plain = (await (await gateway.post(ask)).json()) as { usage: { cost: number } };
  assert.equal(plain.usage.cost, (1_000 * 1 + 100 * 2) / 1e6);
  first.answer(json(500, { error: { message: 'boom' } }));
  const response = await gateway.post(ask);
  const { usage } = (await response.json()) as {
    usage: { cost: number; cost_details: { upstream_inference_cost: number } };
  };
  assert.equal(usage.cost, (1_000 * 10 + 100 * 20) / 1e6);
  assert.equal(response.headers.get('x-spillway-cost-multiplier'), '10');
  assert.equal(gateway.lastRecord().attempts[0]?.basis, 'none');
});

test('GET /generation answers at once, to the key that asked, with every attempt', async (t) => {
  const { gateway, first } = await start(t, json(500, {}));
  const id = (await gateway.post(ask)).headers.get('x-generation-id') ?? '';
  const get = (path: string, secret = key): Promise<Response> =>
    fetch(`${gateway.base}${path}`, { headers: { authorization: `Bearer ${secret}` } });
  const { data } = (await (await get(`/generation?id=${id}`)).json()) as {
    data: {
      preset: string;
      position: number;
      fallback: boolean;
      total_cost: number;
      cost_multiplier: number;
      attempts: { outcome: string; cost: number }[];
    };
  };
  assert.partialDeepStrictEqual(data, {
    preset: 'p@1',
    position: 1,
    fallback: true,
    total_cost: 0.012,
    cost_multiplier: 10,
  });
  assert.deepEqual(
    data.attempts.map(({ outcome, cost }) => [outcome, cost]),
    [
      ['server_error', 0],
      ['ok', 0.012],
    ],
  );
  assert.equal((await get('/generation?id=gen-unknown')).status, 404);
  assert.equal(first.asked.length, 1);
});

test('openrouter_metadata comes to those who ask for it, on answers, streams and errors', async (t) => {
  const { gateway, second } = await start(t, json(500, {}));
  const wanted = { 'x-openrouter-metadata': 'Enabled' };
  type Metadata = {
    openrouter_metadata?: { strategy: string; attempt: number; attempts: { status: number }[] };
  };
  const whole = (await (await gateway.post(ask, wanted)).json()) as Metadata;
  assert.partialDeepStrictEqual(whole.openrouter_metadata, {
    strategy: 'fallback',
    attempt: 2,
    attempts: [{ status: 500 }, { status: 200 }],
  });
  assert.equal(((await (await gateway.post(ask)).json()) as Metadata).openrouter_metadata, undefined);
  second.answer(json(500, {}));
  const error = (await (await gateway.post(ask, wanted)).json()) as Metadata;
  assert.equal(error.openrouter_metadata?.attempts.length, 2);
  for (const usage of ['', ',"usage":{"prompt_tokens":1,"completion_tokens":1}']) {
    const well = await start(
      t,
      sse(
        `data: {"id":"1","created":1,"model":"m","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]${usage}}\n\ndata: [DONE]\n\n`,
      ),
    );
    const events = (await (await well.gateway.post({ ...ask, stream: true }, wanted)).text())
      .trim()
      .split('\n\n');
    const last = JSON.parse(events.at(-2)?.slice(6) ?? '') as Metadata;
    assert.equal(last.openrouter_metadata?.strategy, 'direct');
  }
});
