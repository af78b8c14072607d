/** What providers of the chat wire do with tool calls, and what is read from it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fold, type Answer } from '../../core/conversation.ts';
import type { JsonObject } from '../../core/snapshot.ts';
import { ChatReader, readChatAnswer } from './answer.ts';

function streamed(...deltas: readonly (readonly JsonObject[])[]): Answer {
  const reader = new ChatReader();
  const chunks = deltas.map((calls) => ({
    id: 'up-1',
    choices: [{ index: 0, delta: { tool_calls: calls } }],
  }));
  return fold(chunks.flatMap((chunk) => reader.read({ data: Buffer.from(JSON.stringify(chunk)) }).parts));
}

function calls({ blocks }: Answer): readonly string[] {
  return blocks.flatMap((block) =>
    block.type === 'call' ? [`${block.id} ${block.name} ${block.arguments}`] : [],
  );
}

const look = { name: 'look', arguments: '{}' };

/** Stream → calls. Providers are free with `index`, `id` and `name`. */
const rows: Readonly<Record<string, readonly [readonly (readonly JsonObject[])[], readonly string[]]>> = {
  'arguments in pieces, by turns': [
    [
      [{ index: 0, id: 'a', function: { name: 'look', arguments: '' } }],
      [{ index: 1, id: 'b', function: { name: 'find', arguments: '{"x"' } }],
      [{ index: 0, function: { arguments: '{}' } }],
      [{ index: 1, function: { arguments: ':1}' } }],
    ],
    ['a look {}', 'b find {"x":1}'],
  ],
  'the id and the name in every piece': [
    [
      [{ index: 0, id: 'a', function: { name: 'look', arguments: '{' } }],
      [{ index: 0, id: 'a', function: { name: 'look', arguments: '}' } }],
    ],
    ['a look {}'],
  ],
  // Google's OpenAI-compatible face: NousResearch/hermes-agent#62940.
  'one index for all calls': [
    [[{ index: 0, id: 'a', function: look }], [{ index: 0, id: 'b', function: look }]],
    ['a look {}', 'b look {}'],
  ],
  'no index, one call in each chunk': [
    [[{ id: 'a', function: look }], [{ id: 'b', function: look }]],
    ['a look {}', 'b look {}'],
  ],
  'no ids: made from the id of the answer, so that no other answer has them': [
    [[{ index: 0, function: look }], [{ index: 1, function: look }]],
    ['call_up-1_0 look {}', 'call_up-1_1 look {}'],
  ],
};

for (const [name, [deltas, expected]] of Object.entries(rows))
  test(`calls, streamed: ${name}`, () => assert.deepEqual(calls(streamed(...deltas)), expected));

test('calls, whole: ids that are missing are the ones that the stream would have had', () => {
  const message = { content: null, tool_calls: [{ function: look }, { id: 'b', function: look }] };
  const answer = { id: 'up-1', choices: [{ index: 0, message, finish_reason: 'tool_calls' }] };
  assert.deepEqual(calls(fold(readChatAnswer(Buffer.from(JSON.stringify(answer))))), [
    'call_up-1_0 look {}',
    'b look {}',
  ]);
});
