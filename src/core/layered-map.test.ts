import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { layered } from './layered-map.ts';

type Value = { readonly is: number };
const change = fc.tuple(fc.integer({ min: 0, max: 30 }), fc.option(fc.nat({ max: 9 }), { nil: undefined }));

test('layer upon layer, it is what a map that was copied and changed each time is', () => {
  fc.assert(
    fc.property(fc.array(fc.array(change, { maxLength: 8 }), { maxLength: 12 }), (edits) => {
      const first = new Map<number, Value>([...Array(20).keys()].map((key) => [key, { is: key }]));
      let ours: ReadonlyMap<number, Value> = first;
      const theirs = new Map(first);
      for (const edit of edits) {
        const changes = edit.map(([key, is]) => [key, is === undefined ? undefined : { is }] as const);
        ours = layered(ours, changes);
        for (const [key, value] of changes)
          if (value === undefined) theirs.delete(key);
          else theirs.set(key, value);
        const sorted = (map: Iterable<readonly [number, Value]>) => [...map].sort(([a], [b]) => a - b);
        assert.deepEqual(sorted(ours), sorted(theirs));
        assert.equal(ours.size, theirs.size);
        for (let key = 0; key <= 30; key += 1) {
          assert.deepEqual(ours.get(key), theirs.get(key));
          assert.equal(ours.has(key), theirs.has(key));
        }
      }
      assert.equal(first.size, 20);
    }),
  );
});

test('what was there keeps its place, what is new comes last, and many layers become one map', () => {
  const base = new Map(['a', 'b', 'c'].map((key) => [key, { is: 0 }]));
  const one = layered(base, [
    ['b', { is: 1 }],
    ['d', { is: 1 }],
    ['a', undefined],
  ]);
  assert.deepEqual([...one.keys()], ['b', 'c', 'd']);
  assert.deepEqual(
    [...one.values()].map(({ is }) => is),
    [1, 0, 1],
  );
  assert.equal(layered(one, []), one);
  const seen: string[] = [];
  one.forEach((_, key) => seen.push(key));
  assert.deepEqual(seen, ['b', 'c', 'd']);
  const many = layered(
    one,
    Array.from({ length: 2_000 }, (_, index) => [`k${index}`, { is: index }] as const),
  );
  assert.ok(many instanceof Map);
  assert.equal(many.size, 2_003);
});
