import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { add, fromUsd, nano, perMillion, print, printAtMost, total, toUsd, type Pico } from './money.ts';
import { cost, isPriced, rateAt, worstCase, type CacheWrites, type Price } from './price.ts';
import type { Usage } from './usage.ts';

const usd = (value: number): Pico => perMillion(value);

/** Sonnet-like: cache prices, a long-context tier. */
const tiered: Price = {
  base: { input: usd(3), output: usd(15), cacheRead: usd(0.3), cacheWrite: usd(3.75), cacheWrite1h: usd(6) },
  overrides: [{ minPromptTokens: 200_000, rate: { input: usd(6), output: usd(22.5) } }],
};
/** DeepSeek-like: twice as dear on weekday mornings, UTC. */
const peak: Price = {
  base: { input: usd(0.66), output: usd(1.98), cacheRead: usd(0.022) },
  overrides: [
    {
      utcStart: 60,
      utcEnd: 240,
      utcDays: ['mon', 'tue', 'wed', 'thu', 'fri'],
      rate: { input: usd(1.32), output: usd(3.96), cacheRead: usd(0.044) },
    },
  ],
};
const wraps: Price = {
  base: { input: usd(1), output: usd(1) },
  overrides: [{ utcStart: 1_380, utcEnd: 60, rate: { output: usd(9) } }],
};

const tuesday = (hour: number, minute = 0): number => Date.UTC(2026, 10, 24, hour, minute);
const sunday = (hour: number): number => Date.UTC(2026, 10, 22, hour);

const rows: readonly (readonly [name: string, price: Price, usage: Usage, at: number, usd: number])[] = [
  ['plain', tiered, { input: 1_000_000, output: 0 }, 0, 6],
  ['below the tier', tiered, { input: 200_000, output: 1_000 }, 0, 0.6 + 0.015],
  ['above it the whole request is repriced', tiered, { input: 200_001, output: 1_000 }, 0, 1.200006 + 0.0225],
  [
    'the tier counts cached tokens too',
    tiered,
    { input: 1, cacheRead: 200_000, output: 0 },
    0,
    0.000006 + 0.06,
  ],
  [
    'cache writes, five minutes and an hour',
    tiered,
    { input: 0, cacheWrite: 1_000, cacheWrite1h: 1_000, output: 0 },
    0,
    0.00375 + 0.006,
  ],
  ['reasoning is output unless it has a price', tiered, { input: 0, output: 10, reasoning: 90 }, 0, 0.0015],
  ['off peak', peak, { input: 1_000, output: 1_000 }, tuesday(0, 59), 0.00264],
  ['peak begins with its minute', peak, { input: 1_000, output: 1_000 }, tuesday(1), 0.00528],
  ['and ends before its minute', peak, { input: 1_000, output: 1_000 }, tuesday(4), 0.00264],
  ['not on Sundays', peak, { input: 1_000, output: 1_000 }, sunday(2), 0.00264],
  ['a window over midnight, before', wraps, { input: 0, output: 1_000 }, tuesday(23, 30), 0.009],
  ['a window over midnight, after', wraps, { input: 0, output: 1_000 }, tuesday(0, 30), 0.009],
  [
    'half a nano-dollar is a whole one',
    { base: { input: usd(0.0005), output: usd(1) } },
    { input: 1, output: 0 },
    0,
    1e-9,
  ],
];

for (const [name, price, usage, at, expected] of rows) {
  test(`cost: ${name}`, () => assert.equal(toUsd(cost(price, usage, at)), Number(expected.toFixed(9))));
}

test('zero is free only when it says so; unknown is never a price', () => {
  assert.equal(isPriced(undefined), false);
  assert.equal(isPriced({ base: {} }), false);
  assert.equal(isPriced({ base: { input: usd(0), output: usd(0) } }), false);
  assert.equal(isPriced({ base: {}, free: true }), true);
  assert.deepEqual(rateAt({ base: {}, free: true }, 0, 0), {});
});

test('no request costs more than its worst case, whenever it runs and however its tokens are billed', () => {
  const tokens = fc.integer({ min: 0, max: 300_000 });
  fc.assert(
    fc.property(
      fc.constantFrom(tiered, peak, wraps),
      fc.tuple(tokens, tokens, tokens, tokens, tokens, tokens),
      fc.integer({ min: 0, max: 10_080 }),
      fc.integer({ min: 0, max: 60 }),
      (price, [input, cacheRead, cacheWrite, cacheWrite1h, output, reasoning], start, later) => {
        const from = tuesday(0) + start * 60_000;
        const bound = {
          input: input + cacheRead + cacheWrite + cacheWrite1h,
          output: output + reasoning,
          from,
          until: from + 3_600_000,
        };
        const real = cost(
          price,
          { input, cacheRead, cacheWrite, cacheWrite1h, output, reasoning },
          from + later * 60_000,
        );
        assert.ok(real <= worstCase(price, bound), `${real} > ${worstCase(price, bound)}`);
      },
    ),
    { numRuns: 2_000 },
  );
});

test('the worst case of a time of day is that of some moment within the bound, to the minute', () => {
  const friday: Price = {
    base: { input: usd(1) },
    overrides: [{ utcDays: ['fri'], utcStart: 1_380, utcEnd: 60, rate: { input: usd(2) } }],
  };
  const announced: Price = {
    base: { input: usd(1) },
    overrides: [{ from: tuesday(12), rate: { input: usd(3) } }],
  };
  fc.assert(
    fc.property(
      fc.constantFrom(peak, wraps, friday, announced),
      fc.integer({ min: -10_080, max: 10_080 }),
      fc.integer({ min: 0, max: 3_000 }),
      (price, start, minutes) => {
        const from = tuesday(12) + start * 60_000;
        const moments = Array.from({ length: minutes + 1 }, (_, minute) => from + minute * 60_000);
        const until = moments.at(-1) ?? from;
        const tokens = { input: 1_000_000, output: 1_000_000 };
        const dearest = Math.max(...moments.map((at) => cost(price, tokens, at)));
        assert.equal(worstCase(price, { ...tokens, from, until }), dearest);
      },
    ),
    { numRuns: 1_000 },
  );
});

const minute = { from: tuesday(12), until: tuesday(12) + 60_000 };
const plain: Price = { base: { input: usd(3), output: usd(15), cacheRead: usd(0.3) } };
const writing: readonly (readonly [writes: CacheWrites | undefined, price: Price, usdPerMillion: number])[] =
  [
    ['none', tiered, 3.75],
    ['5m', tiered, 3.75],
    ['1h', tiered, 6],
    [undefined, tiered, 6],
    ['none', plain, 3],
    ['1h', plain, 3],
  ];

test('the worst case reckons with one-hour writes only where they can happen, with five-minute ones always', () => {
  for (const [writes, price, usdPerMillion] of writing) {
    const bound = { input: 1_000, output: 0, ...minute, ...(writes && { later: { cacheWrites: writes } }) };
    assert.equal(
      toUsd(worstCase(price, bound)),
      usdPerMillion / 1_000,
      `${writes} at ${price.base.cacheWrite}`,
    );
  }
});

test('money: sums are exact beyond what doubles can hold, dollars round up', () => {
  assert.equal(
    total([
      [9_007_199_254, 1_000_000 as Pico],
      [1, 1 as Pico],
    ]),
    9_007_199_254_001,
  );
  assert.equal(fromUsd(0.1 + 0.2), 300_000_000);
  assert.equal(fromUsd(1e-10), 1);
  assert.equal(add(nano(1), nano(2)), 3);
  assert.throws(() => nano(0.5), RangeError);
  assert.deepEqual(
    [0, 1, 123_000, 1_234_567_890, 90_000_000].map((amount) => print(nano(amount))),
    ['$0.00', '$0.000000001', '$0.000123', '$1.23', '$0.09'],
  );
});

test('what is said to be at most so much is rounded up', () => {
  assert.deepEqual(
    [1_384_950_000, 70_123_400, 999_999_999, 5, 0].map((amount) => printAtMost(nano(amount))),
    ['$1.39', '$0.0702', '$1.00', '$0.000000005', '$0.00'],
  );
});
