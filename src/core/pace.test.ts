import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { paceSample, percentilesOf } from './pace.ts';
import { zero } from './money.ts';
import type { AttemptRecord } from './record.ts';

const samples = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 });
const shares = { p50: 0.5, p75: 0.75, p90: 0.9, p99: 0.99 } as const;

test('pN is a sample that N in a hundred are at least as good as, and no better one is', () => {
  fc.assert(
    fc.property(samples, fc.constantFrom('lower' as const, 'higher' as const), (values, better) => {
      const found = percentilesOf(values, better);
      assert.ok(found);
      for (const [name, share] of Object.entries(shares)) {
        const value: number = found[name as keyof typeof shares];
        const good = (one: number): boolean => (better === 'lower' ? one <= value : one >= value);
        const best = (one: number): boolean => (better === 'lower' ? one < value : one > value);
        assert.ok(values.includes(value));
        assert.ok(values.filter(good).length >= share * values.length - 1e-9);
        assert.ok(values.filter(best).length < share * values.length);
      }
    }),
  );
});

test('the order of the samples does not matter, and they are left as they are', () => {
  fc.assert(
    fc.property(samples, (values) => {
      const before = [...values];
      assert.deepEqual(percentilesOf(values, 'lower'), percentilesOf(values.toReversed(), 'lower'));
      assert.deepEqual(values, before);
    }),
  );
  assert.equal(percentilesOf([], 'lower'), undefined);
});

const attempt: AttemptRecord = {
  id: 'gen-1/0',
  model: 'acme/m',
  provider: 'one',
  position: 0,
  at: 0,
  outcome: 'ok',
  status: 200,
  firstTokenMs: 200,
  latencyMs: 1_200,
  usage: { input: 10, output: 40, reasoning: 10 },
  basis: 'measured',
  cost: zero,
};
const { firstTokenMs: _none, ...neverBegan } = attempt;

const rows: readonly (readonly [name: string, attempt: AttemptRecord, stream: boolean, sample: object])[] = [
  ['a stream: the first token, and the speed after it', attempt, true, { latency: 200, throughput: 50 }],
  ['a whole answer has no first token', neverBegan, false, { throughput: (50 * 1_000) / 1_200 }],
  [
    'a few tokens say nothing of the speed',
    { ...attempt, usage: { input: 9, output: 7 } },
    true,
    { latency: 200 },
  ],
  ['all at once says nothing of the speed', { ...attempt, latencyMs: 200 }, true, { latency: 200 }],
  [
    'a stream that never began took at least so long',
    { ...neverBegan, outcome: 'timeout' },
    true,
    { latency: 1_200 },
  ],
  ['a whole answer that did not come', { ...neverBegan, outcome: 'timeout' }, false, {}],
  ['silence in mid-stream', { ...attempt, outcome: 'timeout' }, true, {}],
  ['an early refusal is not fast', { ...neverBegan, outcome: 'rate_limit', latencyMs: 3 }, true, {}],
];

for (const [name, record, stream, expected] of rows) {
  test(`pace of an attempt: ${name}`, () => assert.deepEqual(paceSample(record, stream), expected));
}
