/** Embeddings through a running gateway and the official client: bytes pass, costs are told, and only the same model stands in. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import OpenAI from 'openai';
import { key, startTestGateway, type TestGateway } from './support/gateway.ts';
import { json, startUpstream } from './support/upstream.ts';

const model = 'openai/text-embedding-3-small';
const other = 'openai/text-embedding-3-large';

async function start(t: TestContext): Promise<{ readonly gateway: TestGateway; readonly client: OpenAI }> {
  const gateway = await startTestGateway(
    t,
    `
providers:
  openai: { wire: openai-chat, base_url: 'emulator://openai/v1' }
  mirror: { wire: openai-chat, base_url: 'emulator://openai/v1', catalog: openai }
presets:
  search: { models: [${model}, ${other}], parameters: { dimensions: 32, temperature: 1 } }
  mixed: { models: [openai/gpt-5.4-mini, ${model}] }
keys:
  - { name: test, key: '${key}' }
`,
  );
  return { gateway, client: new OpenAI({ baseURL: gateway.base, apiKey: key, maxRetries: 0 }) };
}

test('the official client gets its vectors, the canonical model and the cost', async (t) => {
  const { gateway, client } = await start(t);
  const { data: answer, response } = await client.embeddings
    .create({ model, input: ['one text', 'another text'], dimensions: 16 })
    .withResponse();
  assert.deepEqual(
    answer.data.map(({ index, embedding }) => [index, embedding.length]),
    [
      [0, 16],
      [1, 16],
    ],
  );
  assert.equal(answer.model, model);
  const record = gateway.lastRecord();
  assert.equal(record.api, 'embeddings');
  assert.equal(record.ending, 'ok');
  assert.equal(record.cost, gateway.emulator?.bill().models[model]?.cost);
  assert.ok(record.cost > 0);
  const usage = answer.usage as OpenAI.CreateEmbeddingResponse.Usage & { cost: number };
  assert.equal(usage.cost, record.cost / 1e9);
  assert.equal(usage.prompt_tokens, record.attempts[0]?.usage?.input);
  assert.equal(response.headers.get('x-spillway-model'), model);
  assert.equal(response.headers.get('x-generation-id'), record.id);
});

test('the same text has the same vector, as numbers or as base64, by name or as tokens', async (t) => {
  const { client } = await start(t);
  const vector = async (more: Partial<OpenAI.EmbeddingCreateParams>): Promise<readonly number[]> =>
    (await client.embeddings.create({ model, input: 'a text', dimensions: 8, ...more })).data[0]?.embedding ??
    [];
  const plain = await vector({ encoding_format: 'float' });
  const packed = await vector({});
  assert.equal(plain.length, 8);
  for (const [at, number] of plain.entries()) assert.ok(Math.abs(number - (packed[at] ?? 9)) < 1e-6);
  assert.notDeepEqual(await vector({ input: 'another' }), packed);
  assert.equal((await vector({ input: [1, 2, 3] })).length, 8);
});

test('a preset gives the model and what embeddings know of its parameters', async (t) => {
  const { client } = await start(t);
  const { data } = await client.embeddings.create({ model: '@preset/search', input: 'a text' });
  assert.equal(data[0]?.embedding.length, 32);
});

test('another endpoint of the same model stands in, another model never', async (t) => {
  const { gateway, client } = await start(t);
  gateway.emulator?.setFault({ model, kind: 'rate_limit', times: 1 });
  const { response } = await client.embeddings
    .create({ model: '@preset/search', input: 'a text' })
    .withResponse();
  assert.equal(response.headers.get('x-spillway-provider'), 'mirror');
  const record = gateway.lastRecord();
  assert.deepEqual(
    record.attempts.map(({ outcome }) => outcome),
    ['rate_limit', 'ok'],
  );
  assert.deepEqual(record.skipped, [
    { endpoint: `${other}@openai`, reason: 'embeddings' },
    { endpoint: `${other}@mirror`, reason: 'embeddings' },
  ]);
  gateway.emulator?.setFault({ model, kind: 'server_error' });
  await assert.rejects(
    client.embeddings.create({ model: '@preset/search', input: 'a text' }),
    OpenAI.InternalServerError,
  );
  assert.equal(gateway.lastRecord().attempts.length, 2);
});

test('chat models embed nothing, and embedding models do not chat', async (t) => {
  const { gateway, client } = await start(t);
  await assert.rejects(
    client.embeddings.create({ model: '@preset/mixed', input: 'a text' }),
    /gpt-5\.4-mini@openai: embedding/,
  );
  const answer = await client.chat.completions.create({
    model: '@preset/mixed',
    messages: [{ role: 'user', content: 'hello' }],
  });
  assert.equal(answer.model, 'openai/gpt-5.4-mini');
  assert.deepEqual(
    gateway.lastRecord().skipped.map(({ reason }) => reason),
    ['embedding', 'embedding'],
  );
});

test('Gemini embeds on its own wire, and stands in for itself on the other', async (t) => {
  const name = 'google/gemini-embedding-001';
  const gateway = await startTestGateway(
    t,
    `
providers:
  google: { wire: gemini, base_url: 'emulator://google/v1beta' }
  face: { wire: openai-chat, base_url: 'emulator://google/v1', catalog: google }
  elsewhere: { wire: anthropic, base_url: 'emulator://google/v1', catalog: google }
keys: [{ name: test, key: '${key}' }]
`,
  );
  const client = new OpenAI({ baseURL: gateway.base, apiKey: key, maxRetries: 0 });
  const vectors = async (more: Partial<OpenAI.EmbeddingCreateParams> = {}): Promise<number[][]> => {
    const answer = await client.embeddings.create({
      model: name,
      input: ['one', 'two'],
      dimensions: 8,
      ...more,
    });
    assert.equal(answer.model, name);
    const { cost, prompt_tokens: tokens } = answer.usage as typeof answer.usage & { cost: number };
    assert.equal(cost, gateway.lastRecord().cost / 1e9);
    assert.equal(tokens, gateway.lastRecord().attempts.at(-1)?.usage?.input);
    return answer.data.map(({ embedding }) => embedding);
  };
  const own = await vectors();
  assert.deepEqual(
    own.map(({ length }) => length),
    [8, 8],
  );
  assert.equal(gateway.lastRecord().attempts[0]?.basis, 'measured');
  assert.deepEqual(gateway.lastRecord().skipped, [{ endpoint: `${name}@elsewhere`, reason: 'wire' }]);
  assert.equal(gateway.lastRecord().cost, gateway.emulator?.bill().models[name]?.cost);
  gateway.emulator?.setFault({ model: name, kind: 'overloaded', times: 1 });
  assert.deepEqual(await vectors(), own);
  assert.equal(gateway.lastRecord().served?.provider, 'face');
  const plain = (await vectors({ encoding_format: 'float' })).flat();
  for (const [at, number] of plain.entries()) assert.ok(Math.abs(number - (own.flat()[at] ?? 9)) < 1e-6);
  // Tokens are those of another vocabulary: only OpenAI's own shape takes them.
  assert.equal((await vectors({ input: [1, 2] })).length, 1);
  assert.equal(gateway.lastRecord().served?.provider, 'face');
});

const mistakes: readonly (readonly [name: string, body: string, param: string | null])[] = [
  ['no input', `{"model":"${model}"}`, 'input'],
  ['null for input', `{"model":"${model}","input":null}`, 'input'],
  ['a number for input', `{"model":"${model}","input":7}`, 'input'],
  ['a list for model', `{"model":[],"input":"a"}`, 'model'],
  ['a word for provider', `{"model":"${model}","input":"a","provider":"x"}`, 'provider'],
  ['broken JSON', `{"model":"${model}","input":"a"`, null],
];

test('mistakes are named', async (t) => {
  const { gateway } = await start(t);
  for (const [name, body, param] of mistakes) {
    const response = await fetch(`${gateway.base}/embeddings`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}` },
      body,
    });
    assert.equal(response.status, 400, name);
    const { error } = (await response.json()) as { error: { param: string | null } };
    assert.equal(error.param, param, name);
  }
});

test('what came with an answer passes; an answer without vectors is none', async (t) => {
  const upstream = await startUpstream(
    t,
    json(200, {
      object: 'list',
      extra: 'kept',
      data: [{ object: 'embedding', index: 0, embedding: [0.5] }],
      model: 'raw',
      usage: { prompt_tokens: 5, total_tokens: 5 },
    }),
  );
  const gateway = await startTestGateway(
    t,
    `
providers:
  openai: { wire: openai-chat, base_url: '${upstream.url}', api_key: provider-secret }
keys: [{ name: test, key: '${key}' }]
`,
  );
  const post = async (more: object): Promise<Response> =>
    fetch(`${gateway.base}/embeddings`, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model, input: 'a text', provider: { order: ['openai'] }, ...more }),
    });
  const body = (await (await post({ unknown: [1, 2] })).json()) as Record<string, unknown>;
  assert.equal(body['extra'], 'kept');
  assert.equal(body['model'], model);
  assert.equal(upstream.asked[0]?.url, '/v1/embeddings');
  assert.equal(
    upstream.asked[0]?.body.toString(),
    '{"model":"text-embedding-3-small","input":"a text","unknown":[1,2]}',
  );
  for (const broken of ['{"data":[]}', '{"data":{}}', 'oops', '{"data":[1],"usage":oops}']) {
    upstream.answer(json(200, broken));
    assert.equal((await post({})).status, 502, broken);
  }
});
