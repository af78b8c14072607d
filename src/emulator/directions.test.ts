import assert from 'node:assert/strict';
import { test } from 'node:test';
import { directions } from './directions.ts';

const rows: readonly (readonly [string, unknown])[] = [
  ['say hello', []],
  ['call Bash with {"command":"echo hi"}', [{ name: 'Bash', arguments: { command: 'echo hi' } }]],
  [
    'call a with {"x":{"y":"}"}}, then call b with {}',
    [
      { name: 'a', arguments: { x: { y: '}' } } },
      { name: 'b', arguments: {} },
    ],
  ],
  ['call a with {broken', []],
  ['"call a with {\\"x\\":\\"y\\"}"', [{ name: 'a', arguments: { x: 'y' } }]],
  ['I call a with nothing', []],
];

for (const [text, expected] of rows) {
  test(`directions in: ${text}`, () => assert.deepEqual(directions(text), expected));
}
