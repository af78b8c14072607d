import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { daysOf, readRange, windowStart, type HourlyWindow, type RangeWish } from './spend-range.ts';

const now = Date.UTC(2026, 10, 24, 12, 34);

test('a span is what people say: months, days, from and to, in UTC, the last day included', () => {
  const table: readonly (readonly [RangeWish, first: string, last: string])[] = [
    [{}, '2026-11-01', '2026-11-30'],
    [{ month: '2026-02' }, '2026-02-01', '2026-02-28'],
    [{ month: '2028-02' }, '2028-02-01', '2028-02-29'],
    [{ month: '2026-12' }, '2026-12-01', '2026-12-31'],
    [{ days: 1 }, '2026-11-24', '2026-11-24'],
    [{ days: 7 }, '2026-11-18', '2026-11-24'],
    [{ from: '2026-11-20' }, '2026-11-20', '2026-11-24'],
    [{ from: '2026-01-31', to: '2026-03-01' }, '2026-01-31', '2026-03-01'],
  ];
  for (const [wish, first, last] of table) {
    const range = readRange(wish, now);
    assert.ok(typeof range !== 'string', JSON.stringify(wish));
    assert.deepEqual(daysOf(range), { first, last });
  }
});

test('a month has every hour of its days and no other', () => {
  const range = readRange({ month: '2026-11' }, now);
  assert.deepEqual(range, {
    from: Date.UTC(2026, 10, 1) / 3_600_000,
    to: Date.UTC(2026, 11, 1) / 3_600_000,
  });
});

test('a window begins where the UTC calendar says, weeks on Monday', () => {
  const table: readonly (readonly [HourlyWindow, number])[] = [
    ['hour', Date.UTC(2026, 10, 24, 12)],
    ['day', Date.UTC(2026, 10, 24)],
    ['week', Date.UTC(2026, 10, 23)],
    ['month', Date.UTC(2026, 10, 1)],
    ['total', 0],
  ];
  for (const [per, start] of table) assert.equal(windowStart(per, now), start / 3_600_000, per);
});

test('at any time the week began on the last Monday, at midnight', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: Date.UTC(2100, 0) }), (at) => {
      const start = new Date(windowStart('week', at) * 3_600_000);
      assert.equal(start.getUTCDay(), 1);
      assert.equal(start.getUTCHours(), 0);
      assert.ok(at >= start.getTime() && at < start.getTime() + 7 * 86_400_000);
    }),
  );
});
