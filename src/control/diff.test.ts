import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { diffBodies, diffLines } from './diff.ts';

test('each line names the value that changed', () => {
  const table: readonly [before: object | undefined, after: object | undefined, ...lines: string[]][] = [
    [
      { parameters: { temperature: 0.2 } },
      { parameters: { temperature: 0.3 } },
      '-parameters.temperature: 0.2',
      '+parameters.temperature: 0.3',
    ],
    [{ models: ['a', 'b'] }, { models: ['a', 'c', 'b'] }, '-models: [a, b]', '+models: [a, c, b]'],
    [{ models: ['a', { model: 'b' }] }, { models: [{ model: 'b' }] }, '-models[]: "a"'],
    [{ description: 'x' }, { description: 'x' }],
    [undefined, { description: 'x' }, '+description: "x"'],
    [{ description: 'x' }, undefined, '-description: "x"'],
    [{ system_prompt: 'one\ntwo\nthree' }, { system_prompt: 'one\n2\nthree' }, '-  two', '+  2'],
  ];
  for (const [before, after, ...lines] of table)
    assert.deepEqual(diffBodies('preset', 'p', before, after), lines);
});

test('secrets are masked, and a new one is seen to be new', () => {
  const provider = (api_key: string | string[]) => ({
    wire: 'anthropic' as const,
    base_url: 'https://a.b/v1',
    api_key,
  });
  const diff = (before: string | string[], after: string | string[]) =>
    diffBodies('provider', 'p', provider(before), provider(after));
  assert.deepEqual(diff('sealed:one', 'sealed:one'), []);
  assert.deepEqual(diff('sealed:one', 'sealed:two'), ['-api_key: "<secret>"', '+api_key: "<secret> (new)"']);
  assert.deepEqual(diff('sealed:one', 'env:KEY'), ['-api_key: "<secret>"', '+api_key: "env:KEY"']);
  assert.deepEqual(diff('sealed:one', ['sealed:one', 'sealed:two']), [
    '-api_key: "<secret>"',
    '+api_key: [<secret>, <secret> (new)]',
  ]);
});

test('applying a diff to the old lines gives the new ones', () => {
  const lines = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 12 });
  fc.assert(
    fc.property(lines, lines, (before, after) => {
      const diff = diffLines(before, after);
      const gone = diff.filter((line) => line.startsWith('-')).map((line) => line.slice(1));
      const come = diff.filter((line) => line.startsWith('+')).map((line) => line.slice(1));
      assert.equal(before.length - gone.length, after.length - come.length);
      assert.deepEqual([...before, ...come].sort(), [...after, ...gone].sort());
      if (JSON.stringify(before) === JSON.stringify(after)) assert.deepEqual(diff, []);
    }),
  );
});

test('texts too long to compare line by line are shown as replaced', () => {
  const before = Array.from({ length: 1_500 }, (_, index) => `old ${index}`);
  const after = Array.from({ length: 1_500 }, (_, index) => `new ${index}`);
  assert.equal(diffLines(before, after).length, 3_000);
});
