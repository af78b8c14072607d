/** Brings the prices of several sources together: where they differ, the higher of each bucket is held. */
import type { OverrideRow, PriceRow, RateRow } from '../../src/catalog/format.ts';

const buckets = ['input', 'output', 'cacheRead', 'cacheWrite', 'reasoning', 'perRequest'] as const;

/** A price and, if other sources said something else, which ones. */
export type Agreed = { readonly price: PriceRow; readonly conflict?: string };

/** Takes the higher of each bucket; a difference above 1 % is named. Buckets that only one source knows are kept. */
export function agree(price: PriceRow, others: Readonly<Record<string, RateRow | undefined>>): Agreed {
  if (price.free) return { price };
  const differing = Object.entries(others).filter(([, other]) => other && differs(price, other));
  const rates = Object.values(others).filter((other) => other !== undefined);
  const raised = raise(price, rates);
  const conflict = differing.map(([source]) => source).join(', ');
  return conflict ? { price: raised, conflict } : { price: raised };
}

function differs(a: RateRow, b: RateRow, only: readonly (typeof buckets)[number][] = buckets): boolean {
  return only.some((bucket) => {
    const [x, y] = [a[bucket], b[bucket]];
    return x !== undefined && y !== undefined && Math.abs(x - y) > 0.01 * Math.max(x, y);
  });
}

function raise(price: PriceRow, others: readonly RateRow[]): PriceRow {
  const raised: { -readonly [K in keyof PriceRow]: PriceRow[K] } = { ...price };
  for (const bucket of buckets) {
    if (bucket === 'output' && price.inputOnly) continue;
    const highest = Math.max(...[price, ...others].map((rate) => rate[bucket] ?? 0));
    if (highest > 0) raised[bucket] = highest;
  }
  if (price.overrides) raised.overrides = price.overrides.map((tier) => raiseTier(tier, others));
  return raised;
}

/** A tier is compared with the tier of the same threshold. */
function raiseTier(tier: OverrideRow, others: readonly PriceRow[]): OverrideRow {
  const same = others.flatMap((other) => other.overrides ?? []).filter(({ above }) => above === tier.above);
  return same.length ? ({ ...raise(tier, same), above: tier.above } as OverrideRow) : tier;
}

/** Whether two listings ask the same for input and output. */
export function samePrice(a: PriceRow | undefined, b: PriceRow | undefined): boolean {
  return a && b ? !differs(a, b, ['input', 'output']) : a === b;
}
