/**
 * Token counts in disjoint buckets: no token is in two of them. Providers disagree (OpenAI's `prompt_tokens`
 * includes cached tokens, Anthropic's `input_tokens` does not), so every dialect converts into this shape.
 */

export type Usage = {
  /** Input tokens billed at the plain input rate: neither read from nor written to a cache. */
  readonly input: number;
  /** Input tokens read from the provider's prompt cache; absent = the provider did not say. */
  readonly cacheRead?: number;
  /** Input tokens written to a five-minute cache. */
  readonly cacheWrite?: number;
  /** Input tokens written to a one-hour cache. */
  readonly cacheWrite1h?: number;
  /** Output tokens that are not reasoning. */
  readonly output: number;
  /** Reasoning tokens; absent = the provider did not say, and they are inside `output`. */
  readonly reasoning?: number;
};

/** How far a token count can be trusted. */
export type Basis =
  /** The provider reported it. */
  | 'measured'
  /** An answer came without usage: counted by us. */
  | 'estimated'
  /** Sent, but cut before usage arrived: what is known is a lower bound. */
  | 'unmeasured'
  /** Refused, or never sent: nothing was used. */
  | 'none';

export const nothing: Usage = { input: 0, output: 0 };

/** Every input token, however it was billed. */
export function promptTokens(usage: Usage): number {
  return usage.input + (usage.cacheRead ?? 0) + (usage.cacheWrite ?? 0) + (usage.cacheWrite1h ?? 0);
}

/** Every output token, reasoning included. */
export function completionTokens(usage: Usage): number {
  return usage.output + (usage.reasoning ?? 0);
}

/** The same conversation with nothing cached: what an endpoint that has never seen it would be asked to read. */
export function cold(usage: Usage): Usage {
  return { input: promptTokens(usage), output: completionTokens(usage) };
}
