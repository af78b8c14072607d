/**
 * What an endpoint charges, and what a request costs there. A price is not a number: it depends on how long
 * the prompt is (long-context tiers reprice the whole request) and on the time of day (UTC windows).
 */
import { nano, total, type Line, type Nano, type Pico } from './money.ts';
import { promptTokens, type Usage } from './usage.ts';

/** Pico-USD per token of each bucket; `perRequest` is nano-USD per request. An absent bucket has no price of its own. */
export type Rate = {
  readonly input?: Pico;
  readonly output?: Pico;
  readonly cacheRead?: Pico;
  readonly cacheWrite?: Pico;
  readonly cacheWrite1h?: Pico;
  readonly reasoning?: Pico;
  readonly perRequest?: Nano;
};

export type Weekday = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun';

/** A rate that replaces the base rate, bucket by bucket, where all its conditions hold. Later overrides win. */
export type Override = {
  readonly rate: Rate;
  /** Holds for prompts of strictly more tokens than this; reprices the whole request. */
  readonly minPromptTokens?: number;
  /** Holds from this instant on (epoch ms): an announced change of price. */
  readonly from?: number;
  /** Minutes after midnight UTC, half-open [start, end), may wrap past midnight. */
  readonly utcStart?: number;
  readonly utcEnd?: number;
  readonly utcDays?: readonly Weekday[];
};

export type Price = {
  readonly base: Rate;
  readonly overrides?: readonly Override[];
  /** A zero price counts only when this is set; otherwise zero means "unknown". */
  readonly free?: boolean;
  /** Embeddings: nothing is put out, so the missing output price is no gap. */
  readonly inputOnly?: boolean;
};

const days: readonly Weekday[] = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const dayMs = 86_400_000;
const minuteMs = 60_000;

/** True when the price can be used for money: free on purpose, or above zero in every direction that is billed. */
export function isPriced(price: Price | undefined): price is Price {
  if (!price) return false;
  const { input = 0, output = 0 } = price.base;
  return price.free === true || (input > 0 && (output > 0 || price.inputOnly === true));
}

/** The rate for a prompt of so many tokens at `at` (epoch ms). */
export function rateAt(price: Price, tokens: number, at: number): Rate {
  let rate = price.base;
  for (const override of price.overrides ?? []) {
    if (tokens > (override.minPromptTokens ?? -1) && inWindow(override, at))
      rate = { ...rate, ...override.rate };
  }
  return rate;
}

function inWindow(override: Override, at: number): boolean {
  if (override.from !== undefined && at < override.from) return false;
  if (override.utcDays && !override.utcDays.includes(days[new Date(at).getUTCDay()] as Weekday)) return false;
  if (override.utcStart === undefined || override.utcEnd === undefined) return true;
  const minute = Math.floor((at % dayMs) / minuteMs);
  const { utcStart: start, utcEnd: end } = override;
  return start <= end ? minute >= start && minute < end : minute >= start || minute < end;
}

/**
 * What `usage` costs at `price`, for a request that began at `at` (epoch ms). Buckets without a price of their
 * own are charged as the bucket they are a kind of: cache reads and writes as input, reasoning as output.
 */
export function cost(price: Price, usage: Usage, at: number): Nano {
  const rate = rateAt(price, promptTokens(usage), at);
  const free = 0 as Pico;
  const input = rate.input ?? free;
  const output = rate.output ?? free;
  const write = rate.cacheWrite ?? input;
  const { cacheRead, cacheWrite, cacheWrite1h, reasoning } = usage;
  const lines: Line[] = [
    [usage.input, input],
    [usage.output, output],
  ];
  if (cacheRead) lines.push([cacheRead, rate.cacheRead ?? input]);
  if (cacheWrite) lines.push([cacheWrite, write]);
  if (cacheWrite1h) lines.push([cacheWrite1h, rate.cacheWrite1h ?? write]);
  if (reasoning) lines.push([reasoning, rate.reasoning ?? output]);
  return nano(total(lines) + (rate.perRequest ?? 0));
}

/**
 * The longest cache a request can have written. Some providers write five-minute caches unasked, so `none` forbids
 * nothing but the hour.
 */
export type CacheWrites = 'none' | '5m' | '1h';

/** What bounds a request's cost before it is sent. Tokens are upper bounds, times are epoch ms. */
export type Bound = {
  readonly input: number;
  readonly output: number;
  readonly from: number;
  readonly until: number;
  /** Absent = nobody knows, so the hour's rate is reachable. Read only where the price has such a rate. */
  readonly later?: { readonly cacheWrites: CacheWrites };
};

/**
 * The worst price that can be reached: every input token at the dearest way to read it, every output token at
 * the dearest rate, in the dearest tier up to `bound.input` and the dearest window that the request may run into.
 */
export function worstCase(price: Price, bound: Bound): Nano {
  const rates = dearestRates(price, bound);
  return nano(
    total([
      [bound.input, rates.input],
      [bound.output, rates.output],
    ]) + rates.perRequest,
  );
}

/** Pico-USD per token, `perRequest` in nano-USD. */
export type Extreme = { readonly input: Pico; readonly output: Pico; readonly perRequest: Nano };

/** The dearest way to read and to write a token that can be reached within the bound. */
export function dearestRates(price: Price, bound: Bound): Extreme {
  let [input, output, perRequest, hour] = [0, 0, 0, 0];
  for (const rate of reachableRates(price, bound)) {
    input = Math.max(input, rate.input ?? 0, rate.cacheRead ?? 0, rate.cacheWrite ?? 0);
    output = Math.max(output, rate.output ?? 0, rate.reasoning ?? 0);
    perRequest = Math.max(perRequest, rate.perRequest ?? 0);
    hour = Math.max(hour, rate.cacheWrite1h ?? 0);
  }
  // Whether the hour's cache is written costs a pass over the request: asked only where it has a price.
  if (hour > input && (bound.later?.cacheWrites ?? '1h') === '1h') input = hour;
  return { input: input as Pico, output: output as Pico, perRequest: perRequest as Nano };
}

/** The cheapest plain rates, and the cheapest read from a cache, that can be reached within the bound. */
export function cheapestRates(price: Price, bound: Bound): Extreme & { readonly cacheRead: Pico } {
  const reachable = reachableRates(price, bound).map((rate) => ({ ...price.base, ...rate }));
  const cheapest = (pick: (rate: Rate) => readonly (number | undefined)[]): number =>
    Math.min(...reachable.map((rate) => Math.min(...pick(rate).map((value) => value ?? 0))));
  const input = cheapest((rate) => [rate.input]) as Pico;
  return {
    input,
    output: cheapest((rate) => [rate.output]) as Pico,
    cacheRead: cheapest((rate) => [rate.cacheRead ?? rate.input]) as Pico,
    perRequest: cheapest((rate) => [rate.perRequest]) as Nano,
  };
}

/** Base and overrides combine bucket by bucket, so the dearest of each bucket bounds every combination. */
function reachableRates(price: Price, bound: Bound): readonly Rate[] {
  if (price.overrides === undefined) return [price.base];
  const reached = price.overrides.filter(
    (override) => bound.input > (override.minPromptTokens ?? -1) && mayRunInto(override, bound),
  );
  return [price.base, ...reached.map((override) => override.rate)];
}

/** It holds at the beginning, or from where it begins to: its own date, a midnight, the start of its window. */
function mayRunInto(override: Override, { from, until }: Bound): boolean {
  const holds = (at: number): boolean => at >= from && at <= until && inWindow(override, at);
  if (holds(from) || holds(override.from ?? from)) return true;
  const start = (override.utcStart ?? 0) * minuteMs;
  for (let midnight = Math.floor(from / dayMs) * dayMs; midnight <= until; midnight += dayMs)
    if (holds(midnight) || holds(midnight + start)) return true;
  return false;
}
