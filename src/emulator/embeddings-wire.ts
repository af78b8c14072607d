/** `POST /embeddings` as OpenAI has it: vectors that depend on the text and on nothing else. */
import { hash, randomBytes } from 'node:crypto';
import { promptTokens } from '../core/usage.ts';
import { BadAsk, type Ask, type Segment } from './ask.ts';
import { geminiFailure } from './gemini-wire.ts';
import { count, dict, list, text, type Dict } from './json.ts';
import { openaiWire } from './openai-wire.ts';
import { countTokens } from './tokens.ts';
import type { Transcript, Wire } from './wire.ts';

/** Numbers of a vector when the request does not say. */
const usualDimensions = 256;

/** Nothing of it is streamed. */
const nothing = { start: () => '', token: () => '', end: () => '' };

export const embeddingsWire: Wire = {
  ...openaiWire,
  read: readEmbeddingsAsk,
  newId: () => `embd-${randomBytes(12).toString('hex')}`,
  // Vendors do not cache what they embed.
  cached: (_cache, _place, { prompt }) => ({
    input: prompt.reduce((sum, { tokens }) => sum + tokens, 0),
    cacheRead: 0,
    cacheWrite: 0,
    cacheWrite1h: 0,
  }),
  transcript: ({ ask }): Transcript => ({
    ...nothing,
    whole: ({ usage }) => {
      const tokens = promptTokens(usage);
      return {
        object: 'list',
        data: ask.prompt.map((segment, index) => ({
          object: 'embedding',
          index,
          embedding: written(vectorOf(segment.text, dimensionsOf(ask)), ask),
        })),
        model: ask.model,
        usage: { prompt_tokens: tokens, total_tokens: tokens },
      };
    },
  }),
};

/** Gemini's way: `batchEmbedContents`. What it read, it tells as `usageMetadata`. */
export const geminiEmbeddingsWire: Wire = {
  ...embeddingsWire,
  failure: geminiFailure,
  read: (body) => {
    const requests = list(body['requests']).map(dict);
    const input = requests.flatMap(({ content }) =>
      list(dict(content)['parts']).map((part) => text(dict(part)['text'])),
    );
    const dimensions = requests[0]?.['outputDimensionality'];
    return readEmbeddingsAsk({ model: body['model'], input, dimensions });
  },
  transcript: ({ ask }) => ({
    ...nothing,
    whole: ({ usage }) => ({
      embeddings: ask.prompt.map((segment) => ({ values: vectorOf(segment.text, dimensionsOf(ask)) })),
      usageMetadata: { promptTokenCount: promptTokens(usage) },
    }),
  }),
};

function dimensionsOf({ vectors }: Ask): number {
  return vectors?.dimensions ?? usualDimensions;
}

function readEmbeddingsAsk(body: Dict): Ask {
  if (text(body['model']) === '') throw new BadAsk('you must provide a model parameter', 'model');
  const prompt = segmentsOf(body['input']);
  if (prompt.length === 0) throw new BadAsk("'input' must not be empty", 'input');
  return {
    model: text(body['model']),
    stream: false,
    reportUsage: true,
    choices: 1,
    // Nothing is written: only the prompt is billed.
    maxTokens: 0,
    stop: [],
    prompt,
    userText: '',
    toolResults: 0,
    tools: [],
    toolChoice: 'none',
    reasoning: 'none',
    vectors: {
      dimensions: Math.min(count(body['dimensions']) ?? usualDimensions, 4_096),
      base64: dict(body)['encoding_format'] === 'base64',
    },
  };
}

/** A text, texts, the tokens of a text, or those of several. */
function segmentsOf(input: unknown): readonly Segment[] {
  if (typeof input === 'string') return input === '' ? [] : [{ text: input, tokens: countTokens(input) }];
  const items = list(input);
  if (items.some((item) => typeof item === 'number'))
    return [{ text: items.join(' '), tokens: items.length }];
  return items.flatMap(segmentsOf);
}

/** Of length one, as the vendors' are. */
function vectorOf(source: string, dimensions: number): readonly number[] {
  const raw: number[] = [];
  for (let block = 0; raw.length < dimensions; block++)
    raw.push(...[...hash('sha256', `${block} ${source}`, 'buffer')].map((byte) => byte / 127.5 - 1));
  const kept = raw.slice(0, dimensions);
  const length = Math.hypot(...kept);
  return kept.map((number) => number / length);
}

function written(vector: readonly number[], ask: Ask): readonly number[] | string {
  return ask.vectors?.base64 === true
    ? Buffer.from(Float32Array.from(vector).buffer).toString('base64')
    : vector;
}
