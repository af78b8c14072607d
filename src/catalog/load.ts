/**
 * The bundled catalogue: facts from `models.json` (written by `scripts/build-catalog.ts`) with the overlays kept
 * by hand laid over them.
 */
import type { Catalogue, Feature, Model, Offer } from '../core/catalog.ts';
import { fromUsd, perMillion } from '../core/money.ts';
import type { Override, Price, Rate } from '../core/price.ts';
import extrasJson from './extras.json' with { type: 'json' };
import type {
  ExtrasFile,
  ModelRow,
  ModelsFile,
  OfferRow,
  OverrideRow,
  PriceRow,
  RateRow,
  TiersFile,
  TimeOfUseFile,
} from './format.ts';
import modelsJson from './models.json' with { type: 'json' };
import { rating } from './tiers.ts';
import tiersJson from './tiers.json' with { type: 'json' };
import timeOfUseJson from './time-of-use.json' with { type: 'json' };

const models = modelsJson as ModelsFile;
const extras = extrasJson as ExtrasFile;
const timeOfUse = timeOfUseJson as TimeOfUseFile;
const tiers = tiersJson as TiersFile;

let loaded: Catalogue | undefined;

/** The bundled catalogue. Built once (a few ms), then shared: it never changes. */
export function loadCatalogue(): Catalogue {
  loaded ??= {
    models: new Map(models.models.map((row) => [row.slug, model(row)])),
    aliases: new Map(
      models.models.flatMap(({ slug, aliases = [] }) => aliases.map((alias) => [alias, slug])),
    ),
    date: models.date,
  };
  return loaded;
}

function model({ aliases: _elsewhere, ...row }: ModelRow): Model {
  const rated = rating(tiers, row.slug);
  const added = extras.models
    .filter(({ slugs }) => slugs.includes(row.slug))
    .flatMap(({ features }) => features);
  const features = union(row.features, added);
  return {
    ...row,
    features,
    ...(rated && { tier: rated.tier, tierBasis: rated.basis }),
    offers: row.offers.map((one) =>
      offer(row.slug, one, one.features ? union(one.features, added) : features),
    ),
  };
}

/** `known`: what the offer can do as far as `models.json` and the model's own extras tell. */
function offer(slug: string, row: OfferRow, known: readonly Feature[]): Offer {
  const { price: _listed, conflict: _disputed, ...facts } = row;
  const { price, conflict } = priceOf(row);
  const corrections = extras.offers.filter((one) => concerns(one, row));
  const retiresOn = corrections.find((one) => one.retiresOn)?.retiresOn;
  const context = corrections.find((one) => one.context)?.context;
  return {
    ...facts,
    features: union(
      known,
      corrections.flatMap((one) => one.features ?? []),
    ),
    ...(context !== undefined && { context }),
    ...(retiresOn !== undefined && { retiresOn }),
    ...(price && { price: toPrice(withHourWrites(price, row.provider, slug)) }),
    ...(conflict !== undefined && { conflict }),
  };
}

/** The listed price, unless the clock or the calendar has a say. */
function priceOf(row: OfferRow): Pick<OfferRow, 'price' | 'conflict'> {
  const timed = timeOfUse.prices.find((one) => concerns(one, row));
  if (timed?.price) return timed;
  if (!row.price || !timed?.overrides) return row;
  return { ...row, price: { ...row.price, overrides: [...(row.price.overrides ?? []), ...timed.overrides] } };
}

function concerns(
  overlay: { readonly provider: string; readonly ids: readonly string[] },
  row: OfferRow,
): boolean {
  return overlay.provider === row.provider && overlay.ids.includes(row.id);
}

function union(features: readonly Feature[], more: readonly Feature[]): readonly Feature[] {
  return more.length > 0 ? [...new Set([...features, ...more])] : features;
}

/** Adds the price of one-hour cache writes, in the base rate and in every override that names an input price. */
function withHourWrites(price: PriceRow, provider: string, slug: string): PriceRow {
  const rule = extras.cacheWrite1h.find(
    (one) => one.provider === provider && slug.startsWith(`${one.author}/`),
  );
  if (!rule) return price;
  const add = <T extends RateRow>(rate: T): T =>
    rate.input === undefined ? rate : { ...rate, cacheWrite1h: rate.input * rule.timesInput };
  return { ...add(price), ...(price.overrides && { overrides: price.overrides.map(add) }) };
}

function toPrice(row: PriceRow): Price {
  const overrides = row.overrides?.map(toOverride) ?? [];
  return {
    base: toRate(row),
    ...(overrides.length > 0 && { overrides }),
    ...(row.free && { free: true }),
    ...(row.inputOnly && { inputOnly: true }),
  };
}

const buckets = ['input', 'output', 'cacheRead', 'cacheWrite', 'cacheWrite1h', 'reasoning'] as const;

function toRate(row: RateRow): Rate {
  const rate: Record<string, number> = {};
  for (const bucket of buckets) {
    const usd = row[bucket];
    if (usd !== undefined) rate[bucket] = perMillion(usd);
  }
  return row.perRequest === undefined ? rate : { ...rate, perRequest: fromUsd(row.perRequest) };
}

function toOverride(row: OverrideRow): Override {
  return {
    rate: toRate(row),
    ...(row.above !== undefined && { minPromptTokens: row.above }),
    ...(row.from !== undefined && { from: Date.parse(row.from) }),
    ...(row.utcStart !== undefined && { utcStart: minutes(row.utcStart) }),
    ...(row.utcEnd !== undefined && { utcEnd: minutes(row.utcEnd) }),
    ...(row.utcDays && { utcDays: row.utcDays }),
  };
}

/** `06:30` → 390. */
function minutes(clock: string): number {
  const [hours = 0, rest = 0] = clock.split(':').map(Number);
  return hours * 60 + rest;
}
