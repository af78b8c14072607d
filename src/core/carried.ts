/**
 * What hard limits count for an attempt that was sent and broke off before it was measured: the tightest bound that
 * is known of what it may cost. Pure.
 */
import type { Endpoint } from './snapshot.ts';

/**
 * Whose accounts stop billing when the connection closes; for all others the whole answer counts. Fact: OpenRouter's
 * documentation of streaming, "Stream cancellation", by catalogue name. The emulator is ours.
 */
const stopsBilling: ReadonlySet<string> = new Set([
  'openai',
  'azure',
  'anthropic',
  'deepseek',
  'fireworks-ai',
  'togetherai',
  'xai',
  'deepinfra',
  'cohere',
  'emulator',
]);

/** Vendors that show every token of reasoning they bill; others hide or shorten it, so what was received is no bound. */
const showsReasoning: ReadonlySet<string> = new Set(['deepseek', 'emulator']);

/** Each token has at least one byte, and `outputSeen` counts four bytes as one. */
const bytesPerCountedToken = 4;

export type Broken = {
  readonly endpoint: Endpoint;
  /** Tokens of output that were received, as counted by us, or as reported. */
  readonly outputSeen: number;
  /** Bytes of output received, at most. */
  readonly outputBytes?: number;
  readonly reported: number;
  /** Output cap of all answers together. */
  readonly cap: number;
  readonly stream: boolean;
  readonly reasoning: boolean;
};

/** The most tokens of output that a broken attempt may be billed for. */
export function outputBound(broken: Broken): number {
  const { endpoint, outputSeen, reported, cap, stream, reasoning } = broken;
  const { catalog } = endpoint.provider;
  const hidden = (reasoning || endpoint.features.has('reasoning')) && !showsReasoning.has(catalog);
  if (!stream || hidden || !stopsBilling.has(catalog)) return cap;
  const bytes = broken.outputBytes ?? outputSeen * bytesPerCountedToken;
  return Math.min(cap, Math.max(reported, bytes));
}
