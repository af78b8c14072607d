/**
 * The canonical conversation: the only shape dialects share. A request is read into it when it must cross from
 * one wire to another, and an answer is a sequence of parts that any dialect can write. Same wire in and out
 * never comes through here: there, bytes pass.
 */
import type { JsonObject, JsonValue } from './snapshot.ts';
import type { Usage } from './usage.ts';

/** Where a provider's cache should put a breakpoint, as the caller wrote it (`{ type: 'ephemeral', ttl? }`). */
export type CacheMark = JsonObject;

export type TextBlock = {
  readonly type: 'text';
  readonly text: string;
  readonly cache?: CacheMark;
  /** Of an answer: the log probabilities of its tokens. */
  readonly logprobs?: readonly JsonValue[];
  /** Of an answer: these are the words in which the model refused. */
  readonly refusal?: true;
};

export type Content =
  | TextBlock
  | { readonly type: 'image'; readonly image: Media; readonly detail?: string; readonly cache?: CacheMark }
  | { readonly type: 'file'; readonly file: Media; readonly name?: string; readonly cache?: CacheMark }
  | { readonly type: 'audio'; readonly data: string; readonly format: string };

/** Bytes in the request, or an address that the provider fetches; the gateway never does. */
export type Media =
  | { readonly kind: 'base64'; readonly mediaType: string; readonly data: string }
  | { readonly kind: 'url'; readonly url: string };

export type ToolCall = {
  readonly id: string;
  readonly name: string;
  /** JSON text as the model wrote it; '' stands for no arguments. */
  readonly arguments: string;
  /** A signature that belongs to the call itself (Gemini's `thoughtSignature`). Only for its issuer. */
  readonly signature?: string;
};

/**
 * What a model thought. `signature` proves to its issuer that the text is its own: Anthropic's `signature`,
 * Responses' `encrypted_content`, Gemini's `thoughtSignature`. `redacted` is thinking that only the issuer can read.
 */
export type Thinking = {
  readonly type: 'thinking';
  readonly text: string;
  readonly signature?: string;
  readonly redacted?: string;
  /** The item's id on the Responses wire. */
  readonly id?: string;
};

export type AssistantBlock =
  | TextBlock
  | Thinking
  | ({ readonly type: 'call'; readonly cache?: CacheMark } & ToolCall);

export type Turn =
  | { readonly role: 'system'; readonly content: readonly Content[] }
  | { readonly role: 'user'; readonly content: readonly Content[] }
  /** Blocks in the order the model wrote them. */
  | { readonly role: 'assistant'; readonly content: readonly AssistantBlock[] }
  | {
      readonly role: 'tool';
      readonly callId: string;
      readonly content: readonly Content[];
      readonly failed?: boolean;
      readonly cache?: CacheMark;
    };

export type Tool = {
  readonly name: string;
  readonly description?: string;
  /** JSON schema of the arguments. */
  readonly schema: JsonObject;
  readonly strict?: boolean;
  readonly cache?: CacheMark;
};

export type ToolChoice = 'auto' | 'none' | 'required' | { readonly tool: string };

export type OutputFormat =
  | { readonly type: 'json' }
  | {
      readonly type: 'json_schema';
      readonly name: string;
      readonly schema: JsonObject;
      readonly strict?: boolean;
    };

/** How hard a model should think. `budget` is in tokens (Anthropic, Gemini); `effort` is a word (`low`, `high`, …). */
export type ThinkingRequest = {
  readonly effort?: string;
  readonly budget?: number;
  /** False = the caller asked for none. */
  readonly enabled?: boolean;
  /** The caller wants to see it, or a summary of it. */
  readonly show?: boolean;
};

export type Sampling = {
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly seed?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
};

export type Conversation = {
  readonly turns: readonly Turn[];
  readonly tools: readonly Tool[];
  readonly toolChoice?: ToolChoice;
  readonly parallelTools?: boolean;
  readonly sampling: Sampling;
  readonly stop: readonly string[];
  /** Tokens; always sent upstream. */
  readonly maxOutput: number;
  readonly thinking?: ThinkingRequest;
  readonly format?: OutputFormat;
  /** Log probabilities of so many alternatives; 0 = of the tokens themselves. */
  readonly logprobs?: number;
  readonly verbosity?: string;
  readonly user?: string;
  /** A name that groups requests for a provider's cache (`prompt_cache_key`). */
  readonly cacheKey?: string;
  readonly stream: boolean;
  /** What could not be carried into this shape, in words for people. */
  readonly warnings: readonly string[];
};

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'error';

/**
 * An answer, piece by piece, in order. Text and thinking grow until another kind of part comes; a tool call is
 * opened once by its index and then grows. `signature` and `redacted` belong to the thinking before them, or are
 * a thinking of their own where there was none. `logprobs` come before the text that they belong to.
 */
export type Part =
  | { readonly type: 'start'; readonly id?: string; readonly model?: string }
  | { readonly type: 'text'; readonly text: string; readonly refusal?: true }
  | { readonly type: 'thinking'; readonly text: string }
  | {
      readonly type: 'signature';
      readonly signature: string;
      /** The item's id on the Responses wire. */ readonly id?: string;
    }
  | { readonly type: 'redacted'; readonly data: string }
  /** A new block of thinking or text begins, where the wire says so: the one before is complete. */
  | { readonly type: 'break' }
  | {
      readonly type: 'call';
      readonly index: number;
      readonly id: string;
      readonly name: string;
      readonly signature?: string;
    }
  | { readonly type: 'arguments'; readonly index: number; readonly json: string }
  | { readonly type: 'logprobs'; readonly content: readonly JsonValue[] }
  | { readonly type: 'usage'; readonly usage: Usage; readonly raw: JsonValue }
  | { readonly type: 'finish'; readonly reason: FinishReason; readonly raw: string };

/** The pieces of a complete answer put together. */
export type Answer = {
  readonly id?: string;
  /** In the order they came. */
  readonly blocks: readonly AssistantBlock[];
  readonly finish?: FinishReason;
  readonly nativeFinish?: string;
  readonly usage?: Usage;
};

/** Folds parts into the answer they spell; a streamed and a whole answer fold to the same. */
export function fold(parts: readonly Part[]): Answer {
  const blocks: Growing[] = [];
  const calls = new Map<number, Growing & { type: 'call' }>();
  let answer: Omit<Answer, 'blocks'> = {};
  let broken = false;
  /** They wait for their text. */
  const odds: JsonValue[] = [];
  const grow = <T extends 'text' | 'thinking'>(type: T): Growing & { type: T } => {
    const last = blocks.at(-1);
    if (!broken && last?.type === type) return last as Growing & { type: T };
    broken = false;
    const block = { type, text: '' } as Growing & { type: T };
    blocks.push(block);
    return block;
  };
  for (const part of parts) {
    switch (part.type) {
      case 'text': {
        const before = blocks.at(-1);
        broken ||= before?.type === 'text' && before.refusal !== part.refusal;
        const block = grow('text');
        block.text += part.text;
        if (part.refusal) block.refusal = true;
        if (odds.length > 0) block.logprobs = [...(block.logprobs ?? []), ...odds.splice(0)];
        break;
      }
      case 'logprobs':
        odds.push(...part.content);
        break;
      case 'thinking':
        grow('thinking').text += part.text;
        break;
      case 'signature':
        Object.assign(
          grow('thinking'),
          { signature: part.signature },
          part.id === undefined ? {} : { id: part.id },
        );
        break;
      case 'redacted':
        blocks.push({ type: 'thinking', text: '', redacted: part.data });
        break;
      case 'break':
        broken = true;
        break;
      case 'call': {
        const { index, ...call } = part;
        const block = { ...call, arguments: '' };
        calls.set(index, block);
        blocks.push(block);
        break;
      }
      case 'arguments': {
        const call = calls.get(part.index);
        if (call) call.arguments += part.json;
        break;
      }
      default:
        answer = { ...answer, ...told(part) };
    }
  }
  return { ...answer, blocks: blocks.filter((block) => block.type !== 'text' || block.text !== '') };
}

type Growing =
  | { type: 'text'; text: string; logprobs?: readonly JsonValue[]; refusal?: true }
  | { type: 'thinking'; text: string; signature?: string; redacted?: string; id?: string }
  | { type: 'call'; id: string; name: string; arguments: string; signature?: string };

function told(part: Extract<Part, { type: 'start' | 'usage' | 'finish' }>): Omit<Answer, 'blocks'> {
  switch (part.type) {
    case 'start':
      return part.id === undefined ? {} : { id: part.id };
    case 'usage':
      return { usage: part.usage };
    case 'finish':
      return { finish: part.reason, nativeFinish: part.raw };
  }
}

/** The text of an answer or a turn, blocks joined. */
export function textOf(blocks: readonly { readonly type: string; readonly text?: string }[]): string {
  return blocks.map((block) => (block.type === 'text' ? (block.text ?? '') : '')).join('');
}
