/** LiteLLM's budgets and rates as limits. Its durations: docs.litellm.ai/docs/proxy/budget_reset_and_tz. */
import type { LimitBody, windowName } from '../core/document-limit.ts';
import { describeLimit, limitFrom } from '../core/limit.ts';
import { amountOf, isFields, isNothing, listOf, fieldsOf, textOf, type Fields } from './loose.ts';
import { below, type At, type Report } from './report.ts';
import type { z } from 'zod';

type Window = z.infer<typeof windowName>;

const mostUsd = 9_000_000;
const most = 1_000_000_000_000_000;

/** The limits that an object with LiteLLM's usual fields stands for: budget, rates, requests at once. */
export function limitsOf(fields: Fields, at: At, report: Report): LimitBody[] {
  const { max_budget: usd, budget_duration: duration, soft_budget: soft } = fields;
  const budgets = [
    budget({ usd, duration, soft }, below(at, 'max_budget'), report),
    ...listOf(fields['budget_limits']).map((entry, index) => {
      const { max_budget: said, budget_duration } = fieldsOf(entry);
      const place = below(at, 'budget_limits', index);
      return budget({ usd: isFields(entry) ? said : entry, duration: budget_duration }, place, report);
    }),
  ];
  return [
    ...budgets.flatMap((limit) => limit ?? []),
    ...rate(fields, { field: 'rpm_limit', unit: 'requests', per: 'minute' }, at, report),
    ...rate(fields, { field: 'tpm_limit', unit: 'tokens', per: 'minute' }, at, report),
    ...rate(fields, { field: 'tpd_limit', unit: 'tokens', per: 'day' }, at, report),
    ...rate(fields, { field: 'max_parallel_requests', unit: 'concurrent' }, at, report),
  ];
}

type Rate = {
  readonly field: string;
  readonly unit: 'requests' | 'tokens' | 'concurrent';
  readonly per?: Window;
};

/** What refuses everything: there is no `concurrent: 0`. */
const nothing: LimitBody = { requests: 0, per: 'minute' };

const mostOf = { requests: most, tokens: most, concurrent: 1_000_000 } as const;

/** A limit of a number in `field`, at most one. What cannot be read as one admits nothing, so that nothing is widened. */
export function rate(
  fields: Fields,
  { field, unit, per }: Rate,
  at: At,
  report: Report,
): readonly LimitBody[] {
  const value = fields[field];
  if (isNothing(value)) return [];
  const place = below(at, field);
  const amount = amountOf(value);
  if (amount === undefined) {
    report.changed(place, `${described(nothing)}: it cannot be read, so it admits nothing: write it by hand`);
    return [nothing];
  }
  const whole = Math.min(Math.floor(amount), mostOf[unit]);
  const limit: LimitBody = { [unit]: whole, ...(per && { per }) };
  if (unit === 'concurrent' && whole < 1) {
    report.changed(place, `${described(nothing)}: none at once admits nothing`);
    return [nothing];
  }
  if (amount > mostOf[unit]) report.changed(place, `${described(limit)}: more cannot be written`);
  else report.carried(place, described(limit));
  return [limit];
}

export type Budget = { readonly usd: unknown; readonly duration?: unknown; readonly soft?: unknown };

/** A limit in dollars, in the window that comes nearest and never admits more than the old one did. */
export function budget(
  { usd: said, duration: said2, soft }: Budget,
  at: At,
  report: Report,
): LimitBody | undefined {
  if (isNothing(said)) return undefined;
  const read = amountOf(said);
  if (read === undefined) {
    const limit: LimitBody = { usd: 0, per: 'total' };
    report.changed(at, `${described(limit)}: it cannot be read, so it admits nothing: write it by hand`);
    return limit;
  }
  const usd = Math.min(read, mostUsd);
  if (read > mostUsd) report.changed(at, `more than $${mostUsd} cannot be written`);
  const duration = textOf(said2);
  const window = windowOf(duration);
  if (window === undefined) {
    const limit: LimitBody = { usd, per: 'total' };
    report.changed(
      at,
      `${described(limit)}: "${duration}" is no duration that is known here, so it never resets`,
    );
    return limit;
  }
  const { per, share, note } = window;
  const amount = share === 1 ? usd : Math.floor((usd / share) * 100) / 100;
  const limit: LimitBody = { usd: amount, per, ...warnings(usd, soft) };
  if (note === undefined) report.carried(at, described(limit));
  else report.changed(at, `${described(limit)}, was $${usd} per ${duration}: ${note}`);
  return limit;
}

function described(limit: LimitBody): string {
  return describeLimit(limitFrom(limit));
}

/** A soft budget warns, in percent of the hard one. */
function warnings(usd: number, soft: unknown): { warn?: number[] } {
  const percent = Math.round(((amountOf(soft) ?? 0) / usd) * 100);
  return percent >= 1 && percent < 100 ? { warn: [percent, 100] } : {};
}

const words: Readonly<Record<string, Window>> = {
  hourly: 'hour',
  daily: 'day',
  weekly: 'week',
  monthly: 'month',
};

const daysIn: Readonly<Record<string, number>> = {
  s: 1 / 86_400,
  m: 1 / 1_440,
  h: 1 / 24,
  d: 1,
  w: 7,
  mo: 30,
  y: 365,
};

type Found = { readonly per: Window; readonly share: number; readonly note?: string };

/**
 * `30d` → month, as LiteLLM itself resets it on the first. What has no window of its own gets the next longer one, and
 * more than a month is shared out over its months.
 */
function windowOf(duration: string | undefined): Found | undefined {
  if (duration === undefined) return { per: 'total', share: 1 };
  const word = words[duration];
  if (word !== undefined) return { per: word, share: 1 };
  const [, count, unit = ''] = /^(\d+(?:\.\d+)?)(s|m|h|d|w|mo|y)$/.exec(duration) ?? [];
  const days = Number(count) * (daysIn[unit] ?? Number.NaN);
  if (!(days > 0)) return undefined;
  const exact = exactly.find(([length]) => Math.abs(length - days) < 1e-9);
  if (exact) return { per: exact[1], share: 1, ...(exact[2] !== undefined && { note: exact[2] }) };
  const longer = exactly.find(([length]) => length > days);
  if (longer)
    return { per: longer[1], share: 1, note: `there is no such window, and a ${longer[1]} admits less` };
  const share = days / 30;
  return { per: 'month', share, note: 'shared out over its months' };
}

/** Days, the window, and what is different about it. */
const exactly: readonly (readonly [days: number, window: Window, note?: string])[] = [
  [1 / 1_440, 'minute', 'a minute of the clock, it does not slide'],
  [1 / 24, 'hour', 'an hour of the clock, it does not slide'],
  [1, 'day'],
  [7, 'week'],
  [30, 'month'],
];
