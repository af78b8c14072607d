/**
 * Promises 2 and 3 for any mix of scopes, windows, hops, departures, crashes and clock steps, with providers that
 * cannot be trusted: the real `serve` and the real ledger, judged by an oracle that knows the design alone.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Oracle } from './support/money-oracle.ts';
import { scene, type Scene } from './support/money-scene.ts';
import { MoneyWorld } from './support/money-world.ts';

/** The same runs every time; a failure prints its own seed. */
const fixed = { seed: 20_261_124, numRuns: 1_500 };

async function judge(each: Scene): Promise<void> {
  const oracle = new Oracle(each);
  const world = new MoneyWorld(each, oracle.store, oracle);
  oracle.watch(world);
  for (const step of each.steps) {
    await world.play(step);
    if (step.do === 'limits') oracle.changed();
    oracle.audit();
    if (oracle.found !== undefined) throw oracle.found;
  }
  await world.finish();
  oracle.audit();
  if (oracle.found !== undefined) throw oracle.found;
  oracle.conclude(world.askings.length);
  assert.deepEqual(world.faults, []);
}

test('limits hold and books are true, whatever happens in whatever order', async () => {
  await fc.assert(fc.asyncProperty(scene, judge), fixed);
});
