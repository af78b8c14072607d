/** The shapes of spend over HTTP. Money is a text with all its digits: sums outgrow what a JSON number holds. */
import { z } from '@hono/zod-openapi';
import { dimensionNames } from '../core/spend-report.ts';
import { tokens } from './api-schemas.ts';

const usd = z
  .string()
  .regex(/^-?\d+\.\d{9}$/)
  .meta({ description: 'US dollars, exact to the nano-dollar, as a text', example: '12.500000001' });
const count = z.int().nonnegative();
const day = z.string().meta({ description: 'A UTC day', example: '2026-11-24' });
const name = z.string().min(1).optional();

export const spendQuery = z.strictObject({
  month: z.string().optional().meta({ description: 'Default: the current month', example: '2026-11' }),
  from: day.optional(),
  to: day.optional().meta({ description: 'The last UTC day, included; default: today' }),
  days: z.coerce
    .number()
    .int()
    .min(1)
    .max(3660)
    .optional()
    .meta({ description: 'The last so many UTC days' }),
  by: z
    .string()
    .default('workspace')
    .meta({
      description: `Comma-separated: ${dimensionNames.join(', ')}, or tag:NAME for the values of one tag`,
      example: 'workspace,tag:customer',
    }),
  workspace: name,
  key: name,
  preset: name.meta({ description: 'A slug, or workspace/slug' }),
  model: name,
  provider: name,
  user: name,
  limit: z.coerce
    .number()
    .int()
    .min(1)
    .max(100_000)
    .default(1_000)
    .meta({ description: 'Rows, dearest first' }),
});

const sums = {
  spend_usd: usd.meta({ description: 'settled + estimated + unmeasured, as US dollars' }),
  settled_usd: usd.meta({ description: 'From the usage that providers reported' }),
  estimated_usd: usd.meta({ description: 'Answers without usage, counted by us' }),
  unmeasured_usd: usd.meta({ description: 'What attempts that broke off may have cost' }),
  failed_usd: usd.meta({ description: 'Of spend_usd, what attempts cost that did not answer' }),
  premium_usd: usd.meta({ description: 'Above what the primaries would have cost; negative = saved' }),
  premium_price_usd: usd,
  premium_cache_usd: usd,
  requests: count,
  fallbacks: count.meta({ description: 'Requests that something behind the primary served' }),
  fallback_share: z.number().min(0).max(1),
  attempts: count,
  overruns: count.meta({ description: 'Attempts billed above what was held for them' }),
  client_retries: count.meta({ description: 'Requests that their clients had made before, in vain' }),
  client_retries_usd: usd.meta({ description: 'Of spend_usd, what those cost' }),
  tokens,
};

export const spendTotal = z.object(sums).openapi('SpendTotal');

export const spendRow = z
  .object({
    group: z.array(z.string().nullable()).meta({ description: 'A value for each of `by`; null = none' }),
    ...sums,
  })
  .openapi('SpendRow');

export const spendAnswer = z
  .object({
    from: day.meta({ description: 'The first UTC day' }),
    to: day.meta({ description: 'The last UTC day, included' }),
    by: z.array(z.string()),
    rows: z.array(spendRow),
    rows_left_out: count.meta({ description: 'More than `limit`; the total has them all' }),
    overlapping: z
      .boolean()
      .meta({ description: 'A generation with several tags stands in several rows: they exceed the total' }),
    total: spendTotal.meta({ description: 'Over the generations, each counted once' }),
  })
  .openapi('Spend');
