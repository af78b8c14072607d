/** The official OpenAI client speaking the Responses API to models that are served on other wires. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import OpenAI from 'openai';
import type { ResponseInputItem, ResponseStreamEvent } from 'openai/resources/responses/responses';
import { emulatedChain, key, startTestGateway, type TestGateway } from './support/gateway.ts';

type Setting = {
  readonly name: string;
  readonly broken: boolean;
  readonly model: string;
  readonly position: string;
};

/** The primary speaks chat completions, the fallback Anthropic's Messages: both are translated. */
const settings: readonly Setting[] = [
  { name: 'a chat model serves', broken: false, model: 'deepseek/deepseek-v4-pro', position: '0' },
  { name: 'an Anthropic fallback serves', broken: true, model: 'anthropic/claude-haiku-4.5', position: '1' },
];

async function start(t: TestContext, { broken }: Setting): Promise<{ client: OpenAI; gateway: TestGateway }> {
  const gateway = await startTestGateway(t, emulatedChain);
  if (broken) gateway.emulator?.setFault({ model: 'deepseek/deepseek-v4-pro', kind: 'rate_limit' });
  return { gateway, client: new OpenAI({ baseURL: gateway.base, apiKey: key, maxRetries: 0 }) };
}

const hello = { model: '@preset/coder', input: 'hello there', instructions: 'Be brief.' };
const weather = {
  type: 'function' as const,
  name: 'get_weather',
  description: 'The weather of a city',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  strict: false,
};
const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

for (const setting of settings) {
  test(`a whole answer: ${setting.name}`, async (t) => {
    const { client, gateway } = await start(t, setting);
    const { data, response } = await client.responses.create(hello).withResponse();
    assert.match(data.output_text, /hello/);
    assert.deepEqual([data.model, data.status], [setting.model, 'completed']);
    assert.match(data.id, /^resp_/);
    assert.equal(response.headers.get('x-spillway-position'), setting.position);
    const usage = data.usage as unknown as { cost: number; input_tokens: number };
    assert.ok(usage.cost > 0 && usage.input_tokens > 0);
    assert.equal(gateway.lastRecord().cost, Math.round(usage.cost * 1e9));
    assert.equal(gateway.lastRecord().api, 'responses');
  });

  test(`a stream: ${setting.name}`, async (t) => {
    const { client, gateway } = await start(t, setting);
    const stream = client.responses.stream(hello);
    const events: ResponseStreamEvent[] = [];
    let text = '';
    stream.on('event', (event) => events.push(event));
    stream.on('response.output_text.delta', ({ delta }) => (text += delta));
    const last = await stream.finalResponse();
    assert.match(text, /hello/);
    assert.equal(last.output_text, text);
    assert.equal(last.model, setting.model);
    const usage = last.usage as unknown as { cost: number; spillway: { position: number } };
    assert.ok(usage.cost > 0);
    assert.equal(usage.spillway.position, Number(setting.position));
    assert.deepEqual(
      events.map((event) => event.sequence_number),
      events.map((_event, index) => index),
    );
    assert.equal(gateway.lastRecord().ending, 'ok');
  });

  test(`a loop of tool calls: ${setting.name}`, async (t) => {
    const { client } = await start(t, setting);
    const input: ResponseInputItem[] = [{ role: 'user', content: 'what is the weather in Paris?' }];
    const first = await client.responses
      .stream({ model: '@preset/coder', input, tools: [weather] })
      .finalResponse();
    const call = first.output.find((item) => item.type === 'function_call');
    assert.equal(call?.name, 'get_weather');
    assert.doesNotThrow(() => JSON.parse(call?.arguments ?? '') as unknown);
    input.push(...(first.output as ResponseInputItem[]), {
      type: 'function_call_output',
      call_id: call?.call_id ?? '',
      output: 'sunny',
    });
    const second = await client.responses.create({ model: '@preset/coder', input, tools: [weather] });
    assert.equal(second.status, 'completed');
    assert.ok(second.output_text.length > 0);
  });

  test(`structured output: ${setting.name}`, async (t) => {
    const { client } = await start(t, setting);
    const schema = {
      type: 'object',
      properties: { same: { type: 'boolean' } },
      required: ['same'],
      additionalProperties: false,
    };
    const answer = await client.responses.parse({
      ...hello,
      text: { format: { type: 'json_schema', name: 'result', schema, strict: true } },
    });
    assert.equal(typeof (JSON.parse(answer.output_text) as { same: unknown }).same, 'boolean');
  });
}

const fallback = settings[1] as Setting;

test('an image goes to a model that sees', async (t) => {
  const { client } = await start(t, fallback);
  const answer = await client.responses.create({
    model: '@preset/coder',
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'what is this?' },
          { type: 'input_image', image_url: `data:image/png;base64,${pixel}`, detail: 'auto' },
        ],
      },
    ],
  });
  assert.equal(answer.model, fallback.model);
});

const mistakes: readonly (readonly [string, Record<string, unknown>, unknown, string])[] = [
  [
    'a stored answer',
    { ...hello, previous_response_id: 'resp_1' },
    OpenAI.BadRequestError,
    'invalid_request',
  ],
  ['an unknown preset', { ...hello, model: '@preset/nobody' }, OpenAI.NotFoundError, 'preset_not_found'],
];
for (const [name, body, type, code] of mistakes)
  test(`a typed error: ${name}`, async (t) => {
    const { client } = await start(t, fallback);
    await assert.rejects(
      client.responses.create(body as unknown as typeof hello),
      (error) =>
        error instanceof (type as typeof OpenAI.APIError) &&
        error.code === code &&
        typeof error.type === 'string',
    );
  });

test('a wrong key is a typed error in this dialect too', async (t) => {
  const { gateway } = await start(t, fallback);
  const client = new OpenAI({ baseURL: gateway.base, apiKey: 'sk-wrong-0123456789', maxRetries: 0 });
  await assert.rejects(
    client.responses.create(hello),
    (error) => error instanceof OpenAI.AuthenticationError && error.code === 'invalid_key',
  );
});

test('a client that hangs up in the middle ends the upstream call', async (t) => {
  const { client, gateway } = await start(t, fallback);
  gateway.emulator?.setFault({ model: fallback.model, kind: 'stall_mid_stream' });
  const stream = await client.responses.create({ ...hello, stream: true });
  for await (const event of stream) if (event.type === 'response.output_text.delta') break;
  const ended = await until(() => gateway.records().at(-1)?.ending);
  assert.equal(ended, 'client_gone');
});

async function until<T>(look: () => T | undefined): Promise<T | undefined> {
  for (let tries = 0; tries < 500 && look() === undefined; tries++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  return look();
}
