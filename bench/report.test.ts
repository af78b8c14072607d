import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Measure } from './messages.ts';
import { median, percentile } from './numbers.ts';
import { disturbance, rowsOf, tableOf, type Round } from './report.ts';

function measure(more: Partial<Measure>): Measure {
  return { count: 1, perSecond: 1, ...more };
}

/** One round in which ours takes `own` µs and nginx `nginx` µs per small request. */
function round(own: number, nginx: number): Round {
  return {
    ours: { small: measure({ cpuUs: own, p50Ms: 1.75, disturbed: 0.25 }) },
    nginx: { small: measure({ cpuUs: nginx, disturbed: 0.05 }) },
    direct: { small: measure({ p50Ms: 0.5 }) },
  };
}

describe('the rows of a bench', () => {
  test('the ratio is the median of the ratios within a round, not the ratio of the medians', () => {
    const [row] = rowsOf([round(100, 50), round(400, 100), round(90, 30)], ['nginx', 'ours']);
    assert.deepEqual(row?.values, { nginx: 50, ours: 100 });
    assert.equal(row?.ratio, 3);
    assert.equal(row?.passed, true);
  });

  test('a bar is missed by what lies above it', () => {
    assert.equal(rowsOf([round(500, 100)], ['nginx', 'ours'])[0]?.passed, true);
    assert.equal(rowsOf([round(501, 100)], ['nginx', 'ours'])[0]?.passed, false);
  });

  test('without nginx a ratio is neither passed nor missed, and the table says so', () => {
    const rows = rowsOf([{ ours: { small: measure({ cpuUs: 100 }) } }], ['ours']);
    assert.equal(rows[0]?.passed, undefined);
    assert.match(tableOf(rows, ['ours']), /CPU per request, 2 KB \(µs\) +100\.0 +≤ 5x not measured/);
  });

  test('latency is what is added to the direct answer of the same round', () => {
    const row = rowsOf([round(1, 1)], ['direct', 'ours']).find(
      ({ name }) => name === 'added p50, 2 KB, 8 at a time',
    );
    assert.deepEqual(row?.values, { ours: 1.25 });
    assert.equal(row?.passed, false);
  });

  test('a dead primary is judged by the fallback’s first token, before its breaker opens and past it', () => {
    const firstToken = {
      before: { p50: 4, p99: 9 },
      open: { p50: 3, p99: 8 },
      straight: { p50: 1.75, p99: 5 },
    };
    const rows = rowsOf([{ ours: { stalling: measure({ firstToken }) } }], ['ours']);
    const silent = rows.filter(({ name }) => name.startsWith('primary silent'));
    assert.deepEqual(
      silent.map(({ values, passed }) => [values.ours, passed]),
      [
        [4, true],
        [9, undefined],
        [1.25, false],
        [3, undefined],
      ],
    );
  });

  test('the disturbance is the median over all measurements', () => {
    assert.equal(disturbance([round(1, 1)]), 0.15);
    assert.equal(disturbance([]), undefined);
  });
});

test('medians and percentiles', () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 2.5);
  assert.equal(median([]), undefined);
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  assert.deepEqual([percentile(hundred, 0.5), percentile(hundred, 0.99)], [51, 100]);
});
