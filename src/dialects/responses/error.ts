/** Problems in OpenAI's envelope: `type` and `code` are strings, `code` is our own; the official SDKs go by the status. */
import { asObject } from '../../core/json.ts';
import type { Problem } from '../../core/problem.ts';
import type { AttemptRecord } from '../../core/record.ts';
import type { JsonObject } from '../../core/snapshot.ts';
import { chatError } from '../chat/error.ts';
import type { AnswerIdentity } from '../dialect.ts';
import { namedFrame } from '../sse.ts';
import { answerIdOf, emptyResponse } from './response.ts';

/** The body of an error answer; `failed` are the attempts that were made before. */
export function responsesError(problem: Problem, failed: readonly AttemptRecord[]): JsonObject {
  const metadata = asObject(asObject(chatError(problem, failed)['error'])['metadata']);
  return {
    error: {
      message: problem.message,
      type: typeOf(problem),
      param: problem.param ?? null,
      code: codeOf(problem),
      metadata,
    },
  };
}

/** OpenAI's own word for money that is used up: its clients show it, and do not ask again. */
const exhausted = 'insufficient_quota';

function codeOf({ code }: Problem): string {
  return code === 'limit_exhausted' ? exhausted : code;
}

function typeOf({ status, code }: Problem): string {
  if (code === 'limit_exhausted') return exhausted;
  if (status === 401) return 'authentication_error';
  if (status === 403) return 'permission_error';
  if (status === 404) return 'not_found_error';
  if (status === 429) return 'rate_limit_error';
  return status < 500 ? 'invalid_request_error' : 'server_error';
}

/** Past every number that a stream has used: who writes the end of a broken stream does not know where it was. */
const lastSequenceNumber = 2_147_483_647;

/**
 * The one event that ends a broken stream. It is `response.failed`, because agents take a bare `error` event for
 * noise and go on waiting.
 */
export function responsesErrorEvent(
  problem: Problem,
  failed: readonly AttemptRecord[],
  identity: AnswerIdentity,
): string {
  const error = asObject(responsesError(problem, failed)['error']);
  const response = {
    ...emptyResponse(identity),
    id: answerIdOf(identity),
    status: 'failed',
    error: { ...error, code: failureCode(problem) },
  };
  return namedFrame(
    'response.failed',
    JSON.stringify({ type: 'response.failed', sequence_number: lastSequenceNumber, response }),
  );
}

/** Inside a stream the codes are OpenAI's closed list: agents decide by them whether to ask again. */
function failureCode(problem: Problem): string {
  if (problem.code === 'context_length_exceeded') return problem.code;
  if (problem.code === 'limit_exhausted') return exhausted;
  if (problem.status === 429) return 'rate_limit_exceeded';
  return problem.retry ? 'server_error' : 'invalid_prompt';
}
