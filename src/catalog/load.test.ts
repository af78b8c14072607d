import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findModel, type Offer } from '../core/catalog.ts';
import { toPerMillion, toUsd } from '../core/money.ts';
import { cost, isPriced, rateAt, worstCase, type Rate } from '../core/price.ts';
import { suggest } from '../core/suggest.ts';
import extras from './extras.json' with { type: 'json' };
import { loadCatalogue } from './load.ts';
import timeOfUse from './time-of-use.json' with { type: 'json' };

const catalogue = loadCatalogue();
const everyOffer = [...catalogue.models.values()].flatMap((model) =>
  model.offers.map((offer) => ({ model, offer })),
);

function offerOf(slug: string, provider: string): Offer {
  const offer = catalogue.models.get(slug)?.offers.find((one) => one.provider === provider);
  assert.ok(offer, `${slug} is not offered by ${provider}`);
  return offer;
}

/** USD per million tokens, as price lists print them. */
function usd(rate: Rate): Record<string, number> {
  const { perRequest, ...buckets } = rate;
  const plain = Object.fromEntries(
    Object.entries(buckets).map(([bucket, price]) => [bucket, toPerMillion(price)]),
  );
  return perRequest === undefined ? plain : { ...plain, perRequest: toUsd(perRequest) };
}

const names: readonly (readonly [name: string, slug: string])[] = [
  ['anthropic/claude-haiku-4.5', 'anthropic/claude-haiku-4.5'],
  ['claude-haiku-4-5', 'anthropic/claude-haiku-4.5'],
  ['claude-haiku-4.5', 'anthropic/claude-haiku-4.5'],
  ['anthropic/claude-haiku-4-5', 'anthropic/claude-haiku-4.5'],
  ['claude-haiku-4-5-20251001', 'anthropic/claude-haiku-4.5'],
  ['anthropic.claude-haiku-4-5-20251001-v1:0', 'anthropic/claude-haiku-4.5'],
  ['us.anthropic.claude-haiku-4-5-20251001-v1:0', 'anthropic/claude-haiku-4.5'],
  ['claude-sonnet-4-6', 'anthropic/claude-sonnet-4.6'],
  ['anthropic.claude-sonnet-4-6', 'anthropic/claude-sonnet-4.6'],
  ['deepseek-v4-pro', 'deepseek/deepseek-v4-pro'],
  ['deepseek-ai/DeepSeek-V4-Pro', 'deepseek/deepseek-v4-pro'],
  ['deepseek-flash', 'deepseek/deepseek-v4.1-flash'],
  ['gpt-5.4-mini', 'openai/gpt-5.4-mini'],
  ['gpt-5.4-mini-2026-03-17', 'openai/gpt-5.4-mini'],
  ['gpt-5.2-chat-latest', 'openai/gpt-5.2-chat'],
  ['gemini-3.1-pro-preview', 'google/gemini-3.1-pro-preview'],
  ['mistral/mistral-large-2512', 'mistralai/mistral-large-2512'],
  ['xai/grok-4.5', 'x-ai/grok-4.5'],
  ['zai-org/GLM-5.1', 'z-ai/glm-5.1'],
  ['accounts/fireworks/models/kimi-k3', 'moonshotai/kimi-k3'],
  ['kimi-k2.6', 'moonshotai/kimi-k2.6'],
];

for (const [name, slug] of names) {
  test(`${name} is ${slug}`, () => assert.equal(findModel(catalogue, name)?.slug, slug));
}

test('claude-haiku-4 never existed: unknown, and the nearest name is said', () => {
  assert.equal(findModel(catalogue, 'anthropic/claude-haiku-4'), undefined);
  assert.equal(suggest('anthropic/claude-haiku-4', catalogue.models.keys()), 'anthropic/claude-haiku-4.5');
});

test('snapshots with a price of their own are models of their own', () => {
  assert.equal(findModel(catalogue, 'gpt-4o-2024-05-13')?.slug, 'openai/gpt-4o-2024-05-13');
});

/** A Tuesday and a Saturday, at hours when DeepSeek's windows open and close. */
const offPeak = Date.UTC(2026, 10, 24, 12);
const at = {
  peakStart: Date.UTC(2026, 10, 24, 1),
  peakEnd: Date.UTC(2026, 10, 24, 4),
  secondPeak: Date.UTC(2026, 10, 24, 9, 59),
};
const saturday = Date.UTC(2026, 10, 28, 2);
const deepSeekOff = { input: 0.66, output: 1.98, cacheRead: 0.022 };
const deepSeekPeak = { input: 1.32, output: 3.96, cacheRead: 0.044 };
const claude = (input: number, output: number, cacheRead = input / 10) => ({
  input,
  output,
  cacheRead,
  cacheWrite: input * 1.25,
  cacheWrite1h: input * 2,
});

type Golden = readonly [offer: string, tokens: number, time: number, price: Record<string, number>];
const golden: readonly Golden[] = [
  ['deepseek/deepseek-v4-pro@deepseek', 1_000, offPeak, deepSeekOff],
  ['deepseek/deepseek-v4-pro@deepseek', 1_000, at.peakStart, deepSeekPeak],
  ['deepseek/deepseek-v4-pro@deepseek', 1_000, at.peakEnd, deepSeekOff],
  ['deepseek/deepseek-v4-pro@deepseek', 1_000, at.secondPeak, deepSeekPeak],
  ['deepseek/deepseek-v4-pro@deepseek', 1_000, saturday, deepSeekOff],
  [
    'deepseek/deepseek-v4.1-flash@deepseek',
    1_000,
    at.peakStart,
    { input: 0.3, output: 1.2, cacheRead: 0.006 },
  ],
  ['deepseek/deepseek-v4-flash@deepseek', 1_000, offPeak, { input: 0.22, output: 0.66, cacheRead: 0.007 }],
  ['anthropic/claude-haiku-4.5@anthropic', 150_000, offPeak, claude(1, 5)],
  ['anthropic/claude-sonnet-4.6@anthropic', 900_000, offPeak, claude(3, 15)],
  ['anthropic/claude-sonnet-4.6@openrouter', 900_000, offPeak, claude(3, 15)],
  ['anthropic/claude-opus-4.7@openrouter', 900_000, offPeak, claude(5, 25)],
  ['anthropic/claude-opus-5.5@anthropic', 900_000, offPeak, claude(4, 20, 0.2)],
  ['anthropic/claude-haiku-5.5@anthropic', 100_001, offPeak, claude(0.5, 2.5)],
  ['openai/gpt-5.1@openai', 200_000, offPeak, { input: 1.25, output: 10, cacheRead: 0.125 }],
  ['openai/gpt-5.4-mini@openai', 200_000, offPeak, { input: 0.75, output: 4.5, cacheRead: 0.075 }],
  ['openai/gpt-5.5@openai', 272_000, offPeak, { input: 5, output: 30, cacheRead: 0.5 }],
  ['openai/gpt-5.5@openai', 272_001, offPeak, { input: 10, output: 45, cacheRead: 1 }],
  ['openai/gpt-6.1-sol@openai', 300_000, offPeak, { input: 4, output: 15, cacheRead: 0.2, cacheWrite: 5 }],
  ['google/gemini-3.1-pro-preview@google', 200_000, offPeak, { input: 2, output: 12, cacheRead: 0.2 }],
  ['google/gemini-3.1-pro-preview@google', 200_001, offPeak, { input: 4, output: 18, cacheRead: 0.4 }],
  [
    'google/gemini-3.8-flash@google',
    1_000,
    Date.UTC(2026, 11, 31),
    { input: 0.75, output: 3.75, cacheRead: 0.075 },
  ],
  [
    'google/gemini-3.8-flash@google',
    1_000,
    Date.UTC(2027, 0, 1),
    { input: 1.5, output: 7.5, cacheRead: 0.15 },
  ],
  ['x-ai/grok-4.5@xai', 200_001, offPeak, { input: 4, output: 12, cacheRead: 0.6 }],
  ['perplexity/sonar-pro@perplexity', 1_000, offPeak, { input: 3, output: 15, perRequest: 0.014 }],
  ['openai/text-embedding-3-small@openai', 1_000, offPeak, { input: 0.02 }],
];

for (const [name, tokens, time, price] of golden) {
  test(`${name}, ${tokens} tokens at ${new Date(time).toISOString()}`, () => {
    const [slug = '', provider = ''] = name.split('@');
    const offer = offerOf(slug, provider);
    assert.ok(isPriced(offer.price));
    assert.deepEqual(usd(rateAt(offer.price, tokens, time)), price);
  });
}

test('a hold that may run into a peak or a new year is held at its price', () => {
  const deepSeek = offerOf('deepseek/deepseek-v4-pro', 'deepseek').price;
  const gemini = offerOf('google/gemini-3.8-flash', 'google').price;
  assert.ok(deepSeek && gemini);
  const minute = 60_000;
  const million = { input: 0, output: 1_000_000 };
  const intoPeak = { ...million, from: at.peakStart - minute, until: at.peakStart };
  const intoNewYear = { ...million, from: Date.UTC(2027, 0, 1) - minute, until: Date.UTC(2027, 0, 1) };
  assert.equal(toUsd(worstCase(deepSeek, intoPeak)), 3.96);
  assert.equal(toUsd(worstCase(gemini, intoNewYear)), 7.5);
  assert.equal(toUsd(cost(deepSeek, million, intoPeak.from)), 1.98);
});

test('free variants are free on purpose, and nothing else costs nothing', () => {
  const free = everyOffer.filter(({ offer }) => offer.price?.free);
  assert.ok(free.length >= 10);
  for (const { offer } of free) assert.match(offer.id, /:free$/);
  for (const { model, offer } of everyOffer) {
    if (offer.price) assert.ok(isPriced(offer.price), `${model.slug} at ${offer.provider} has a zero price`);
  }
});

test('routers and token plans without a price have none', () => {
  assert.equal(offerOf('openrouter/pareto-code', 'openrouter').price, undefined);
  assert.equal(offerOf('z-ai/glm-4.7-flash', 'zai').price, undefined);
});

test('differing sources are named', () => {
  assert.equal(offerOf('deepseek/deepseek-v4-flash', 'deepseek').conflict, 'models.dev');
  assert.equal(offerOf('deepseek/deepseek-v4-pro', 'deepseek').conflict, undefined);
  assert.equal(offerOf('anthropic/claude-sonnet-4.6', 'anthropic').conflict, undefined);
  assert.match(offerOf('z-ai/glm-5.3-flash', 'zai').conflict ?? '', /genai-prices/);
});

test('every offer knows how long a prompt may be', () => {
  for (const { model, offer } of everyOffer) {
    const context = offer.context ?? model.context ?? 0;
    assert.ok(
      Number.isSafeInteger(context) && context >= 512,
      `${model.slug} at ${offer.provider}: ${context}`,
    );
  }
});

test('a long-context tier reprices every bucket, and never downwards', () => {
  for (const { model, offer } of everyOffer) {
    const base = offer.price?.base ?? {};
    for (const { rate, minPromptTokens } of offer.price?.overrides ?? []) {
      if (minPromptTokens === undefined) continue;
      for (const bucket of Object.keys(base) as (keyof Rate)[]) {
        assert.ok(
          (rate[bucket] ?? -1) >= (base[bucket] ?? 0),
          `${model.slug} at ${offer.provider}: ${bucket}`,
        );
      }
    }
  }
});

test('a cache read never costs more than fresh input, a write never less', () => {
  for (const { model, offer } of everyOffer) {
    const { input = 0, cacheRead = input, cacheWrite = input } = offer.price?.base ?? {};
    assert.ok(cacheRead <= input && cacheWrite >= input, `${model.slug} at ${offer.provider}`);
  }
});

test('slugs are canonical, aliases lead to them and never shadow them', () => {
  for (const slug of catalogue.models.keys())
    assert.match(slug, /^~?[a-z0-9][a-z0-9._-]*\/[a-z0-9][a-z0-9._:-]*$/);
  for (const [alias, slug] of catalogue.aliases) {
    assert.ok(catalogue.models.has(slug), `${alias} leads to ${slug}, which is not there`);
    assert.ok(!catalogue.models.has(alias), `${alias} is a slug`);
  }
});

test('no provider offers a model twice', () => {
  for (const { slug, offers } of catalogue.models.values()) {
    assert.equal(new Set(offers.map(({ provider }) => provider)).size, offers.length, slug);
  }
});

test('abilities, limits and dates', () => {
  const haiku = catalogue.models.get('anthropic/claude-haiku-4.5');
  assert.equal(haiku?.context, 200_000);
  assert.equal(haiku?.maxOutput, 64_000);
  assert.deepEqual(haiku?.features, ['tools', 'json_schema', 'vision', 'pdf', 'reasoning']);
  assert.ok(!catalogue.models.get('deepseek/deepseek-v4-pro')?.features.includes('vision'));
  assert.equal(catalogue.models.get('openai/gpt-5.4-mini')?.maxInput, 272_000);
  assert.equal(catalogue.models.get('openai/gpt-6.1-sol')?.context, 1_050_000);
  assert.equal(offerOf('anthropic/claude-sonnet-4.5', 'anthropic').context, 200_000);
  assert.equal(offerOf('anthropic/claude-sonnet-4.5', 'anthropic').retiresOn, '2026-11-30');
  assert.ok(offerOf('mistralai/mistral-large-2512', 'mistral').features?.includes('json_schema'));
  assert.equal(offerOf('openai/gpt-5.4-pro', 'openai').wire, 'openai-responses');
  assert.equal(catalogue.models.get('openai/text-embedding-3-small')?.kind, 'embedding');
});

test('every overlay still finds what it corrects', () => {
  const offered = new Set(everyOffer.map(({ offer }) => `${offer.provider}/${offer.id}`));
  for (const { provider, ids } of [...extras.offers, ...timeOfUse.prices]) {
    for (const id of ids) assert.ok(offered.has(`${provider}/${id}`), `${provider}/${id}`);
  }
  for (const slug of extras.models.flatMap(({ slugs }) => slugs)) assert.ok(catalogue.models.has(slug), slug);
});
