/** What was spent, over HTTP: by whatever dimension, over whatever span. */
import { exactUsd } from '../core/money.ts';
import { readDimensions, type SpendFilter, type SpendRow } from '../core/spend-report.ts';
import { daysOf, readRange } from '../core/spend-range.ts';
import { spent, type Sums } from '../core/spend.ts';
import { ApiError, mount, type ControlApp } from './api-operation.ts';
import * as schemas from './api-spend-schemas.ts';
import type { View } from './api-views.ts';
import type { Spend } from './operations.ts';

type Query = View<typeof schemas.spendQuery>;

/** `now` gives epoch ms. */
export function mountSpend(app: ControlApp, spend: Spend, now: () => number): void {
  mount(app, {
    method: 'get',
    path: '/spend',
    tag: 'spend',
    summary: 'What was spent, by workspace, preset, model, key, tag, day and more',
    query: schemas.spendQuery,
    answer: schemas.spendAnswer,
    run: ({ query }) => answerSpend(spend, query, now()),
  });
}

async function answerSpend(
  spend: Spend,
  query: Query,
  now: number,
): Promise<View<typeof schemas.spendAnswer>> {
  const range = readRange(query, now);
  if (typeof range === 'string') throw new ApiError(400, 'invalid_request', range);
  const by = readDimensions(query.by);
  if (typeof by === 'string') throw new ApiError(400, 'invalid_request', by, 'by');
  const { limit } = query;
  const report = await spend.report({ by, range, filter: filterOf(query), limit });
  const { first, last } = daysOf(range);
  return {
    from: first,
    to: last,
    by,
    rows: report.rows.map(viewRow),
    rows_left_out: report.leftOut,
    overlapping: report.overlapping,
    total: viewSums(report.total),
  };
}

function filterOf(query: Query): SpendFilter {
  const { month: _month, from: _from, to: _to, days: _days, by: _by, limit: _limit, ...filter } = query;
  return Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== undefined));
}

function viewRow({ group, sums }: SpendRow): View<typeof schemas.spendRow> {
  return { group: group.map((value) => value ?? null), ...viewSums(sums) };
}

function viewSums(sums: Sums): View<typeof schemas.spendTotal> {
  const [requests, fallbacks] = [Number(sums.requests), Number(sums.fallbacks)];
  return {
    spend_usd: exactUsd(spent(sums)),
    settled_usd: exactUsd(sums.settled),
    estimated_usd: exactUsd(sums.estimated),
    unmeasured_usd: exactUsd(sums.unmeasured),
    failed_usd: exactUsd(sums.failed),
    premium_usd: exactUsd(sums.premiumPrice + sums.premiumCache),
    premium_price_usd: exactUsd(sums.premiumPrice),
    premium_cache_usd: exactUsd(sums.premiumCache),
    requests,
    fallbacks,
    fallback_share: requests === 0 ? 0 : Number((fallbacks / requests).toFixed(4)),
    attempts: Number(sums.attempts),
    overruns: Number(sums.overruns),
    client_retries: Number(sums.clientRetries),
    client_retries_usd: exactUsd(sums.clientRetried),
    tokens: {
      input: Number(sums.input),
      cache_read: Number(sums.cacheRead),
      cache_write: Number(sums.cacheWrite),
      cache_write_1h: Number(sums.cacheWrite1h),
      output: Number(sums.output),
      reasoning: Number(sums.reasoning),
    },
  };
}
