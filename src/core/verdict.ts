/** When no endpoint could serve: which problem the caller is told. Pure. */
import type { Failure } from './failure.ts';
import { optional } from './optional.ts';
import { problem, type Problem, type ProblemCode } from './problem.ts';
import type { Skip } from './record.ts';

/** A failure and the endpoint it came from. */
export type Failed = { readonly endpoint: string; readonly provider: string; readonly failure: Failure };

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
 * are passed on only where the request itself was at fault: then they are what the caller must read.
 */
export function problemOfFailures(failed: readonly [Failed, ...Failed[]]): Problem {
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
  const waits = failed.map((one) => one.failure.retryAfterMs).filter((ms) => ms !== undefined);
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
