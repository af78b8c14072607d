/** Limits as the document writes them: `{ usd: 50, per: day, warn: [50, 80] }`. */
import { z } from 'zod';
import { count, name, percent, strict } from './document-parts.ts';

/** What a limit counts. Each entry of `limits` has exactly one of these keys. */
export const limitUnits = ['usd', 'premium_usd', 'requests', 'tokens', 'concurrent'] as const;
export type LimitUnit = (typeof limitUnits)[number];

export function isMoney(unit: LimitUnit): boolean {
  return unit === 'usd' || unit === 'premium_usd';
}

/** More than nine million dollars does not fit into nano-USD. */
const usd = z.number().min(0, 'must not be negative').max(9_000_000, 'must be at most 9,000,000');

const whole = z.int().min(0, 'must not be negative').max(1e15, 'must be at most 1e15');

export const windowName = z.enum(['request', 'minute', 'hour', 'day', 'week', 'month', 'total']);

const downgrade = strict({
  at: percent.meta({ description: 'Percentage of the limit from which on other models serve' }),
  to: z.array(name).min(1, 'must name at least one model'),
});

export const limitSchema = strict({
  usd: usd.optional(),
  premium_usd: usd.optional().meta({ description: 'Counts only what failover cost above the primary' }),
  requests: whole.optional(),
  tokens: whole.optional(),
  concurrent: count.max(1_000_000, 'must be at most 1,000,000').optional(),
  per: windowName
    .optional()
    .meta({ description: 'UTC calendar windows; `request` is all attempts of one request' }),
  each: z
    .enum(['user', 'key'])
    .optional()
    .meta({ description: 'One counter per user (or key) instead of one for all' }),
  mode: z
    .enum(['enforce', 'observe'])
    .optional()
    .meta({ description: '`observe` never refuses; it only reports' }),
  warn: z.array(percent).max(10, 'must have at most 10 percentages').optional(),
  downgrade: downgrade.optional(),
  min_output: count
    .optional()
    .meta({ description: 'Tokens of answer below which a request is refused, not clamped' }),
})
  .refine((limit) => units(limit).length === 1, {
    error: (issue) => unitProblem(units(issue.input)),
    when: ({ value, issues }) => isObject(value) && (issues.length === 0 || units(value).length > 1),
  })
  .refine((limit) => limit.per !== undefined, {
    path: ['per'],
    error: 'is missing: say per minute, hour, day, week, month, total or request',
    when: ({ value }) => isObject(value) && value['concurrent'] === undefined && !('per' in value),
  })
  .refine((limit) => limit.per === undefined, {
    path: ['per'],
    error: 'does not go with concurrent, which counts requests at this moment',
    when: ({ value }) => isObject(value) && value['concurrent'] !== undefined,
  });

export type LimitBody = z.infer<typeof limitSchema>;
export const limitsSchema = z.array(limitSchema).max(100, 'must have at most 100 limits');

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function units(limit: unknown): readonly LimitUnit[] {
  return isObject(limit) ? limitUnits.filter((unit) => limit[unit] !== undefined) : [];
}

function unitProblem(found: readonly LimitUnit[]): string {
  const all = 'usd, premium_usd, requests, tokens or concurrent';
  if (found.length === 0) return `must say what it limits: one of ${all}`;
  return `limits ${found.join(' and ')} at once: write one entry for each`;
}
