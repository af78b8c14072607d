/** Problems that arise before a generation begins, in the envelope of the dialect that the client was speaking. */
import type { Problem } from './core/problem.ts';
import { chatDialect } from './dialects/chat/dialect.ts';
import type { Dialect } from './dialects/dialect.ts';
import { messagesDialect } from './dialects/messages/dialect.ts';
import { responsesDialect } from './dialects/responses/dialect.ts';
import { retryHeaders, type OutHeaders } from './request/respond.ts';

/** What is known of a request that got no further: perhaps not even its address. */
export type RequestHead = {
  readonly url?: string | undefined;
  readonly headers: { readonly [name: string]: string | readonly string[] | undefined };
};

export type ProblemAnswer = { readonly status: number; readonly headers: OutHeaders; readonly body: Buffer };

/** The answer that tells it; `id` is the request's, for the client's log. */
export function problemAnswer(told: Problem, head: RequestHead, id: string): ProblemAnswer {
  const dialect = dialectOf(head);
  const body = Buffer.from(JSON.stringify(dialect.error(told, [], id)));
  return {
    status: told.status,
    headers: {
      'content-type': 'application/json',
      'content-length': String(body.length),
      // Anthropic's clients read the first, OpenAI's the second.
      [dialect === messagesDialect ? 'request-id' : 'x-request-id']: id,
      ...retryHeaders(told),
    },
    body,
  };
}

const family = /^\/(?:api\/)?v1\/(messages|responses)(?![\w-])/;

/** By the route, those below it included; where several dialects share one, by the header that only Anthropic's clients send. */
function dialectOf({ url = '', headers }: RequestHead): Dialect {
  const route = family.exec(url)?.[1];
  if (route === 'responses') return responsesDialect;
  return route === 'messages' || headers['anthropic-version'] !== undefined ? messagesDialect : chatDialect;
}
