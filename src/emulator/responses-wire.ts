/** The wire `openai-responses`: OpenAI's Responses API. */
import { hash, randomBytes } from 'node:crypto';
import { completionTokens, promptTokens, type Usage } from '../core/usage.ts';
import type { Part } from './answer.ts';
import type { Dict } from './json.ts';
import { openaiFailure, openaiWire } from './openai-wire.ts';
import { readResponsesAsk } from './responses-ask.ts';
import type { Answering, Token, Transcript, Wire } from './wire.ts';

export const responsesWire: Wire = {
  ...openaiWire,
  read: readResponsesAsk,
  newId: () => newId('resp'),
  transcript,
  failure: openaiFailure,
  errorEvent: (body) => frame({ type: 'error', sequence_number: 0, error: body['error'] }),
};

function newId(prefix: string): string {
  return `${prefix}_${randomBytes(24).toString('hex')}`;
}

function frame(event: Dict): string {
  return `event: ${String(event['type'])}\ndata: ${JSON.stringify(event)}\n\n`;
}

/** An item of the answer, with the ids it keeps through the stream. */
type Item = { readonly part: Part; readonly id: string; readonly callId: string };

const prefixes = { reasoning: 'rs', text: 'msg', tool: 'fc' } as const satisfies Record<Part['kind'], string>;

function transcript(answering: Answering): Transcript {
  const { ask, choices } = answering;
  const choice = choices[0] ?? { parts: [], finish: 'stop' as const };
  const cut = choice.finish === 'length';
  const items = choice.parts.map((part): Item => ({
    part,
    id: newId(prefixes[part.kind]),
    callId: `call_${randomBytes(12).toString('hex')}`,
  }));
  const shown = ask.reasoning === 'shown';
  let sequence = 0;
  const event = (type: string, more: Dict): string => frame({ type, sequence_number: sequence++, ...more });
  const said = (): readonly Dict[] =>
    items.map((item, at) =>
      written(item, shown, cut && at === items.length - 1 ? 'incomplete' : 'completed'),
    );
  const response = (status: string, usage: Usage | undefined): Dict => ({
    ...envelope(answering, status),
    output: usage ? said() : [],
    usage: usage ? usageOf(usage) : null,
  });
  return {
    start: () =>
      ['response.created', 'response.in_progress']
        .map((type) => event(type, { response: response('in_progress', undefined) }))
        .join(''),
    token(token) {
      const item = items[token.partIndex];
      return item
        ? eventsOf(token, item, shown)
            .map(([type, more]) => event(type, more))
            .join('')
        : '';
    },
    end: ({ usage }) =>
      event(cut ? 'response.incomplete' : 'response.completed', {
        response: response(cut ? 'incomplete' : 'completed', usage),
      }),
    whole: ({ usage }) => response(cut ? 'incomplete' : 'completed', usage),
  };
}

function envelope({ id, at, ask }: Answering, status: string): Dict {
  return {
    id,
    object: 'response',
    created_at: Math.floor(at / 1_000),
    status,
    completed_at: status === 'completed' ? Math.floor(at / 1_000) : null,
    error: null,
    frequency_penalty: 0,
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    instructions: null,
    max_output_tokens: ask.maxTokens ?? null,
    model: ask.model,
    parallel_tool_calls: true,
    presence_penalty: 0,
    previous_response_id: null,
    store: false,
    temperature: 1,
    text: { format: { type: 'text' } },
    tool_choice: 'auto',
    tools: [],
    top_p: 1,
    truncation: 'disabled',
    metadata: {},
  };
}

function usageOf(usage: Usage): Dict {
  const input_tokens = promptTokens(usage);
  const output_tokens = completionTokens(usage);
  return {
    input_tokens,
    input_tokens_details: { cached_tokens: usage.cacheRead ?? 0, cache_write_tokens: 0 },
    output_tokens,
    output_tokens_details: { reasoning_tokens: usage.reasoning ?? 0 },
    total_tokens: input_tokens + output_tokens,
  };
}

function written({ part, id, callId }: Item, shown: boolean, status: string): Dict {
  const said = part.pieces.join('');
  switch (part.kind) {
    case 'reasoning':
      return {
        id,
        type: 'reasoning',
        encrypted_content: sealed(part),
        summary: shown ? [{ type: 'summary_text', text: said }] : [],
      };
    case 'text':
      return { id, type: 'message', status, role: 'assistant', content: [textPart(said)] };
    case 'tool':
      return { id, type: 'function_call', status, call_id: callId, name: part.name, arguments: said };
  }
}

function textPart(said: string): Dict {
  return { type: 'output_text', annotations: [], logprobs: [], text: said };
}

/** Stands for thoughts that only the vendor can read. */
function sealed(part: Part): string {
  return `gAAAAA${hash('sha512', part.pieces.join(''), 'base64url')}`;
}

type Event = readonly [type: string, more: Dict];

/** What one token adds to the stream: before the first of its item the opening, after the last the closing. */
function eventsOf(token: Token, item: Item, shown: boolean): readonly Event[] {
  const { part, id } = item;
  const at: Dict = { item_id: id, output_index: token.partIndex };
  const said = part.pieces.join('');
  const item_ = { output_index: token.partIndex };
  const opening: Event = ['response.output_item.added', { ...item_, item: opened(item) }];
  const closing: Event = ['response.output_item.done', { ...item_, item: written(item, shown, 'completed') }];
  const inner = innerEvents(part.kind, at, { piece: token.text, said });
  const visible = part.kind !== 'reasoning' || shown;
  return [
    ...(token.first ? [opening, ...(visible ? inner.open : [])] : []),
    ...(visible ? [inner.delta] : []),
    ...(token.last ? [...(visible ? inner.close : []), closing] : []),
  ];
}

function opened({ part, id, callId }: Item): Dict {
  switch (part.kind) {
    case 'reasoning':
      return { id, type: 'reasoning', summary: [] };
    case 'text':
      return { id, type: 'message', status: 'in_progress', role: 'assistant', content: [] };
    case 'tool':
      return {
        id,
        type: 'function_call',
        status: 'in_progress',
        call_id: callId,
        name: part.name,
        arguments: '',
      };
  }
}

type Inner = { readonly open: readonly Event[]; readonly delta: Event; readonly close: readonly Event[] };
type Words = { readonly piece: string; readonly said: string };

function innerEvents(kind: Part['kind'], at: Dict, { piece, said }: Words): Inner {
  if (kind === 'tool')
    return {
      open: [],
      delta: ['response.function_call_arguments.delta', { ...at, delta: piece }],
      close: [['response.function_call_arguments.done', { ...at, arguments: said }]],
    };
  if (kind === 'text') {
    const place = { ...at, content_index: 0 };
    return {
      open: [['response.content_part.added', { ...place, part: textPart('') }]],
      delta: ['response.output_text.delta', { ...place, logprobs: [], delta: piece }],
      close: [
        ['response.output_text.done', { ...place, logprobs: [], text: said }],
        ['response.content_part.done', { ...place, part: textPart(said) }],
      ],
    };
  }
  const place = { ...at, summary_index: 0 };
  const part = (text: string): Dict => ({ type: 'summary_text', text });
  return {
    open: [['response.reasoning_summary_part.added', { ...place, part: part('') }]],
    delta: ['response.reasoning_summary_text.delta', { ...place, delta: piece }],
    close: [
      ['response.reasoning_summary_text.done', { ...place, text: said }],
      ['response.reasoning_summary_part.done', { ...place, part: part(said) }],
    ],
  };
}
