import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coloured } from './shell.ts';
import { clean, cleanBlock, columns, counted, dollars, seconds, times } from './table.ts';

test('columns line up, and colours do not count', () => {
  const rows = [
    [coloured('red', 'a'), '1', 'x'],
    ['bbb', '22', ''],
  ];
  assert.deepEqual(columns(rows, ['left', 'right']), [`${coloured('red', 'a')}     1  x`, 'bbb  22']);
  assert.deepEqual(columns([]), []);
});

test('nothing from outside steers the terminal', () => {
  assert.equal(clean('a\u001b[31mb\r\nc\u0007\u009bd\u2028e'), 'a [31mb c d e');
  assert.equal(cleanBlock('a\u001b[2Jb\n\tc\r'), 'a[2Jb\n\tc');
});

test('durations, multiples, counts and dollars for people', () => {
  assert.deepEqual([0, 420, 9_999, 12_340, 59_999, 119_999, 125_400].map(seconds), [
    '0.00 s',
    '0.42 s',
    '10.00 s',
    '12.3 s',
    '60.0 s',
    '2 min 0 s',
    '2 min 5 s',
  ]);
  assert.deepEqual([1, 2.9, 2.94, 9.96, 12.4].map(times), ['1x', '2.9x', '2.9x', '10x', '12x']);
  assert.deepEqual(
    [0, 1, 1_200].map((count) => counted(count, 'key')),
    ['0 keys', '1 key', '1,200 keys'],
  );
  assert.deepEqual([0, 0.000123, 5].map(dollars), ['$0.00', '$0.000123', '$5.00']);
});
