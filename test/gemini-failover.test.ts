/** Gemini as a member of a chain, through a running gateway and the official client: as the fallback, and as the primary that fails. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import OpenAI from 'openai';
import type { FaultKind } from '../src/emulator/faults.ts';
import { key, startTestGateway, type TestGateway } from './support/gateway.ts';

const gemini = 'google/gemini-3-flash-preview';
const deepseek = 'deepseek/deepseek-v4-pro';

const chains = `
providers:
  deepseek: { wire: openai-chat, base_url: 'emulator://deepseek/v1' }
  anthropic: { wire: anthropic, base_url: 'emulator://anthropic/v1' }
  google: { wire: gemini, base_url: 'emulator://google/v1beta' }
presets:
  to-gemini: { models: [${deepseek}, ${gemini}] }
  from-gemini:
    models: [${gemini}, anthropic/claude-haiku-4.5]
    failover: { timeouts: { first_token: 300ms, response: 1s, idle: 400ms } }
keys:
  - { name: test, key: '${key}' }
`;

type Scene = { readonly gateway: TestGateway; readonly client: OpenAI; break(model: string): void };

async function start(t: TestContext): Promise<Scene> {
  const gateway = await startTestGateway(t, chains);
  return {
    gateway,
    client: new OpenAI({ baseURL: gateway.base, apiKey: key, maxRetries: 0 }),
    break: (model) => gateway.emulator?.setFault({ model, kind: 'server_error' }),
  };
}

const weather = {
  type: 'function' as const,
  function: {
    name: 'weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};
const question: OpenAI.ChatCompletionMessageParam = {
  role: 'user',
  content: 'What is the weather in Lisbon?',
};

/** A record costs what the provider bills. */
function assertBooks({ gateway }: Scene, model: string): void {
  const record = gateway.lastRecord();
  assert.equal(record.served?.model, model);
  assert.equal(record.attempts.at(-1)?.basis, 'measured');
  assert.equal(record.cost, gateway.emulator?.bill().models[model]?.cost);
}

for (const reasoning of [undefined, 'high'] as const) {
  test(`gemini takes over a stream${reasoning ? ', thoughts and all' : ''}`, async (t) => {
    const scene = await start(t);
    scene.break(deepseek);
    const { data: stream, response } = await scene.client.chat.completions
      .create({
        model: '@preset/to-gemini',
        stream: true,
        messages: [{ role: 'user', content: 'write 40 words' }],
        ...(reasoning ? { reasoning_effort: reasoning } : {}),
      })
      .withResponse();
    let [text, thought, finish] = ['', '', ''];
    let usage: (OpenAI.CompletionUsage & { cost?: number }) | null | undefined;
    for await (const chunk of stream) {
      const choice = chunk.choices[0];
      text += choice?.delta.content ?? '';
      thought += (choice?.delta as { reasoning?: string } | undefined)?.reasoning ?? '';
      finish += choice?.finish_reason ?? '';
      usage = chunk.usage ?? usage;
    }
    assert.equal(text.split(' ').length, 40);
    assert.equal(finish, 'stop');
    assert.equal(thought !== '', reasoning !== undefined);
    assert.equal(response.headers.get('x-spillway-position'), '1');
    assert.equal(usage?.cost, (scene.gateway.lastRecord().cost as number) / 1e9);
    assert.equal((usage?.completion_tokens_details?.reasoning_tokens ?? 0) > 0, reasoning !== undefined);
    assertBooks(scene, gemini);
  });
}

for (const stream of [true, false]) {
  for (const [preset, first, second] of [
    ['to-gemini', deepseek, gemini],
    ['from-gemini', gemini, 'anthropic/claude-haiku-4.5'],
  ] as const) {
    test(`${preset}${stream ? ', streamed' : ''}: the primary dies between a call and its result`, async (t) => {
      const scene = await start(t);
      const ask = { model: `@preset/${preset}`, tools: [weather] };
      const complete = async (
        messages: OpenAI.ChatCompletionMessageParam[],
      ): Promise<OpenAI.ChatCompletion.Choice | undefined> => {
        if (!stream) return (await scene.client.chat.completions.create({ ...ask, messages })).choices[0];
        const streaming = scene.client.chat.completions.stream({ ...ask, messages });
        return (await streaming.finalChatCompletion()).choices[0];
      };
      const called = await complete([question]);
      assert.equal(called?.finish_reason, 'tool_calls');
      assert.equal(scene.gateway.lastRecord().served?.model, first);
      const [call] = called.message.tool_calls ?? [];
      assert.ok(call?.type === 'function');
      assert.equal(call.function.name, 'weather');
      assert.equal(typeof (JSON.parse(call.function.arguments) as { city: unknown }).city, 'string');
      scene.break(first);
      const result = { role: 'tool' as const, tool_call_id: call.id, content: 'Sunny, 23 degrees.' };
      const answered = await complete([question, called.message, result]);
      assert.equal(answered?.finish_reason, 'stop');
      assert.match(answered.message.content ?? '', /Sunny, 23 degrees/);
      assert.equal(scene.gateway.lastRecord().served?.model, second);
      assert.deepEqual(
        scene.gateway.lastRecord().attempts.map(({ outcome }) => outcome),
        ['server_error', 'ok'],
      );
      assertBooks(scene, second);
    });
  }
}

test('an image and a schema cross to gemini', async (t) => {
  const scene = await start(t);
  const { choices } = await scene.client.chat.completions.create({
    model: gemini,
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'How many?' },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
        ],
      },
    ],
    response_format: {
      type: 'json_schema',
      json_schema: {
        name: 'answer',
        schema: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
      },
    },
  });
  const answer = JSON.parse(choices[0]?.message.content ?? '') as { n: unknown };
  assert.ok(Number.isInteger(answer.n));
  assert.ok((scene.gateway.lastRecord().attempts[0]?.usage?.input ?? 0) >= 800, 'the image was counted');
  assertBooks(scene, gemini);
});

test('the output cap cuts at gemini as well, and says so', async (t) => {
  const { client } = await start(t);
  const { choices, usage } = await client.chat.completions.create({
    model: gemini,
    max_tokens: 7,
    messages: [{ role: 'user', content: 'write 40 words' }],
  });
  assert.equal(choices[0]?.finish_reason, 'length');
  assert.equal(usage?.completion_tokens, 7);
});

test('several answers of one request are not asked of gemini', async (t) => {
  const { client, gateway } = await start(t);
  const { choices } = await client.chat.completions.create({
    model: '@preset/to-gemini',
    n: 2,
    messages: [{ role: 'user', content: 'hello' }],
  });
  assert.equal(choices.length, 2);
  assert.deepEqual(gateway.lastRecord().skipped, [{ endpoint: `${gemini}@google`, reason: 'n' }]);
});

/** How a fault of the primary is recorded, and whether a stream had begun by then. */
type Expected = { readonly outcome: RegExp; readonly cut?: boolean };
const outcomes: Readonly<Record<Exclude<FaultKind, 'slow'>, Expected>> = {
  rate_limit: { outcome: /^rate_limit$/ },
  server_error: { outcome: /^server_error$/ },
  overloaded: { outcome: /^overloaded$/ },
  html_502: { outcome: /^server_error$/ },
  empty_200: { outcome: /^server_error$/ },
  error_in_stream: { outcome: /^overloaded$/ },
  error_after_content: { outcome: /^(overloaded|server_error)$/, cut: true },
  stall: { outcome: /^timeout$/ },
  stall_mid_stream: { outcome: /^timeout$/, cut: true },
  reset: { outcome: /^connection$/ },
  refused: { outcome: /^connection$/ },
  cut: { outcome: /^(server_error|connection)$/, cut: true },
  unknown_model: { outcome: /^model_gone$/ },
  out_of_credit: { outcome: /^quota$/ },
};

test('every fault of gemini: one coherent answer of the fallback, or one error and no clean end', async (t) => {
  const { gateway } = await start(t);
  for (const [kind, { outcome, cut = false }] of Object.entries(outcomes) as [FaultKind, Expected][]) {
    for (const stream of [true, false]) {
      gateway.emulator?.clearFaults();
      gateway.emulator?.setFault({ model: gemini, kind });
      const response = await gateway.post({
        model: '@preset/from-gemini',
        stream,
        messages: [{ role: 'user', content: 'write 30 words' }],
      });
      const text = await response.text().catch((error: unknown) => String(error));
      const record = gateway.lastRecord();
      const about = `${kind}, ${stream ? 'streamed' : 'whole'}`;
      assert.match(record.attempts[0]?.outcome ?? '', outcome, about);
      assert.equal(record.ending, stream && cut ? 'cut' : 'ok', about);
      if (stream && cut) assert.doesNotMatch(text, /\[DONE\]/, about);
      else assert.equal(record.served?.model, 'anthropic/claude-haiku-4.5', about);
    }
  }
});
