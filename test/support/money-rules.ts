/** The oracle's own words for limits, scopes and windows, and a store of leases that can be asked what a crash leaves. */
import type { LeaseOrder } from '../../src/adapters/ledger.ts';
import { limitUnits, type LimitUnit } from '../../src/core/document-limit.ts';
import type { LimitState } from '../../src/core/limit-state.ts';
import { fromUsd } from '../../src/core/money.ts';
import type { LimitSpec } from './money-scene.ts';
import { scopeName, type Asking, type Calling, type Closing } from './money-world.ts';

/** A limit of the document in the oracle's words. `name` is the same whatever the amount and the mode. */
export type Rule = {
  readonly spec: LimitSpec;
  readonly unit: LimitUnit;
  readonly amount: number;
  readonly name: string;
  readonly enforced: boolean;
};

export function ruleOf(spec: LimitSpec): Rule {
  const { at, body } = spec;
  const unit = limitUnits.find((each) => body[each] !== undefined) ?? 'requests';
  const value = body[unit] ?? 0;
  const amount = unit === 'usd' || unit === 'premium_usd' ? fromUsd(value) : value;
  const name = [at, unit, body.per ?? '', body.each ?? ''].join(' ');
  return { spec, unit, amount, name, enforced: body.mode !== 'observe' };
}

/** When the window ends in which something begins; epoch ms. */
export function endOf(per: string | undefined, at: number): number {
  const date = new Date(at);
  const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()];
  switch (per) {
    case 'minute':
      return Math.floor(at / 60_000) * 60_000 + 60_000;
    case 'hour':
      return Date.UTC(year, month, day, date.getUTCHours() + 1);
    case 'day':
      return Date.UTC(year, month, day + 1);
    case 'week':
      return Date.UTC(year, month, day + ((8 - date.getUTCDay()) % 7 || 7));
    case 'month':
      return Date.UTC(year, month + 1, 1);
    default:
      return Infinity;
  }
}

/** A store of leases in memory, and what it would say after a crash. */
export class CrashStore {
  readonly #rows = new Map<string, { spent: number; leased: number }>();

  spent(counter: string): number {
    return this.afterCrash(counter);
  }

  take(orders: readonly LeaseOrder[]): void {
    for (const { counter, amount } of orders) this.#row(counter).leased += amount;
  }

  settle({ charges }: Closing): void {
    for (const { counter, paid, released } of charges) {
      const row = this.#row(counter);
      row.spent += paid;
      row.leased -= paid + released;
    }
  }

  /** What was leased and not settled counts as spent. */
  afterCrash(counter: string): number {
    const { spent, leased } = this.#row(counter);
    return spent + Math.max(0, leased);
  }

  settled(counter: string): number {
    return this.#row(counter).spent;
  }

  #row(counter: string): { spent: number; leased: number } {
    const row = this.#rows.get(counter) ?? { spent: 0, leased: 0 };
    this.#rows.set(counter, row);
    return row;
  }
}

/** True where the limit counts the call. */
export function inScope({ spec: { at } }: Rule, { asking, provider, model }: Calling): boolean {
  switch (at) {
    case 'key':
      return asking.key === scopeName.key;
    case 'provider':
      return provider === scopeName.provider;
    case 'model':
      return `acme/m${model}` === scopeName.model;
    case 'gateway':
    case 'workspace':
    case 'preset':
      return true;
  }
}

/** True where the counter of a limit is this request's. */
export function isOf({ each }: LimitState, { spec: { body } }: Rule, { key, user }: Asking): boolean {
  if (body.each === undefined) return true;
  return each === (body.each === 'user' && user !== undefined ? `user ${user}` : `key ${key}`);
}

/** What the store knows a counter by. */
export function counterOf({ spec: { at, body }, unit }: Rule, { each, resetsAt }: LimitState): string {
  const of = at === 'key' || at === 'preset' ? `default/${scopeName[at]}` : scopeName[at];
  const scope = of === '' ? at : `${at} ${of}`;
  const words = `${scope} ${unit}/${body.per}${body.each === undefined ? '' : ` each ${body.each}`}`;
  return `${words}${each === undefined ? '' : ` ${each}`} @${startOf(body.per, resetsAt)}`;
}

function startOf(per: string | undefined, end: number | undefined): number {
  if (end === undefined) return 0;
  const date = new Date(end);
  const lengths: Record<string, number> = {
    minute: 60_000,
    hour: 3_600_000,
    day: 86_400_000,
    week: 604_800_000,
  };
  return per === 'month'
    ? Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - 1, 1)
    : end - (lengths[per ?? ''] ?? 0);
}
