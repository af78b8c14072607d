/** What it costs that a conversation left an endpoint where its prompt was cached. Pure. */
import { nano, total, zero, type Nano, type Pico } from './money.ts';
import { isPriced, rateAt, type Price } from './price.ts';
import { promptTokens, type Usage } from './usage.ts';

export type LostCache = {
  /** Tokens of the prompt that the endpoint which was left would have read from its cache, and its price. */
  readonly left: { readonly tokens: number; readonly price: Price | undefined };
  /** What served instead. */
  readonly served: { readonly price: Price | undefined; readonly usage: Usage };
  /** Epoch ms. */
  readonly at: number;
};

/**
 * Nano-USD: what those tokens cost to buy again at the endpoint that served, beyond what reading them there from a
 * cache costs. What it did read counts as not lost. Prefixes are what is written to caches, so they are taken from the
 * tokens written before the plain ones. Where the endpoint has no price for reading, the price of the one that was left
 * stands in. Undefined without a price.
 */
export function lostCache({ left, served, at }: LostCache): Nano | undefined {
  const { price, usage } = served;
  if (!isPriced(price)) return undefined;
  const prompt = promptTokens(usage);
  const lost = Math.max(0, Math.min(left.tokens, prompt) - (usage.cacheRead ?? 0));
  const rate = rateAt(price, prompt, at);
  const input = rate.input ?? (0 as Pico);
  const write = rate.cacheWrite ?? input;
  const there = isPriced(left.price) ? rateAt(left.price, prompt, at).cacheRead : undefined;
  const read = rate.cacheRead ?? there ?? input;
  const long = Math.min(lost, usage.cacheWrite1h ?? 0);
  const short = Math.min(lost - long, usage.cacheWrite ?? 0);
  const above = (rateOf: Pico): Pico => Math.max(0, rateOf - read) as Pico;
  return lost === 0
    ? zero
    : nano(
        total([
          [long, above(rate.cacheWrite1h ?? write)],
          [short, above(write)],
          [lost - long - short, above(input)],
        ]),
      );
}
