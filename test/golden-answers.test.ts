/** Answers of every wire for clients of every dialect, topic by topic, streamed and whole: a missing case fails here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Wire } from '../src/core/catalog.ts';
import { dialectNames, wireNames } from './support/crossing.ts';
import { answerOf, casesIn, type GoldenAnswer } from './support/golden.ts';

/** What an answer can be about. */
const topics = ['text', 'thinking', 'tools', 'usage', 'length', 'filtered', 'logprobs'];

/** Topics that a wire has no words for, and why. */
const absent: Readonly<Partial<Record<Wire, Readonly<Record<string, string>>>>> = {
  anthropic: { logprobs: 'the Messages API tells no log probabilities' },
};

for (const wire of wireNames) {
  const cases = casesIn<GoldenAnswer>(`answers/${wire}`);
  for (const topic of topics)
    test(`answers of ${wire}: there is a case about ${topic}, for every dialect`, () => {
      const found = cases.filter((one) => one.topic === topic);
      assert.equal(found.length > 0, absent[wire]?.[topic] === undefined);
      for (const { file, golden } of found)
        assert.deepEqual(Object.keys(golden.expected).sort(), [...dialectNames].sort(), file);
    });

  for (const { file, golden } of cases)
    for (const dialect of dialectNames)
      test(`${file} → ${dialect}: ${golden.about}`, () => {
        const { told, facts } = answerOf(dialect, golden, wire);
        assert.deepEqual(told, golden.expected[dialect]);
        assert.deepEqual(facts, [golden.facts, golden.facts], 'streamed and whole, the same is known of it');
      });
}
