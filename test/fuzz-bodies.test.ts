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
  test(`a body of ${api} with one of everything, changed`, () => fuzz(api, body, 1_500));

test('bodies of real clients, changed', needsShared('data/requests'), () => {
  for (const { api, body } of recordedBodies()) fuzz(api, body, 10);
});

test('a mark for the cache on every block crosses to Anthropic with the last four', () => {
  const part = { type: 'text', text: 'hi', cache_control: { type: 'ephemeral' } };
  const message = { role: 'user', content: [part, part] };
  checkCrossings('chat', JSON.stringify({ model: 'm', messages: [message, message, message] }), {
    withPreset: false,
    keeps: false,
  });
});
