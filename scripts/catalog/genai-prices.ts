/** Reads genai-prices (MIT): the cross-check for prices at the authors' own providers. */
import type { RateRow } from '../../src/catalog/format.ts';
import { compact } from './listing.ts';

type Amount = number | { base: number };
type Prices = {
  input_mtok?: Amount;
  output_mtok?: Amount;
  cache_read_mtok?: Amount;
  cache_write_mtok?: Amount;
  cache_write_1h_mtok?: Amount;
  requests_kcount?: Amount;
};
type Match = {
  or?: Match[];
  and?: Match[];
  equals?: string;
  starts_with?: string;
  ends_with?: string;
  contains?: string;
  regex?: string;
};
type Dated = { constraint?: { type: string; start_date?: string }; prices: Prices };
type Entry = { id: string; match: Match; prices: Prices | Dated[] };
export type GenaiFile = { id: string; models: Entry[] }[];

const names: Record<string, string> = {
  anthropic: 'anthropic',
  cerebras: 'cerebras',
  cohere: 'cohere',
  deepseek: 'deepseek',
  google: 'google',
  groq: 'groq',
  minimax: 'minimax',
  mistral: 'mistral',
  moonshotai: 'moonshotai',
  openai: 'openai',
  perplexity: 'perplexity',
  xai: 'x-ai',
  zai: 'zai',
};

/**
 * The base rate of a provider's model on `date` (ISO), or nothing. OpenRouter's listings lack the fee that
 * Perplexity takes for each request, and passes on.
 */
export function genaiRate(
  file: GenaiFile,
  offer: { provider: string; id: string },
  date: string,
): RateRow | undefined {
  const [author, name = ''] = offer.id.split('/');
  if (offer.provider === 'openrouter' && author === 'perplexity') {
    return compact({ perRequest: find(file, { provider: author, id: name }, date)?.perRequest });
  }
  return find(file, offer, date);
}

/** Only exact and prefix matches count, and a moving `-latest` id only exactly: looser rules catch other models. */
function find(file: GenaiFile, offer: { provider: string; id: string }, date: string): RateRow | undefined {
  const models = file.find((provider) => provider.id === names[offer.provider])?.models ?? [];
  const id = offer.id.toLowerCase();
  const entry = models.find((model) => strength(model.match, id) > 0);
  if (!entry || strength(entry.match, id) < (id.endsWith('-latest') ? 2 : 1.5)) return undefined;
  return rate(current(entry.prices, date));
}

/** 2 exact, 1.5 a prefix or pattern, 1 anything looser, 0 no match. */
function strength(match: Match, id: string): number {
  if (match.or) return Math.max(...match.or.map((one) => strength(one, id)));
  if (match.and) return Math.min(...match.and.map((one) => strength(one, id)));
  if (match.equals !== undefined) return match.equals.toLowerCase() === id ? 2 : 0;
  if (match.starts_with !== undefined) return id.startsWith(match.starts_with) ? 1.5 : 0;
  if (match.regex !== undefined) return new RegExp(match.regex).test(id) ? 1.5 : 0;
  return id.includes(match.contains ?? match.ends_with ?? '\0') ? 1 : 0;
}

function current(prices: Prices | Dated[], date: string): Prices {
  if (!Array.isArray(prices)) return prices;
  const begun = prices.filter(({ constraint }) => !constraint || (constraint.start_date ?? '9999') <= date);
  return begun.at(-1)?.prices ?? {};
}

function rate(prices: Prices): RateRow {
  const perThousand = base(prices.requests_kcount);
  return compact({
    input: base(prices.input_mtok),
    output: base(prices.output_mtok),
    cacheRead: base(prices.cache_read_mtok),
    cacheWrite: base(prices.cache_write_mtok),
    perRequest: perThousand === undefined ? undefined : perThousand / 1000,
  });
}

function base(amount: Amount | undefined): number | undefined {
  return typeof amount === 'object' ? amount.base : amount;
}
