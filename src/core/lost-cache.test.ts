/** What a lost cache costs, done by hand. Prices in USD per million tokens. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lostCache } from './lost-cache.ts';
import { fromUsd, perMillion } from './money.ts';
import type { Price } from './price.ts';
import type { Usage } from './usage.ts';

type Dollars = { input: number; output: number; read?: number; write?: number; hour?: number };
const price = ({ input, output, read, write, hour }: Dollars): Price => ({
  base: {
    input: perMillion(input),
    output: perMillion(output),
    ...(read === undefined ? {} : { cacheRead: perMillion(read) }),
    ...(write === undefined ? {} : { cacheWrite: perMillion(write) }),
    ...(hour === undefined ? {} : { cacheWrite1h: perMillion(hour) }),
  },
});

const sonnet = price({ input: 3, output: 15, read: 0.3, write: 3.75, hour: 6 });
const mini = price({ input: 0.75, output: 4.5, read: 0.075 });
const plain = price({ input: 2, output: 4 });

type Row = readonly [
  what: string,
  tokens: number,
  to: Price | undefined,
  usage: Usage,
  usd: number | undefined,
];
const rows: readonly Row[] = [
  ['all bought again as input: 100,000 × $0.675', 100_000, mini, { input: 110_000, output: 9 }, 0.0675],
  ['written anew: 100,000 × $3.45', 100_000, sonnet, { input: 100, cacheWrite: 109_900, output: 9 }, 0.345],
  [
    'for an hour first: 40,000 × $5.70 + 60,000 × $3.45',
    100_000,
    sonnet,
    { input: 0, cacheWrite1h: 40_000, cacheWrite: 60_000, output: 9 },
    0.435,
  ],
  [
    'what it did read is not lost: 60,000 × $0.675',
    100_000,
    mini,
    { input: 70_000, cacheRead: 40_000, output: 9 },
    0.0405,
  ],
  ['nothing is lost', 100_000, mini, { input: 10_000, cacheRead: 100_000, output: 9 }, 0],
  ['a prompt that was cut short: 50,000 × $0.675', 100_000, mini, { input: 50_000, output: 9 }, 0.03375],
  [
    'no price for reading there: as at the one that was left, 100,000 × $1.70',
    100_000,
    plain,
    { input: 110_000, output: 9 },
    0.17,
  ],
  ['without a price nobody knows', 100_000, undefined, { input: 110_000, output: 9 }, undefined],
];

for (const [what, tokens, to, usage, usd] of rows)
  test(what, () =>
    assert.equal(
      lostCache({ left: { tokens, price: sonnet }, served: { price: to, usage }, at: 0 }),
      usd === undefined ? undefined : fromUsd(usd),
    ),
  );
