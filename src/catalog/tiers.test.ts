import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCatalogue } from './load.ts';
import { rating } from './tiers.ts';
import tiers from './tiers.json' with { type: 'json' };
import type { TiersFile } from './format.ts';

const catalogue = loadCatalogue();

const expected: readonly (readonly [slug: string, tier: string | undefined])[] = [
  ['anthropic/claude-opus-4.8', 'frontier'],
  ['openai/gpt-5.5', 'frontier'],
  ['anthropic/claude-sonnet-4.6', 'strong'],
  ['deepseek/deepseek-v4-pro', 'strong'],
  ['google/gemini-3.1-pro-preview', 'strong'],
  ['moonshotai/kimi-k2.6', 'strong'],
  ['z-ai/glm-5.1', 'strong'],
  ['openai/gpt-5.4', 'strong'],
  ['anthropic/claude-haiku-4.5', 'standard'],
  ['openai/gpt-5.1', 'standard'],
  ['google/gemini-3-flash-preview', 'standard'],
  ['openai/gpt-4o-mini', 'small'],
  ['openai/gpt-6.1-sol', undefined],
];

for (const [slug, tier] of expected) {
  test(`${slug} is ${tier ?? 'not rated: no open score yet'}`, () => {
    assert.equal(catalogue.models.get(slug)?.tier, tier);
  });
}

test('the basis names every score with its date, and the tier set', () => {
  assert.equal(
    catalogue.models.get('anthropic/claude-haiku-4.5')?.tierBasis,
    'LMArena code 1315 (2026-04-19), SWE-Bench Pro 39.45 (2026-07-02); tier set 2026-11',
  );
});

const bands = { standard: 30, strong: 50, frontier: 70 };
const benchmark = { name: 'B', bands, source: '', licence: '', date: '2026-01-01' };
const madeUp = (scores: Record<string, number>): TiersFile => ({
  set: 'test',
  benchmarks: { a: benchmark, b: benchmark, c: benchmark, old: { ...benchmark, bands: { standard: 30 } } },
  scores: { 'x/y': scores },
});

const rules: readonly (readonly [scores: Record<string, number>, tier: string | undefined])[] = [
  [{}, undefined],
  [{ unheard: 99 }, undefined],
  [{ a: 29.9 }, 'small'],
  [{ a: 30 }, 'standard'],
  [{ a: 50 }, 'strong'],
  [{ a: 70 }, 'frontier'],
  [{ a: 70, b: 50 }, 'strong'],
  [{ a: 70, b: 10, c: 50 }, 'strong'],
  [{ old: 99 }, 'standard'],
];

for (const [scores, tier] of rules) {
  test(`${JSON.stringify(scores)} rates ${tier ?? 'nothing'}`, () =>
    assert.equal(rating(madeUp(scores), 'x/y')?.tier, tier));
}

test('a variant has the tier of its model', () => {
  assert.equal(rating(madeUp({ a: 60 }), 'x/y:free')?.tier, 'strong');
});

test('every scored model is in the catalogue, has a coding score, and only open sources count', () => {
  for (const [slug, scores] of Object.entries(tiers.scores)) {
    assert.ok(catalogue.models.has(slug), slug);
    const benchmarks = Object.keys(scores);
    assert.ok(
      benchmarks.every((key) => key in tiers.benchmarks),
      slug,
    );
    assert.ok(
      benchmarks.some((key) => key !== 'arena-text'),
      slug,
    );
  }
  for (const { source, licence } of Object.values(tiers.benchmarks)) {
    assert.doesNotMatch(source, /artificialanalysis/);
    assert.match(licence, /^(MIT|CC BY 4\.0)$/);
  }
});
