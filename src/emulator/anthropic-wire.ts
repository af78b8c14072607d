/** The wire `anthropic`: the Messages API. */
import { hash, randomBytes } from 'node:crypto';
import { readAnthropicAsk } from './anthropic-ask.ts';
import { BadAsk } from './ask.ts';
import type { Choice, Part } from './answer.ts';
import { dict, parse, type Dict } from './json.ts';
import type { PromptUsage } from './prompt-cache.ts';
import type { FailureKind } from './script.ts';
import type { Answering, FailureDetails, Token, Transcript, Wire } from './wire.ts';

export const anthropicWire: Wire = {
  read(body, _vendor, headers) {
    if (headers['anthropic-version'] === undefined) throw new BadAsk('anthropic-version: header is required');
    return readAnthropicAsk(body);
  },
  requestIdHeader: 'request-id',
  newId: () => newId('msg'),
  cached: (cache, place, ask, at) => cache.marked(place, ask.prompt, at),
  // The vendor counts thoughts as output and does not tell them apart.
  usage: (prompt, tokens) => ({ ...prompt, output: tokens.length }),
  transcript,
  failure,
  errorEvent: (body) => frame('error', body),
  models: (_vendor, listings) => ({
    data: listings.map(({ id, name, released }) => ({
      type: 'model',
      id,
      display_name: name,
      created_at: `${released ?? '1970-01-01'}T00:00:00Z`,
    })),
    has_more: false,
    first_id: listings[0]?.id ?? null,
    last_id: listings.at(-1)?.id ?? null,
  }),
};

function newId(prefix: string): string {
  return `${prefix}_01${randomBytes(24).toString('base64url').replaceAll(/[-_]/g, 'x').slice(0, 22)}`;
}

function frame(event: string, data: Dict): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;
}

const finishes = { stop: 'end_turn', length: 'max_tokens', tool: 'tool_use' } as const satisfies Record<
  Choice['finish'],
  string
>;

function stopOf({ finish, stopSequence }: Choice): Dict {
  const reason = stopSequence === undefined ? finishes[finish] : 'stop_sequence';
  return { stop_reason: reason, stop_sequence: stopSequence ?? null };
}

function transcript(answering: Answering): Transcript {
  const { id, ask, prompt, choices } = answering;
  const choice = choices[0] ?? { parts: [], finish: 'stop' };
  const toolId = newId('toolu');
  const head = { id, type: 'message', role: 'assistant', model: ask.model };
  return {
    start() {
      const usage = {
        ...promptUsage(prompt),
        ...cacheCreation(prompt),
        output_tokens: 1,
        service_tier: 'standard',
      };
      const message = { ...head, content: [], stop_reason: null, stop_sequence: null, usage };
      return frame('message_start', { type: 'message_start', message }) + ping;
    },
    token: (token) =>
      blockStart(token, toolId) + blockDelta(token, ask.reasoning === 'shown') + blockStop(token),
    end({ usage }) {
      const counts = { ...promptUsage(prompt), output_tokens: usage.output };
      const delta = frame('message_delta', { type: 'message_delta', delta: stopOf(choice), usage: counts });
      return delta + frame('message_stop', { type: 'message_stop' });
    },
    whole: ({ usage }) => ({
      ...head,
      content: choice.parts.map((part) => block(part, toolId, ask.reasoning === 'shown')),
      ...stopOf(choice),
      usage: {
        ...promptUsage(prompt),
        ...cacheCreation(prompt),
        output_tokens: usage.output,
        service_tier: 'standard',
      },
    }),
  };
}

const ping = frame('ping', { type: 'ping' });

function promptUsage({ input, cacheRead, cacheWrite, cacheWrite1h }: PromptUsage): Dict {
  return {
    input_tokens: input,
    cache_creation_input_tokens: cacheWrite + cacheWrite1h,
    cache_read_input_tokens: cacheRead,
  };
}

function cacheCreation({ cacheWrite, cacheWrite1h }: PromptUsage): Dict {
  return {
    cache_creation: { ephemeral_5m_input_tokens: cacheWrite, ephemeral_1h_input_tokens: cacheWrite1h },
  };
}

function blockStart({ first, part, partIndex }: Token, toolId: string): string {
  if (!first) return '';
  const empty = {
    reasoning: { type: 'thinking', thinking: '', signature: '' },
    text: { type: 'text', text: '' },
    tool: { type: 'tool_use', id: toolId, name: part.kind === 'tool' ? part.name : '', input: {} },
  }[part.kind];
  return frame('content_block_start', {
    type: 'content_block_start',
    index: partIndex,
    content_block: empty,
  });
}

function blockDelta({ part, partIndex: index, text }: Token, shown: boolean): string {
  if (part.kind === 'reasoning' && !shown) return '';
  const delta = {
    reasoning: { type: 'thinking_delta', thinking: text },
    text: { type: 'text_delta', text },
    tool: { type: 'input_json_delta', partial_json: text },
  }[part.kind];
  return frame('content_block_delta', { type: 'content_block_delta', index, delta });
}

function blockStop({ last, part, partIndex: index }: Token): string {
  if (!last) return '';
  const delta = { type: 'signature_delta', signature: signatureOf(part) };
  const signed =
    part.kind === 'reasoning'
      ? frame('content_block_delta', { type: 'content_block_delta', index, delta })
      : '';
  return signed + frame('content_block_stop', { type: 'content_block_stop', index });
}

function block(part: Part, toolId: string, shown: boolean): Dict {
  const said = part.pieces.join('');
  switch (part.kind) {
    case 'reasoning':
      return { type: 'thinking', thinking: shown ? said : '', signature: signatureOf(part) };
    case 'text':
      return { type: 'text', text: said };
    case 'tool':
      // Arguments cut off by the cap are no JSON: the vendor then sends what it could read.
      return { type: 'tool_use', id: toolId, name: part.name, input: dict(parse(said)) };
  }
}

function signatureOf(part: Part): string {
  return hash('sha512', part.pieces.join(''), 'base64');
}

/** Types as the API reference lists them; the sentences are ours, but for those that are signs of a cause. */
const errors = {
  invalid_request: [400, 'invalid_request_error', 'The request is not valid.'],
  unknown_route: [404, 'not_found_error', 'Not found'],
  too_large: [413, 'request_too_large', 'The request body is too large.'],
  unknown_model: [404, 'not_found_error', 'model'],
  rate_limit: [429, 'rate_limit_error', 'This request would exceed the rate limit of your organization.'],
  server_error: [500, 'api_error', 'Internal server error'],
  overloaded: [529, 'overloaded_error', 'Overloaded'],
  out_of_credit: [
    400,
    'invalid_request_error',
    'Your credit balance is too low to access the Anthropic API.',
  ],
} as const satisfies Record<FailureKind, readonly [status: number, type: string, message: string]>;

function failure(kind: FailureKind, details: FailureDetails): { status: number; body: Dict } {
  const [status, type, usual] = errors[kind];
  const message = details.message ?? (kind === 'unknown_model' ? `model: ${details.model}` : usual);
  return { status, body: { type: 'error', error: { type, message }, request_id: details.requestId } };
}
