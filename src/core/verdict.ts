/** When no endpoint could serve: which problem the caller is told. Pure. */
import { soonest, type Rest } from './breaker.ts';
import type { Failure } from './failure.ts';
import { optional } from './optional.ts';
import { problem, problemTable, type Problem, type ProblemCode } from './problem.ts';
import type { Skip } from './record.ts';

/** A failure and the endpoint it came from. */
export type Failed = { readonly endpoint: string; readonly provider: string; readonly failure: Failure };

/** An endpoint that is left alone, and why. */
export type Resting = { readonly endpoint: string; readonly rest: Rest };

const codes: Readonly<Record<Exclude<Failure['class'], 'caller' | 'unsupported' | 'context'>, ProblemCode>> =
  {
    moderation: 'upstream_moderation',
    auth: 'upstream_auth',
    quota: 'upstream_credit',
    rate_limit: 'upstream_rate_limited',
    too_large_for_rate: 'upstream_rate_limited',
    overloaded: 'upstream_overloaded',
    server_error: 'upstream_unavailable',
    timeout: 'upstream_timeout',
    connection: 'upstream_unavailable',
    model_gone: 'upstream_model_gone',
    client_gone: 'stream_interrupted',
    budget: 'ledger_unavailable',
  };

/**
 * After every attempt failed the first real error is the answer, for it is the primary's. The provider's words
 * are passed on only where the request itself was at fault: then they are what the caller must read. What rests tells
 * no error, but when it is back. `now` is epoch ms.
 */
export function problemOfFailures(
  failed: readonly [Failed, ...Failed[]],
  resting: readonly Resting[],
  now: number,
): Problem {
  const own = failed.find(({ failure }) => failure.class === 'caller') ?? failed[0];
  const { failure, provider } = own;
  if (failure.class === 'caller' || failure.class === 'unsupported' || failure.class === 'context') {
    const code = failure.class === 'context' ? 'context_length_exceeded' : 'upstream_refused';
    const status = failure.status >= 400 && failure.status < 500 ? failure.status : 400;
    return problem(code, `${provider} refused the request: ${failure.message}`, {
      status,
      ...optional('param', failure.param),
      upstream: {
        provider,
        status: failure.status,
        message: failure.message,
        ...optional('code', failure.code),
      },
    });
  }
  const known = resting.filter(({ rest }) => rest.why === 'rate_limit');
  const waits = [
    ...failed.map(({ failure: { retryAfterMs } }) => retryAfterMs),
    ...known.map(({ rest: { until } }) => until && Math.max(1_000, until - now)),
  ].filter((ms) => ms !== undefined);
  const tried = failed
    .map(({ endpoint, failure: { class: reason } }) => `${endpoint} (${reason})`)
    .join(', ');
  const retryAfter = waits.length > 0 ? Math.ceil(Math.min(...waits) / 1_000) : undefined;
  return problem(
    codes[failure.class],
    `No endpoint could serve this request. Tried: ${tried}.`,
    optional('retryAfter', retryAfter),
  );
}

/** Everybody who could serve is left alone: what the one says that is back first, and when that is. `now` is epoch ms. */
export function problemOfResting(resting: readonly [Resting, ...Resting[]], now: number): Problem {
  const first = soonest(resting)?.rest ?? resting[0].rest;
  const told = resting.map(({ endpoint, rest }) => `${endpoint} (${rest.why})`).join(', ');
  const code = first.reason === 'breaker' ? codes[first.why] : 'upstream_unavailable';
  const known = first.until !== undefined && problemTable[code].retry;
  return problem(
    code,
    `Every endpoint that could serve this request is left alone for now: ${told}.`,
    known ? { retryAfter: Math.max(1, Math.ceil(((first.until ?? now) - now) / 1_000)) } : {},
  );
}

/** Nothing may or can serve the request: every endpoint was left out before anything was sent. */
export function problemOfPlan(skipped: readonly Skip[]): Problem {
  const reasons = skipped.map(({ endpoint, reason }) => `${endpoint}: ${reason}`).join(', ');
  if (skipped.length > 0 && skipped.every(({ reason }) => reason === 'context')) {
    return problem(
      'context_length_exceeded',
      `The prompt is too long for every model that may serve it (${reasons}).`,
    );
  }
  return problem(
    'no_endpoint',
    `No endpoint may or can serve this request. Left out: ${reasons || 'none is configured'}.`,
  );
}
