import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { brokenPromises, growth, leaks, slopeOf, summary, type Found, type Sample } from './figures.ts';
import type { Vitals } from './gateway.ts';

function vitals(more: Partial<Vitals> = {}): Vitals {
  return { rss: 200, heap: 30, external: 10, open: { socket: 5, timers: 3 }, ...more };
}

/** A sample every minute of half an hour; memory as `rss` says at a minute. */
function samples(rss: (minute: number) => number): readonly Sample[] {
  return Array.from({ length: 31 }, (_, minute) => ({ minute, vitals: vitals({ rss: rss(minute) }) }));
}

const good: Found = {
  asked: 10,
  recorded: 10,
  endings: { whole: 6, cut: 1, refused: 1, left: 2, wrong: 0 },
  samples: samples(() => 300),
  before: vitals(),
  after: vitals(),
  held: [],
  faults: [],
  wrong: [],
};

test('the slope of points is that of the least squares’ line', () => {
  assert.equal(
    slopeOf([
      [0, 1],
      [1, 3],
      [2, 5],
    ]),
    2,
  );
  assert.equal(
    slopeOf([
      [0, 0],
      [1, 2],
      [2, 0],
      [3, 2],
    ]),
    0.4,
  );
});

describe('a soak', () => {
  test('is judged after its warm-up: what fills up first is no leak', () => {
    const filling = samples((minute) => Math.min(100 + 30 * minute, 400));
    assert.equal(
      growth({ samples: filling }, ({ rss }) => rss),
      0,
    );
    assert.deepEqual(brokenPromises({ ...good, samples: filling }), []);
  });

  test('that grows by a megabyte a minute has failed', () => {
    const growing = samples((minute) => 300 + minute);
    assert.deepEqual(brokenPromises({ ...good, samples: growing }), ['memory grows by 1.00 MB per minute']);
    assert.match(summary({ ...good, samples: growing }), /slope +1\.00 MB per minute, < 1 FAIL/);
  });

  test('leaves open what it does not close', () => {
    const after = vitals({ open: { socket: 6, timers: 3, pipe: 2 } });
    assert.deepEqual(leaks(vitals(), after), ['left open: 1 socket', 'left open: 2 pipe']);
    assert.deepEqual(leaks(after, vitals()), []);
  });

  test('breaks a promise with every hold, fault, missing record and wrong end', () => {
    const bad: Found = {
      ...good,
      recorded: 9,
      endings: { ...good.endings, wrong: 1 },
      held: ['gateway holds 5 usd'],
      faults: ['journal: it broke'],
      wrong: ['chat 200 …'],
    };
    assert.deepEqual(brokenPromises(bad), [
      '10 requests, 9 records',
      '1 answers that ended wrongly',
      'chat 200 …',
      'gateway holds 5 usd',
      'journal: it broke',
    ]);
    assert.deepEqual(brokenPromises(good), []);
  });
});
