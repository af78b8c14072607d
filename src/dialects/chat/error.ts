/** Problems in the chat dialect's envelope, which is OpenRouter's: `code` is the HTTP status, `type` names the problem. */
import { optional } from '../../core/optional.ts';
import type { Problem } from '../../core/problem.ts';
import type { AttemptRecord } from '../../core/record.ts';
import type { JsonObject } from '../../core/snapshot.ts';
import type { AnswerIdentity } from '../dialect.ts';
import { dataFrame } from '../sse.ts';

/** The body of an error answer; `failed` are the attempts that were made before. */
export function chatError(problem: Problem, failed: readonly AttemptRecord[]): JsonObject {
  const previous = failed.map(({ provider, model, outcome, status }) => ({
    provider,
    model,
    code: outcome,
    status,
  }));
  return {
    error: {
      code: problem.status,
      message: problem.message,
      type: problem.code,
      param: problem.param ?? null,
      metadata: {
        error_type: problem.type,
        ...optional('provider_name', problem.upstream?.provider),
        ...optional('provider_code', problem.upstream?.code),
        ...optional('raw', problem.upstream?.message),
        ...optional('limit', problem.limit),
        ...(previous.length > 0 ? { previous_errors: previous } : {}),
      },
    },
  };
}

/** The one event that ends a broken stream: it carries the error, and `finish_reason` says so too. */
export function chatErrorEvent(
  problem: Problem,
  failed: readonly AttemptRecord[],
  identity: AnswerIdentity,
): string {
  return dataFrame(
    JSON.stringify({
      id: identity.generation,
      object: 'chat.completion.chunk',
      created: identity.created,
      model: identity.model,
      ...chatError(problem, failed),
      choices: [{ index: 0, delta: { content: '' }, finish_reason: 'error' }],
    }),
  );
}
