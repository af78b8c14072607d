/** Calls and results, in whatever order a client sent them, come out in the order that every wire takes. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Conversation, Turn } from './conversation.ts';
import { orderTools } from './tool-turns.ts';

const call = (id: string, name = 'look'): Turn => ({
  role: 'assistant',
  content: [{ type: 'call', id, name, arguments: '{}' }],
});
const result = (callId: string, text = 'seen'): Turn => ({
  role: 'tool',
  callId,
  content: [{ type: 'text', text }],
});
const user: Turn = { role: 'user', content: [{ type: 'text', text: 'hi' }] };

function ordered(turns: readonly Turn[], more: Partial<Conversation> = {}): Conversation {
  return orderTools({
    turns,
    tools: [],
    sampling: {},
    stop: [],
    maxOutput: 10,
    stream: false,
    warnings: [],
    ...more,
  });
}

/** `call a`, `result a`, `user`: what is said in which order. */
function outline(turns: readonly Turn[]): readonly string[] {
  return turns.flatMap((turn) => {
    if (turn.role === 'tool') return [`${turn.failed === true ? 'made up' : 'result'} ${turn.callId}`];
    if (turn.role !== 'assistant') return [turn.role];
    return turn.content.map((block) => (block.type === 'call' ? `call ${block.id}` : block.type));
  });
}

const rows: readonly (readonly [string, readonly Turn[], readonly string[], number])[] = [
  ['in order', [user, call('a'), result('a')], ['user', 'call a', 'result a'], 0],
  ['somebody spoke in between', [call('a'), user, result('a')], ['call a', 'result a', 'user'], 0],
  [
    'one call after the other, results at the end',
    [call('a'), call('b'), result('b'), result('a')],
    ['call a', 'result a', 'call b', 'result b'],
    0,
  ],
  ['a call without a result', [call('a'), user], ['call a', 'made up a', 'user'], 1],
  ['a result without a call', [user, result('a')], ['user', 'user'], 1],
  ['a second result', [call('a'), result('a'), result('a')], ['call a', 'result a', 'user'], 1],
  [
    'an id used again, as some providers do in every turn',
    [call('a'), result('a'), call('a'), result('a')],
    ['call a', 'result a', 'call a~2', 'result a~2'],
    0,
  ],
  ['a result before its call', [result('a'), call('a')], ['user', 'call a', 'made up a'], 2],
];

for (const [name, turns, expected, warnings] of rows)
  test(name, () => {
    const conversation = ordered(turns);
    assert.deepEqual(outline(conversation.turns), expected);
    assert.equal(conversation.warnings.length, warnings);
  });

test('a name that no wire takes back is made tame', () => {
  const names = [' functions.look', '', 'ok-1', 'x'.repeat(70)];
  const { turns } = ordered(names.flatMap((name, index) => [call(`c${index}`, name), result(`c${index}`)]));
  const told = turns.flatMap((turn) =>
    turn.role === 'assistant' ? turn.content.map((block) => (block.type === 'call' ? block.name : '')) : [],
  );
  assert.deepEqual(told, ['_functions_look', 'unnamed', 'ok-1', 'x'.repeat(64)]);
});

test('of tools of one name the first is sent, and only a tool that is there can be chosen', () => {
  const tool = (name: string, description: string) => ({ name, description, schema: {} });
  const tools = [tool('a', 'one'), tool('b', 'two'), tool('a', 'three')];
  const chosen = ordered([user], { tools, toolChoice: { tool: 'b' } });
  assert.deepEqual(
    [chosen.tools.map(({ description }) => description), chosen.toolChoice, chosen.warnings.length],
    [['one', 'two'], { tool: 'b' }, 1],
  );
  const lost = ordered([user], { tools, toolChoice: { tool: 'c' } });
  assert.deepEqual([lost.toolChoice, lost.warnings.length], [undefined, 2]);
});
