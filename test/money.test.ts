/**
 * Promises 2 and 3 for any mix of scopes, windows, hops, departures, crashes and clock steps, with providers that
 * cannot be trusted: the real `serve` and the real ledger, judged by an oracle that knows the design alone.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { forfeitLeases, spentOf, takeLeases } from '../src/adapters/budgets.ts';
import { openDatabase, transaction } from '../src/adapters/database.ts';
import { insertEntries } from '../src/adapters/generations.ts';
import { entryOf, journalLine, wholeEntry } from '../src/adapters/journal-line.ts';
import type { LimitState } from '../src/core/limit-state.ts';
import { CrashStore } from '../src/sim/lease-store.ts';
import { Oracle } from './support/money-oracle.ts';
import { ceilingOf } from './support/money-provider.ts';
import { scene, type Scene } from './support/money-scene.ts';
import { MoneyWorld, type Store, type Watcher } from './support/money-world.ts';

/** The same runs every time; a failure prints its own seed. */
const fixed = { seed: 20_261_124, numRuns: 1_000 };

/** After a crash only limits that have always refused can be judged. */
const sceneOfOneConfiguration = scene.map((each) => ({
  ...each,
  steps: each.steps
    .filter((step) => step.do !== 'limits' && step.do !== 'clock')
    .concat({ do: 'wait', ms: 1 }),
}));

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

/** Crashes on real SQLite: what was committed, what stands in the journal, and perhaps half a line of it. */
async function crash(each: Scene, after: number, torn: boolean): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-money-'));
  const path = join(folder, 'spillway.db');
  const database = openDatabase(path);
  const lines: string[] = [];
  const oracle = new Oracle(each);
  const store: Store = {
    spent: (counter) => spentOf(database, counter) ?? 0,
    take(orders) {
      oracle.store.take(orders);
      transaction(database, () => takeLeases(database, orders));
    },
  };
  const watcher: Watcher = {
    called: (calling) => oracle.called(calling),
    closed(closing) {
      lines.push(journalLine(JSON.stringify(closing.record), closing.charges));
      // The thread that commits is some records behind; what it has committed is read again after a crash.
      if (lines.length % 3 === 0) transaction(database, () => insertEntries(database, lines.map(entryOf)));
      oracle.closed(closing);
    },
  };
  const world = new MoneyWorld(each, store, watcher);
  oracle.watch(world);
  try {
    for (const step of each.steps.slice(0, 1 + (after % each.steps.length))) await world.play(step);
    if (oracle.found !== undefined) throw oracle.found;
    database.close();
    const text = `${lines.join('\n')}\n${torn ? (lines[0]?.slice(0, 40) ?? '') : ''}`;
    const again = openDatabase(path);
    const entries = text.split('\n').flatMap((line) => wholeEntry(line) ?? []);
    transaction(again, () => insertEntries(again, entries));
    forfeitLeases(again);
    oracle.restarted((counter) => spentOf(again, counter) ?? 0);
    again.close();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('after a crash at any moment the books hold the truth, what was in flight, and a slice at most', async () => {
  const property = fc.asyncProperty(sceneOfOneConfiguration, fc.nat(50), fc.boolean(), crash);
  await fc.assert(property, { ...fixed, numRuns: 200 });
});

/** One limit in dollars, honest providers that answer, and more demand than money. */
const demand = fc.record({
  base: scene,
  at: fc.constantFrom('gateway', 'workspace', 'preset'),
  holds: fc.integer({ min: 25, max: 40 }),
  cap: fc.integer({ min: 20, max: 300 }),
  size: fc.integer({ min: 1, max: 300 }),
});

test('of a limit worth 25 holds 95 % can be used, and nobody is refused while money would buy him the least', async () => {
  const property = fc.asyncProperty(demand, async ({ base, at, holds, cap, size }) => {
    const [first] = base.prices;
    assert.ok(first);
    const price = { ...first, input: 500, output: 2_000, free: false, perRequest: 0 };
    // The bytes of the request are more than its bound: an upper bound of what is held.
    const hold = ceilingOf(price, { input: size + 170, output: cap });
    const usd = Number(((hold * holds) / 1e9).toFixed(9));
    const each: Scene = {
      ...base,
      prices: base.prices.with(0, price),
      chain: 1,
      limits: [{ at, body: { usd, per: 'total', min_output: 1 } }],
      behaviours: base.behaviours.map((one) => ({ ...one, kind: 'answer', report: 'exact', afterMs: 1 })),
      steps: [],
    };
    const problems: (string | undefined)[] = [];
    const unjust: string[] = [];
    const state = (): LimitState | undefined => world.ledger.standings()[0];
    const watcher: Watcher = {
      called: () => undefined,
      closed({ record: { problem } }) {
        problems.push(problem);
        const { limit = 0, spent = 0, held = 0 } = state() ?? {};
        const left = problem === 'limit_busy' ? limit - spent - held : limit - spent;
        const least = ceilingOf(price, { input: size + 170, output: 1 });
        if (problem !== undefined && left >= least) unjust.push(`${problem}: ${left} would buy ${least}`);
      },
    };
    const world = new MoneyWorld(each, new CrashStore(), watcher);
    const ask = { do: 'ask', times: 40, key: 0, user: null, cap, n: 1, size, stream: true } as const;
    for (let round = 0; round < 40; round++) {
      await world.play(ask);
      await world.play({ do: 'wait', ms: 12_000 });
      if (problems.slice(-ask.times).every((problem) => problem === 'limit_exhausted')) break;
    }
    await world.finish();
    assert.deepEqual(unjust, []);
    const { limit = 0, spent = 0 } = state() ?? {};
    assert.ok(spent >= 0.95 * limit, `${spent} of ${limit} used`);
    assert.deepEqual(world.faults, []);
  });
  await fc.assert(property, { ...fixed, numRuns: 10 });
});
