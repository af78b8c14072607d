/** The exact count of a request's tokens: made once, and only where the bound by bytes does not fit a limit. */
import type { Ask } from '../core/ask.ts';
import { foreignBytes, type Counted } from '../core/token-bound.ts';
import { countedText } from '../dialects/weight.ts';
import type { TokenCounter } from '../ports.ts';

/** Counts when it is first asked; undefined = it cannot be counted, or not in time. */
export function counting(ask: Ask, counter: TokenCounter | undefined): () => Promise<Counted | undefined> {
  let counted: Promise<Counted | undefined> | undefined;
  return () => (counted ??= count(ask, counter));
}

async function count(ask: Ask, counter: TokenCounter | undefined): Promise<Counted | undefined> {
  const pieces = countedText(ask);
  const tokens = pieces && (await counter?.count(pieces));
  if (!pieces || tokens === undefined) return undefined;
  return { tokens, foreignBytes: pieces.reduce((sum, piece) => sum + foreignBytes(piece), 0) };
}
