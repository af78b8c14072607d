/** What an answer leaves in the provider's prompt cache for the next request of the conversation. Pure. */
import { isPriced, type Price } from './price.ts';
import { promptTokens, type Usage } from './usage.ts';

/** Ms that a cached prefix lives without being used. Anthropic: five minutes, or an hour where that was paid for. */
const shortLife = 300_000;
const longLife = 3_600_000;

/**
 * Tokens that the next request may read from the cache, and until when (epoch ms). Where writing to the cache has a
 * price it is explicit: what was read and written is there. Elsewhere providers cache by themselves: the whole
 * prompt is, once they report reads at all. Undefined = nothing is known to be cached.
 */
export function warmthOf(
  price: Price | undefined,
  usage: Usage,
  at: number,
): { readonly tokens: number; readonly until: number } | undefined {
  const explicit = isPriced(price) && price.base.cacheWrite !== undefined;
  const written = (usage.cacheWrite ?? 0) + (usage.cacheWrite1h ?? 0);
  const tokens = explicit
    ? (usage.cacheRead ?? 0) + written
    : usage.cacheRead === undefined
      ? 0
      : promptTokens(usage);
  if (tokens === 0) return undefined;
  return { tokens, until: at + ((usage.cacheWrite1h ?? 0) > 0 ? longLife : shortLife) };
}
