/**
 * Premium: what a generation cost, failed attempts included, above what the primary would have cost for the same
 * tokens with the cache that this conversation had there. Pure.
 */
import { nano, total, zero, type Nano, type Pico } from './money.ts';
import { cheapestRates, cost, dearestRates, isPriced, type Bound, type Price } from './price.ts';
import type { Premium } from './record.ts';
import { cold, promptTokens, type Usage } from './usage.ts';

export type PremiumInput = {
  readonly price: Price;
  /** Undefined or unpriced = what it would have cost is unknown: it is taken for nothing. */
  readonly primary: Price | undefined;
  /** Tokens of the prompt that the primary would have read from its cache, at most. */
  readonly cached: number;
  readonly bound: Bound;
};

/** The most that an attempt at another endpoint can cost above the primary, whatever it uses within the bound. */
export function premiumBound({ price, primary, cached, bound }: PremiumInput): Nano {
  const dear = dearestRates(price, bound);
  const cheap = isPriced(primary)
    ? cheapestRates(primary, bound)
    : { input: 0, cacheRead: 0, output: 0, perRequest: 0 };
  const warm = Math.min(cached, bound.input);
  return nano(
    total([
      [warm, above(dear.input, Math.min(cheap.cacheRead, cheap.input))],
      [bound.input - warm, above(dear.input, cheap.input)],
      [bound.output, above(dear.output, cheap.output)],
    ]) + Math.max(0, dear.perRequest - cheap.perRequest),
  );
}

function above(rate: number, other: number): Pico {
  return Math.max(0, rate - other) as Pico;
}

export type Served = {
  /** Everything that the generation cost. */
  readonly paid: Nano;
  /** Of what answered, for the comparison. */
  readonly usage: Usage;
  /** Epoch ms. */
  readonly at: number;
};

/** What was paid against the primary, which would have read `cached` tokens from its cache. Undefined without its price. */
export function premiumOf(
  { paid, usage, at }: Served,
  primary: Price | undefined,
  cached: number,
): Premium | undefined {
  if (!isPriced(primary)) return undefined;
  const coldCost = cost(primary, cold(usage), at);
  const warmCost = cost(primary, warm(usage, cached), at);
  return { price: nano(paid - coldCost), cache: nano(coldCost - warmCost) };
}

/** The same tokens where the first `cached` of the prompt are read from a cache. */
function warm(usage: Usage, cached: number): Usage {
  const { input, output } = cold(usage);
  const cacheRead = Math.min(cached, promptTokens(usage));
  return { input: input - cacheRead, cacheRead, output };
}

/** What limits on premium count: never less than nothing. */
export function countedPremium(premium: Premium | undefined): Nano {
  return premium === undefined ? zero : nano(Math.max(0, premium.price + premium.cache));
}
