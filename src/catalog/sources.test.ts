/** Against the lists that the catalogue was made from. They are not part of the repository: without them, skipped. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Offer } from '../core/catalog.ts';
import { toPerMillion } from '../core/money.ts';
import { rateAt, type Rate } from '../core/price.ts';
import { loadCatalogue } from './load.ts';

const lists = fileURLToPath(new URL('../../../shared/data/catalog/', import.meta.url));
const skip = existsSync(lists) ? false : `SKIPPED: the model lists are not here (${lists})`;

test('a rebuild gives the bundled file, byte for byte', { skip }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'catalogue-'));
  try {
    const script = fileURLToPath(new URL('../../scripts/build-catalog.ts', import.meta.url));
    const built = spawnSync(process.execPath, [script, lists, join(folder, 'models.json')], {
      encoding: 'utf8',
    });
    assert.equal(built.status, 0, built.stderr);
    const bundled = readFileSync(new URL('models.json', import.meta.url), 'utf8');
    assert.ok(
      readFileSync(join(folder, 'models.json'), 'utf8') === bundled,
      'run scripts/build-catalog.ts again',
    );
    assert.ok(Buffer.byteLength(bundled) < 600_000);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

type Amount = number | { base: number; tiers: { start: number; price: number }[] };
type Prices = Record<string, Amount>;
type Constraint = { start_date?: string; start_time?: string; end_time?: string };
type GenaiModel = { id: string; prices: Prices | { constraint?: Constraint; prices: Prices }[] };

const buckets: readonly (readonly [ours: Exclude<keyof Rate, 'perRequest'>, theirs: string])[] = [
  ['input', 'input_mtok'],
  ['output', 'output_mtok'],
  ['cacheRead', 'cache_read_mtok'],
  ['cacheWrite', 'cache_write_mtok'],
  ['cacheWrite1h', 'cache_write_1h_mtok'],
];

/** Later entries win where their date has come and their hours run. */
function theirPrices({ prices }: GenaiModel, at: number): Prices {
  if (!Array.isArray(prices)) return prices;
  const [date = '', clock = ''] = new Date(at).toISOString().split('T');
  const holds = ({ start_date = '', start_time = '', end_time = '~' }: Constraint = {}): boolean =>
    start_date <= date && start_time <= clock && clock < end_time;
  return prices.findLast(({ constraint }) => holds(constraint))?.prices ?? {};
}

function theirPrice(amount: Amount | undefined, tokens: number): number | undefined {
  if (typeof amount !== 'object') return amount;
  return amount.tiers.findLast(({ start }) => tokens > start)?.price ?? amount.base;
}

function genaiModels(provider: string): ReadonlyMap<string, GenaiModel> {
  const name =
    readdirSync(lists).find((one) => one.startsWith('genai-prices-') && one.endsWith('.json')) ?? '';
  const file = JSON.parse(readFileSync(join(lists, name), 'utf8')) as { id: string; models: GenaiModel[] }[];
  return new Map(file.find(({ id }) => id === provider)?.models.map((model) => [model.id, model]));
}

// Tuesdays, in and out of DeepSeek's peak hours: genai-prices cannot say that weekends are off-peak.
const moments = [Date.UTC(2026, 10, 24, 2), Date.UTC(2026, 10, 24, 7), Date.UTC(2026, 10, 24, 12)];

/** Our price beside theirs for every bucket that both know, in USD per million tokens. */
function comparisons(offer: Offer, model: GenaiModel, tokens: number, at: number) {
  const ours: Rate = offer.price ? rateAt(offer.price, tokens, at) : {};
  const known = theirPrices(model, at);
  return buckets.flatMap(([bucket, name]) => {
    const [mine, other] = [ours[bucket], theirPrice(known[name], tokens)];
    return mine === undefined || other === undefined ? [] : [{ bucket, mine: toPerMillion(mine), other }];
  });
}

for (const [provider, least] of [
  ['anthropic', 12],
  ['openai', 35],
  ['deepseek', 2],
] as const) {
  test(`${provider}: no price is below the one in genai-prices`, { skip }, () => {
    const theirs = genaiModels(provider);
    const compared = [...loadCatalogue().models.values()].filter(({ slug, context = 0, offers }) => {
      const offer = offers.find((one) => one.provider === provider);
      const model = theirs.get(offer?.id ?? '');
      if (!offer?.price || !model) return false;
      const prompts = [1_000, (offer.context ?? context) - 1];
      const all = moments.flatMap((at) => prompts.flatMap((tokens) => comparisons(offer, model, tokens, at)));
      for (const { bucket, mine, other } of all)
        assert.ok(mine >= other, `${slug} ${bucket}: ${mine} < ${other}`);
      return all.length > 0;
    });
    assert.ok(compared.length >= least, `only ${compared.length} models compared`);
  });
}
