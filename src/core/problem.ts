/**
 * The closed table of refusals and failures that the gateway itself reports: code, HTTP status, a safe
 * sentence. Dialects put them into their own envelope. Upstream text never comes through here unless the
 * caller's own request was at fault.
 */

import type { JsonObject } from './snapshot.ts';

/** Every code the gateway can answer with. `status` is HTTP; `retry`: may the very same request succeed later? */
const table = {
  invalid_json: { status: 400, type: 'invalid_request', retry: false },
  invalid_request: { status: 400, type: 'invalid_request', retry: false },
  unsupported_content_type: { status: 415, type: 'invalid_request', retry: false },
  unsupported_encoding: { status: 415, type: 'invalid_request', retry: false },
  body_too_large: { status: 413, type: 'payload_too_large', retry: false },
  body_incomplete: { status: 400, type: 'invalid_request', retry: false },
  request_timeout: { status: 408, type: 'timeout', retry: true },
  missing_key: { status: 401, type: 'authentication', retry: false },
  invalid_key: { status: 401, type: 'authentication', retry: false },
  key_disabled: { status: 401, type: 'authentication', retry: false },
  key_expired: { status: 401, type: 'authentication', retry: false },
  preset_not_allowed: { status: 403, type: 'permission_denied', retry: false },
  model_not_allowed: { status: 403, type: 'permission_denied', retry: false },
  presets_read_only: { status: 403, type: 'permission_denied', retry: false },
  models_locked: { status: 403, type: 'permission_denied', retry: false },
  preset_not_found: { status: 404, type: 'not_found', retry: false },
  preset_version_not_found: { status: 404, type: 'not_found', retry: false },
  preset_disabled: { status: 404, type: 'not_found', retry: false },
  preset_archived: { status: 404, type: 'not_found', retry: false },
  preset_invalid: { status: 400, type: 'invalid_request', retry: false },
  preset_conflict: { status: 409, type: 'conflict', retry: false },
  no_route_matched: { status: 404, type: 'not_found', retry: false },
  model_not_found: { status: 404, type: 'not_found', retry: false },
  generation_not_found: { status: 404, type: 'not_found', retry: false },
  route_not_found: { status: 404, type: 'not_found', retry: false },
  method_not_allowed: { status: 405, type: 'invalid_request', retry: false },
  upgrade_required: { status: 426, type: 'invalid_request', retry: false },
  no_endpoint: { status: 404, type: 'not_found', retry: false },
  context_length_exceeded: { status: 400, type: 'context_length_exceeded', retry: false },
  limit_exhausted: { status: 402, type: 'payment_required', retry: false },
  limit_busy: { status: 429, type: 'rate_limit_exceeded', retry: true },
  rate_limited: { status: 429, type: 'rate_limit_exceeded', retry: true },
  cost_unbounded: { status: 400, type: 'invalid_request', retry: false },
  model_unpriced: { status: 402, type: 'payment_required', retry: false },
  upstream_refused: { status: 400, type: 'invalid_request', retry: false },
  upstream_rate_limited: { status: 429, type: 'rate_limit_exceeded', retry: true },
  upstream_overloaded: { status: 503, type: 'provider_overloaded', retry: true },
  upstream_unavailable: { status: 502, type: 'provider_unavailable', retry: true },
  upstream_timeout: { status: 504, type: 'timeout', retry: true },
  upstream_credit: { status: 502, type: 'provider_unavailable', retry: false },
  upstream_auth: { status: 502, type: 'provider_unavailable', retry: false },
  upstream_model_gone: { status: 404, type: 'not_found', retry: false },
  upstream_moderation: { status: 403, type: 'content_policy_violation', retry: false },
  stream_interrupted: { status: 502, type: 'provider_unavailable', retry: true },
  ledger_unavailable: { status: 503, type: 'provider_unavailable', retry: true },
  busy: { status: 503, type: 'provider_overloaded', retry: true },
  draining: { status: 503, type: 'provider_unavailable', retry: true },
  internal: { status: 500, type: 'server', retry: true },
} as const satisfies Record<string, { status: number; type: string; retry: boolean }>;

export type ProblemCode = keyof typeof table;

/** A refusal or failure, as data. */
export type Problem = {
  readonly code: ProblemCode;
  readonly status: number;
  /** OpenRouter's `error_type`. */
  readonly type: string;
  /** Safe to show to the caller: names the field and the fix. */
  readonly message: string;
  /** False → `x-should-retry: false`. */
  readonly retry: boolean;
  /** Seconds; sent as `Retry-After`. */
  readonly retryAfter?: number;
  /** The request field at fault. */
  readonly param?: string;
  /** The provider's own message and code, only where the caller's request was at fault there. */
  readonly upstream?: {
    readonly provider: string;
    readonly status: number;
    readonly message: string;
    readonly code?: string;
  };
  /** The limit that stands in the way: its scope, what was spent and held of it, when it begins anew. */
  readonly limit?: JsonObject;
};

export type ProblemDetails = Pick<Problem, 'retryAfter' | 'param' | 'upstream' | 'limit'> & {
  readonly status?: number;
  readonly retry?: boolean;
};

/** Builds a problem; status and retry come from the table unless `details.status` overrides it. */
export function problem(code: ProblemCode, message: string, details: ProblemDetails = {}): Problem {
  const row = table[code];
  return { code, message, status: row.status, type: row.type, retry: row.retry, ...details };
}

/** All codes with their status, for the documentation and its test. */
export const problemTable: Readonly<
  Record<ProblemCode, { readonly status: number; readonly type: string; readonly retry: boolean }>
> = table;

/** Thrown by the verbs of the story to end a request with a problem; caught in one place, in serve. */
export class Refused extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

/** Shorthand: `throw refuse('preset_not_found', '…')`. */
export function refuse(code: ProblemCode, message: string, details: ProblemDetails = {}): Refused {
  return new Refused(problem(code, message, details));
}
