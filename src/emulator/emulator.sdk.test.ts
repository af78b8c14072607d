import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { Catalogue } from '../core/catalog.ts';
import { perMillion, toUsd } from '../core/money.ts';
import { startEmulator, type Emulator } from './emulator.ts';

const price = {
  base: {
    input: perMillion(1),
    output: perMillion(4),
    cacheRead: perMillion(0.1),
    cacheWrite: perMillion(1.25),
  },
};
const model = {
  slug: 'maker/one',
  name: 'One',
  released: '2026-02-03',
  features: [],
  offers: ['deepseek', 'openai', 'anthropic', 'openrouter'].map((provider) => ({
    provider,
    id: 'one-1',
    price,
  })),
};
let catalogue: Catalogue = { models: new Map([[model.slug, model]]), aliases: new Map(), date: '2026-01-01' };

let emulator: Emulator;
let anthropic: Anthropic;
before(async () => {
  emulator = await startEmulator({ catalogue: () => catalogue, tokensPerSecond: Infinity, firstTokenMs: 0 });
  anthropic = new Anthropic({
    baseURL: `${emulator.originFor('anthropic', 'one-1')}/anthropic`,
    apiKey: 'any',
    maxRetries: 0,
  });
});
after(() => emulator.close());
beforeEach(() => emulator.clearFaults());

function openai(vendor: string): OpenAI {
  return new OpenAI({
    baseURL: `${emulator.originFor(vendor, 'one-1')}/${vendor}/v1`,
    apiKey: 'any',
    maxRetries: 0,
  });
}

const hello = { model: 'one-1', messages: [{ role: 'user' as const, content: 'hello, is anybody there?' }] };
const weather = { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] };
const question = { role: 'user' as const, content: 'What is the weather in Lisbon?' };
const costOf = (id: string): number => emulator.bill().charges[id]?.cost ?? -1;

test('openai: the same request gets the same answer, with usage that adds up to the bill', async () => {
  const [first, second] = [
    await openai('openai').chat.completions.create(hello),
    await openai('openai').chat.completions.create(hello),
  ];
  assert.match(first.choices[0]?.message.content ?? '', /hello, is anybody there\?/);
  assert.deepEqual(first.choices, second.choices);
  assert.notEqual(first.id, second.id);
  assert.equal(first.choices[0]?.finish_reason, 'stop');
  const { prompt_tokens: input = 0, completion_tokens: output = 0 } = first.usage ?? {};
  assert.equal(costOf(first.id), input * 1_000 + output * 4_000);
});

test('openai: a stream says the same as one body; usage comes only when it is asked for', async () => {
  for (const vendor of ['openai', 'deepseek', 'openrouter', 'somebody']) {
    const whole = await openai(vendor).chat.completions.create(hello);
    for (const include_usage of [true, false]) {
      let text = '';
      let usage;
      const stream = await openai(vendor).chat.completions.create({
        ...hello,
        stream: true,
        stream_options: { include_usage },
      });
      for await (const chunk of stream) {
        text += chunk.choices[0]?.delta.content ?? '';
        usage = chunk.usage ?? usage;
        if (chunk.usage) assert.equal(chunk.choices.length, vendor === 'deepseek' ? 1 : 0, vendor);
      }
      assert.equal(text, whole.choices[0]?.message.content);
      assert.deepEqual(usage, include_usage ? whole.usage : undefined, vendor);
    }
  }
});

test('openai: a tools loop: the call satisfies the schema, the answer quotes the result', async () => {
  const tools = [{ type: 'function' as const, function: { name: 'get_weather', parameters: weather } }];
  const stream = openai('deepseek').chat.completions.stream({ model: 'one-1', messages: [question], tools });
  const called = (await stream.finalChatCompletion()).choices[0];
  const call = called?.message.tool_calls?.[0];
  assert.equal(called?.finish_reason, 'tool_calls');
  assert.ok(call?.type === 'function');
  assert.deepEqual(
    [call.function.name, JSON.parse(call.function.arguments)],
    ['get_weather', { city: 'Lisbon' }],
  );
  const result = { role: 'tool' as const, tool_call_id: call.id, content: '17 degrees and windy' };
  const messages = [question, called.message, result];
  const answer = await openai('deepseek').chat.completions.create({ model: 'one-1', messages, tools });
  assert.match(answer.choices[0]?.message.content ?? '', /17 degrees and windy/);
});

test('openai: tools are called when the words suggest it or the choice demands it', async () => {
  const tools = [{ type: 'function' as const, function: { name: 'get_weather', parameters: weather } }];
  const named = { type: 'function' as const, function: { name: 'get_weather' } };
  const rows = [
    ['hello', 'auto', false],
    ['hello', 'required', true],
    ['hello', named, true],
    ['weather?', 'auto', true],
    ['get_weather now', 'auto', true],
    ['weather?', 'none', false],
  ] as const;
  for (const [content, tool_choice, expected] of rows) {
    const messages = [{ role: 'user' as const, content }];
    const answer = await openai('openai').chat.completions.create({
      model: 'one-1',
      messages,
      tools,
      tool_choice,
    });
    assert.equal(
      answer.choices[0]?.message.tool_calls?.length === 1,
      expected,
      `${content} ${JSON.stringify(tool_choice)}`,
    );
  }
});

test('openai: max_tokens, stop, n, JSON and images are respected', async () => {
  const create = async (more: object): Promise<OpenAI.ChatCompletion> =>
    openai('openai').chat.completions.create({ ...hello, ...more, stream: false });
  const short = await create({ max_completion_tokens: 4 });
  assert.deepEqual([short.choices[0]?.finish_reason, short.usage?.completion_tokens], ['length', 4]);
  const stopped = await create({ stop: ['anybody'] });
  assert.equal(stopped.choices[0]?.finish_reason, 'stop');
  assert.match(stopped.choices[0]?.message.content ?? '', /hello, is $/);
  const three = await create({ n: 3 });
  assert.deepEqual(
    three.choices.map(({ index }) => index),
    [0, 1, 2],
  );
  assert.ok((three.usage?.completion_tokens ?? 0) > 30);
  const schema = { type: 'object', properties: { mood: { enum: ['sad', 'glad'] } }, required: ['mood'] };
  const json = await create({ response_format: { type: 'json_schema', json_schema: { name: 'm', schema } } });
  assert.deepEqual(JSON.parse(json.choices[0]?.message.content ?? ''), { mood: 'sad' });
  const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${'A'.repeat(90_000)}` } };
  const seen = await create({
    messages: [{ role: 'user', content: [image, { type: 'text', text: 'what is it?' }] }],
  });
  assert.ok((seen.usage?.prompt_tokens ?? 0) > 500 && (seen.usage?.prompt_tokens ?? 0) < 2_000);
});

test('openai: thoughts are counted by all and shown by those who show them', async () => {
  for (const [vendor, field] of [
    ['openai', undefined],
    ['deepseek', 'reasoning_content'],
    ['openrouter', 'reasoning'],
  ] as const) {
    const answer = await openai(vendor).chat.completions.create({ ...hello, reasoning_effort: 'high' });
    const { reasoning_tokens: thought = 0 } = answer.usage?.completion_tokens_details ?? {};
    assert.ok(thought > 0 && thought < (answer.usage?.completion_tokens ?? 0), vendor);
    const message = answer.choices[0]?.message as unknown as Record<string, unknown>;
    const shown = ['reasoning_content', 'reasoning'].filter((name) => name in message);
    assert.deepEqual(shown, field ? [field] : [], vendor);
  }
});

test('openai: a conversation that grows reads its beginning from the cache, and pays less for it', async () => {
  const system = { role: 'system' as const, content: 'Be careful. '.repeat(600) };
  const ask = (messages: OpenAI.ChatCompletionMessageParam[]): Promise<OpenAI.ChatCompletion> =>
    openai('deepseek').chat.completions.create({ model: 'one-1', messages: [system, ...messages] });
  const first = await ask(hello.messages);
  const next = await ask([
    ...hello.messages,
    { role: 'assistant', content: 'Yes.' },
    { role: 'user', content: 'Good.' },
  ]);
  const hit = next.usage?.prompt_tokens_details?.cached_tokens ?? 0;
  assert.equal(first.usage?.prompt_tokens_details?.cached_tokens, 0);
  assert.ok(hit >= 1_024);
  const usage = next.usage as unknown as Record<string, number>;
  assert.deepEqual(
    [usage['prompt_cache_hit_tokens'], usage['prompt_cache_miss_tokens']],
    [hit, (usage['prompt_tokens'] ?? 0) - hit],
  );
  const expected =
    ((usage['prompt_tokens'] ?? 0) - hit) * 1_000 + hit * 100 + (usage['completion_tokens'] ?? 0) * 4_000;
  assert.equal(costOf(next.id), expected);
});

test('openrouter: the answer carries its cost in dollars', async () => {
  const answer = await openai('openrouter').chat.completions.create({ ...hello, model: 'one-1:nitro' });
  assert.deepEqual((answer.usage as unknown as { cost: number }).cost * 1e9, costOf(answer.id));
  assert.equal(emulator.bill().charges[answer.id]?.model, model.slug);
});

test('openai and anthropic: faults arrive as the typed errors of the SDKs', async () => {
  const rows = [
    ['rate_limit', 'RateLimitError'],
    ['server_error', 'InternalServerError'],
    ['unknown_model', 'NotFoundError'],
    ['reset', 'APIConnectionError'],
  ] as const;
  for (const [kind, name] of rows) {
    emulator.setFault({ model: model.slug, kind });
    const typed = (error: unknown): boolean => error instanceof Error && error.constructor.name === name;
    await assert.rejects(openai('openai').chat.completions.create(hello), typed, name);
    await assert.rejects(anthropic.messages.create({ ...hello, max_tokens: 50 }), typed, name);
  }
  emulator.setFault({ model: model.slug, kind: 'error_after_content' });
  await assert.rejects(anthropic.messages.stream({ ...hello, max_tokens: 50 }).finalMessage(), /Overloaded/);
  const stream = openai('openai').chat.completions.stream(hello);
  await assert.rejects(stream.finalChatCompletion(), /overloaded/);
});

test('anthropic: a message and its stream say the same; usage agrees with the bill', async () => {
  const whole = await anthropic.messages.create({ ...hello, max_tokens: 500 });
  const streamed = await anthropic.messages.stream({ ...hello, max_tokens: 500 }).finalMessage();
  assert.match(JSON.stringify(whole.content), /hello, is anybody there\?/);
  assert.deepEqual(streamed.content, whole.content);
  assert.deepEqual(streamed.usage, whole.usage);
  assert.deepEqual([whole.stop_reason, streamed.stop_reason], ['end_turn', 'end_turn']);
  assert.equal(costOf(whole.id), whole.usage.input_tokens * 1_000 + whole.usage.output_tokens * 4_000);
});

test('anthropic: caps and stop sequences end an answer by name', async () => {
  const short = await anthropic.messages.create({ ...hello, max_tokens: 4 });
  assert.deepEqual([short.stop_reason, short.usage.output_tokens], ['max_tokens', 4]);
  const stopped = await anthropic.messages.create({
    ...hello,
    max_tokens: 500,
    stop_sequences: ['body', 'any'],
  });
  assert.deepEqual([stopped.stop_reason, stopped.stop_sequence], ['stop_sequence', 'any']);
});

test('anthropic: a tools loop with thinking', async () => {
  const tools = [{ name: 'get_weather', input_schema: weather }];
  const request = {
    model: 'one-1',
    max_tokens: 2_000,
    tools,
    thinking: { type: 'enabled' as const, budget_tokens: 1_024 },
  };
  const called = await anthropic.messages.stream({ ...request, messages: [question] }).finalMessage();
  assert.deepEqual(
    called.content.map(({ type }) => type),
    ['thinking', 'tool_use'],
  );
  const use = called.content[1];
  assert.ok(use?.type === 'tool_use' && called.stop_reason === 'tool_use');
  assert.deepEqual([use.name, use.input], ['get_weather', { city: 'Lisbon' }]);
  const result = { type: 'tool_result' as const, tool_use_id: use.id, content: '17 degrees and windy' };
  const messages = [
    question,
    { role: 'assistant' as const, content: called.content },
    { role: 'user' as const, content: [result] },
  ];
  const answer = await anthropic.messages.create({ ...request, messages });
  assert.match(JSON.stringify(answer.content), /17 degrees and windy/);
});

test('anthropic: the cache works where it is marked, and both ways are billed', async () => {
  const system = [
    {
      type: 'text' as const,
      text: 'Be careful. '.repeat(600),
      cache_control: { type: 'ephemeral' as const },
    },
  ];
  const ask = (): Promise<Anthropic.Message> =>
    anthropic.messages.create({ ...hello, system, max_tokens: 50 });
  const [first, second] = [await ask(), await ask()];
  const written = first.usage.cache_creation_input_tokens ?? 0;
  assert.ok(written >= 1_024);
  assert.deepEqual(
    [second.usage.cache_creation_input_tokens, second.usage.cache_read_input_tokens],
    [0, written],
  );
  const rest = first.usage.input_tokens * 1_000 + first.usage.output_tokens * 4_000;
  assert.deepEqual([costOf(first.id), costOf(second.id)], [rest + written * 1_250, rest + written * 100]);
});

test('anthropic: tokens are counted without an answer and for nothing', async () => {
  const before = emulator.bill().total;
  const counted = await anthropic.messages.countTokens(hello);
  assert.deepEqual(emulator.bill().total, before);
  const { usage } = await anthropic.messages.create({ ...hello, max_tokens: 5 });
  assert.equal(counted.input_tokens, usage.input_tokens);
});

test('each vendor lists its models on both wires', async () => {
  const lists = [await openai('deepseek').models.list(), await anthropic.models.list()];
  for (const { data } of lists)
    assert.deepEqual(
      data.map(({ id }) => id),
      ['one-1'],
    );
  assert.deepEqual((await openai('nobody').models.list()).data, []);
});

test('a model that nobody knows answers and costs nothing; a new catalogue counts at once', async () => {
  const create = async (): Promise<{ model: string; usd: number } | undefined> => {
    const { id } = await openai('openai').chat.completions.create({ ...hello, model: 'new-1' });
    const charge = emulator.bill().charges[id];
    return charge && { model: charge.model, usd: toUsd(charge.cost) };
  };
  assert.deepEqual(await create(), { model: 'openai/new-1', usd: 0 });
  const known = { ...model, slug: 'maker/new', offers: [{ provider: 'openai', id: 'new-1', price }] };
  catalogue = {
    ...catalogue,
    models: new Map([
      [model.slug, model],
      [known.slug, known],
    ]),
  };
  const charge = await create();
  assert.equal(charge?.model, 'maker/new');
  assert.ok(charge.usd > 0);
});
