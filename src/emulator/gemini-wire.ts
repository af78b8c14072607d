/** The wire `gemini`: generateContent. Shapes as in its API reference and in recorded answers. */
import { hash, randomBytes } from 'node:crypto';
import { promptTokens } from '../core/usage.ts';
import type { Choice, Part } from './answer.ts';
import { readGeminiAsk } from './gemini-ask.ts';
import { dict, parse, type Dict } from './json.ts';
import { openaiWire } from './openai-wire.ts';
import type { FailureKind } from './script.ts';
import type { Answering, FailureDetails, Token, Transcript, Wire } from './wire.ts';

export const geminiWire: Wire = {
  ...openaiWire,
  read: readGeminiAsk,
  newId: () => randomBytes(17).toString('base64url').slice(0, 22),
  transcript,
  failure: geminiFailure,
  errorEvent: frame,
  models: (_vendor, listings) => ({
    models: listings.map(({ id, name }) => ({
      name: `models/${id}`,
      displayName: name,
      supportedGenerationMethods: ['generateContent', 'countTokens'],
    })),
  }),
};

function frame(data: Dict): string {
  return `data: ${JSON.stringify(data)}\n\n`;
}

type Counts = { readonly output: number; readonly thoughts: number };

function transcript(answering: Answering): Transcript {
  const { choices } = answering;
  const said = choices.map(() => ({ output: 0, thoughts: 0 }));
  const total = (): Counts => ({
    output: said.reduce((sum, { output }) => sum + output, 0),
    thoughts: said.reduce((sum, { thoughts }) => sum + thoughts, 0),
  });
  const event = (candidate: Dict): string => frame(response(answering, [candidate], total()));
  return {
    start: () => '',
    token(token) {
      const counts = said[token.choice];
      if (counts) counts[token.part.kind === 'reasoning' ? 'thoughts' : 'output'] += 1;
      const part = partOf(token, answering);
      return part ? event({ content: { parts: [part], role: 'model' }, index: token.choice }) : '';
    },
    end: () =>
      choices
        .map((choice, index) =>
          event({ content: { parts: [lastPart(choice)], role: 'model' }, ...finishOf(choice), index }),
        )
        .join(''),
    whole: ({ usage }) => {
      const counts = { output: usage.output, thoughts: usage.reasoning ?? 0 };
      const candidates = choices.map((choice, index) => ({
        content: { parts: wholeParts(choice, answering), role: 'model' },
        ...finishOf(choice),
        index,
      }));
      return response(answering, candidates, counts);
    },
  };
}

function response({ id, ask, prompt }: Answering, candidates: readonly Dict[], counts: Counts): Dict {
  const promptTokenCount = promptTokens({ ...prompt, output: 0 });
  const { output, thoughts } = counts;
  return {
    candidates,
    usageMetadata: {
      promptTokenCount,
      candidatesTokenCount: output,
      totalTokenCount: promptTokenCount + output + thoughts,
      ...(prompt.cacheRead > 0 ? { cachedContentTokenCount: prompt.cacheRead } : {}),
      promptTokensDetails: [{ modality: 'TEXT', tokenCount: promptTokenCount }],
      ...(thoughts > 0 ? { thoughtsTokenCount: thoughts } : {}),
    },
    modelVersion: ask.model,
    responseId: id,
  };
}

/** A call comes whole, with its last token; thoughts only where they are shown. */
function partOf({ part, text, last }: Token, { ask }: Answering): Dict | undefined {
  switch (part.kind) {
    case 'text':
      return { text };
    case 'reasoning':
      return ask.reasoning === 'shown' ? { text, thought: true } : undefined;
    case 'tool':
      return last ? callOf(part) : undefined;
  }
}

/** Arguments cut off by the cap are no JSON: the vendor then sends what it could read. */
function callOf(part: Part & { readonly kind: 'tool' }): Dict {
  const args = dict(parse(part.pieces.join('')));
  return { functionCall: { name: part.name, args }, thoughtSignature: signatureOf(part) };
}

/** The signature of an answer without calls comes at its end, in a part without text. */
function lastPart({ parts }: Choice): Dict {
  const thoughts = parts.find(({ kind }) => kind === 'reasoning');
  const signed = thoughts && !parts.some(({ kind }) => kind === 'tool');
  return { text: '', ...(signed ? { thoughtSignature: signatureOf(thoughts) } : {}) };
}

function wholeParts(choice: Choice, { ask }: Answering): readonly Dict[] {
  const signed = lastPart(choice);
  const parts = choice.parts.flatMap((part): readonly Dict[] => {
    if (part.kind === 'tool') return [callOf(part)];
    if (part.kind === 'text') return [{ ...signed, text: part.pieces.join('') }];
    return ask.reasoning === 'shown' ? [{ text: part.pieces.join(''), thought: true }] : [];
  });
  return parts.length > 0 ? parts : [signed];
}

function signatureOf(part: Part): string {
  return hash('sha512', part.pieces.join(''), 'base64');
}

function finishOf({ finish }: Choice): Dict {
  return { finishReason: finish === 'length' ? 'MAX_TOKENS' : 'STOP' };
}

/** Statuses as Google's error model names them; the sentences are ours, but for those that are signs of a cause. */
const errors = {
  invalid_request: [400, 'INVALID_ARGUMENT', 'The request is not valid.'],
  unknown_route: [404, 'NOT_FOUND', 'There is no such method.'],
  too_large: [413, 'INVALID_ARGUMENT', 'The request payload is too large.'],
  unknown_model: [404, 'NOT_FOUND', 'model'],
  rate_limit: [429, 'RESOURCE_EXHAUSTED', 'Too many requests for this project.'],
  server_error: [500, 'INTERNAL', 'An internal error has occurred.'],
  overloaded: [503, 'UNAVAILABLE', 'The model is overloaded.'],
  out_of_credit: [429, 'RESOURCE_EXHAUSTED', 'You exceeded your current quota; check your plan and billing.'],
} as const satisfies Record<FailureKind, readonly [code: number, status: string, message: string]>;

/** Google's error model. */
export function geminiFailure(kind: FailureKind, details: FailureDetails): { status: number; body: Dict } {
  const [code, status, usual] = errors[kind];
  const message =
    details.message ??
    (kind === 'unknown_model' ? `models/${details.model} is not found for API version v1beta.` : usual);
  const retry = { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '30s' };
  return {
    status: code,
    body: { error: { code, message, status, ...(kind === 'rate_limit' ? { details: [retry] } : {}) } },
  };
}
