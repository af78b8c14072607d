/** What a client asked for, read once from its request, in words that do not depend on the dialect. */
import type { CacheWrites } from './price.ts';
import type { JsonObject, ProviderPreferences } from './snapshot.ts';

/** The dialect of a request, by its route. */
export type Api = 'chat' | 'responses' | 'messages' | 'embeddings';

/** Where a value stands in the body: byte offsets, end exclusive. */
export type Span = { readonly start: number; readonly end: number };

/** The keys of an object. */
export type Keys = { has(key: string): boolean; keys(): Iterable<string> };

/** A member: `start` is its key's quote, `value` where its value begins, `end` where that ends. */
export type Member = Span & { readonly value: number };

/** A JSON object whose top-level members are known by place, so that some can be replaced without touching the rest. */
export type Source = {
  readonly body: Buffer;
  /** Offset of the object's `{`. */
  readonly open: number;
  /**
   * Strings inside the members that may tell of media, tool results or proofs (`image_url`, `tool_call_id`, …), each
   * with the offsets behind its closing quotes: seen in passing.
   */
  readonly words: ReadonlyMap<string, readonly number[]>;
  /** Key → member, in the order written. */
  readonly members: ReadonlyMap<string, Member>;
};

/** What an endpoint must be able to do to serve the request. Token counts are estimates, `promptBound` is an upper bound. */
export type Needs = {
  readonly tools: boolean;
  readonly vision: boolean;
  readonly pdf: boolean;
  readonly audio: boolean;
  readonly jsonSchema: boolean;
  readonly reasoning: boolean;
  /** Estimated tokens of the prompt: what must fit into a context. */
  readonly promptTokens: number;
  /** No prompt of this request can have more tokens than this. */
  readonly promptBound: number;
  /** Tokens of `promptBound` that stand for no text: media, framing, tools. */
  readonly beside: number;
  readonly images: number;
  readonly later: LaterNeeds;
  /** Answers asked for (`n`). */
  readonly answers: number;
  /** Things only OpenRouter understands (`plugins`, server tools): named, so that nothing is stripped in silence. */
  readonly openRouterOnly: readonly string[];
};

/** What costs a pass over the request: each is found when it is asked for, for few requests need it. */
export type LaterNeeds = {
  /**
   * The first part without a proven bound, by its place (`messages[2].content[1]: a document`), so that a hard limit
   * can refuse it by name.
   */
  readonly unbounded: string | undefined;
  /** The longest cache that the request can have written. */
  readonly cacheWrites: CacheWrites;
};

export type Ask = {
  readonly api: Api;
  readonly source: Source;
  /** Small top-level values as written, in the dialect's own names. `null` is left out: it counts as absent. */
  readonly values: JsonObject;
  /** The caller's generation parameters in OpenAI chat names (`stop`, `reasoning_effort`, …), for merging with a preset. */
  readonly parameters: JsonObject;
  /** Every top-level key the caller wrote. */
  readonly keys: Keys;
  /** The model name as sent; absent when only `preset` was given. */
  readonly model?: string;
  readonly preset?: string;
  /** OpenRouter's `models`: fallbacks the caller names. */
  readonly models: readonly string[];
  readonly stream: boolean;
  readonly provider: ProviderPreferences;
  /** The caller's own output cap in tokens. */
  readonly outputCap?: number;
  readonly needs: Needs;
  readonly user?: string;
  readonly session?: string;
  readonly tags: Readonly<Record<string, string>>;
};
