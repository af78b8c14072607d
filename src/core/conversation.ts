/**
 * The canonical conversation: the only shape dialects share. A request is read into it when it must cross from
 * one wire to another, and an answer is a sequence of parts that any dialect can write. Same wire in and out
 * never comes through here: there, bytes pass.
 */
import type { JsonObject, JsonValue } from './snapshot.ts';
import type { Usage } from './usage.ts';

/** Where a provider's cache should put a breakpoint, as the caller wrote it. */
export type CacheMark = JsonObject;

export type Content =
  | { readonly type: 'text'; readonly text: string; readonly cache?: CacheMark }
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
  /** JSON text as the model wrote it. */ readonly arguments: string;
};

export type Thinking = { readonly text: string; readonly signature?: string };

export type Turn =
  | { readonly role: 'system'; readonly content: readonly Content[] }
  | { readonly role: 'user'; readonly content: readonly Content[] }
  | {
      readonly role: 'assistant';
      readonly content: readonly Content[];
      readonly thinking: readonly Thinking[];
      readonly calls: readonly ToolCall[];
    }
  | {
      readonly role: 'tool';
      readonly callId: string;
      readonly content: readonly Content[];
      readonly failed?: boolean;
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

export type Conversation = {
  readonly turns: readonly Turn[];
  readonly tools: readonly Tool[];
  readonly toolChoice?: ToolChoice;
  readonly parallelTools?: boolean;
  readonly temperature?: number;
  readonly topP?: number;
  readonly topK?: number;
  readonly stop: readonly string[];
  readonly maxOutput: number;
  readonly effort?: string;
  readonly format?: OutputFormat;
  readonly user?: string;
  readonly stream: boolean;
  /** What could not be carried into this shape, in words for people. */
  readonly warnings: readonly string[];
};

export type FinishReason = 'stop' | 'length' | 'tool_calls' | 'content_filter' | 'error';

/** An answer, piece by piece. A tool call is opened once by its index and then grows. */
export type Part =
  | { readonly type: 'start'; readonly id?: string; readonly model?: string }
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'thinking'; readonly text: string }
  | { readonly type: 'signature'; readonly signature: string }
  | { readonly type: 'call'; readonly index: number; readonly id: string; readonly name: string }
  | { readonly type: 'arguments'; readonly index: number; readonly json: string }
  | { readonly type: 'usage'; readonly usage: Usage; readonly raw: JsonValue }
  | { readonly type: 'finish'; readonly reason: FinishReason; readonly raw: string };

/** The pieces of a complete answer put together. */
export type Answer = {
  readonly id?: string;
  readonly text: string;
  readonly thinking: string;
  readonly calls: readonly ToolCall[];
  readonly finish?: FinishReason;
  readonly nativeFinish?: string;
  readonly usage?: Usage;
};

/** Folds parts into the answer they spell; a streamed and a whole answer fold to the same. */
export function fold(parts: readonly Part[]): Answer {
  let answer: Answer = { text: '', thinking: '', calls: [] };
  const calls = new Map<number, ToolCall>();
  for (const part of parts) {
    if (part.type === 'call') calls.set(part.index, { id: part.id, name: part.name, arguments: '' });
    else if (part.type === 'arguments') grow(calls, part.index, part.json);
    else answer = extend(answer, part);
  }
  return { ...answer, calls: [...calls.values()] };
}

function grow(calls: Map<number, ToolCall>, index: number, json: string): void {
  const call = calls.get(index);
  if (call) calls.set(index, { ...call, arguments: call.arguments + json });
}

function extend(answer: Answer, part: Exclude<Part, { type: 'call' | 'arguments' }>): Answer {
  switch (part.type) {
    case 'start':
      return part.id === undefined ? answer : { ...answer, id: part.id };
    case 'text':
      return { ...answer, text: answer.text + part.text };
    case 'thinking':
      return { ...answer, thinking: answer.thinking + part.text };
    case 'signature':
      return answer;
    case 'usage':
      return { ...answer, usage: part.usage };
    case 'finish':
      return { ...answer, finish: part.reason, nativeFinish: part.raw };
  }
}
