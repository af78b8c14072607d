/** The windows over which limits count: UTC calendar minutes, hours, days, ISO weeks, months, or all time. */
import type { LimitWindow } from './limit.ts';

/** Epoch ms, half-open. `end` is Infinity for `total`. */
export type Span = { readonly start: number; readonly end: number };

/** The windows that the calendar makes; `request` is none. */
export type CalendarWindow = Exclude<LimitWindow, 'request'>;

const minuteMs = 60_000;
const hourMs = 3_600_000;
const dayMs = 86_400_000;
/** 1970-01-05 was the first Monday. */
const firstMonday = 4 * dayMs;

/** The window that `at` (epoch ms) falls into. */
export function windowAt(per: CalendarWindow, at: number): Span {
  switch (per) {
    case 'minute':
      return even(at, minuteMs, 0);
    case 'hour':
      return even(at, hourMs, 0);
    case 'day':
      return even(at, dayMs, 0);
    case 'week':
      return even(at, 7 * dayMs, firstMonday);
    case 'month':
      return month(at);
    case 'total':
      return { start: 0, end: Infinity };
  }
}

function even(at: number, length: number, offset: number): Span {
  const start = Math.floor((at - offset) / length) * length + offset;
  return { start, end: start + length };
}

function month(at: number): Span {
  const date = new Date(at);
  const [year, index] = [date.getUTCFullYear(), date.getUTCMonth()];
  return { start: Date.UTC(year, index, 1), end: Date.UTC(year, index + 1, 1) };
}

/** `this minute`, `today (UTC)`, … for sentences about what was spent. */
export function windowWords(per: LimitWindow): string {
  switch (per) {
    case 'request':
      return 'in this request';
    case 'day':
      return 'today (UTC)';
    case 'total':
      return 'in all';
    case 'minute':
    case 'hour':
    case 'week':
    case 'month':
      return `this ${per}${per === 'week' || per === 'month' ? ' (UTC)' : ''}`;
  }
}

/** `45 s`, `12 min`, `3 h 12 min`, `4 d 2 h`: how long until a window ends. */
export function durationWords(ms: number): string {
  const minutes = Math.ceil(ms / minuteMs);
  if (ms < minuteMs) return `${Math.max(1, Math.ceil(ms / 1_000))} s`;
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return hours % 24 === 0 ? `${hours / 24} d` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}
