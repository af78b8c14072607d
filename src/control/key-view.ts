/** A key as OpenRouter's `GET /key` shows it to who holds it: what it has spent, and what is left of its limit. */
import type { Limit } from '../core/limit.ts';
import { exactUsd } from '../core/money.ts';
import type { JsonValue, Key } from '../core/snapshot.ts';
import { windowStart, type HourlyWindow } from '../core/spend-range.ts';
import type { Spend } from './operations.ts';

/** `now` is epoch ms. */
export function keyView(key: Key, spend: Spend, now: number): JsonValue {
  const usage = (per: HourlyWindow): bigint => spend.ofKey(key, windowStart(per, now));
  const limit = strictest(key, usage);
  return {
    label: key.name,
    limit: limit ? dollars(limit.amount) : null,
    limit_remaining: limit ? dollars(limit.remaining) : null,
    limit_reset: limit ? resets[limit.per] : null,
    usage: dollars(usage('total')),
    usage_daily: dollars(usage('day')),
    usage_weekly: dollars(usage('week')),
    usage_monthly: dollars(usage('month')),
    expires_at: key.expiresAt === undefined ? null : new Date(key.expiresAt).toISOString(),
    workspace_id: key.workspace,
    ...fixed,
  };
}

/** Fields that clients of OpenRouter check for, and that say nothing here. */
const fixed = {
  byok_usage: 0,
  byok_usage_daily: 0,
  byok_usage_weekly: 0,
  byok_usage_monthly: 0,
  include_byok_in_limit: false,
  is_free_tier: false,
  is_management_key: false,
  is_provisioning_key: false,
  creator_user_id: null,
  organization_id: null,
  allowed_data_regions: ['global'],
  free_model_daily_requests: { limit: 0, used: 0, remaining: 0 },
  rate_limit: { requests: -1, interval: '10s', note: 'Not used: see limits.' },
} as const;

const resets: Readonly<Record<HourlyWindow, string | null>> = {
  hour: 'hourly',
  day: 'daily',
  week: 'weekly',
  month: 'monthly',
  total: null,
};

type Standing = { readonly amount: bigint; readonly remaining: bigint; readonly per: HourlyWindow };

/** Of the key's own limits in dollars the one with the least left. Its preset's, workspace's and others' are not its own. */
function strictest(key: Key, usage: (per: HourlyWindow) => bigint): Standing | undefined {
  const standings = (key.limits ?? []).flatMap((limit) => {
    if (!counts(limit)) return [];
    const amount = BigInt(limit.amount);
    const left = amount - usage(limit.per);
    return [{ amount, remaining: left > 0n ? left : 0n, per: limit.per }];
  });
  return standings.toSorted((a, b) => Number(a.remaining - b.remaining))[0];
}

/** A ceiling on all that the key spends. Hourly sums say nothing about one request or one minute. */
function counts(limit: Limit): limit is Limit & { readonly per: HourlyWindow } {
  const { unit, mode, each, per } = limit;
  return (
    unit === 'usd' && mode === 'enforce' && each !== 'user' && per !== undefined && Object.hasOwn(resets, per)
  );
}

function dollars(amount: bigint): number {
  return Number(exactUsd(amount));
}
