import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryPace } from './pace.ts';

test('what is older than half an hour no longer counts', () => {
  let now = 0;
  const pace = memoryPace(() => now);
  pace.note('a', { latency: 900 });
  now = 1_200_000;
  pace.note('a', { latency: 100 });
  assert.deepEqual(pace.of('a')?.latency, { p50: 100, p75: 900, p90: 900, p99: 900 });
  now = 1_900_000;
  assert.deepEqual(pace.of('a')?.latency, { p50: 100, p75: 100, p90: 100, p99: 100 });
  now = 3_100_000;
  assert.equal(pace.of('a'), undefined);
  assert.deepEqual(pace.all(), []);
});

test('of one endpoint the last 128 answers count', () => {
  const pace = memoryPace(() => 0);
  for (let turn = 0; turn < 500; turn++) pace.note('a', { throughput: 1 });
  for (let turn = 0; turn < 128; turn++) pace.note('a', { throughput: 50 });
  assert.equal(pace.of('a')?.throughput?.p99, 50);
});

test('endpoints are bounded: whoever was heard of longest ago is forgotten', () => {
  const pace = memoryPace(() => 0);
  for (let number = 0; number < 1_000; number++) pace.note(`e${number}`, { latency: 1 });
  pace.note('e0', { latency: 1 });
  pace.note('new', { latency: 1 });
  assert.equal(pace.all().length, 1_000);
  assert.equal(pace.of('e1'), undefined);
  assert.ok(pace.of('e0'));
});

test('an attempt that says nothing leaves nothing', () => {
  const pace = memoryPace(() => 0);
  pace.note('a', {});
  assert.deepEqual(pace.all(), []);
});
