/** The official OpenAI client, unmodified, against a running gateway whose primary works or fails. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import OpenAI from 'openai';
import { emulatedChain, key, startTestGateway, type TestGateway } from './support/gateway.ts';

type Setting = {
  readonly name: string;
  readonly broken: boolean;
  readonly model: string;
  readonly position: string;
};

/** The primary is DeepSeek (same wire in and out), the fallback is Anthropic (translated). */
const settings: readonly Setting[] = [
  { name: 'the primary serves', broken: false, model: 'deepseek/deepseek-v4-pro', position: '0' },
  {
    name: 'the fallback serves on another wire',
    broken: true,
    model: 'anthropic/claude-haiku-4.5',
    position: '1',
  },
];

async function start(t: TestContext, { broken }: Setting): Promise<{ client: OpenAI; gateway: TestGateway }> {
  const gateway = await startTestGateway(t, emulatedChain);
  if (broken) gateway.emulator?.setFault({ model: 'deepseek/deepseek-v4-pro', kind: 'rate_limit' });
  return { gateway, client: new OpenAI({ baseURL: gateway.base, apiKey: key, maxRetries: 0 }) };
}

const hello = { model: '@preset/coder', messages: [{ role: 'user' as const, content: 'hello there' }] };
const weather = {
  type: 'function' as const,
  function: {
    name: 'get_weather',
    description: 'The weather of a city',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};

for (const setting of settings) {
  test(`a whole answer: ${setting.name}`, async (t) => {
    const { client, gateway } = await start(t, setting);
    const { data, response } = await client.chat.completions.create(hello).withResponse();
    assert.match(data.choices[0]?.message.content ?? '', /hello/);
    assert.equal(data.model, setting.model);
    assert.equal(data.choices[0]?.finish_reason, 'stop');
    assert.equal(response.headers.get('x-spillway-position'), setting.position);
    assert.equal(response.headers.get('x-spillway-fallback'), String(setting.broken));
    const usage = data.usage as unknown as { cost: number; prompt_tokens: number };
    assert.ok(usage.cost > 0 && usage.prompt_tokens > 0);
    assert.equal(gateway.lastRecord().cost, Math.round(usage.cost * 1e9));
  });

  test(`a stream: ${setting.name}`, async (t) => {
    const { client, gateway } = await start(t, setting);
    const stream = await client.chat.completions.create({
      ...hello,
      stream: true,
      stream_options: { include_usage: true },
    });
    let text = '';
    let last: OpenAI.ChatCompletionChunk | undefined;
    for await (const chunk of stream) {
      assert.equal(chunk.model, setting.model);
      text += chunk.choices[0]?.delta.content ?? '';
      last = chunk;
    }
    assert.match(text, /hello/);
    const usage = last?.usage as unknown as { cost: number; spillway: { position: number } };
    assert.ok(usage.cost > 0, 'the last chunk carries the cost');
    assert.equal(usage.spillway.position, Number(setting.position));
    assert.equal(gateway.lastRecord().ending, 'ok');
  });

  test(`a loop of tool calls: ${setting.name}`, async (t) => {
    const { client } = await start(t, setting);
    const messages: OpenAI.ChatCompletionMessageParam[] = [
      { role: 'user', content: 'what is the weather in Paris?' },
    ];
    const first = await client.chat.completions.create({
      model: '@preset/coder',
      messages,
      tools: [weather],
    });
    const call = first.choices[0]?.message.tool_calls?.[0];
    assert.ok(
      call?.type === 'function' && call.function.name === 'get_weather',
      JSON.stringify(first.choices[0]),
    );
    assert.equal(typeof (JSON.parse(call.function.arguments) as { city: unknown }).city, 'string');
    assert.ok(first.choices[0]);
    messages.push(first.choices[0].message, {
      role: 'tool',
      tool_call_id: call.id,
      content: 'sunny, 31 degrees',
    });
    const second = await client.chat.completions.create({
      model: '@preset/coder',
      messages,
      tools: [weather],
    });
    assert.match(second.choices[0]?.message.content ?? '', /sunny/);
  });

  test(`tool calls streamed through the SDK's own runner: ${setting.name}`, async (t) => {
    const { client } = await start(t, setting);
    const runner = client.chat.completions.runTools({
      model: '@preset/coder',
      stream: true,
      messages: [{ role: 'user', content: 'what is the weather in Paris?' }],
      tools: [
        {
          type: 'function',
          function: {
            ...weather.function,
            parse: JSON.parse,
            function: (args: { city: string }) => `rain in ${args.city}`,
          },
        },
      ],
    });
    assert.match((await runner.finalContent()) ?? '', /rain in/);
  });

  test(`structured output: ${setting.name}`, async (t) => {
    const { client } = await start(t, setting);
    const schema = {
      type: 'object',
      properties: { same: { type: 'boolean' } },
      required: ['same'],
      additionalProperties: false,
    };
    const answer = await client.chat.completions.parse({
      ...hello,
      response_format: { type: 'json_schema', json_schema: { name: 'result', schema, strict: true } },
    });
    const text = answer.choices[0]?.message.content ?? '';
    assert.equal(typeof (JSON.parse(text) as { same: unknown }).same, 'boolean');
  });

  test(`an image goes only where it can be seen: ${setting.name}`, async (t) => {
    const { client, gateway } = await start(t, setting);
    const pixel =
      'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';
    const { data, response } = await client.chat.completions
      .create({
        model: '@preset/coder',
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'describe this' },
              { type: 'image_url', image_url: { url: pixel } },
            ],
          },
        ],
      })
      .withResponse();
    // DeepSeek V4 Pro reads no images: it is left out by name, broken or not.
    assert.equal(data.model, 'anthropic/claude-haiku-4.5');
    assert.equal(response.headers.get('x-spillway-skipped'), 'deepseek/deepseek-v4-pro@deepseek:vision');
    assert.equal(gateway.lastRecord().attempts.length, 1);
  });
}

test('an unknown preset raises the SDK’s NotFoundError and reaches no model', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  const client = new OpenAI({ baseURL: gateway.base, apiKey: key });
  await assert.rejects(
    client.chat.completions.create({ ...hello, model: '@preset/codr' }),
    (error: unknown) => {
      assert.ok(error instanceof OpenAI.NotFoundError);
      assert.equal(error.type, 'preset_not_found');
      assert.match(error.message, /Did you mean "@preset\/coder"/);
      return true;
    },
  );
  assert.equal(gateway.records().length, 1, 'the SDK did not retry');
  assert.equal(gateway.lastRecord().attempts.length, 0);
});

test('a stream that the SDK aborts cancels the upstream and is recorded', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  gateway.emulator?.setFault({ model: '*', kind: 'slow', tokensPerSecond: 20, delayMs: 0 });
  const client = new OpenAI({ baseURL: gateway.base, apiKey: key, maxRetries: 0 });
  const stream = await client.chat.completions.create({
    ...hello,
    messages: [{ role: 'user', content: 'write 400 words' }],
    stream: true,
  });
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
  for (let tries = 0; gateway.records().length === 0 && tries < 100; tries++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  const record = gateway.lastRecord();
  assert.equal(record.ending, 'client_gone');
  assert.equal(record.attempts[0]?.basis, 'unmeasured');
  assert.ok((record.attempts[0]?.unmeasured ?? 0) > 0);
});

test('models.list names the presets first, models.retrieve finds one by its escaped id', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  const client = new OpenAI({ baseURL: gateway.base, apiKey: key });
  const { data } = await client.models.list();
  assert.equal(data[0]?.id, '@preset/coder');
  assert.ok(data.some(({ id }) => id === 'anthropic/claude-haiku-4.5'));
  const one = (await client.models.retrieve('@preset/coder')) as unknown as {
    context_length: number;
    spillway: { chain: string[] };
  };
  assert.equal(one.context_length, 200_000, 'the context that every model of the chain can take');
  assert.deepEqual(one.spillway.chain, [
    'deepseek/deepseek-v4-pro',
    'anthropic/claude-haiku-4.5',
    'anthropic/claude-sonnet-4.6',
  ]);
});
