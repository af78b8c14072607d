/** The wire `openai-chat`: chat completions as OpenAI and those who follow it send them. */
import { readOpenaiAsk } from './openai-ask.ts';
import type { Choice, Part } from './answer.ts';
import type { Dict } from './json.ts';
import type { FailureKind } from './script.ts';
import type { Answering, FailureDetails, Token, Transcript, Wire } from './wire.ts';
import { vendorNamed } from './vendor.ts';

export const openaiWire: Wire = {
  read: readOpenaiAsk,
  requestIdHeader: 'x-request-id',
  newId: (vendor) => vendorNamed(vendor).newId(),
  cached: (cache, place, ask, at) => cache.implicit(place, ask.prompt, at),
  usage(prompt, tokens) {
    const reasoning = tokens.filter(({ part }) => part.kind === 'reasoning').length;
    return { input: prompt.input, cacheRead: prompt.cacheRead, output: tokens.length - reasoning, reasoning };
  },
  transcript,
  failure: openaiFailure,
  errorEvent: (body) => frame(body),
  models: (vendor, listings) => ({
    object: 'list',
    data: listings.map(({ id, released }) => ({
      id,
      object: 'model',
      created: Math.floor((released ? Date.parse(released) : 0) / 1_000),
      owned_by: vendor,
    })),
  }),
};

function frame(data: Dict): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

const finishes = { stop: 'stop', length: 'length', tool: 'tool_calls' } as const satisfies Record<
  Choice['finish'],
  string
>;

function transcript(answering: Answering): Transcript {
  const { ask, choices } = answering;
  const vendor = vendorNamed(answering.vendor);
  const callIds = choices.map(() => vendor.newCallId());
  const head = (object: string): Dict => ({
    id: answering.id,
    object,
    created: Math.floor(answering.at / 1_000),
    model: ask.model,
    system_fingerprint: 'fp_emulator',
  });
  const chunk = (choices: readonly Dict[], usage: Dict | null): string =>
    frame({ ...head('chat.completion.chunk'), choices, ...(ask.reportUsage ? { usage } : {}) });
  const delta = (index: number, delta: Dict): string =>
    chunk([{ index, delta, logprobs: null, finish_reason: null }], null);

  return {
    start: () =>
      vendor.prelude + choices.map((_, index) => delta(index, { role: 'assistant', content: '' })).join(''),
    token(token) {
      const { choice, part, text } = token;
      if (part.kind === 'text') return delta(choice, { content: text });
      if (part.kind === 'tool')
        return callPieces(token, callIds[choice] ?? '')
          .map((piece) => delta(choice, piece))
          .join('');
      const field = shownField(answering);
      return field ? delta(choice, { [field]: text }) : '';
    },
    end(reading) {
      const usage = vendor.usage(reading);
      const finish = choices.map((choice, index) => {
        const carriesUsage = vendor.usageWithFinish && index === choices.length - 1;
        const ended = { index, delta: {}, logprobs: null, finish_reason: finishes[choice.finish] };
        return chunk([ended], carriesUsage ? usage : null);
      });
      const extra = ask.reportUsage && !vendor.usageWithFinish ? chunk([], usage) : '';
      return `${finish.join('')}${extra}data: [DONE]\n\n`;
    },
    whole: (reading) => ({
      ...head('chat.completion'),
      choices: choices.map((choice, index) => ({
        index,
        message: message(choice, callIds[index] ?? '', answering),
        logprobs: null,
        finish_reason: finishes[choice.finish],
      })),
      usage: vendor.usage(reading),
    }),
  };
}

/** The first piece of a tool call is preceded by its id and name. */
function callPieces({ part, text, first }: Token, id: string): readonly Dict[] {
  const name = part.kind === 'tool' ? part.name : '';
  const opening = { index: 0, id, type: 'function', function: { name, arguments: '' } };
  const piece = { tool_calls: [{ index: 0, function: { arguments: text } }] };
  return first ? [{ tool_calls: [opening] }, piece] : [piece];
}

function shownField({ ask, vendor }: Answering): string | undefined {
  return ask.reasoning === 'shown' ? vendorNamed(vendor).reasoningField : undefined;
}

function message({ parts }: Choice, id: string, answering: Answering): Dict {
  const said = (kind: Part['kind']): string =>
    parts.find((part) => part.kind === kind)?.pieces.join('') ?? '';
  const tool = parts.find((part) => part.kind === 'tool');
  const field = shownField(answering);
  return {
    role: 'assistant',
    content: tool ? vendorNamed(answering.vendor).noContent : said('text'),
    ...(field ? { [field]: said('reasoning') } : {}),
    ...(tool && {
      tool_calls: [{ id, type: 'function', function: { name: tool.name, arguments: tool.pieces.join('') } }],
    }),
  };
}

type ErrorRow = {
  readonly status: number;
  readonly type: string;
  readonly code: string | null;
  readonly message: string;
};

/** Types and codes as OpenAI sends them; the sentences are ours. */
function errorRow(kind: FailureKind, { vendor, model }: FailureDetails): ErrorRow {
  const invalid = { type: 'invalid_request_error', code: null };
  switch (kind) {
    case 'invalid_request':
      return { ...invalid, status: 400, message: 'The request is not valid.' };
    case 'unknown_route':
      return { ...invalid, status: 404, message: 'Unknown request URL.' };
    case 'too_large':
      return { ...invalid, status: 413, message: 'The request body is too large.' };
    case 'unknown_model':
      return {
        ...invalid,
        status: 404,
        code: 'model_not_found',
        message: `The model \`${model}\` does not exist.`,
      };
    case 'rate_limit':
      return {
        status: 429,
        type: 'requests',
        code: 'rate_limit_exceeded',
        message: `Rate limit reached for ${model}.`,
      };
    case 'server_error':
      return {
        status: 500,
        type: 'server_error',
        code: null,
        message: 'The server failed to process the request.',
      };
    case 'overloaded':
      return {
        status: 503,
        type: 'service_unavailable_error',
        code: null,
        message: 'The engine is overloaded.',
      };
    case 'out_of_credit':
      return vendorNamed(vendor).outOfCredit;
  }
}

/** The body that all of OpenAI's dialects refuse with. */
export function openaiFailure(kind: FailureKind, details: FailureDetails): { status: number; body: Dict } {
  const { status, type, code, message } = errorRow(kind, details);
  return {
    status,
    body: { error: { message: details.message ?? message, type, param: details.param ?? null, code } },
  };
}
