/** Refusals for money, rate and number: what the caller is told, and in which form its client understands it. Pure. */
import type { Api } from './ask.ts';
import { limitFacts, limitSentence, type LimitState } from './limit-state.ts';
import { problem, type Problem } from './problem.ts';

export type RefusalInput = {
  readonly denied: 'exhausted' | 'busy' | 'unpriced' | 'unbounded' | 'unavailable';
  readonly limit?: LimitState;
  readonly part?: string;
};

export type RefusalContext = {
  /** Epoch ms. */
  readonly now: number;
  /** Whom to ask, of the workspace. */
  readonly contact: string | undefined;
  /** The endpoint that was left out, where one was. */
  readonly endpoint?: string;
};

/** Seconds after which a settlement has likely made room. */
const busyRetry = 2;
/** Official clients wait by themselves up to a minute; what takes longer is the caller's to decide. */
const patientMs = 60_000;

export function problemOfDenial({ denied, limit, part }: RefusalInput, context: RefusalContext): Problem {
  const { now, contact, endpoint = 'The model' } = context;
  if (denied === 'unpriced')
    return problem(
      'model_unpriced',
      `${endpoint} has no price, and a limit in dollars applies: set its price in the configuration, or free: true.`,
    );
  if (denied === 'unbounded')
    return problem(
      'cost_unbounded',
      `A limit in dollars applies, and nothing bounds the cost of ${part ?? 'a part of the request'}: send it inline, or leave it out; give tools that the provider runs "max_uses".`,
      part === undefined ? {} : { param: part.split(':', 1)[0] ?? part },
    );
  if (denied === 'unavailable' || !limit)
    return problem(
      'ledger_unavailable',
      'Limits apply, and the ledger cannot be reached: nothing is spent that cannot be counted.',
      { retryAfter: busyRetry },
    );
  const sentence = limitSentence(limit, now, contact);
  const facts = limitFacts(limit, contact);
  if (denied === 'busy' || limit.unit === 'concurrent')
    return problem('limit_busy', sentence, { retryAfter: busyRetry, limit: facts });
  if (limit.unit === 'usd' || limit.unit === 'premium_usd')
    return problem('limit_exhausted', sentence, { limit: facts });
  const wait = limit.resetsAt === undefined ? Infinity : limit.resetsAt - now;
  if (wait > patientMs) return problem('rate_limited', sentence, { retry: false, limit: facts });
  return problem('rate_limited', sentence, {
    retryAfter: Math.max(1, Math.ceil(wait / 1_000)),
    limit: facts,
  });
}

/**
 * The HTTP status by which a client understands an exhausted budget. Clients of Responses know 429 with
 * `insufficient_quota`; Codex shows a 400's text once and retries a 429 without a word.
 */
export function statusFor({ code, status }: Problem, api: Api, originator: string | undefined): number {
  if (code !== 'limit_exhausted' || api !== 'responses') return status;
  return originator?.startsWith('codex') === true ? 400 : 429;
}
