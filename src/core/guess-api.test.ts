import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Api } from './ask.ts';
import { guessApi } from './guess-api.ts';
import type { JsonObject } from './snapshot.ts';

const messages = [{ role: 'user', content: 'hi' }];

const rows: readonly (readonly [Api, JsonObject])[] = [
  ['chat', {}],
  ['chat', { messages, max_tokens: 5 }],
  ['chat', { messages, tools: [{ type: 'function', function: { name: 'a' } }] }],
  ['messages', { messages, system: 'Be brief.' }],
  ['messages', { messages, thinking: { type: 'adaptive' } }],
  ['messages', { messages, tools: [{ name: 'a', input_schema: {} }] }],
  ['responses', { input: 'hi' }],
  ['responses', { input: [{ role: 'user', content: 'hi' }] }],
  ['responses', { model: 'm', prompt: { id: 'pmpt_1' } }],
  ['embeddings', { input: ['a', 'b'] }],
  ['embeddings', { input: [[1, 2]] }],
  ['embeddings', { input: 'a', dimensions: 8 }],
];

for (const [api, body] of rows)
  test(`${JSON.stringify(body)} looks like ${api}`, () => assert.equal(guessApi(body), api));
