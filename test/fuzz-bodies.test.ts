/**
 * Request bodies that no client should send, thousands of them, through the codecs: nothing is thrown but the problem
 * that names the field, and nothing is written for a wire that its provider would refuse for its shape.
 */
import { test } from 'node:test';
import fc from 'fast-check';
import type { Api } from '../src/core/ask.ts';
import type { JsonObject } from '../src/core/snapshot.ts';
import { checkCrossings, type Scene } from './support/crossings.ts';
import { textOf, treeOf } from './support/json-tree.ts';
import { mutated, mutations, type Mutation } from './support/mutations.ts';
import { recordedBodies, smallBodies } from './support/seed-bodies.ts';
import { needsShared } from './support/shared.ts';

/** The same bodies in every run; a failure prints the seed and the path to its smallest case. */
const seed = 20_261_124;

const scene: fc.Arbitrary<Scene> = fc.record({ withPreset: fc.boolean(), keeps: fc.boolean() });

function fuzz(api: Api, body: JsonObject, numRuns: number): void {
  const tree = treeOf(body);
  checkCrossings(api, textOf(tree), { withPreset: false, keeps: false });
  const property = fc.property(mutations, scene, (list: readonly Mutation[], where) =>
    checkCrossings(api, textOf(mutated(tree, list)), where),
  );
  fc.assert(property, { seed, numRuns });
}

for (const [api, body] of Object.entries(smallBodies) as [Api, JsonObject][])
  test(`a body of ${api} with one of everything, changed`, () => fuzz(api, body, 1_000));

test('bodies of real clients, changed', needsShared('data/requests'), () => {
  for (const { api, body } of recordedBodies()) fuzz(api, body, 10);
});

const hi = { role: 'user', content: 'hi' };
const marked = { type: 'text', text: 'hi', cache_control: { type: 'ephemeral' } };
const bmp = { type: 'image_url', image_url: { url: 'data:image/bmp;base64,AA' } };
const thought = { type: 'thinking', thinking: 'hm', signature: 's' };

/** Bodies that once crossed in a shape that some wire refuses, or broke something. */
const once: Readonly<Record<string, readonly [Api, JsonObject]>> = {
  'a mark for the cache on every block': [
    'chat',
    { messages: [1, 2, 3].map(() => ({ role: 'user', content: [marked, marked] })) },
  ],
  'an answer begun with white space at its end': [
    'chat',
    { messages: [hi, { role: 'assistant', content: 'It is ' }] },
  ],
  'numbers beyond 32 bits': ['chat', { messages: [hi], seed: 5_000_000_000, top_k: 5_000_000_000 }],
  'an image in the system prompt': ['chat', { messages: [{ role: 'system', content: [bmp] }, hi] }],
  'an image that Claude does not see': ['chat', { messages: [{ role: 'user', content: [bmp] }] }],
  'an effort that is a member of every object': ['chat', { messages: [hi], reasoning_effort: 'constructor' }],
  'thinking that led to nothing': [
    'messages',
    { max_tokens: 9, messages: [hi, { role: 'assistant', content: [thought] }, hi] },
  ],
  'nothing but thinking': [
    'messages',
    { max_tokens: 9, messages: [{ role: 'assistant', content: [thought] }] },
  ],
  'a user name of a thousand characters': ['chat', { messages: [hi], user: '\ud83d\ude00'.repeat(500) }],
  'a document of plain text': [
    'chat',
    {
      messages: [
        { role: 'user', content: [{ type: 'file', file: { file_data: 'data:text/plain;base64,aGk=' } }] },
      ],
    },
  ],
  'two tools of one name': [
    'chat',
    { messages: [hi], tools: [1, 2].map(() => ({ type: 'function', function: { name: 'look' } })) },
  ],
};

for (const [name, [api, body]] of Object.entries(once))
  test(name, () => {
    for (const keeps of [true, false])
      checkCrossings(api, JSON.stringify({ model: 'm', ...body }), { withPreset: false, keeps });
  });
