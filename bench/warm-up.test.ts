import assert from 'node:assert/strict';
import { test } from 'node:test';
import { warmUntilSteady } from './warm-up.ts';

const rows: readonly (readonly [name: string, costs: readonly (number | undefined)[], windows: number])[] = [
  ['what has no CPU time is measured once', [undefined], 1],
  ['steady from the start', [20, 20, 20], 3],
  ['cheaper and cheaper, then steady', [400, 300, 250, 240, 239, 241], 6],
  ['a disturbed window is no end', [300, 400, 250, 251, 249], 5],
  ['not for ever', Array.from({ length: 20 }, (_, at) => 1_000 * 0.9 ** at), 10],
];

for (const [name, costs, windows] of rows)
  test(name, async () => {
    let at = 0;
    assert.equal(await warmUntilSteady(async () => costs[at++]), windows);
  });
