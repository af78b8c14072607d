/** How long a healthy model may be silent before its first token. Pure. */
import type { Timeouts } from './snapshot.ts';

/** Ms. A model that reasons, or reads a long prompt, is healthy for this long without a word. */
const patientFirstToken = 180_000;
const plainFirstToken = 60_000;
/** Tokens. */
const longPrompt = 50_000;

/** How long to wait for the first output of a stream, in ms. */
export function firstTokenMs(
  timeouts: Timeouts,
  needs: { readonly reasoning: boolean; readonly promptTokens: number },
): number {
  if (timeouts.firstToken !== undefined) return timeouts.firstToken;
  return needs.reasoning || needs.promptTokens > longPrompt ? patientFirstToken : plainFirstToken;
}
