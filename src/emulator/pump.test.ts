import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { startPump, type Pace } from './pump.ts';

const atOnce: Pace = { firstTokenMs: 0, tokensPerSecond: Infinity };

test('every token is let out once, in order, then it is done', async () => {
  for (const pace of [atOnce, { firstTokenMs: 1, tokensPerSecond: 2_000 }]) {
    const seen: number[] = [];
    await new Promise<void>((done) => {
      startPump({ count: 50, pace, emit: (index) => seen.push(index) > 0, done });
    });
    assert.deepEqual(seen, [...Array(50).keys()]);
  }
});

test('an answer without tokens is done as well', async () => {
  await new Promise<void>((done) => {
    startPump({ count: 0, pace: atOnce, emit: () => assert.fail('there is no token'), done });
  });
});

test('a reader that is behind gets nothing more until it has caught up', async () => {
  const seen: number[] = [];
  let done = false;
  const emit = (index: number): boolean => seen.push(index) % 4 !== 0;
  const pump = startPump({ count: 8, pace: atOnce, emit, done: () => (done = true) });
  const expected = [
    [0, 1, 2, 3],
    [0, 1, 2, 3, 4, 5, 6, 7],
  ];
  for (const tokens of expected) {
    await pause(20);
    assert.deepEqual([seen, done], [tokens, false]);
    pump.resume();
  }
  await pause(20);
  assert.equal(done, true);
});

test('a paced answer comes bit by bit, not all at once', async () => {
  const turns = new Set<number>();
  let turn = 0;
  const counter = setInterval(() => turn++, 1);
  await new Promise<void>((done) => {
    startPump({
      count: 10,
      pace: { firstTokenMs: 0, tokensPerSecond: 200 },
      emit: () => turns.add(turn).size > 0,
      done,
    });
  });
  clearInterval(counter);
  assert.ok(turns.size > 3, `let out in ${turns.size} turns`);
});

test('after stop nothing is let out, not even when stopped from within', async () => {
  const seen: number[] = [];
  const done = (): void => assert.fail('it was stopped');
  const emit = (index: number): boolean => {
    seen.push(index);
    if (index === 2) pump.stop();
    return true;
  };
  const pump = startPump({ count: 9, pace: atOnce, emit, done });
  startPump({ count: 9, pace: atOnce, emit: () => assert.fail('it was stopped'), done }).stop();
  await pause(20);
  pump.resume();
  await pause(20);
  assert.deepEqual(seen, [0, 1, 2]);
});
