/** What a request asks for, whatever wire it came on: as much as the emulator needs to answer, count and bill. */
import type { Dict } from './json.ts';

/** A part of the prompt, in the order in which the model reads it: tools, system, messages. */
export type Segment = {
  /** Role and content; of images a digest. */
  readonly text: string;
  readonly tokens: number;
  /** The request asks to cache the prompt up to and including this part, for so many ms. */
  readonly cacheFor?: number;
};

export type ToolOffer = { readonly name: string; /** JSON Schema of its arguments. */ readonly schema: Dict };

export type ToolChoice = 'auto' | 'none' | 'required' | { readonly name: string };

export type Ask = {
  /** The vendor's own model id. */
  readonly model: string;
  readonly stream: boolean;
  /** Report usage at the end of a stream. */
  readonly reportUsage: boolean;
  /** How many answers (`n`). */
  readonly choices: number;
  /** Most tokens of one answer, reasoning included; absent = no cap. */
  readonly maxTokens?: number;
  readonly stop: readonly string[];
  readonly prompt: readonly Segment[];
  /** The last thing the user wrote. */
  readonly userText: string;
  /** The text of the last tool result, when the conversation ends with one. */
  readonly toolResult?: string;
  /** How many tool results the conversation has. */
  readonly toolResults: number;
  readonly tools: readonly ToolOffer[];
  readonly toolChoice: ToolChoice;
  /** JSON Schema that the answer must satisfy. */
  readonly answerSchema?: Dict;
  /** Whether to think first, and whether the thoughts are shown. */
  readonly reasoning: 'none' | 'shown' | 'hidden';
  /** Of a request for embeddings: how the vectors are written. */
  readonly vectors?: { readonly dimensions: number; readonly base64: boolean };
};

/** A request that the vendor would not accept: answered with 400 in the vendor's shape. */
export class BadAsk extends Error {
  /** The field at fault. */
  readonly param: string | undefined;
  constructor(message: string, param?: string) {
    super(message);
    this.param = param;
  }
}
