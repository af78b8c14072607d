/**
 * What hard limits count for an attempt that was sent and never measured, because it broke off or because its answer
 * tells no usage: the tightest bound that is known of what it may cost. Pure.
 */
import { stopsBilling } from './hang-up.ts';
import type { Endpoint } from './snapshot.ts';

/** Vendors that show every token of reasoning they bill; others hide or shorten it, so what was received is no bound. */
const showsReasoning: ReadonlySet<string> = new Set(['deepseek', 'emulator']);

/** Each token has at least one byte, and where bytes are not told `outputSeen` counts four of them as one. */
const bytesPerCountedToken = 4;

/** Tokens that may have been made and not yet read when the connection closed: some seconds of a fast model. */
const inTransit = 256;

export type Unmeasured = {
  readonly endpoint: Endpoint;
  /** Tokens of output that were received, as counted by us, or as reported. */
  readonly outputSeen: number;
  readonly outputBytes: number | undefined;
  readonly reported: number;
  /** Output cap of all answers together. */
  readonly cap: number;
  readonly stream: boolean;
  /** The answer came to its end: nothing is billed that was not received. */
  readonly complete: boolean;
  readonly reasoning: boolean;
};

/** The most tokens of output that an attempt may be billed for that was not measured. */
export function outputBound(attempt: Unmeasured): number {
  const { endpoint, outputSeen, outputBytes, reported, cap } = attempt;
  const { catalog } = endpoint.provider;
  const hidden = (attempt.reasoning || endpoint.features.has('reasoning')) && !showsReasoning.has(catalog);
  const received = attempt.stream && (attempt.complete || stopsBilling(catalog));
  if (hidden || !received) return cap;
  const seen = Math.max(reported, outputBytes ?? outputSeen * bytesPerCountedToken);
  return Math.min(cap, attempt.complete ? seen : seen + inTransit);
}
