import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { play, type Case, type Outcome } from './cell.ts';
import { VirtualClock } from '../../src/sim/clock.ts';
import { policyNames, type PolicyName } from './policies.ts';
import { agentsLine, brokenPromises, costLines, heading, line } from './report.ts';

const crowded: Case = { clients: 24, failing: 1, leaving: 0, holds: 6 };

describe('a cell', () => {
  test('is played alike for the same seed', async () => {
    const leaving = { ...crowded, leaving: 0.5 };
    assert.deepEqual(await play(leaving, 'ours', 7), await play(leaving, 'ours', 7));
    assert.notDeepEqual(await play(leaving, 'ours', 7), await play(leaving, 'ours', 8));
  });

  test('tells policies that keep a limit from those that do not', async () => {
    const shares = await Promise.all(
      policyNames.map(async (policy) => {
        const { billed, cap } = await play(crowded, policy, 1);
        return [policy, billed > cap] as const;
      }),
    );
    assert.deepEqual(Object.fromEntries(shares), { 'count-after': true, 'reserve-once': true, ours: false });
  });

  test('bills those who leave for what was generated: never more than was counted', async () => {
    const { billed, counted, left, wrong } = await play({ ...crowded, leaving: 1 }, 'ours', 1);
    assert.ok(left > 0);
    assert.ok(billed > 0 && billed < counted, `${billed} of ${counted}`);
    assert.deepEqual(wrong, []);
  });
});

const good: Outcome = {
  policy: 'ours',
  cap: 1_000,
  billed: 990,
  counted: 990,
  requests: 20,
  answered: 12,
  shortened: 1,
  left: 0,
  refused: { limit_exhausted: 5, limit_busy: 3 },
  wrong: [],
};

function rowWith(ours: Partial<Outcome>, which: Partial<Case> = {}): Parameters<typeof line>[0] {
  const outcome = (policy: PolicyName): Outcome => ({ ...good, policy, billed: 1_234 });
  return {
    case: { clients: 64, failing: 0.5, leaving: 0, holds: 25, ...which },
    outcomes: {
      'count-after': outcome('count-after'),
      'reserve-once': outcome('reserve-once'),
      ours: { ...good, ...ours },
    },
  };
}

describe('the report', () => {
  test('what is kept is no broken promise; a nano-USD too much is one', () => {
    assert.deepEqual(brokenPromises(rowWith({ billed: 1_000, counted: 1_000 })), []);
    assert.deepEqual(brokenPromises(rowWith({ billed: 1_001 })), [
      '64 streams, 50 % failing, 0 % leaving, 25 holds: spent 100.10 % of the limit',
    ]);
  });

  test('95 % must be usable of a limit of 25 holds; of those who leave less is billed than counted', () => {
    assert.equal(brokenPromises(rowWith({ billed: 949, counted: 949 })).length, 2);
    assert.deepEqual(brokenPromises(rowWith({ billed: 949, counted: 949 }, { holds: 5 })), []);
    assert.deepEqual(brokenPromises(rowWith({ billed: 800 }, { leaving: 0.3 })), []);
  });

  test('other refusals than for money, and anything left open, are told', () => {
    const broken = brokenPromises(
      rowWith({ refused: { internal: 1 }, wrong: ['1 clients were never answered'] }),
    );
    assert.equal(broken.length, 2);
  });

  test('the columns stand below their headings, and what is overspent is marked', () => {
    const text = line(rowWith({}), (marked) => `[${marked}]`);
    assert.match(text, /64 +50 % +0 % +25 +\[ +123\.40 %\]\[ +123\.40 %\] +99\.00 % +99\.00 % +12 +1 +5 +3$/);
    const [, columns = ''] = heading().split('\n');
    assert.equal(line(rowWith({}), (same) => same).length, columns.length);
  });

  test('the scenario and the cost are sentences', () => {
    assert.equal(
      agentsLine('ours', { ...good, cap: 5e9, billed: 1.23e9 }),
      '  ours          12 of 20 answered, 5 × limit_exhausted, 3 × limit_busy; billed $1.23 of $5.00',
    );
    const cost = costLines({ small: 1.5, large: 1.6, turns: 10.5, keys: 100_000, budgets: 10_000 });
    assert.match(cost, /one key, five budgets +1\.50 µs +≤ 10 µs pass\n/);
    assert.match(cost, /10\.50 µs +≤ 10 µs FAIL$/);
  });
});

test('the virtual clock fires in order, what was cancelled never, and stops when it is told to', async () => {
  const clock = new VirtualClock();
  const fired: string[] = [];
  const note = (name: string) => (): void => void fired.push(`${clock.ticks()} ${name}`);
  clock.after(20, note('second'));
  clock.after(10, () => {
    note('first')();
    clock.after(5, note('between'));
  });
  clock.after(15, note('same moment'));
  clock.after(12, note('gone'))();
  clock.after(30, note('too late'));
  await clock.run(() => fired.length === 4);
  assert.deepEqual(fired, ['10 first', '15 same moment', '15 between', '20 second']);
});
