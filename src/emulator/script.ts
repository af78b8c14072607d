/** What is to happen to a request: decided here from the armed fault, acted out in play.ts. */
import type { Fault } from './faults.ts';
import type { Pace } from './pump.ts';

/** The ways in which a vendor says no. */
export type FailureKind =
  | 'invalid_request'
  | 'unknown_route'
  | 'too_large'
  | 'rate_limit'
  | 'server_error'
  | 'overloaded'
  | 'unknown_model'
  | 'out_of_credit';

export type Script =
  /** An error body; `status` where it is not the failure's own. */
  | {
      readonly act: 'fail';
      readonly failure: FailureKind;
      readonly retryAfter?: number;
      readonly status?: number;
    }
  /** Bytes that no API would send. */
  | { readonly act: 'reply'; readonly status: number; readonly contentType: string; readonly body: string }
  /** Silence, after the head of the answer or before it. */
  | { readonly act: 'hang'; readonly head: boolean }
  | { readonly act: 'reset' }
  /** The answer, or its first `tokens` tokens, and how it ends. */
  | { readonly act: 'answer'; readonly pace: Pace; readonly tokens: number; readonly ending: AnswerEnding };

export type AnswerEnding = 'finish' | 'error' | 'stall' | 'cut';

/** A proxy's error page in its plainest form. */
const badGateway =
  '<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<h1>502 Bad Gateway</h1>\r\n' +
  '<p>The emulated upstream sent nothing that this proxy understands.</p>\r\n</body>\r\n</html>\r\n';

export function scriptFor(fault: Fault | undefined, stream: boolean, pace: Pace): Script {
  const part = (ending: AnswerEnding, tokens = fault?.afterTokens ?? 5): Script => ({
    act: 'answer',
    pace,
    tokens,
    ending,
  });
  switch (fault?.kind) {
    case undefined:
      return part('finish', Infinity);
    case 'rate_limit':
      return { act: 'fail', failure: 'rate_limit', retryAfter: fault.retryAfter ?? 30 };
    case 'server_error':
    case 'overloaded':
    case 'unknown_model':
    case 'out_of_credit':
      return { act: 'fail', failure: fault.kind };
    case 'html_502':
      return { act: 'reply', status: 502, contentType: 'text/html', body: badGateway };
    case 'empty_200':
      return {
        act: 'reply',
        status: 200,
        contentType: stream ? 'text/event-stream' : 'application/json',
        body: '',
      };
    case 'error_in_stream':
      return stream ? part('error', 0) : { act: 'fail', failure: 'overloaded', status: 200 };
    case 'error_after_content':
      return stream ? part('error') : { act: 'fail', failure: 'server_error' };
    case 'stall':
      return { act: 'hang', head: stream };
    case 'stall_mid_stream':
      return part('stall');
    case 'cut':
      return part('cut');
    case 'reset':
    // Whoever comes by an old address although nobody should be listening.
    case 'refused':
      return { act: 'reset' };
    case 'slow':
      return { act: 'answer', pace: slowPace(fault), tokens: Infinity, ending: 'finish' };
  }
}

function slowPace({ delayMs = 3_000, tokensPerSecond = 5 }: Fault): Pace {
  return { firstTokenMs: delayMs, tokensPerSecond };
}
