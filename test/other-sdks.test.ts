/** The Vercel AI SDK over its three providers, and OpenRouter's own SDK, unmodified, against a running gateway. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAnthropic } from '@ai-sdk/anthropic';
import { createOpenAI } from '@ai-sdk/openai';
import { createOpenAICompatible } from '@ai-sdk/openai-compatible';
import { OpenRouter } from '@openrouter/sdk';
import {
  APICallError,
  generateText,
  jsonSchema,
  Output,
  stepCountIs,
  streamText,
  tool,
  type LanguageModel,
} from 'ai';
import { emulatedChain, key, startTestGateway, type TestGateway } from './support/gateway.ts';

const providers: Readonly<Record<string, (gateway: TestGateway) => (model: string) => LanguageModel>> = {
  '@ai-sdk/openai (responses)': ({ base }) => createOpenAI({ baseURL: base, apiKey: key }),
  '@ai-sdk/anthropic': ({ base }) => createAnthropic({ baseURL: base, apiKey: key }),
  '@ai-sdk/openai-compatible': ({ base }) =>
    createOpenAICompatible({ name: 'spillway', supportsStructuredOutputs: true, baseURL: base, apiKey: key }),
};

const weather = tool({
  description: 'The weather of a city',
  inputSchema: jsonSchema<{ city: string }>({
    type: 'object',
    properties: { city: { type: 'string' } },
    required: ['city'],
    additionalProperties: false,
  }),
  execute: async () => 'sunny, 31 degrees',
});

for (const [name, connect] of Object.entries(providers)) {
  for (const broken of [false, true]) {
    const who = broken ? 'the fallback' : 'the primary';
    test(`${name}: text, stream, tool loop, structured output, typed error; ${who} serves`, async (t) => {
      const gateway = await startTestGateway(t, emulatedChain);
      if (broken) gateway.emulator?.setFault({ model: 'deepseek/deepseek-v4-pro', kind: 'overloaded' });
      const model = connect(gateway)('@preset/coder');
      assert.match((await generateText({ model, prompt: 'hello there' })).text, /hello/);

      let streamed = '';
      const stream = streamText({ model, prompt: 'write 30 words' });
      for await (const piece of stream.textStream) streamed += piece;
      assert.equal(streamed.trim().split(' ').length, 30);
      assert.ok(((await stream.usage).outputTokens ?? 0) > 0);

      const looped = await generateText({
        model,
        tools: { get_weather: weather },
        stopWhen: stepCountIs(3),
        prompt: 'what is the weather in Paris?',
      });
      assert.match(looped.text, /sunny/);
      assert.equal(looped.steps.length, 2);

      const schema = jsonSchema<{ answer: string }>({
        type: 'object',
        properties: { answer: { type: 'string' } },
        required: ['answer'],
        additionalProperties: false,
      });
      const { output } = await generateText({
        model,
        output: Output.object({ schema }),
        prompt: 'answer in JSON',
      });
      assert.equal(typeof output.answer, 'string');

      assert.equal(gateway.lastRecord().served?.position, broken ? 1 : 0);
      await assert.rejects(
        generateText({ model: connect(gateway)('@preset/nope'), prompt: 'x', maxRetries: 0 }),
        (error: unknown) => APICallError.isInstance(error) && error.statusCode === 404,
      );
    });
  }
}

/** One pixel; of the chain only Claude sees. */
const pixel =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

async function ended(gateway: TestGateway, many: number): Promise<void> {
  while (gateway.records().length < many) await new Promise((resolve) => setTimeout(resolve, 10));
}

for (const [name, connect] of Object.entries(providers))
  test(`${name}: an image goes to a model that sees, and an abort ends the request upstream too`, async (t) => {
    const gateway = await startTestGateway(t, emulatedChain);
    const model = connect(gateway)('@preset/coder');
    const content = [
      { type: 'text' as const, text: 'what is this?' },
      { type: 'file' as const, data: Buffer.from(pixel, 'base64'), mediaType: 'image/png' },
    ];
    const seen = await generateText({ model, messages: [{ role: 'user', content }] });
    assert.ok(seen.text.length > 0);
    assert.equal(gateway.lastRecord().served?.model, 'anthropic/claude-haiku-4.5');

    gateway.emulator?.setFault({ model: '*', kind: 'slow', tokensPerSecond: 20, delayMs: 0 });
    const abort = new AbortController();
    const stream = streamText({ model, prompt: 'write 400 words', abortSignal: abort.signal });
    for await (const piece of stream.textStream) if (piece !== '') abort.abort();
    await ended(gateway, 2);
    assert.equal(gateway.lastRecord().ending, 'client_gone');
  });

test('@openrouter/sdk: tools, an image, structured output, and an abort', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  const client = new OpenRouter({
    serverURL: `${gateway.url}/api/v1`,
    apiKey: key,
    retryConfig: { strategy: 'none' },
  });
  const model = '@preset/coder';
  const question = { role: 'user' as const, content: 'what is the weather in Paris?' };
  const parameters = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
  const tools = [{ type: 'function' as const, function: { name: 'get_weather', parameters } }];
  const first = await client.chat.send({ chatRequest: { model, messages: [question], tools } });
  const [call] = ('choices' in first ? first.choices[0]?.message.toolCalls : undefined) ?? [];
  assert.equal(call?.function.name, 'get_weather');
  const second = await client.chat.send({
    chatRequest: {
      model,
      tools,
      messages: [
        question,
        { role: 'assistant', toolCalls: [call] },
        { role: 'tool', toolCallId: call.id, content: 'sunny, 31 degrees' },
      ],
    },
  });
  assert.match(JSON.stringify(second), /sunny/);

  const image = { type: 'image_url' as const, imageUrl: { url: `data:image/png;base64,${pixel}` } };
  await client.chat.send({
    chatRequest: { model, messages: [{ role: 'user', content: [{ type: 'text', text: 'this?' }, image] }] },
  });
  assert.equal(gateway.lastRecord().served?.model, 'anthropic/claude-haiku-4.5');

  const schema = { type: 'object', properties: { same: { type: 'boolean' } }, required: ['same'] };
  const shaped = await client.chat.send({
    chatRequest: {
      model,
      messages: [{ role: 'user', content: 'answer in JSON' }],
      responseFormat: { type: 'json_schema', jsonSchema: { name: 'result', schema } },
    },
  });
  const text = 'choices' in shaped ? shaped.choices[0]?.message.content : undefined;
  assert.ok(typeof text === 'string');
  assert.equal(typeof (JSON.parse(text) as { same: unknown }).same, 'boolean');

  gateway.emulator?.setFault({ model: '*', kind: 'slow', tokensPerSecond: 20, delayMs: 0 });
  const abort = new AbortController();
  const stream = await client.chat.send(
    { chatRequest: { model, messages: [{ role: 'user', content: 'write 400 words' }], stream: true } },
    { fetchOptions: { signal: abort.signal } },
  );
  await assert.rejects(async () => {
    for await (const _chunk of stream as AsyncIterable<unknown>) abort.abort();
  });
  await ended(gateway, 5);
  assert.equal(gateway.lastRecord().ending, 'client_gone');
});

test('@openrouter/sdk: whole and streamed answers parse in its strict schemas; errors are typed', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  const client = new OpenRouter({
    serverURL: `${gateway.url}/api/v1`,
    apiKey: key,
    retryConfig: { strategy: 'none' },
  });
  const messages = [{ role: 'user' as const, content: 'hello there' }];
  for (const broken of [false, true]) {
    if (broken) gateway.emulator?.setFault({ model: 'deepseek/deepseek-v4-pro', kind: 'rate_limit' });
    const whole = await client.chat.send({ chatRequest: { model: '@preset/coder', messages } });
    assert.match(JSON.stringify(whole), /hello/);
    const stream = await client.chat.send({
      chatRequest: { model: '@preset/coder', messages, stream: true },
    });
    let text = '';
    for await (const chunk of stream as AsyncIterable<{ choices: { delta: { content?: string | null } }[] }>)
      text += chunk.choices[0]?.delta.content ?? '';
    assert.match(text, /hello/);
  }
  await assert.rejects(client.chat.send({ chatRequest: { model: '@preset/nope', messages } }), /no preset/);
});

test('@openrouter/sdk: models, endpoints, generations and responses parse in its strict schemas', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  const client = new OpenRouter({
    serverURL: `${gateway.url}/api/v1`,
    apiKey: key,
    retryConfig: { strategy: 'none' },
  });
  const models = await client.models.list();
  assert.match(JSON.stringify(models), /@preset\/coder/);
  const endpoints = await client.endpoints.list({ author: 'anthropic', slug: 'claude-haiku-4.5' });
  assert.equal(endpoints.data.endpoints[0]?.providerName, 'anthropic');

  const ask = { model: '@preset/coder', input: 'hello there' };
  const whole = await client.beta.responses.send({ responsesRequest: ask });
  assert.match(JSON.stringify(whole), /hello/);
  const stream = await client.beta.responses.send({ responsesRequest: { ...ask, stream: true } });
  const types: string[] = [];
  for await (const event of stream as AsyncIterable<{ type: string }>) types.push(event.type);
  assert.equal(types.at(-1), 'response.completed');

  const { id, cost } = gateway.lastRecord();
  const { data } = await client.generations.getGeneration({ id });
  assert.deepEqual([data.id, data.totalCost], [id, cost / 1e9]);
});
