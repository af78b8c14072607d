/** How providers say no, and which class of the design each of it belongs to. */
import type { Wire as WireName } from '../core/catalog.ts';
import type { FailureKind } from '../emulator/script.ts';
import { wires } from './answer.ts';
import type { Mood } from './universe.ts';

export type Refusal = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

/** What the design calls a mood, before any content: any of these. Silence is told by a timeout. */
export const classesOf: Readonly<Record<Mood, readonly string[]>> = {
  rate_limit: ['rate_limit'],
  rate_limit_bare: ['rate_limit'],
  quota: ['quota'],
  server_error: ['server_error'],
  html: ['server_error'],
  overloaded: ['overloaded'],
  empty: ['server_error'],
  garbage: ['server_error'],
  error_first: ['overloaded', 'server_error'],
  error_later: ['overloaded', 'server_error'],
  stall: ['timeout'],
  stall_head: ['timeout'],
  stall_later: ['timeout'],
  cut: ['server_error'],
  reset: ['connection'],
  reset_later: ['connection'],
  refused: ['connection'],
  silent_connect: ['timeout'],
  gone: ['model_gone'],
  auth: ['auth'],
  context: ['context'],
  moderation: ['moderation'],
  too_large_for_rate: ['too_large_for_rate'],
  unsupported: ['unsupported'],
};

const json = { 'content-type': 'application/json' };

/** The refusal of a mood, where it is one. */
export function refusalOf(mood: Mood, wire: WireName, retryAfter: number): Refusal | undefined {
  switch (mood) {
    case 'rate_limit':
      return {
        ...said('rate_limit', wire),
        status: 429,
        headers: { ...json, 'retry-after': String(retryAfter) },
      };
    case 'rate_limit_bare':
      return plain(429, 'Slow down, please.', 'rate_limit_error');
    case 'quota':
      return wire === 'gemini' ? plain(402, 'Payment is required.', 'billing') : said('out_of_credit', wire);
    case 'server_error':
      return said('server_error', wire);
    case 'html':
      return {
        status: 502,
        headers: { 'content-type': 'text/html' },
        body: '<html><title>502 Bad Gateway</title></html>',
      };
    case 'overloaded':
      return said('overloaded', wire);
    case 'gone':
      return said('unknown_model', wire);
    case 'auth':
      return plain(401, 'Incorrect API key provided.', 'authentication_error');
    case 'context':
      return plain(400, 'prompt is too long: 250000 tokens > 200000 maximum', 'invalid_request_error');
    case 'moderation':
      return plain(400, 'It was flagged by our content policy.', 'invalid_request_error');
    case 'too_large_for_rate':
      return plain(429, 'Request too large for this account on tokens per min (TPM)', 'tokens');
    case 'unsupported':
      return {
        status: 400,
        headers: json,
        body: JSON.stringify({
          error: {
            message: "Unknown parameter: 'frobnicate'.",
            type: 'invalid_request_error',
            param: 'frobnicate',
          },
        }),
      };
    default:
      return undefined;
  }
}

/** Whoever is asked, the request itself is wrong. */
export const callersFault: Refusal = plain(400, 'The request makes no sense.', 'invalid_request_error');

/** An error inside a stream that began well. */
export function errorEventOf(wire: WireName): string {
  const spoken = wires[wire];
  return spoken.errorEvent(
    spoken.failure('overloaded', { vendor: 'openai', requestId: 'req_1', model: 'm' }).body,
  );
}

function said(kind: FailureKind, wire: WireName): Refusal {
  const { status, body } = wires[wire].failure(kind, { vendor: 'openai', requestId: 'req_1', model: 'm' });
  return { status, headers: json, body: JSON.stringify(body) };
}

function plain(status: number, message: string, type: string): Refusal {
  return { status, headers: json, body: JSON.stringify({ type: 'error', error: { message, type } }) };
}
