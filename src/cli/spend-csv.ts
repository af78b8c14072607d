/** Spend as CSV (RFC 4180), exact, one row for each group and the total last. Pure. */
import type { SpendView } from './spend.ts';

type Sums = SpendView['total'];

const figures: Readonly<Record<string, (sums: Sums) => string | number | undefined>> = {
  spend_usd: (sums) => sums.spend_usd,
  settled_usd: (sums) => sums.settled_usd,
  estimated_usd: (sums) => sums.estimated_usd,
  unmeasured_usd: (sums) => sums.unmeasured_usd,
  failed_usd: (sums) => sums.failed_usd,
  premium_usd: (sums) => sums.premium_usd,
  premium_price_usd: (sums) => sums.premium_price_usd,
  premium_cache_usd: (sums) => sums.premium_cache_usd,
  requests: (sums) => sums.requests,
  fallbacks: (sums) => sums.fallbacks,
  fallback_share: (sums) => sums.fallback_share,
  attempts: (sums) => sums.attempts,
  overruns: (sums) => sums.overruns,
  client_retries: (sums) => sums.client_retries,
  client_retries_usd: (sums) => sums.client_retries_usd,
  input_tokens: ({ tokens }) => tokens.input,
  cache_read_tokens: ({ tokens }) => tokens.cache_read,
  cache_write_tokens: ({ tokens }) => tokens.cache_write,
  cache_write_1h_tokens: ({ tokens }) => tokens.cache_write_1h,
  output_tokens: ({ tokens }) => tokens.output,
  reasoning_tokens: ({ tokens }) => tokens.reasoning,
};

/**
 * The first column tells groups from the total, because a workspace may be called `total`, and because rows of
 * tags can add up to more than the total.
 */
export function spendCsv(view: SpendView): string {
  const lines = [
    ['row', ...view.by.map(field), ...Object.keys(figures)],
    ...view.rows.map((row) => ['group', ...row.group.map((value) => field(value ?? '')), ...figuresOf(row)]),
    ['total', ...view.by.map(() => ''), ...figuresOf(view.total)],
  ];
  return lines.map((cells) => `${cells.join(',')}\r\n`).join('');
}

function figuresOf(sums: Sums): string[] {
  return Object.values(figures).map((figure) => String(figure(sums) ?? ''));
}

/** A text from outside. A spreadsheet would run what begins like a formula, so that gets an apostrophe. */
function field(text: string): string {
  const safe = /^[=+\-@＝＋－＠\t\r\n]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
