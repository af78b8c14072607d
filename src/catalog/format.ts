/**
 * The shapes of the bundled JSON files. Prices stand there as price lists print them: USD per million tokens
 * (`perRequest`: USD per request). `load.ts` turns them into core's integers.
 */
import type { Feature, Tier, Wire } from '../core/catalog.ts';
import type { Weekday } from '../core/price.ts';

/** USD per million tokens of each bucket; an absent bucket has no price of its own. */
export type RateRow = {
  readonly input?: number;
  readonly output?: number;
  readonly cacheRead?: number;
  readonly cacheWrite?: number;
  readonly cacheWrite1h?: number;
  readonly reasoning?: number;
  readonly perRequest?: number;
};

/** A rate that replaces the base rate where all its conditions hold. */
export type OverrideRow = RateRow & {
  /** Prompts of strictly more tokens than this. */
  readonly above?: number;
  /** From this UTC date on, e.g. `2027-01-01`. */
  readonly from?: string;
  /** UTC clock, `HH:MM`, half-open. */
  readonly utcStart?: string;
  readonly utcEnd?: string;
  readonly utcDays?: readonly Weekday[];
};

export type PriceRow = RateRow & {
  readonly overrides?: readonly OverrideRow[];
  readonly free?: true;
  readonly inputOnly?: true;
};

export type OfferRow = {
  readonly provider: string;
  readonly id: string;
  readonly price?: PriceRow;
  /** The other source, where price sources differ by more than 1 %. */
  readonly conflict?: string;
  readonly context?: number;
  readonly maxInput?: number;
  readonly maxOutput?: number;
  readonly features?: readonly Feature[];
  readonly status?: 'beta' | 'deprecated';
  readonly wire?: Wire;
};

export type ModelRow = {
  readonly slug: string;
  readonly name: string;
  readonly kind?: 'embedding';
  readonly context?: number;
  readonly maxInput?: number;
  readonly maxOutput?: number;
  readonly features: readonly Feature[];
  readonly released?: string;
  readonly aliases?: readonly string[];
  readonly offers: readonly OfferRow[];
};

/** `models.json`, written by `scripts/build-catalog.ts`. */
export type ModelsFile = {
  /** ISO date of the main source. */
  readonly date: string;
  /** Source → version and licence. */
  readonly sources: Readonly<Record<string, string>>;
  readonly models: readonly ModelRow[];
};

/** `time-of-use.json`, kept by hand: prices that depend on the clock or the calendar. */
export type TimeOfUseFile = {
  readonly prices: readonly {
    readonly provider: string;
    readonly ids: readonly string[];
    /** Replaces the offer's price. */
    readonly price?: PriceRow;
    /** Added to the offer's price. */
    readonly overrides?: readonly OverrideRow[];
    /** The source that still disagrees. */
    readonly conflict?: string;
    readonly source: string;
  }[];
};

/** `extras.json`, kept by hand: what the main source does not know. */
export type ExtrasFile = {
  /** One-hour cache writes, as a multiple of the input price. */
  readonly cacheWrite1h: readonly {
    readonly provider: string;
    readonly author: string;
    readonly timesInput: number;
    readonly source: string;
  }[];
  /** Corrections of single offers. */
  readonly offers: readonly {
    readonly provider: string;
    readonly ids: readonly string[];
    readonly retiresOn?: string;
    readonly context?: number;
    /** Added to those that the offer has. */
    readonly features?: readonly Feature[];
    readonly source: string;
  }[];
  /** Abilities of single models. */
  readonly models: readonly {
    readonly slugs: readonly string[];
    readonly features: readonly Feature[];
    readonly source: string;
  }[];
};

/** `tiers.json`, kept by hand: scores from open sources, and where the bands lie. */
export type TiersFile = {
  /** The tier set; bands are fixed within a set, so that a floor does not change its meaning overnight. */
  readonly set: string;
  readonly benchmarks: Readonly<Record<string, Benchmark>>;
  /** Canonical slug → benchmark → best published score. */
  readonly scores: Readonly<Record<string, Readonly<Record<string, number>>>>;
};

export type Benchmark = {
  readonly name: string;
  /** Lowest score of each tier above `small`; absent = this benchmark cannot show that tier. */
  readonly bands: Readonly<Partial<Record<Exclude<Tier, 'small'>, number>>>;
  readonly source: string;
  readonly licence: string;
  readonly date: string;
};
