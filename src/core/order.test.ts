import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { memoryPace } from '../adapters/pace.ts';
import { readChat } from '../dialects/chat/read.ts';
import type { Ask } from './ask.ts';
import type { Wire } from './catalog.ts';
import { likelyCost } from './effective-cost.ts';
import { merge } from './merge.ts';
import { perMillion, toUsd } from './money.ts';
import { arranged, type OrderInput, type Outlook } from './order.ts';
import type { Price } from './price.ts';
import type { Endpoint, ProviderPreferences } from './snapshot.ts';

const ask = (more: object = {}): Ask =>
  readChat(Buffer.from(JSON.stringify({ messages: [{ role: 'user', content: 'hi' }], ...more })));
const long = ask({ messages: [{ role: 'user', content: 'word '.repeat(40_000) }], max_tokens: 1_000 });

function endpoint(name: string, price?: Price, wire: Wire = 'anthropic'): Endpoint {
  return {
    id: `acme/m@${name}`,
    model: { slug: 'acme/m', name: 'm', features: [], offers: [] },
    provider: {
      name,
      wire: 'openai-chat',
      baseUrl: '',
      credentials: [],
      auth: { header: '', scheme: '' },
      headers: {},
      catalog: name,
      data: {},
    },
    providerModel: 'm',
    wire,
    features: new Set(),
    ...(price ? { price } : {}),
  };
}

const usd = (input: number, output: number, more: Partial<Price> = {}): Price => ({
  base: { input: perMillion(input), output: perMillion(output) },
  ...more,
});

type Case = Partial<Outlook> & { readonly ask?: Ask; readonly now?: number };

/** The names of the providers in the order that the preferences make. */
function order(endpoints: readonly Endpoint[], provider: ProviderPreferences, given: Case = {}): string[] {
  const { ask: asked = ask(), now = 0, ...outlook } = given;
  const nothing: Outlook = { seed: 'gen-1', pace: () => undefined, cached: () => 0 };
  const input: OrderInput = { ask: asked, route: { provider }, now, outlook: { ...nothing, ...outlook } };
  const member = { model: 'acme/m', parameters: {} };
  const candidates = endpoints.map((one) => ({
    endpoint: one,
    merged: merge(asked, undefined, member, one),
  }));
  return arranged(candidates, input).map((candidate) => candidate.endpoint.provider.name);
}

/** What `a`, `b`, … answered with of late: ms to the first token, and tokens per second. */
function paces(known: Readonly<Record<string, readonly [ms: number, speed: number]>>): Outlook['pace'] {
  const pace = memoryPace(() => 0);
  for (const [name, [latency, throughput]] of Object.entries(known))
    pace.note(`acme/m@${name}`, { latency, throughput });
  return (id) => pace.of(id);
}

const three = [endpoint('a', usd(3, 15)), endpoint('b', usd(1, 5)), endpoint('c', usd(2, 10))];
const withUnpriced = [endpoint('x'), ...three];
const cachedAt =
  (name: string, tokens: number) =>
  (id: string): number =>
    id === `acme/m@${name}` ? tokens : 0;
const known = paces({ a: [900, 40], c: [300, 90] });

const rows: readonly (readonly [what: string, ProviderPreferences, Case, string, (readonly Endpoint[])?])[] =
  [
    ['nothing said', {}, {}, 'abc'],
    ['order', { order: ['c', 'nobody', 'a'] }, {}, 'cab'],
    ['order comes before sort', { order: ['c'], sort: 'price' }, {}, 'cab'],
    ['price', { sort: 'price' }, {}, 'bca'],
    ['price: the unpriced last', { sort: 'price' }, {}, 'bcax', withUnpriced],
    ['latency: the unknown after the known', { sort: 'latency' }, { pace: known }, 'cab'],
    ['latency: all unknown', { sort: 'latency' }, {}, 'abc'],
    ['throughput: most first, the unknown last', { sort: 'throughput' }, { pace: known }, 'cab'],
    ['throughput by an object', { sort: { by: 'throughput' } }, { pace: paces({ b: [1, 9] }) }, 'bac'],
    [
      'latency wished: the slow go last, the unknown do not',
      { preferred_max_latency: 0.5 },
      { pace: known },
      'bca',
    ],
    ['a wish by percentile', { preferred_max_latency: { p99: 0.2 } }, { pace: known }, 'bac'],
    ['throughput wished', { preferred_min_throughput: { p90: 50 } }, { pace: known }, 'bca'],
    ['a wish after a sort', { sort: 'price', preferred_min_throughput: 95 }, { pace: known }, 'bca'],
    ['a wish that all meet', { preferred_max_latency: 1 }, { pace: known }, 'abc'],
    ['likely cost: cold, the cheapest', { sort: 'effective_cost' }, { ask: long }, 'bca'],
  ];

for (const [what, provider, given, expected, endpoints = three] of rows) {
  test(`order: ${what}`, () => assert.equal(order(endpoints, provider, given).join(''), expected));
}

const caching: Price = {
  base: {
    input: perMillion(3),
    output: perMillion(15),
    cacheRead: perMillion(0.3),
    cacheWrite: perMillion(3.75),
  },
};

test('likely cost: a warm conversation stays at the dearer endpoint, a cold one does not', () => {
  const endpoints = [endpoint('dear', caching), endpoint('cheap', usd(1, 5))];
  const sort = { sort: 'effective_cost' };
  assert.deepEqual(order(endpoints, sort, { ask: long }), ['cheap', 'dear']);
  const warm = { ask: long, cached: cachedAt('dear', 49_000) };
  assert.deepEqual(order(endpoints, sort, warm), ['dear', 'cheap']);
});

test('likely cost: the hour and the length of the prompt count', () => {
  const morning = usd(1, 5, {
    overrides: [{ utcStart: 60, utcEnd: 240, rate: { input: perMillion(9), output: perMillion(9) } }],
  });
  const tiered = usd(0.9, 5, { overrides: [{ minPromptTokens: 20_000, rate: { input: perMillion(4) } }] });
  const endpoints = [endpoint('tiered', tiered), endpoint('morning', morning)];
  const sort = { sort: 'effective_cost' };
  const night = { now: Date.UTC(2026, 10, 24, 0) };
  assert.deepEqual(order(endpoints, sort, { ask: long, ...night }), ['morning', 'tiered']);
  assert.deepEqual(order(endpoints, sort, night), ['tiered', 'morning'], 'a short prompt');
  const peak = { now: Date.UTC(2026, 10, 24, 2) };
  assert.deepEqual(order(endpoints, sort, { ask: long, ...peak }), ['tiered', 'morning']);
});

test('likely cost: by hand', () => {
  const at = (asked: Ask, cached: number, wire?: Wire): number | undefined => {
    const where = endpoint('dear', caching, wire);
    const merged = merge(asked, undefined, { model: 'acme/m', parameters: {} }, where);
    const cost = likelyCost({ endpoint: where, merged }, { ask: asked, cached, now: 0 });
    return cost === undefined ? undefined : toUsd(cost);
  };
  const { promptTokens } = long.needs;
  const near = (found: number | undefined, expected: number): void =>
    assert.ok(found !== undefined && Math.abs(found - expected) < 1e-8, `${found} is not ${expected}`);
  near(at(long, 0), (promptTokens * 3 + 500 * 15) / 1e6);
  near(at(long, 10_000), ((promptTokens - 10_000) * 3 + 10_000 * 0.3 + 500 * 15) / 1e6);
  near(at(long, 1e9), (promptTokens * 0.3 + 500 * 15) / 1e6);
  const brief = ask({ max_tokens: 7, n: 2 });
  near(at(brief, 0), (brief.needs.promptTokens * 3 + 2 * 7 * 15) / 1e6);
  const thinking = ask({ reasoning_effort: 'high' });
  near(at(thinking, 0), (thinking.needs.promptTokens * 3 + 2_000 * 15) / 1e6);
  const marked = ask({ cache_control: { type: 'ephemeral' } });
  near(at(long, 0, 'openai-responses'), (promptTokens * 3.75 + 500 * 15) / 1e6);
  near(at(marked, 0), (marked.needs.promptTokens * 3.75 + 500 * 15) / 1e6);
});

test('balance: of two the one at a third of the price comes first nine times in ten', () => {
  const pair = [endpoint('dear', usd(3, 15)), endpoint('cheap', usd(1, 5))];
  const draws = Array.from({ length: 10_000 }, (_, index) =>
    order(pair, { sort: 'balance' }, { seed: `gen-${index}` }),
  );
  const share = draws.filter(([first]) => first === 'cheap').length / draws.length;
  assert.ok(Math.abs(share - 0.9) < 0.02, `cheap came first in ${share}`);
});

test('balance: where the conversation has a cache it stays, whatever is drawn', () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom('a', 'b', 'c'), (seed, home) => {
      const [first] = order(three, { sort: 'balance' }, { seed, cached: cachedAt(home, 2_000) });
      assert.equal(first, home);
    }),
  );
  const firsts = Array.from({ length: 50 }, (_, index) => {
    const few = { seed: `gen-${index}`, cached: cachedAt('a', 1_000) };
    return order(three, { sort: 'balance' }, few)[0];
  });
  assert.ok(firsts.includes('b'), 'a cache of a few tokens is none to lose');
});

const sorts = fc.constantFrom('price', 'throughput', 'latency', 'balance', 'effective_cost', 'exacto');
const worlds = fc.record({
  prices: fc.array(fc.option(fc.tuple(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: 50 }))), {
    maxLength: 6,
  }),
  pace: fc.dictionary(
    fc.constantFrom('0', '1', '2', '3', '4', '5'),
    fc.tuple(fc.integer({ min: 1, max: 9_000 }), fc.integer({ min: 1, max: 500 })),
  ),
  seed: fc.string(),
  wish: fc.option(fc.integer({ min: 0, max: 9 }), { nil: undefined }),
});

test('any order is a permutation, the same for the same request, and puts the unpriced last where price counts', () => {
  fc.assert(
    fc.property(worlds, sorts, ({ prices, pace, seed, wish }, sort) => {
      const endpoints = prices.map((price, index) =>
        endpoint(String(index), price ? usd(price[0], price[1]) : undefined),
      );
      const provider = { sort, ...(wish === undefined ? {} : { preferred_max_latency: wish }) };
      const given = { seed, pace: paces(pace) };
      const found = order(endpoints, provider, given);
      assert.deepEqual(found.toSorted(), endpoints.map((one) => one.provider.name).toSorted());
      assert.deepEqual(found, order(endpoints, provider, given));
      if (wish !== undefined || !['price', 'balance', 'effective_cost'].includes(sort)) return;
      const unpriced = found.map((name) => prices[Number(name)] === null);
      assert.deepEqual(
        unpriced,
        unpriced.toSorted((a, b) => Number(a) - Number(b)),
      );
    }),
  );
});
