/** What one source says about one model at one provider, before sources are brought together. */
import type { Feature } from '../../src/core/catalog.ts';
import type { OverrideRow, PriceRow, RateRow } from '../../src/catalog/format.ts';

export type Listing = {
  readonly provider: string;
  readonly id: string;
  readonly name: string;
  readonly kind?: 'embedding';
  readonly context?: number;
  readonly maxInput?: number;
  readonly maxOutput?: number;
  readonly features: readonly Feature[];
  readonly released?: string;
  readonly status?: 'beta' | 'deprecated';
  readonly price?: PriceRow;
  /** Only the newer source knows it. */
  readonly added?: true;
};

/**
 * Every provider that is bundled; the first group are the authors' own. Hugging Face's router is left out: which
 * of its partners serves, and so what it charges, is not known beforehand.
 */
export const providers: readonly string[] = [
  'alibaba',
  'anthropic',
  'cohere',
  'deepseek',
  'google',
  'minimax',
  'mistral',
  'moonshotai',
  'openai',
  'perplexity',
  'xai',
  'zai',
  'cerebras',
  'deepinfra',
  'fireworks-ai',
  'groq',
  'novita-ai',
  'openrouter',
  'togetherai',
];

/**
 * Left out by id: batch-only and moving names of hosts (`:batch`, `/routers/`), jobs that are not chat (speech,
 * moderation, scanning, realtime), and research agents, whose bill no token count bounds.
 */
const leftOut =
  /:batch$|\/routers\/|realtime|livetranslate|-live-|tts|asr|ocr|orpheus|prompt-guard|llama-guard|content-safety|deep-research|computer-use|robotics|^auto$/i;

/** True when the listing is chat or embeddings, from a provider that is bundled. */
export function isWanted(listing: Listing): boolean {
  return providers.includes(listing.provider) && !leftOut.test(listing.id);
}

/** A positive number, or nothing: sources write 0 for "unknown". */
export function known(value: number | undefined): number | undefined {
  return value !== undefined && value > 0 ? value : undefined;
}

/** An object without its undefined members. */
export function compact<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as never;
}

export type RawRate = {
  input?: number;
  output?: number;
  cacheRead?: number;
  cacheWrite?: number;
  reasoning?: number;
};

/**
 * A rate as sources give it, made safe: unknown is left out, and so is a cache price that cannot be right (a read
 * dearer than fresh input, a write cheaper than it), so that those tokens count as fresh input.
 */
function rateRow(raw: RawRate): RateRow {
  const [input, output] = [known(raw.input), known(raw.output)];
  const [cacheRead, cacheWrite] = [known(raw.cacheRead), known(raw.cacheWrite)];
  return compact({
    input,
    output,
    cacheRead: cacheRead && input && cacheRead > input ? undefined : cacheRead,
    cacheWrite: cacheWrite && input && cacheWrite < input ? undefined : cacheWrite,
    reasoning: known(raw.reasoning) === output ? undefined : known(raw.reasoning),
  });
}

/** A long-context tier; buckets it does not name rise as its input price does. */
function overrideRow(base: RateRow, above: number, raw: RawRate): OverrideRow {
  const tier = rateRow(raw);
  const rise = (tier.input ?? 0) / (base.input ?? Infinity);
  const filled = compact({
    cacheRead: tier.cacheRead ?? times(base.cacheRead, rise),
    cacheWrite: tier.cacheWrite ?? times(base.cacheWrite, rise),
  });
  // Some providers write the first token of the tier, others the last before it.
  return { above: above % 10 === 1 ? above - 1 : above, ...tier, ...filled };
}

function times(price: number | undefined, factor: number): number | undefined {
  return price === undefined ? undefined : Number((price * factor).toPrecision(6));
}

/**
 * The price of a listing, or nothing: a missing or zero price is unknown unless the id says `:free`. Embeddings
 * put nothing out, so that their zero output price is no gap.
 */
export function priceRow(
  listing: { id: string; kind?: 'embedding' | undefined },
  raw: RawRate | undefined,
  tiers: readonly (RawRate & { above: number })[] = [],
): PriceRow | undefined {
  if (listing.id.endsWith(':free')) return { input: 0, output: 0, free: true };
  const base = rateRow(raw ?? {});
  if (base.input === undefined) return undefined;
  if (listing.kind === 'embedding') return { input: base.input, inputOnly: true };
  if (base.output === undefined) return undefined;
  const overrides = tiers.map((tier) => overrideRow(base, tier.above, tier));
  return overrides.length ? { ...base, overrides } : base;
}
