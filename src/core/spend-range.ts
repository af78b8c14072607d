/** Spans of time for reports and keys: whole UTC days, calendar months, and the windows that limits count in. */
import type { LimitWindow } from './limit.ts';

/** Hours since 1970, UTC; `to` is not part of it. */
export type HourRange = { readonly from: number; readonly to: number };

/** A span as people ask for it; nothing = the month that `now` is in. Days are `2026-11-24`, both included. */
export type RangeWish = {
  /** `2026-11`. */
  readonly month?: string | undefined;
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  /** The last so many days, today included. */
  readonly days?: number | undefined;
};

const dayHours = 24;
const hourMs = 3_600_000;
const dayMs = dayHours * hourMs;

/** The span meant, or a sentence about what is wrong. `now` is epoch ms. */
export function readRange(wish: RangeWish, now: number): HourRange | string {
  const { month, from, to, days } = wish;
  const ways = [month, days, from ?? to].filter((way) => way !== undefined);
  if (ways.length > 1) return 'say it one way: a month, days, or from and to';
  if (days !== undefined) return daysBack(days, now);
  if (from === undefined && to === undefined) return monthRange(month ?? isoDay(now).slice(0, 7));
  if (from === undefined) return 'to needs a from';
  return between(from, to ?? isoDay(now));
}

function daysBack(days: number, now: number): HourRange {
  const today = Math.floor(now / dayMs);
  return { from: (today + 1 - days) * dayHours, to: (today + 1) * dayHours };
}

function monthRange(month: string): HourRange | string {
  const start = /^\d{4}-\d\d$/.test(month) ? dayNumber(`${month}-01`) : undefined;
  if (start === undefined) return `a month is written like 2026-11, not "${month}"`;
  const date = new Date(start * dayMs);
  const end = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1) / dayMs;
  return { from: start * dayHours, to: end * dayHours };
}

function between(from: string, to: string): HourRange | string {
  const [first, last] = [dayNumber(from), dayNumber(to)];
  if (first === undefined) return `a day is written like 2026-11-24, not "${from}"`;
  if (last === undefined) return `a day is written like 2026-11-24, not "${to}"`;
  if (last < first) return `${to} is before ${from}`;
  return { from: first * dayHours, to: (last + 1) * dayHours };
}

/** Days since 1970; undefined for what is no day of the calendar. */
function dayNumber(text: string): number | undefined {
  const at = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) || isoDay(at) !== text ? undefined : at / dayMs;
}

/** `2026-11-24`, UTC, of epoch ms. */
export function isoDay(at: number): string {
  return new Date(at).toISOString().slice(0, 10);
}

/** The first and the last day of a span. */
export function daysOf({ from, to }: HourRange): { readonly first: string; readonly last: string } {
  return { first: isoDay(from * hourMs), last: isoDay(to * hourMs - 1) };
}

/** Windows that whole hours add up to. */
export type HourlyWindow = Exclude<LimitWindow, 'request' | 'minute'>;

/** The hour in which the UTC window of `now` (epoch ms) began: weeks begin on Monday; 0 for `total`. */
export function windowStart(per: HourlyWindow, now: number): number {
  const day = Math.floor(now / dayMs);
  switch (per) {
    case 'hour':
      return Math.floor(now / hourMs);
    case 'day':
      return day * dayHours;
    case 'week':
      // 1 January 1970 was a Thursday, three days after a Monday.
      return (day - ((day + 3) % 7)) * dayHours;
    case 'month': {
      const date = new Date(now);
      return Date.UTC(date.getUTCFullYear(), date.getUTCMonth()) / hourMs;
    }
    case 'total':
      return 0;
  }
}
