/** What limits mean, in the words of the design: windows, scopes, counters. Nothing of the gateway's own arithmetic. */
import { limitUnits, type LimitBody, type LimitUnit } from '../core/document-limit.ts';
import type { LimitState } from '../core/limit-state.ts';
import { fromUsd } from '../core/money.ts';
import type { Dice } from './dice.ts';

export const places = ['gateway', 'workspace', 'key', 'preset', 'provider', 'model'] as const;
export type Place = (typeof places)[number];

/** A limit of the document, where it stands, and the same with another amount. */
export type LimitSpec = {
  readonly at: Place;
  /** Name of the key, preset, …; empty for the gateway. */
  readonly of: string;
  readonly body: LimitBody;
  times(factor: number): LimitSpec;
};

/** A limit in the oracle's words. `name` is the same whatever the amount and the mode. */
export type Rule = {
  readonly at: Place;
  readonly of: string;
  readonly body: LimitBody;
  readonly unit: LimitUnit;
  readonly amount: number;
  readonly name: string;
  readonly enforced: boolean;
};

export function ruleOf({
  at,
  of,
  body,
}: {
  readonly at: Place;
  readonly of: string;
  readonly body: LimitBody;
}): Rule {
  const unit = limitUnits.find((each) => body[each] !== undefined) ?? 'requests';
  const value = body[unit] ?? 0;
  const amount = unit === 'usd' || unit === 'premium_usd' ? fromUsd(value) : value;
  const name = [at, of, unit, body.per ?? '', body.each ?? ''].join(' ');
  return { at, of, body, unit, amount, name, enforced: body.mode !== 'observe' };
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

/** Who asks, and where one of its attempts goes. */
export type Asker = { readonly key: string; readonly preset: string; readonly user: string | undefined };
export type Asked = Asker & { readonly provider: string; readonly model: string };

/** True where the limit counts the call. */
export function inScope({ at, of }: Pick<Rule, 'at' | 'of'>, call: Asked): boolean {
  switch (at) {
    case 'key':
      return call.key === of;
    case 'preset':
      return call.preset === of;
    case 'provider':
      return call.provider === of;
    case 'model':
      return call.model === of;
    case 'gateway':
    case 'workspace':
      return true;
  }
}

/** Whose counter it is, where there is one for each. */
export function eachOf(
  { body: { each } }: Pick<Rule, 'body'>,
  { key, user }: Omit<Asker, 'preset'>,
): string | undefined {
  if (each === undefined) return undefined;
  return each === 'user' && user !== undefined ? `user ${user}` : `key ${key}`;
}

/** Its own counter among those that stand in the books. */
export function standsFor(state: LimitState, { at, of, unit, body }: Rule): boolean {
  return (
    state.kind === at &&
    state.of === of &&
    state.unit === unit &&
    state.per === body.per &&
    (state.each === undefined) === (body.each === undefined)
  );
}

/** What the store knows a counter by. */
export function counterOf(
  { at, of, body, unit }: Rule,
  { each, resetsAt }: Pick<LimitState, 'each' | 'resetsAt'>,
): string {
  const whose = at === 'key' || at === 'preset' ? `default/${of}` : of;
  const scope = whose === '' ? at : `${at} ${whose}`;
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

/** About what a few requests need. */
const unitAmount: Readonly<Record<LimitUnit, number>> = {
  usd: 0.02,
  premium_usd: 0.01,
  tokens: 8_000,
  requests: 8,
  concurrent: 3,
};

type Names = {
  readonly providers: readonly { readonly name: string }[];
  readonly presets: readonly { readonly name: string }[];
  readonly endpoints: readonly { readonly model: string }[];
};

export function someLimits(dice: Dice, names: Names): readonly LimitSpec[] {
  const all = Array.from({ length: dice.whole(1, 5) }, () => someLimit(dice, names));
  // Of two limits of one scope that differ only in whose they are, nobody could tell whose counter is shown.
  const kind = ({ at, of, body: { each: _each, per, ...rest } }: LimitSpec): string =>
    [at, of, per, ...Object.keys(rest).filter((key) => key in unitAmount)].join(' ');
  return all.filter((one, index) => all.findIndex((other) => kind(other) === kind(one)) === index);
}

function someLimit(dice: Dice, { providers, presets, endpoints }: Names): LimitSpec {
  const at = dice.pick(places);
  const of = {
    gateway: '',
    workspace: 'default',
    key: dice.pick(['k0', 'k1']),
    preset: dice.pick(presets).name,
    provider: dice.pick(providers).name,
    model: dice.pick(endpoints).model,
  }[at];
  const unit = dice.pick(['usd', 'usd', 'usd', 'premium_usd', 'tokens', 'requests', 'concurrent'] as const);
  const drawn = dice.pick(['request', 'minute', 'hour', 'day', 'week', 'month', 'total'] as const);
  const per = unit === 'requests' && drawn === 'request' ? 'minute' : drawn;
  const each = dice.pick([undefined, undefined, 'user', 'key'] as const);
  const body: LimitBody = {
    [unit]: amountOf(unit, unitAmount[unit] * 10 ** dice.between(-0.7, 1.5)),
    ...(unit === 'concurrent' ? {} : { per }),
    ...(each === undefined || (unit !== 'concurrent' && per === 'request') ? {} : { each }),
    ...(dice.chance(0.1) ? { mode: 'observe' as const } : {}),
    ...(dice.chance(0.4) ? { min_output: dice.whole(1, 300) } : {}),
  };
  return specOf(at, of, body);
}

function amountOf(unit: LimitUnit, value: number): number {
  return unit === 'usd' || unit === 'premium_usd' ? Number(value.toFixed(9)) : Math.max(1, Math.ceil(value));
}

function specOf(at: Place, of: string, body: LimitBody): LimitSpec {
  const times = (factor: number): LimitSpec => {
    const unit = limitUnits.find((each) => body[each] !== undefined) ?? 'requests';
    return specOf(at, of, { ...body, [unit]: amountOf(unit, (body[unit] ?? 0) * factor) });
  };
  return { at, of, body, times };
}
