/** When something ends, as people type it: `18:30`, `24:00`, `2027-01-31`, `2h`. Pure. */
import { parseDuration } from '../core/duration.ts';
import { usageError } from './stop.ts';

const dayMs = 86_400_000;
const forms = '18:30 (today, UTC), 24:00, 2h, or a date such as 2027-01-31';

/** Epoch ms of an end that is to come; `now` is epoch ms. Throws a usage error. */
export function readUntil(text: string | undefined, now: number): number {
  if (text === undefined) throw usageError(`until when? --until ${forms}`);
  const until = timeToday(text, now) ?? dateOf(text) ?? later(text, now);
  if (until === undefined) throw usageError(`--until takes ${forms}, not "${text}"`);
  if (until <= now)
    throw usageError(
      `--until ${text} is past: it is ${new Date(now).toISOString().slice(0, 16).replace('T', ' ')} UTC`,
    );
  return until;
}

function timeToday(text: string, now: number): number | undefined {
  const match = /^(\d{1,2}):(\d\d)$/.exec(text);
  if (!match) return undefined;
  const minutes = Number(match[1]) * 60 + Number(match[2]);
  if (Number(match[2]) > 59 || minutes > 24 * 60) return undefined;
  return Math.floor(now / dayMs) * dayMs + minutes * 60_000;
}

/** A date begins at 00:00 UTC; it may be followed by a time. */
function dateOf(text: string): number | undefined {
  const match = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::\d\d)?Z?)?$/.exec(text);
  if (!match) return undefined;
  const [, day = '', time = '00:00'] = match;
  const at = Date.parse(`${day}T${time}:00Z`);
  // JavaScript reads 31 February as 3 March.
  return Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== day ? undefined : at;
}

function later(text: string, now: number): number | undefined {
  const duration = parseDuration(text);
  return duration === undefined ? undefined : now + duration;
}
