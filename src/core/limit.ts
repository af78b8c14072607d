/** A limit: a ceiling on a scope over a window. Where it stands (gateway, preset, key, …) is its scope. */
import { fromUsd, print, type Nano } from './money.ts';
import { defaultLimit } from './defaults.ts';
import { isMoney, limitUnits, type LimitBody, type LimitUnit } from './document-limit.ts';
import { once } from './once.ts';
import { present } from './present.ts';

export type LimitWindow = 'request' | 'minute' | 'hour' | 'day' | 'week' | 'month' | 'total';

export type Limit = {
  readonly unit: LimitUnit;
  /** Nano-USD for `usd` and `premium_usd`, else how many. */
  readonly amount: number;
  /** UTC calendar window; absent = at this moment (`concurrent`). */
  readonly per?: LimitWindow;
  /** One counter for each of these, instead of one for all. */
  readonly each?: 'user' | 'key';
  /** `observe` never refuses; it reports what it would have refused. */
  readonly mode: 'enforce' | 'observe';
  /** Percentages at which people are told, ascending. */
  readonly warn: readonly number[];
  /** From `at` percent on, these models serve instead of the chain. */
  readonly downgrade?: { readonly at: number; readonly to: readonly string[] };
  /** Tokens of answer below which a request is refused instead of clamped; absent = the default. */
  readonly minOutput?: number;
};

export function limitFrom(body: LimitBody): Limit {
  const unit = limitUnits.find((each) => body[each] !== undefined) ?? 'requests';
  const value = body[unit] ?? 0;
  return present({
    unit,
    amount: isMoney(unit) ? fromUsd(value) : value,
    per: body.per,
    each: body.each,
    mode: body.mode ?? defaultLimit.mode,
    warn: [...(body.warn ?? defaultLimit.warn)].sort((a, b) => a - b),
    downgrade: body.downgrade,
    minOutput: body.min_output,
  });
}

const allFrom = once((bodies: readonly LimitBody[]): readonly Limit[] => bodies.map(limitFrom));

/** Undefined for none, so that an object without limits carries no field for them. */
export function limitsFrom(bodies: readonly LimitBody[] | undefined): readonly Limit[] | undefined {
  return bodies === undefined || bodies.length === 0 ? undefined : allFrom(bodies);
}

/** `$50.00 per day`, `$10.00 of premium per hour`, `600 requests per minute for each user`, `50 at once`. */
export function describeLimit(limit: Limit): string {
  const each = limit.each ? ` for each ${limit.each}` : '';
  const observed = limit.mode === 'observe' ? ', observed only' : '';
  return `${amountText(limit)}${windowText(limit.per)}${each}${observed}`;
}

function amountText(limit: Limit): string {
  switch (limit.unit) {
    case 'usd':
      return print(limit.amount as Nano);
    case 'premium_usd':
      return `${print(limit.amount as Nano)} of premium`;
    case 'concurrent':
      return `${limit.amount} at once`;
    case 'requests':
    case 'tokens':
      return `${limit.amount} ${limit.amount === 1 ? limit.unit.slice(0, -1) : limit.unit}`;
  }
}

function windowText(per: LimitWindow | undefined): string {
  if (per === undefined) return '';
  return per === 'total' ? ' in all' : ` per ${per}`;
}
