import assert from 'node:assert/strict';
import { test } from 'node:test';
import { VirtualClock } from '../sim/clock.ts';
import { watchSignIns } from './sign-ins.ts';

test('ten refusals in a minute are told at once, more a second later, and few wait at a time', async () => {
  const clock = new VirtualClock();
  const signIns = watchSignIns(clock);
  const told: boolean[] = [];
  const refuse = (): void => void signIns.refused().then((may) => told.push(may));
  for (let index = 0; index < 10; index++) refuse();
  await clock.advance(0);
  assert.equal(told.length, 10);
  for (let index = 0; index < 25; index++) refuse();
  await clock.advance(999);
  assert.deepEqual(told.slice(10), [false, false, false, false, false]);
  await clock.advance(1);
  assert.equal(told.length, 35);
  await clock.advance(60_000);
  refuse();
  await clock.advance(0);
  assert.equal(told.length, 36);
});
