/** Tools under names that every wire takes, and back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '../../core/snapshot.ts';
import { flatOf, freeformInput, nameTools, toldNames } from './tool-names.ts';

const tools: JsonObject[] = [
  { type: 'function', name: 'read' },
  { type: 'custom', name: 'apply_patch' },
  {
    type: 'namespace',
    name: 'agents',
    tools: [
      { type: 'function', name: 'spawn' },
      { type: 'function', name: 'read' },
    ],
  },
  { type: 'web_search' },
];

test('plain functions keep their name, tools of a namespace get it as a prefix, hosted tools have none', () => {
  assert.deepEqual(
    nameTools(tools).map(({ flat, name, namespace, freeform }) => [flat, name, namespace, freeform]),
    [
      ['read', 'read', undefined, false],
      ['apply_patch', 'apply_patch', undefined, true],
      ['agents__spawn', 'spawn', 'agents', false],
      ['agents__read', 'read', 'agents', false],
    ],
  );
});

test('a call in the history is told under the flat name of its tool, known or not', () => {
  const named = nameTools(tools);
  assert.equal(flatOf(named, { name: 'read' }), 'read');
  assert.equal(flatOf(named, { name: 'read', namespace: 'agents' }), 'agents__read');
  assert.equal(flatOf(named, { name: 'gone', namespace: 'a.b' }), 'a_b__gone');
});

test('a flat name that the caller has already used for another tool is changed', () => {
  const flat = nameTools([{ type: 'function', name: 'agents__spawn' }, ...tools]).map((tool) => tool.flat);
  assert.equal(new Set(flat).size, flat.length);
  assert.equal(flat[0], 'agents__spawn', "the caller's own name stays");
});

const word = fc.string({ minLength: 1, maxLength: 70, unit: fc.constantFrom('a', 'b', '_', '-', '.', 'é') });
const functions = (names: readonly string[]): readonly JsonObject[] =>
  [...new Set(names)].map((name) => ({ type: 'function', name }));

test('any tools in namespaces get different names that fit, and every name leads back to its tool', () => {
  const groups = fc.uniqueArray(
    fc.record({ namespace: word, names: fc.array(word, { minLength: 1, maxLength: 4 }) }),
    {
      selector: ({ namespace }) => namespace,
      maxLength: 4,
    },
  );
  fc.assert(
    fc.property(groups, (made) => {
      const named = nameTools(
        made.map(({ namespace, names }) => ({ type: 'namespace', name: namespace, tools: functions(names) })),
      );
      const told = toldNames(named);
      assert.equal(told.size, named.length, 'injective');
      for (const { flat, name, namespace } of named) {
        assert.match(flat, /^[a-zA-Z0-9_-]{1,64}$/);
        assert.deepEqual(told.get(flat), { name, namespace, freeform: false });
      }
    }),
  );
});

test('the input of a freeform call is found in whatever the model wrote', () => {
  assert.equal(freeformInput('{"input":"*** Begin"}'), '*** Begin');
  assert.equal(freeformInput('{"input":""}'), '');
  assert.equal(freeformInput('"text"'), 'text');
  assert.equal(freeformInput('{"patch":"x"}'), '{"patch":"x"}');
  assert.equal(freeformInput('{"input":"cut'), '{"input":"cut');
});
