/** The official Anthropic client, unmodified, against a running gateway: same wire, and models of another one. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { emulatedChain, key, startTestGateway, type TestGateway } from './support/gateway.ts';

type Setting = {
  readonly name: string;
  readonly model: string;
  readonly position: string;
  readonly preset: string;
  readonly broken?: string;
};

const reversed = emulatedChain.replace(
  'keys:',
  `  claude:
    models: [anthropic/claude-haiku-4.5, deepseek/deepseek-v4-pro]
    failover: { timeouts: { first_token: 300ms, response: 1s, idle: 400ms } }
keys:`,
);

const deepseek = 'deepseek/deepseek-v4-pro';
const haiku = 'anthropic/claude-haiku-4.5';
const settings: readonly Setting[] = [
  { name: 'a chat primary', model: deepseek, position: '0', preset: '@preset/coder' },
  {
    name: 'the Anthropic fallback of it',
    model: haiku,
    position: '1',
    preset: '@preset/coder',
    broken: deepseek,
  },
  { name: 'an Anthropic primary', model: haiku, position: '0', preset: '@preset/claude' },
  {
    name: 'the chat fallback of it',
    model: deepseek,
    position: '1',
    preset: '@preset/claude',
    broken: haiku,
  },
];

async function start(t: TestContext, broken?: string): Promise<{ client: Anthropic; gateway: TestGateway }> {
  const gateway = await startTestGateway(t, reversed);
  if (broken !== undefined) gateway.emulator?.setFault({ model: broken, kind: 'rate_limit' });
  const client = new Anthropic({ baseURL: gateway.url, apiKey: key, maxRetries: 0 });
  return { gateway, client };
}

const weather = {
  name: 'get_weather',
  description: 'The weather of a city',
  input_schema: { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] },
};
const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

function say(
  model: string,
  content: Anthropic.MessageParam['content'],
): Anthropic.MessageCreateParamsNonStreaming {
  return { model, max_tokens: 2_000, messages: [{ role: 'user', content }] };
}

function textOf(message: Anthropic.Message): string {
  return message.content.map((block) => (block.type === 'text' ? block.text : '')).join('');
}

for (const { name, model, position, preset, broken } of settings) {
  test(`a whole answer: ${name}`, async (t) => {
    const { client, gateway } = await start(t, broken);
    const { data, response } = await client.messages.create(say(preset, 'hello there')).withResponse();
    assert.match(textOf(data), /hello/);
    assert.deepEqual([data.model, data.stop_reason, data.type], [model, 'end_turn', 'message']);
    assert.match(data.id, /^msg_/);
    assert.equal(response.headers.get('x-spillway-position'), position);
    const usage = data.usage as unknown as { cost: number; input_tokens: number };
    assert.ok(usage.cost > 0 && usage.input_tokens > 0);
    assert.equal(gateway.lastRecord().cost, Math.round(usage.cost * 1e9));
    assert.equal(gateway.lastRecord().api, 'messages');
  });

  test(`a stream: ${name}`, async (t) => {
    const { client, gateway } = await start(t, broken);
    const stream = client.messages.stream(say(preset, 'hello there'));
    let text = '';
    const ends: Anthropic.RawMessageDeltaEvent[] = [];
    stream.on('text', (piece) => (text += piece));
    stream.on('streamEvent', (event) => {
      if (event.type === 'message_delta') ends.push(event);
    });
    const last = await stream.finalMessage();
    assert.match(text, /hello/);
    assert.equal(textOf(last), text);
    assert.equal(last.model, model);
    const usage = ends[0]?.usage as unknown as { cost: number; spillway: { position: number } };
    assert.equal(ends.length, 1);
    assert.ok(usage.cost > 0, 'the last event carries the cost');
    assert.equal(usage.spillway.position, Number(position));
    assert.equal(gateway.lastRecord().ending, 'ok');
  });

  test(`a loop of tool calls, streamed: ${name}`, async (t) => {
    const { client } = await start(t, broken);
    const request = { ...say(preset, 'what is the weather in Paris?'), tools: [weather] };
    const first = await client.messages.stream(request).finalMessage();
    assert.equal(first.stop_reason, 'tool_use');
    const call = first.content.find((block) => block.type === 'tool_use');
    assert.ok(call?.type === 'tool_use');
    assert.equal(typeof (call.input as { city: unknown }).city, 'string');
    const result = { type: 'tool_result' as const, tool_use_id: call.id, content: 'sunny, 31 degrees' };
    const second = await client.messages.create({
      ...request,
      messages: [
        ...request.messages,
        { role: 'assistant', content: first.content as Anthropic.ContentBlockParam[] },
        { role: 'user', content: [result] },
      ],
    });
    assert.match(textOf(second), /sunny/);
  });

  test(`structured output: ${name}`, async (t) => {
    const { client } = await start(t, broken);
    const schema = {
      type: 'object',
      properties: { answer: { type: 'string' } },
      required: ['answer'],
      additionalProperties: false,
    };
    const message = await client.messages.create({
      ...say(preset, 'answer in JSON'),
      output_config: { format: { type: 'json_schema', schema } },
    });
    assert.equal(typeof (JSON.parse(textOf(message)) as { answer: unknown }).answer, 'string');
  });

  test(`thinking, and the thought sent back: ${name}`, async (t) => {
    const { client } = await start(t, broken);
    const request = {
      ...say(preset, 'think about it'),
      thinking: { type: 'enabled' as const, budget_tokens: 1_024 },
    };
    const message = await client.messages.stream(request).finalMessage();
    assert.equal(message.content[0]?.type, 'thinking');
    assert.equal(message.content[0].signature === '', model === deepseek, 'only its issuer signs a thought');
    const again = await client.messages.create({
      ...request,
      messages: [
        ...request.messages,
        { role: 'assistant', content: message.content as Anthropic.ContentBlockParam[] },
        { role: 'user', content: 'and now?' },
      ],
    });
    assert.equal(again.stop_reason, 'end_turn');
  });
}

test('an image goes to a model that sees', async (t) => {
  const { client } = await start(t);
  const source = { type: 'base64' as const, media_type: 'image/png' as const, data: pixel };
  const content = [
    { type: 'image' as const, source },
    { type: 'text' as const, text: 'what is this?' },
  ];
  assert.equal((await client.messages.create(say('@preset/claude', content))).model, haiku);
});

test('every refusal raises the typed exception, with its code and its request id', async (t) => {
  const { client, gateway } = await start(t);
  const ask = (model: string, with_ = client): Promise<unknown> => with_.messages.create(say(model, 'hi'));
  await assert.rejects(ask('@preset/nobody'), (error: unknown) => {
    assert.ok(error instanceof Anthropic.NotFoundError);
    assert.partialDeepStrictEqual(error.error, {
      type: 'error',
      error: { type: 'not_found_error', code: 'preset_not_found' },
    });
    assert.match(error.requestID ?? '', /^gen-/);
    return true;
  });
  const stranger = new Anthropic({ baseURL: gateway.url, apiKey: 'sk-nobody-0123456789', maxRetries: 0 });
  await assert.rejects(ask('@preset/coder', stranger), Anthropic.AuthenticationError);
  await assert.rejects(
    client.messages.create({ ...say('@preset/coder', 'hi'), messages: [] }),
    Anthropic.BadRequestError,
  );
  gateway.emulator?.setFault({ model: '*', kind: 'rate_limit' });
  await assert.rejects(ask('@preset/claude'), Anthropic.RateLimitError);
});

test('a stream that breaks raises an error and never looks finished', async (t) => {
  for (const preset of ['@preset/claude', '@preset/coder']) {
    const { client, gateway } = await start(t);
    gateway.emulator?.setFault({ model: '*', kind: 'cut' });
    const stream = client.messages.stream(say(preset, 'hello there, tell me a long story'));
    await assert.rejects(stream.finalMessage());
    assert.equal(gateway.lastRecord().ending, 'cut');
  }
});

test('an abort ends the request upstream too', async (t) => {
  const { client, gateway } = await start(t);
  gateway.emulator?.setFault({ model: '*', kind: 'slow', delayMs: 0, tokensPerSecond: 5 });
  const stream = client.messages.stream(say('@preset/claude', 'hello there, tell me a long story'));
  stream.once('text', () => stream.abort());
  await assert.rejects(stream.finalMessage(), Anthropic.APIUserAbortError);
  for (let turn = 0; turn < 100 && gateway.records().length === 0; turn++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(gateway.lastRecord().ending, 'client_gone');
});

test('tokens are counted by an Anthropic primary, estimated otherwise, and never recorded', async (t) => {
  const { client, gateway } = await start(t);
  const { max_tokens: _cap, ...request } = say('@preset/claude', 'hello there '.repeat(400));
  const counted = await client.messages.countTokens({
    ...request,
    tools: [weather],
    thinking: { type: 'disabled' },
  });
  const estimated = await client.messages.countTokens({ ...request, model: '@preset/coder' });
  gateway.emulator?.setFault({ model: '*', kind: 'server_error' });
  assert.ok(counted.input_tokens > 400 && estimated.input_tokens > 400);
  assert.notEqual(counted.input_tokens, estimated.input_tokens);
  assert.equal(gateway.records().length, 0);
  await assert.rejects(
    client.messages.countTokens({ ...request, model: '@preset/nobody' }),
    Anthropic.NotFoundError,
  );
});
