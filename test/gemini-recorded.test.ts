/** What Google really sent, read at every chunk boundary, and through a running gateway as the upstream. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fold, type Answer } from '../src/core/conversation.ts';
import { GeminiReader, readGeminiAnswer } from '../src/dialects/gemini/answer.ts';
import { SseReader } from '../src/dialects/sse.ts';
import OpenAI from 'openai';
import { key } from './support/gateway.ts';
import { ask, startPair } from './support/pair.ts';
import { needsShared, readShared } from './support/shared.ts';
import { json, sse } from './support/upstream.ts';

const folder = 'data/fixtures/wire/google';

/** What each recording says: text, thoughts, calls, tokens of input, output and reasoning, and how many signatures. */
type Row = {
  readonly text?: RegExp;
  readonly thought?: RegExp;
  readonly calls?: readonly string[];
  readonly tokens: readonly [input: number, output: number, reasoning: number];
};

const streams: Readonly<Record<string, Row>> = {
  'google-text': { text: /^There are \*\*3\*\* "r"s/, tokens: [9, 23, 185] },
  'google-reasoning': { text: /st\*\*r\*\*awbe\*\*rr\*\*y\.$/, tokens: [9, 29, 256] },
  'google-reasoning-gemini3': { text: /St\*\*r\*\*awbe\*\*rr\*\*y$/, tokens: [9, 23, 302] },
  'google-tool-call': { calls: ['weather {"location":"San Francisco"}'], tokens: [29, 15, 45] },
  'google-tool-call-gemini3': { calls: ['weather {"location":"San Francisco"}'], tokens: [29, 15, 804] },
  'google-stream-tool-call-arguments': {
    calls: ['getWeather {"location":"Boston"}', 'getWeather {"location":"San Francisco"}'],
    tokens: [26, 23, 132],
  },
  'google-stream-no-args-tool-call': {
    thought: /^\*\*Processing User Requests/,
    calls: ['read_theme {}', 'read_screen {"id":"A"}', 'read_screen {"id":"B"}', 'read_screen {"id":"C"}'],
    tokens: [249, 58, 183],
  },
  'google-stream-tool-call-array-arguments-missing-terminal-function-call': {
    calls: [
      'writeItems {"operations":[{"action":"add","description":"Fresh red apple","itemid":"apple_001","price":0.5},{"action":"add","description":"Ripe yellow banana","itemid":"banana_001","price":0.3}]}',
    ],
    tokens: [54, 74, 121],
  },
};

const wholes: Readonly<Record<string, Row>> = {
  'google-text': { text: /^There are \*\*3\*\* r's/, tokens: [9, 28, 244] },
  'google-reasoning': { text: /^There are \*\*3\*\* "r"s/, tokens: [9, 29, 282] },
  'google-tool-call': { calls: ['weather {"location":"San Francisco"}'], tokens: [29, 15, 893] },
  'google-tool-call-gemini3': { calls: ['weather {"location":"San Francisco"}'], tokens: [29, 15, 1801] },
};

function check(answer: Answer, { text, thought, calls = [], tokens: [input, output, reasoning] }: Row): void {
  const of = (type: 'text' | 'thinking'): string =>
    answer.blocks.map((block) => (block.type === type ? block.text : '')).join('');
  assert.match(of('text'), text ?? /^$/);
  assert.match(of('thinking'), thought ?? /^$/);
  const called = answer.blocks.filter((block) => block.type === 'call');
  assert.deepEqual(
    called.map(({ name, arguments: json }) => `${name} ${json}`),
    calls,
  );
  assert.equal(new Set(called.map(({ id }) => id)).size, calls.length);
  assert.ok(
    answer.blocks.some((block) => block.type !== 'text' && block.signature !== undefined),
    'its signature was lost',
  );
  assert.equal(answer.finish, calls.length > 0 ? 'tool_calls' : 'stop');
  assert.deepEqual(answer.usage, { input, output, reasoning });
}

function readIn(bytes: Buffer, sizes: number): Answer {
  const [sse, reader] = [new SseReader(), new GeminiReader()];
  const parts = [];
  for (let at = 0; at < bytes.length; at += sizes)
    for (const event of sse.push(bytes.subarray(at, at + sizes))) parts.push(...reader.read(event).parts);
  const rest = sse.end();
  if (rest) parts.push(...reader.read(rest).parts);
  return fold(parts);
}

for (const [name, row] of Object.entries(streams)) {
  const path = `${folder}/${name}.sse`;
  test(`the stream ${name} is read the same, however it is cut`, needsShared(path), () => {
    const bytes = readShared(path);
    const expected = readIn(bytes, bytes.length);
    check(expected, row);
    for (const size of [1, 7, 64, 1_000]) assert.deepEqual(readIn(bytes, size), expected, `${size} bytes`);
  });
}

for (const [name, row] of Object.entries(wholes)) {
  const path = `${folder}/${name}.json`;
  test(`the answer ${name} is read`, needsShared(path), () =>
    check(fold(readGeminiAnswer(readShared(path))), row),
  );
}

const wire = { wire: 'gemini' };

for (const [name, { text, calls = [], tokens }] of Object.entries(streams)) {
  const path = `${folder}/${name}.sse`;
  test(`the stream ${name} reaches the official client`, needsShared(path), async (t) => {
    const { gateway, first, second } = await startPair(t, sse(readShared(path), 700), wire);
    const client = new OpenAI({ baseURL: gateway.base, apiKey: key, maxRetries: 0 });
    const messages = [{ role: 'user' as const, content: 'hi' }];
    const answer = await client.chat.completions
      .stream({ model: '@preset/p', messages, stream_options: { include_usage: true } })
      .finalChatCompletion();
    const { message, finish_reason: finish } = answer.choices[0] ?? {};
    assert.match(message?.content ?? '', text ?? /^$/);
    assert.deepEqual(
      (message?.tool_calls ?? []).map((call) =>
        call.type === 'function' ? `${call.function.name} ${call.function.arguments}` : call.type,
      ),
      calls,
    );
    assert.equal(finish, calls.length > 0 ? 'tool_calls' : 'stop');
    const [input, output, reasoning] = tokens;
    assert.equal(answer.usage?.prompt_tokens, input);
    assert.equal(answer.usage?.completion_tokens, output + reasoning);
    assert.equal(gateway.lastRecord().cost, input * 1_000 + (output + reasoning) * 2_000);
    assert.equal(first.asked[0]?.url, '/v1/models/one-raw:streamGenerateContent?alt=sse');
    assert.equal(first.asked[0]?.headers['x-goog-api-key'], 'provider-secret-1');
    assert.equal(first.asked[0]?.headers.authorization, undefined);
    assert.equal(second.asked.length, 0);
  });
}

test(
  'a rate limit of Google fails over, and its own way of saying when to come back is understood',
  needsShared(`${folder}/google-429-retry-info.json`),
  async (t) => {
    const body = readShared(`${folder}/google-429-retry-info.json`);
    const { gateway } = await startPair(t, json(429, body), wire);
    const response = await gateway.post(ask);
    assert.equal(response.headers.get('x-spillway-position'), '1');
    assert.equal(gateway.lastRecord().attempts[0]?.outcome, 'rate_limit');
  },
);

test('a prompt that Google blocks is a refusal on content, streamed or whole, and is not tried elsewhere', async (t) => {
  const blocked = { promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: { promptTokenCount: 4 } };
  const { gateway, first, second } = await startPair(t, json(200, blocked), wire);
  for (const stream of [false, true]) {
    if (stream) first.answer(sse(`data: ${JSON.stringify(blocked)}\n\n`));
    const response = await gateway.post({ ...ask, stream });
    const { error } = (await response.json()) as { error: { type: string } };
    assert.equal(error.type, 'upstream_moderation');
    assert.equal(gateway.lastRecord().attempts[0]?.outcome, 'moderation');
  }
  assert.equal(second.asked.length, 0);
});

test('a stream without a finishReason was cut', async (t) => {
  const piece = { candidates: [{ content: { role: 'model', parts: [{ text: 'half an' }] }, index: 0 }] };
  const { gateway } = await startPair(t, sse(`data: ${JSON.stringify(piece)}\n\n`), wire);
  const response = await gateway.post({ ...ask, stream: true });
  const text = await response.text().catch(() => '');
  assert.doesNotMatch(text, /\[DONE\]/);
  assert.equal(gateway.lastRecord().ending, 'cut');
});
