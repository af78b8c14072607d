/** The shapes that codecs share: what an upstream's answer means and what the client gets of it. */
import type { FinishReason } from '../core/conversation.ts';
import type { ErrorReply } from '../core/failure.ts';
import type { Nano } from '../core/money.ts';
import type { JsonObject } from '../core/snapshot.ts';
import type { Basis, Usage } from '../core/usage.ts';
import type { SseEvent } from './sse.ts';

/** What is known of an answer so far. */
export type AnswerFacts = {
  readonly upstreamId?: string;
  /** The id that the client has seen in this answer, where it is not the generation's. */
  readonly answerId?: string;
  readonly usage?: Usage;
  /** The provider's own statement of what it charged, nano-USD (OpenRouter's `usage.cost`). */
  readonly charged?: Nano;
  readonly finish?: FinishReason;
  readonly nativeFinish?: string;
  /** Output tokens counted by us: what an answer without usage is billed by, and a cut one at least used. */
  readonly outputSeen: number;
};

/** What the client is told at the end of an answer, beside the provider's own numbers. */
export type Bill = {
  readonly usage: Usage;
  readonly basis: Basis;
  /** All attempts together. */
  readonly cost: Nano;
  /** Of that, what the attempt that served cost. */
  readonly upstreamCost: Nano;
  /** What the gateway did: preset, position, attempts, multiplier. Stands in `usage.spillway`. */
  readonly spillway: JsonObject;
};

/** What one upstream event means. */
export type Step = {
  /** What the client gets now; undefined = nothing. */
  readonly out?: Uint8Array;
  /** Carries model output: from the first such step on, nothing may be taken back. */
  readonly content: boolean;
  /** The provider reports an error inside the stream. */
  readonly error?: ErrorReply;
  /** Nothing more will come. */
  readonly last: boolean;
};

/** Turns one upstream stream into the client's stream. The end is held back until the bill is known. */
export type StreamTranslator = {
  event(event: SseEvent): Step;
  /** True once the dialect's own sign of a complete answer was seen. */
  finished(): boolean;
  facts(): AnswerFacts;
  /** The held-back end: usage with its cost, and the terminal frame. */
  closing(bill: Bill): Uint8Array;
};

/** A complete JSON answer of an upstream, ready to be written once the bill is known. */
export type WholeAnswer = {
  readonly facts: AnswerFacts;
  compose(bill: Bill): readonly Uint8Array[];
};

/** How the client knows the answer. */
export type AnswerIdentity = {
  /** Used where the client's dialect needs an id and the upstream's cannot stand. */
  readonly generation: string;
  /** Canonical slug of what serves. */
  readonly model: string;
  /** Epoch seconds. */
  readonly created: number;
};

/** Thrown by codecs when an answer is not what its wire promises; the endpoint failed with `server_error`. */
export class BadAnswer extends Error {}
