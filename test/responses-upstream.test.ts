/** The Responses wire as an upstream: a chat client is served by what a provider of that wire really sent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import OpenAI from 'openai';
import { key } from './support/gateway.ts';
import { startPair } from './support/pair.ts';
import { needsShared, readShared } from './support/shared.ts';
import { json, sse } from './support/upstream.ts';

const folder = 'data/fixtures/wire/open-responses';
const stream = `${folder}/lmstudio-tool-call.1.sse`;
const whole = `${folder}/lmstudio-tool-call.1.json`;
const ask = {
  model: '@preset/p',
  messages: [{ role: 'user' as const, content: 'weather in San Francisco?' }],
};

test('a stream with a thought, a text and a call reaches a chat client', needsShared(stream), async (t) => {
  const { gateway, first } = await startPair(t, sse(readShared(stream), 64), { wire: 'openai-responses' });
  const client = new OpenAI({ baseURL: gateway.base, apiKey: key, maxRetries: 0 });
  const answer = await client.chat.completions.stream(ask).finalChatCompletion();
  const [choice] = answer.choices;
  assert.equal(choice?.finish_reason, 'tool_calls');
  assert.match(choice.message.content ?? '', /weather/);
  const [call] = choice.message.tool_calls ?? [];
  assert.ok(call?.type === 'function');
  assert.equal(call.function.name, 'weather');
  assert.deepEqual(JSON.parse(call.function.arguments), { location: 'San Francisco' });
  assert.ok((answer.usage as unknown as { cost: number }).cost > 0);

  const sent = JSON.parse(first.asked[0]?.body.toString() ?? '') as Record<string, unknown>;
  assert.equal(first.asked[0]?.url, '/v1/responses');
  assert.deepEqual([sent['store'], sent['stream']], [false, true]);
});

test('a whole answer reaches a chat client', needsShared(whole), async (t) => {
  const { gateway } = await startPair(t, json(200, readShared(whole)), { wire: 'openai-responses' });
  const client = new OpenAI({ baseURL: gateway.base, apiKey: key, maxRetries: 0 });
  const answer = await client.chat.completions.create(ask);
  assert.equal(answer.choices[0]?.finish_reason, 'tool_calls');
  assert.equal(answer.choices[0].message.tool_calls?.length, 1);
  assert.equal(gateway.lastRecord().attempts[0]?.basis, 'measured');
});
