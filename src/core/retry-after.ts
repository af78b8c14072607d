/**
 * When a provider said to come back. Each has its own way: `Retry-After` in seconds or as an HTTP date (RFC 9110),
 * `retry-after-ms` (OpenAI, Azure), RetryInfo in the body (Google), and, where none of them is sent, the moments at
 * which the limits of a 429 begin anew (`x-ratelimit-reset-*` of OpenAI, Groq and OpenRouter,
 * `anthropic-ratelimit-*-reset`). Pure.
 */

export type RetryHints = {
  readonly headers: Readonly<Record<string, string>>;
  /** Google's RetryInfo, e.g. `34s`. */
  readonly retryDelay?: string;
  /** It is a 429: only then do the limits' own clocks speak of this request. */
  readonly limited: boolean;
  /** Epoch ms here; a `date` header, which is the provider's own clock, goes before. */
  readonly now: number;
};

const minRetryMs = 1_000;
/** Providers have been seen to send absurd values that would freeze an account for days. */
const maxRetryMs = 3_600_000;

/** Ms to wait, from 1 s to 1 h; undefined = nothing was said that can be understood. */
export function retryAfterMs({ headers, retryDelay, limited, now }: RetryHints): number | undefined {
  const theirs = httpDate(headers['date']) ?? now;
  const wait =
    number(headers['retry-after-ms']) ??
    retryAfter(headers['retry-after'], theirs) ??
    (retryDelay === undefined ? undefined : duration(retryDelay)) ??
    (limited ? reset(headers, theirs) : undefined);
  return wait === undefined ? undefined : Math.min(Math.max(wait, minRetryMs), maxRetryMs);
}

function retryAfter(value: string | undefined, now: number): number | undefined {
  const seconds = number(value);
  if (seconds !== undefined) return seconds * 1_000;
  const until = httpDate(value);
  return until === undefined ? undefined : until - now;
}

/** Not negative. */
function number(value: string | undefined): number | undefined {
  return value !== undefined && /^\s*\d{1,15}(\.\d+)?\s*$/.test(value) ? Number(value) : undefined;
}

/** `Wed, 21 Oct 2026 07:28:00 GMT` → epoch ms. */
function httpDate(value: string | undefined): number | undefined {
  return value !== undefined && /^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} [\d:]{8} GMT$/.test(value)
    ? finite(Date.parse(value))
    : undefined;
}

const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** As Go prints it: `6m0s`, `18.642s`, `120ms`. What is below a millisecond counts as nothing. */
function duration(text: string): number | undefined {
  if (!/^(\d{1,9}(\.\d{1,9})?(h|ms|m|s|µs|us|ns))+$/.test(text)) return undefined;
  const parts = text.matchAll(/([\d.]+)(h|ms|m|s|µs|us|ns)/g);
  return [...parts].reduce((sum, [, count, unit]) => sum + Number(count) * (unitMs[unit ?? ''] ?? 0), 0);
}

const resetName = /^(?:x-ratelimit-reset(?:-(.+))?|anthropic-ratelimit-(.+)-reset)$/;

/**
 * The limits that are used up decide, the last of them to begin anew. Where none is, the request was larger than what
 * was left of one, and nobody says of which: then the first, for a probe that comes too early costs one refusal.
 */
function reset(headers: Readonly<Record<string, string>>, now: number): number | undefined {
  const waits = Object.entries(headers).flatMap(([name, value]) => {
    const match = resetName.exec(name);
    const ms = match ? moment(value, now) : undefined;
    return match && ms !== undefined ? [{ ms, used: remaining(headers, match) === 0 }] : [];
  });
  const used = waits.filter((wait) => wait.used);
  if (used.length > 0) return Math.max(...used.map(({ ms }) => ms));
  return waits.length > 0 ? Math.min(...waits.map(({ ms }) => ms)) : undefined;
}

function remaining(
  headers: Readonly<Record<string, string>>,
  [, openai, anthropic]: RegExpExecArray,
): number | undefined {
  if (anthropic !== undefined) return number(headers[`anthropic-ratelimit-${anthropic}-remaining`]);
  return number(headers[`x-ratelimit-remaining${openai === undefined ? '' : `-${openai}`}`]);
}

/** A duration; a time (RFC 3339); or a number: seconds from now, or the epoch's seconds or milliseconds. */
function moment(text: string, now: number): number | undefined {
  if (/^\d{4}-\d{2}-\d{2}T/.test(text)) {
    const at = finite(Date.parse(text));
    return at === undefined ? undefined : at - now;
  }
  const count = number(text);
  if (count === undefined) return duration(text);
  if (count >= 1e12) return count - now;
  return count >= 1e9 ? count * 1_000 - now : count * 1_000;
}

function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}
