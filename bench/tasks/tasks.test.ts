import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { needsShared } from '../../test/support/shared.ts';
import { priceOf, usageOf } from './provider.ts';
import { against, cutOf, heading, line, spikeOf, type Pair } from './report.ts';
import { primary, setups, snapshotFor } from './setups.ts';
import { findTraces, mixOf, type Sample } from './traces.ts';
import { replay } from './world.ts';

const minute = 60_000;
const sample = (more: Partial<Sample> = {}): Sample => ({
  task: 'agent',
  conversation: 'one',
  at: 0,
  input: 10_000,
  repeated: 0,
  output: 100,
  ...more,
});

const turns: readonly Sample[] = [
  sample(),
  sample({ at: minute, input: 11_000, repeated: 10_000 }),
  sample({ at: 2 * minute, input: 12_000, repeated: 11_000 }),
  sample({ task: 'chat', conversation: 'chat-0', at: 1.5 * minute, input: 400, output: 300 }),
];
const outage = { model: primary, from: 30_000, to: 10 * minute };

describe('a replay', () => {
  test('costs what the providers bill: warm turns at the price of a cache, moved ones bought again', async () => {
    const [one] = setups;
    const snapshot = snapshotFor(one);
    const calm = await replay({ samples: turns, snapshot });
    const usd = (nano: number): number => nano / 1_000;
    assert.equal(usd(calm.byTask.agent), 12_000 * 0.66 + 21_000 * 0.022 + 300 * 1.98);
    assert.equal(usd(calm.byTask.chat), 400 * 0.66 + 300 * 1.98);
    assert.deepEqual([calm.requests, calm.fallbacks, calm.wrong], [4, 0, []]);
    const down = await replay({ samples: turns, snapshot, outage });
    assert.deepEqual([down.fallbacks, down.wrong], [3, []]);
    // The first turn at the primary; then Haiku writes 11,000, reads 11,000 and writes 1,000; the chat keeps nothing.
    assert.equal(usd(down.byTask.agent), 10_000 * 0.66 + 100 * 1.98 + 12_000 * 1.25 + 11_000 * 0.1 + 200 * 5);
    assert.equal(usd(down.byTask.chat), 400 * 1 + 300 * 5);
  });

  test('by task, a chat falls back to its own model, and an agent to the one it would have anyway', async () => {
    const [one, byTask] = setups;
    assert.ok(byTask);
    const down = await replay({ samples: turns, snapshot: snapshotFor(byTask), outage });
    const same = await replay({ samples: turns, snapshot: snapshotFor(one), outage });
    assert.equal(down.byTask.agent, same.byTask.agent);
    assert.equal(down.byTask.chat / 1_000, 400 * 0.25 + 300 * 1.5);
  });

  test('is the same every time', async () => {
    for (const setup of setups) {
      const snapshot = snapshotFor(setup);
      assert.deepEqual(
        await replay({ samples: turns, snapshot, outage }),
        await replay({ samples: turns, snapshot, outage }),
      );
    }
  });

  test('tells of requests that nobody served', async () => {
    const huge = [sample({ input: 3_000_000 })];
    const { wrong } = await replay({ samples: huge, snapshot: snapshotFor(setups[0]) });
    assert.deepEqual(wrong, ['agent: context_length_exceeded']);
  });
});

test('a provider reads from a cache what was sent before and is still there, from 1,024 tokens on', () => {
  const turn = sample({ input: 5_000, repeated: 4_000 });
  assert.deepEqual(usageOf(primary, turn, 0), { fresh: 5_000, read: 0, written: 0, output: 100 });
  assert.deepEqual(usageOf(primary, turn, 3_000), { fresh: 2_000, read: 3_000, written: 0, output: 100 });
  assert.deepEqual(usageOf(primary, turn, 1_000), { fresh: 5_000, read: 0, written: 0, output: 100 });
  const haiku = usageOf('anthropic/claude-haiku-4.5', turn, 3_000);
  assert.deepEqual(haiku, { fresh: 0, read: 3_000, written: 2_000, output: 100 });
  assert.equal(priceOf('anthropic/claude-haiku-4.5', haiku), 3_000 * 100 + 2_000 * 1_250 + 100 * 5_000);
});

function pair(calm: number, down: number): Pair {
  const played = (cost: number): Pair['calm'] => ({
    cost,
    byTask: { agent: cost, explore: 0, chat: 0, complete: 0 },
    requests: 1,
    fallbacks: 1,
    wrong: [],
  });
  return { calm: played(calm), outage: played(down) };
}

describe('the report', () => {
  test('a cut is the share of the spike that is not there, whatever a calm hour costs', () => {
    const one = pair(100, 300);
    assert.equal(spikeOf(one), 200);
    assert.equal(cutOf(one, pair(50, 130)), 0.6);
    assert.equal(cutOf(one, pair(100, 500)), -1);
  });

  test('says whether the claim is met, and how far from it a cut is', () => {
    assert.deepEqual([0.6, 0.7, 0.71, 0.42, -0.1].map(against), [
      'yes',
      'yes',
      'more',
      'no: 18 points short',
      'no: 70 points short',
    ]);
  });

  test('the columns stand below their headings', () => {
    const one = pair(1e9, 3e9);
    assert.equal(line('by task', one, pair(1e9, 2.5e9)).length, heading.length);
    assert.match(line('by task', one, pair(1e9, 0.5e9)), /-\$0\.50 +125\.0 % +more +-83\.3 %$/);
  });
});

test(
  'a mix has the share of light requests that it should, in the order of time',
  needsShared('data/traces'),
  () => {
    const traces = findTraces();
    assert.ok('folder' in traces);
    const mix = { sessions: 3, light: 0.5, lengthMs: 60 * minute, seed: 7 };
    const samples = mixOf(traces.folder, mix);
    const plain = samples.filter(({ task }) => task === 'chat' || task === 'complete').length;
    assert.equal(plain, samples.length / 2);
    assert.ok(samples.every(({ at }, index) => at >= (samples[index - 1]?.at ?? 0) && at < 60 * minute));
    assert.ok(samples.every(({ input, repeated }) => repeated <= input));
    assert.deepEqual(samples, mixOf(traces.folder, mix));
    assert.notDeepEqual(samples, mixOf(traces.folder, { ...mix, seed: 8 }));
  },
);
