import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readUntil } from './until.ts';

const now = Date.UTC(2026, 10, 24, 12, 3);

const table: readonly (readonly [text: string, end: string])[] = [
  ['18:30', '2026-11-24T18:30:00.000Z'],
  ['24:00', '2026-11-25T00:00:00.000Z'],
  ['2h', '2026-11-24T14:03:00.000Z'],
  ['30d', '2026-12-24T12:03:00.000Z'],
  ['2027-01-31', '2027-01-31T00:00:00.000Z'],
  ['2027-01-31 18:00', '2027-01-31T18:00:00.000Z'],
  ['2027-01-31T18:00:00Z', '2027-01-31T18:00:00.000Z'],
];
for (const [text, end] of table)
  test(`--until ${text}`, () => assert.equal(new Date(readUntil(text, now)).toISOString(), end));

for (const text of ['', '24:01', '9:60', '12:03', '2027-02-30', '5', '-2h', '2027-1-1'])
  test(`--until ${JSON.stringify(text)} is refused`, () => assert.throws(() => readUntil(text, now)));
