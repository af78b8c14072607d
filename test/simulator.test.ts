/** Twenty universes in every run, nineteen of them always the same; `npm run sim` plays as many as you like. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { play } from '../src/sim/play.ts';

const fixed = Array.from({ length: 19 }, (_, index) => index + 1);
const drawn = Math.floor(Math.random() * 1e9);

for (const seed of [...fixed, drawn])
  test(`no promise is broken in the universe ${seed === drawn ? 'that was drawn' : seed}`, async (context) => {
    if (seed === drawn) context.diagnostic(`seed ${seed}`);
    const { violations } = await play(seed);
    assert.deepEqual(violations, [], `npm run sim -- --seed ${seed} --verbose`);
  });

test('the same seed is the same universe', async () => {
  const [once, again] = [await play(4), await play(4)];
  assert.deepEqual(once.log, again.log);
  assert.ok(once.requests > 0 && once.attempts > 0);
});
