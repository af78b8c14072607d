/**
 * From an exact o200k count to a bound for the model that will be billed. The bound by bytes is certain and coarse;
 * this one is close, and certain where the vocabulary is known. Where nothing is known the bound by bytes stays.
 */
import type { Needs } from './ask.ts';
import { once } from './once.ts';
import type { Endpoint, Preset } from './snapshot.ts';

/** What was counted of a request's text. */
export type Counted = {
  /** An upper bound of its o200k tokens. */
  readonly tokens: number;
  /** Bytes of its characters outside Latin script: vocabularies differ most in those. */
  readonly foreignBytes: number;
};

type Vocabulary = {
  /** The vendor's tokens for each o200k token of Latin text. */
  readonly factor: number;
  /** The very vocabulary that was counted with, so other scripts need no bound of their own. */
  readonly exact?: true;
};

/**
 * By canonical slug; the first that fits counts. Factors are upper quantiles, not proofs, and generous: measured bytes
 * per token are 4.0 with o200k and 3.6 with Claude's older vocabulary for English and code, and the newer one makes
 * about 30 % more tokens (Anthropic's documentation). For the others the published worst agreement of an o200k-like
 * estimate with the vendor's own count is some 79 % for short prompts, and 67 % for Llama, Grok and MiniMax
 * (ai-tokenizer 1.0.6, README). cl100k needs 1.1 to 1.5 times as many tokens for languages in Latin script
 * (OpenAI's announcement of GPT-4o). Names that are not here, future ones included, have no factor.
 */
const vocabularies: readonly (readonly [model: RegExp, vocabulary: Vocabulary])[] = [
  [/^openai\/(gpt-4o|gpt-4\.1|gpt-5|gpt-oss|o1|o3|o4)(?![a-z0-9])/, { factor: 1, exact: true }],
  [/^openai\/(gpt-3\.5|gpt-4|text-embedding-3|text-embedding-ada)(?![a-z0-9.])/, { factor: 1.5 }],
  [/^anthropic\/claude-(opus-4\.[1-6]|sonnet-4(\.[0-9])?|haiku-4\.5)$/, { factor: 1.5 }],
  [/^anthropic\/claude-/, { factor: 2 }],
  [/^(deepseek|google|qwen|z-ai|moonshotai|mistralai)\//, { factor: 1.5 }],
  [/^(meta-llama|x-ai|minimax)\//, { factor: 2 }],
];

/** A bound of the prompt's tokens at this model, never above `promptBoundAt`. */
export function tokenBound({ tokens, foreignBytes }: Counted, reader: Reader, needs: Needs): number {
  const { slug } = reader.model;
  const byBytes = promptBoundAt(reader, needs);
  const vocabulary = vocabularies.find(([model]) => model.test(slug))?.[1];
  if (!vocabulary || needs.pdf) return byBytes;
  const { factor, exact } = vocabulary;
  const text = Math.ceil(tokens * factor) + (exact ? 0 : foreignBytes);
  return Math.min(byBytes, text + needs.beside + needs.images * dearerImages(slug));
}

/**
 * The certain bound of the prompt's tokens at this endpoint: a token per byte, its own price in tokens of an image,
 * and for documents everything that it can read.
 */
export function promptBoundAt({ model, context, maxInput }: Reader, needs: Needs): number {
  const text = needs.promptBound + needs.images * dearerImages(model.slug);
  return needs.pdf ? Math.max(text, maxInput ?? context ?? 0) : text;
}

/** What of an endpoint a bound depends on. */
export type Reader = Pick<Endpoint, 'context' | 'maxInput'> & { readonly model: { readonly slug: string } };

/** What a preset adds to every prompt, at most: system prompt, tools and answer schema, with what is put around them. */
export function addedByPreset(preset: Preset | undefined): number {
  return preset === undefined ? 0 : weightOf(preset);
}

const weightOf = once(({ systemPrompt, tools, parameters }: Preset): number => {
  const prompt = systemPrompt === undefined ? 0 : Buffer.byteLength(systemPrompt) + 8;
  const { response_format: format } = parameters;
  const schema = format === undefined ? 0 : Buffer.byteLength(JSON.stringify(format)) + 800;
  return prompt + schema + (tools.length === 0 ? 0 : Buffer.byteLength(JSON.stringify(tools)) + 800);
});

/**
 * Tokens of an image beyond what every request allows for one. GPT-4o mini takes 2,833 and 5,667 for each of up to eight
 * tiles (OpenAI's vision guide; 8,512 for one tile was measured), Llama up to four times 1,601 (Together's guide).
 */
function dearerImages(slug: string): number {
  if (/^openai\/gpt-4o-mini(?![a-z0-9])/.test(slug)) return 2_833 + 8 * 5_667;
  return /^meta(-llama)?\//.test(slug) ? 4 * 1_601 : 0;
}

/**
 * Bytes of the characters of UTF-8 text outside Latin script. Latin letters with marks (to U+024F, and U+1E00 to
 * U+1EFF) and general punctuation (U+2000 to U+207F) are not among them.
 */
export function foreignBytes(bytes: Uint8Array): number {
  let foreign = 0;
  let inside = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x80) continue;
    if (byte >= 0xc0) inside = !isLatin(byte, bytes[at + 1] ?? 0);
    if (inside) foreign++;
  }
  return foreign;
}

function isLatin(first: number, second: number): boolean {
  if (first < 0xe0) return first < 0xc9 || (first === 0xc9 && second < 0x90);
  if (first === 0xe1) return second >= 0xb8 && second <= 0xbb;
  return first === 0xe2 && second <= 0x81;
}
