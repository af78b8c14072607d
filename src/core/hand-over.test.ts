import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Conversation, Turn } from './conversation.ts';
import { fitIds, idGrammars, leftBehind, newNames, ownThinking } from './hand-over.ts';
import type { Endpoint } from './snapshot.ts';

const conversation = (turns: readonly Turn[]): Conversation => ({
  turns,
  tools: [],
  sampling: {},
  stop: [],
  maxOutput: 1,
  stream: false,
  warnings: [],
});

test('thinking goes only to its issuer; text and calls go everywhere', () => {
  const turn: Turn = {
    role: 'assistant',
    content: [
      { type: 'thinking', text: 'a', signature: 'own' },
      { type: 'thinking', text: 'b', signature: 'foreign' },
      { type: 'thinking', text: '', redacted: 'foreign' },
      { type: 'thinking', text: 'unsigned' },
      { type: 'text', text: 'hi' },
      { type: 'call', id: '1', name: 'f', arguments: '{}', signature: 'foreign' },
    ],
  };
  const [seen] = ownThinking(conversation([turn]), (signature) => signature === 'own').turns;
  assert.deepEqual(seen?.content, [
    { type: 'thinking', text: 'a', signature: 'own' },
    { type: 'thinking', text: 'unsigned' },
    { type: 'text', text: 'hi' },
    { type: 'call', id: '1', name: 'f', arguments: '{}' },
  ]);
});

test('what stays behind on the way to another vendor is told', () => {
  const at = (wire: string, catalog: string): Endpoint => ({ wire, provider: { catalog } }) as Endpoint;
  const cache = { type: 'ephemeral' };
  const whole: Conversation = {
    ...conversation([
      { role: 'user', content: [{ type: 'text', text: 'hi', cache }] },
      { role: 'assistant', content: [{ type: 'thinking', text: 'a', signature: 'foreign' }] },
    ]),
    cacheKey: 'one',
  };
  const own = ownThinking(whole, () => false);
  const told = (wire: string, catalog: string): number[] =>
    leftBehind(whole, own, at(wire, catalog)).map((words) =>
      ['thinking', '"cache_control"', '"prompt_cache_key"'].findIndex((word) => words.startsWith(word)),
    );
  assert.deepEqual(told('openai-chat', 'deepseek'), [0, 1, 2]);
  assert.deepEqual(told('openai-responses', 'openai'), [0, 1]);
  assert.deepEqual(told('anthropic', 'anthropic'), [0, 2]);
  assert.deepEqual(leftBehind(conversation([]), conversation([]), at('gemini', 'google')), []);
});

for (const [name, grammar] of Object.entries(idGrammars)) {
  test(`ids fit the grammar of ${name}, no two become one, valid ones stay, and the same id has the same name every time`, () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.oneof(fc.string({ maxLength: 100 }), fc.stringMatching(/^[a-zA-Z0-9]{9}$/)), {
          maxLength: 40,
        }),
        (ids) => {
          const names = newNames(ids, grammar);
          const seen = ids.map((id) => names.get(id) ?? id);
          for (const id of seen) assert.match(id, grammar.valid);
          assert.equal(new Set(seen).size, ids.length);
          for (const id of ids) if (grammar.valid.test(id)) assert.equal(names.has(id), false);
          assert.deepEqual([...newNames(ids, grammar)], [...names]);
        },
      ),
      { numRuns: 500 },
    );
  });
}

test('calls and their results keep belonging to each other', () => {
  const long = 'x'.repeat(80);
  const { turns } = fitIds(
    conversation([
      { role: 'assistant', content: [{ type: 'call', id: long, name: 'f', arguments: '' }] },
      { role: 'tool', callId: long, content: [] },
    ]),
    idGrammars.openai,
  );
  const [first, second] = turns;
  assert.ok(first?.role === 'assistant' && second?.role === 'tool');
  const [call] = first.content;
  assert.ok(call?.type === 'call' && call.id === second.callId && call.id.length <= 64);
});
