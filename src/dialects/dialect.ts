/**
 * The shapes that codecs share. An inbound dialect (`Dialect`) reads requests and writes answers; an upstream wire
 * (`WireCodec`) writes requests and reads answers. Every pair meets in the canonical conversation, and the pair of
 * one and the same wire passes bytes. `table.ts` knows them all.
 */
import type { Api, Ask } from '../core/ask.ts';
import type { Conversation, FinishReason, Part } from '../core/conversation.ts';
import type { ErrorReply } from '../core/failure.ts';
import type { Merged } from '../core/merge.ts';
import type { Nano } from '../core/money.ts';
import type { Problem } from '../core/problem.ts';
import type { AttemptRecord } from '../core/record.ts';
import type { Endpoint, JsonObject, Preset, ProviderPreferences } from '../core/snapshot.ts';
import type { Wire } from '../core/catalog.ts';
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
  /** Signatures of thinking in this answer: what proves to its issuer, and to nobody else, that it is its own. */
  readonly signatures?: readonly string[];
  /** Output tokens counted by us: what an answer without usage is billed by, and a cut one at least used. */
  readonly outputSeen: number;
  /** Bytes of output so far, where they were counted: no token has less than one. */
  readonly outputBytes?: number;
};

/** What the client is told at the end of an answer, beside the provider's own numbers. */
export type Bill = {
  readonly usage: Usage;
  readonly basis: Basis;
  /** All attempts together. */
  readonly cost: Nano;
  /** Of that, what the attempt that served cost. */
  readonly upstreamCost: Nano;
  /** Of that, what the prompt cost. */
  readonly promptCost: Nano;
  /** Estimate of what attempts that broke off unmeasured may have cost, beside `cost`. */
  readonly unmeasured: Nano;
  /** What the gateway did: preset, position, attempts, multiplier. Stands in `usage.spillway`. */
  readonly spillway: JsonObject;
  /** `openrouter_metadata`, for a client that asked for it: a top-level member of the answer, or of its last event. */
  readonly metadata?: JsonObject;
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
  /** How many answers were asked for (`n`); a stream is complete when all of them are. */
  readonly answers: number;
};

/**
 * Thrown by codecs when an answer is not what its wire promises; the endpoint failed with `server_error`, or with
 * whatever the error means that came in the answer's place.
 */
export class BadAnswer extends Error {
  readonly reply: ErrorReply | undefined;
  constructor(message: string, reply?: ErrorReply) {
    super(message);
    this.reply = reply;
  }
}

/** A request on its way to one endpoint: what the client asked, and what the preset makes of it there. */
export type Outgoing = {
  readonly ask: Ask;
  readonly merged: Merged;
  readonly endpoint: Endpoint;
  readonly preset?: Preset | undefined;
  readonly provider: ProviderPreferences;
  /** Names of our own providers: in `provider.only` and the like they are not meant for OpenRouter. */
  readonly ownProviders: { has(name: string): boolean };
  /** True when this signature of thinking was issued where the request is going; any other must not be sent. */
  readonly keeps: (signature: string) => boolean;
  /** Epoch ms. */
  readonly now: number;
};

/** A codec for one inbound dialect. All of it is pure. */
export type Dialect = {
  readonly api: Api;
  /** The upstream wire of the same shape, to which bytes pass. */
  readonly sameWire: Wire;
  /** Where its requests go on that wire, if not where the wire's own do. */
  readonly path?: string;
  /** Reads a request body: tolerant, checking only what must be understood. Throws Refused. */
  read(body: Buffer): Ask;
  /** The request for an endpoint of the same wire: the client's bytes, with the keys we own spliced. */
  splice(out: Outgoing): Uint8Array[];
  /** What `splice` changes or drops beyond the keys that are ours, in words for people. */
  spliceWarnings?(out: Outgoing): readonly string[];
  /** The request, merged with its preset, as a conversation, for any other wire. Throws Refused naming the path. */
  conversation(out: Outgoing): Conversation;
  /** Passes a stream of the same wire on. */
  pass(identity: AnswerIdentity): StreamTranslator;
  /** Passes a whole answer of the same wire on. Throws BadAnswer. */
  passWhole(body: Buffer, identity: AnswerIdentity): WholeAnswer;
  /** Writes a stream of any other wire, whose reader is given; `out` is the request it answers. */
  write(identity: AnswerIdentity, reader: PartReader, out: Outgoing): StreamTranslator;
  /** Writes a whole answer, given as parts. */
  writeWhole(parts: readonly Part[], identity: AnswerIdentity, out: Outgoing): WholeAnswer;
  /** The body of an error answer; `failed` are the attempts made before. */
  error(problem: Problem, failed: readonly AttemptRecord[], generation: string): JsonObject;
  /** The frames that end a broken stream: exactly one error, as this dialect says it. */
  errorEvent(problem: Problem, failed: readonly AttemptRecord[], identity: AnswerIdentity): string;
  /** Embeddings only: the request for a wire that embeds in its own way. Throws Refused. */
  embed?(out: Outgoing, codec: EmbeddingCodec): Embedding;
  /** Keeps a connection alive before the first event. */
  readonly heartbeat: string;
};

/** What a wire's reader makes of one event. */
export type ReadEvent = {
  readonly parts: readonly Part[];
  readonly error?: ErrorReply;
  readonly last: boolean;
};

/** Reads one stream of a wire into parts; keeps what it must remember between events. */
export type PartReader = { read(event: SseEvent): ReadEvent };

/** A request in an upstream's wire. */
export type WireRequest = {
  /** Appended to the provider's base URL. */
  readonly path: string;
  readonly body: readonly Uint8Array[];
  /** Headers that the wire itself demands. */
  readonly headers: Readonly<Record<string, string>>;
  /** What could not be carried, in words for people. */
  readonly warnings: readonly string[];
};

/** How a wire that is not OpenAI's embeds texts. */
export type EmbeddingCodec = {
  /** Appended to the provider's base URL. */
  path(endpoint: Endpoint): string;
  request(texts: readonly string[], endpoint: Endpoint, dimensions: number | undefined): JsonObject;
  /** Throws BadAnswer. */
  read(body: Buffer): { readonly vectors: readonly (readonly number[])[]; readonly usage?: Usage };
};

/** A request for embeddings in such a wire, and how its answer is read. */
export type Embedding = Pick<WireRequest, 'path' | 'body' | 'warnings'> & {
  whole(body: Buffer, identity: AnswerIdentity): WholeAnswer;
};

/** A codec for one upstream wire. All of it is pure. */
export type WireCodec = {
  readonly wire: Wire;
  /** Where a request goes whose bytes pass, and with which headers. */
  address(
    endpoint: Endpoint,
    stream: boolean,
  ): { readonly path: string; readonly headers: Readonly<Record<string, string>> };
  /** Writes a conversation for the endpoint: body, and what could not be carried. */
  request(
    conversation: Conversation,
    endpoint: Endpoint,
  ): { readonly body: JsonObject; readonly warnings: readonly string[] };
  /** Reads a stream into parts. */
  reader(): PartReader;
  /** Reads a whole answer into parts. Throws BadAnswer. */
  readWhole(body: Buffer): readonly Part[];
  readonly embeddings?: EmbeddingCodec;
};
