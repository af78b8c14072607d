/**
 * A client that asks again after it was failed: its library does so unasked, and each time may be paid again. Known by
 * the count that Stainless' libraries send, and by the body, where the same caller sent it shortly before in vain.
 */
import { optional } from '../core/optional.ts';
import type { ClientRetry } from '../core/record.ts';
import type { World } from '../ports.ts';
import type { Headers } from './authenticate.ts';
import type { Trail } from './trail.ts';

/** Fact: OpenAI's and Anthropic's libraries send 0 first, then 1, 2, … */
const countHeader = 'x-stainless-retry-count';

/** What tells that this request was made before; undefined = nothing does. The body must have been read. */
export function recognise(trail: Trail, headers: Headers, { retries }: World): ClientRetry | undefined {
  const said = Number(headers[countHeader] ?? 0);
  const count = Number.isSafeInteger(said) && said > 0 ? Math.min(said, 1_000) : undefined;
  const question = questionOf(trail);
  const of = question && retries?.of(question.caller, question.body);
  return count === undefined && of === undefined
    ? undefined
    : { ...optional('of', of), ...optional('count', count) };
}

/** The client has not been served, or has left: if it comes again, that is a retry. The second time nothing is done. */
export function expectRetry(trail: Trail, { retries }: World): void {
  const question = questionOf(trail);
  if (!retries || !question || trail.retryExpected) return;
  trail.retryExpected = true;
  retries.note(question.caller, question.body, trail.id);
}

/** It was served: when it was asked again, or after all, where it had only closed its connection early. */
export function expectNoRetry(trail: Trail, { retries }: World): void {
  const failedBefore = trail.retryExpected === true || trail.clientRetry?.of !== undefined;
  const question = failedBefore ? questionOf(trail) : undefined;
  if (question) retries?.forget(question.caller, question.body);
}

type Question = { readonly caller: string; readonly body: Uint8Array };

function questionOf({ key, ask, api }: Trail): Question | undefined {
  return key && ask && { caller: `${key.workspace}/${key.name}/${api}`, body: ask.source.body };
}
