import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDuration, printDuration } from './duration.ts';

test('durations are a number and a unit', () => {
  const table: readonly [string, number | undefined][] = [
    ['250ms', 250],
    ['5s', 5_000],
    ['10m', 600_000],
    ['1.5h', 5_400_000],
    ['2h', 7_200_000],
    ['30d', 2_592_000_000],
    ['0s', 0],
    ['5', undefined],
    ['-5s', undefined],
    ['5 s', undefined],
    ['5S', undefined],
    ['1e9s', undefined],
    ['s', undefined],
    ['', undefined],
  ];
  for (const [text, ms] of table) assert.equal(parseDuration(text), ms, text);
});

test('a printed duration reads back as the same', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 900_000_000 }), (ms) => {
      assert.equal(parseDuration(printDuration(ms)), ms);
    }),
  );
  assert.equal(printDuration(300_000), '5m');
  assert.equal(printDuration(90_000), '90s');
});
