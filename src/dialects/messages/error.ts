/** Problems in Anthropic's envelope: its clients raise by status, and show the message. */
import { optional } from '../../core/optional.ts';
import type { Problem } from '../../core/problem.ts';
import type { AttemptRecord } from '../../core/record.ts';
import type { JsonObject } from '../../core/snapshot.ts';
import type { AnswerIdentity } from '../dialect.ts';
import { namedFrame } from '../sse.ts';

/** Facts: Anthropic's API reference, Errors. */
const types: Readonly<Record<number, string>> = {
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  408: 'timeout_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  503: 'overloaded_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

/** The body of an error answer; `failed` are the attempts that were made before. */
export function messagesError(
  problem: Problem,
  failed: readonly AttemptRecord[],
  generation: string,
): JsonObject {
  const previous = failed.map(({ provider, model, outcome, status }) => ({
    provider,
    model,
    code: outcome,
    status,
  }));
  return {
    type: 'error',
    error: {
      type: types[problem.status] ?? (problem.status >= 500 ? 'api_error' : 'invalid_request_error'),
      message: problem.message,
      code: problem.code,
      ...optional('param', problem.param),
      metadata: {
        error_type: problem.type,
        ...optional('provider_name', problem.upstream?.provider),
        ...optional('provider_code', problem.upstream?.code),
        ...optional('raw', problem.upstream?.message),
        ...optional('limit', problem.limit),
        ...(previous.length > 0 ? { previous_errors: previous } : {}),
      },
    },
    request_id: generation === '' ? null : generation,
  };
}

/** The one event that ends a broken stream. */
export function messagesErrorEvent(
  problem: Problem,
  failed: readonly AttemptRecord[],
  identity: AnswerIdentity,
): string {
  return namedFrame('error', JSON.stringify(messagesError(problem, failed, identity.generation)));
}
