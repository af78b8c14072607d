/** What both wires share: an answer as a row of tokens, and the two ways of writing it down. */
import type { IncomingHttpHeaders } from 'node:http';
import type { Nano } from '../core/money.ts';
import type { Usage } from '../core/usage.ts';
import type { Choice, Part } from './answer.ts';
import type { Ask } from './ask.ts';
import type { Listing } from './directory.ts';
import type { Dict } from './json.ts';
import type { PromptCache, PromptUsage } from './prompt-cache.ts';
import type { FailureKind } from './script.ts';

/** One token of an answer, with its place. */
export type Token = {
  readonly choice: number;
  readonly partIndex: number;
  readonly part: Part;
  readonly text: string;
  /** Of its part. */
  readonly first: boolean;
  readonly last: boolean;
};

export function tokensOf(choices: readonly Choice[]): readonly Token[] {
  return choices.flatMap(({ parts }, choice) =>
    parts.flatMap((part, partIndex) =>
      part.pieces.map((text, at) => ({
        choice,
        partIndex,
        part,
        text,
        first: at === 0,
        last: at === part.pieces.length - 1,
      })),
    ),
  );
}

/** A request that is being answered. */
export type Answering = {
  readonly id: string;
  readonly vendor: string;
  /** Epoch ms. */
  readonly at: number;
  readonly ask: Ask;
  readonly choices: readonly Choice[];
  readonly prompt: PromptUsage;
};

/** What an answer used so far, and what that costs. */
export type Reading = { readonly usage: Usage; readonly cost: Nano };

/** An answer in the words of a wire: frames of an event stream, or one body. */
export type Transcript = {
  /** What comes before the first token. */
  start(): string;
  token(token: Token): string;
  /** The finish, the usage and the terminator. */
  end(reading: Reading): string;
  /** The whole answer as JSON. */
  whole(reading: Reading): Dict;
};

/** The circumstances of a failure, for its text. */
export type FailureDetails = {
  readonly vendor: string;
  readonly requestId: string;
  readonly model: string;
  /** Replaces the usual sentence. */
  readonly message?: string;
  readonly param?: string;
};

export type Wire = {
  /** Throws a BadAsk for what the vendor would refuse. */
  read(body: Dict, vendor: string, headers: IncomingHttpHeaders): Ask;
  /** Names of the headers that carry the id of a request. */
  readonly requestIdHeader: string;
  /** A new id for an answer. */
  newId(vendor: string): string;
  cached(cache: PromptCache, place: string, ask: Ask, at: number): PromptUsage;
  /** The buckets in which this vendor bills so many tokens of output. */
  usage(prompt: PromptUsage, tokens: readonly Token[], vendor: string): Usage;
  transcript(answering: Answering): Transcript;
  failure(kind: FailureKind, details: FailureDetails): { readonly status: number; readonly body: Dict };
  /** An error as an event of a stream. */
  errorEvent(body: Dict): string;
  models(vendor: string, listings: readonly Listing[]): Dict;
};
