/**
 * What the control plane reads and answers about limits. `limit`, `loans`, `spent`, `held`, `remaining` and `lost` are
 * in the unit of the limit: dollars, tokens, requests. Times are ISO 8601 in UTC.
 */
import { z } from '@hono/zod-openapi';
import { scopeKinds } from '../core/scope.ts';

const amount = z.number().meta({ description: 'In the unit of the limit; money in US dollars' });
const time = z.iso.datetime().meta({ description: 'ISO 8601, UTC' });
const count = z.int().nonnegative();
const percent = z.number().meta({ description: 'Percent of `limit` and `loans` together; 100 = full' });

const unit = z.enum(['usd', 'premium_usd', 'requests', 'tokens', 'concurrent']);
const windows = ['request', 'minute', 'hour', 'day', 'week', 'month', 'total'] as const;
const per = z.enum(windows, `must be one of ${windows.slice(1).join(', ')}`);
const each = z.enum(['user', 'key'], 'must be user or key');

/** What a limit stands on, in every answer the same fields. */
const where = {
  address: z.string().meta({ description: '`gateway`, `key/ci`, `model/author/name`' }),
  scope: z.enum(scopeKinds),
  name: z.string().optional().meta({ description: 'Absent = the gateway' }),
  workspace: z.string().optional().meta({ description: 'Of keys and presets' }),
  unit,
  per: per.optional().meta({ description: 'Absent = at this moment (`concurrent`)' }),
  each: each.optional(),
};

const standing = {
  spent: amount,
  held: amount.meta({ description: 'For requests in flight; not spent' }),
  remaining: amount,
  share: percent,
  lost: amount.meta({ description: 'The part of `spent` that a crash counted: leased, never settled' }),
};

const counter = z.object({ each: z.string(), ...standing }).openapi('LimitCounter');

export const limit = z
  .object({
    ...where,
    mode: z.enum(['enforce', 'observe']),
    limit: amount.meta({ description: 'As the document has it' }),
    loans: amount.meta({ description: 'Lent for a time, outside the document' }),
    ...standing,
    resets_at: time.nullable(),
    contact: z.string().optional(),
    warn: z.array(z.number()).meta({ description: 'Percentages' }),
    downgrade: z.object({ at: z.number(), to: z.array(z.string()) }).optional(),
    min_output: z.int().optional().meta({ description: 'Tokens' }),
    counters: z
      .array(counter)
      .optional()
      .meta({ description: 'With `each`: the largest counters in use; the limit itself shows the fullest' }),
    more_counters: count.optional().meta({ description: 'Counters in use that are not listed' }),
  })
  .openapi('Limit');

export const limitsQuery = z.strictObject({
  scope: z
    .string()
    .min(1)
    .optional()
    .meta({ description: 'A kind such as `key`, or one scope such as `key/ci`' }),
  workspace: z.string().min(1).optional(),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  offset: z.coerce.number().int().min(0).default(0),
});

export const limitsAnswer = z.object({
  limits: z.array(limit).meta({ description: 'Fullest first' }),
  total: count.meta({ description: 'That match, on all pages' }),
  at: time,
});

export const loan = z
  .object({
    id: z.int(),
    ...where,
    amount_usd: z.number(),
    from: time,
    until: time,
    author: z.string(),
    reason: z.string(),
    running: z.boolean(),
    ended_by: z.string().optional().meta({ description: 'Who ended it before its time' }),
    ended_why: z.string().optional(),
  })
  .openapi('Loan');

export const release = z
  .object({
    ...where,
    counter: z.string().optional().meta({ description: 'Whose, of a limit with `each`' }),
    amount,
    at: time,
    author: z.string(),
    reason: z.string(),
  })
  .openapi('Release');

const scope = z.string().min(1).max(400).meta({ description: '`gateway`, `key/ci`, `preset/coder`, …' });
const reason = z
  .string()
  .trim()
  .min(1, 'say why: it is kept with your name')
  .max(500, 'must have at most 500 characters');

const amountWords = 'must be an amount in dollars above 0, such as 50';

export const raiseBody = z
  .strictObject({
    scope,
    workspace: z.string().min(1).optional(),
    by_usd: z.number(amountWords).positive(amountWords).max(9_000_000, 'must be at most 9,000,000'),
    until: z.iso.datetime('must be a time in ISO 8601 and UTC, such as 2027-01-31T18:00:00Z'),
    unit: z.enum(['usd', 'premium_usd']).default('usd'),
    per: per.optional().meta({ description: 'Which limit, where the scope has several' }),
    each: each.optional(),
    reason,
  })
  .openapi('Raise');

export const raiseAnswer = z.object({ loan, limit });

export const lowerBody = z
  .strictObject({
    scope,
    workspace: z.string().min(1).optional(),
    loan: z.int().positive().optional().meta({ description: 'Absent = every loan that runs on the scope' }),
    reason: reason.optional(),
  })
  .openapi('Lower');

export const lowerAnswer = z.object({ ended: z.array(loan) });

export const releaseBody = z
  .strictObject({ scope, workspace: z.string().min(1).optional(), reason })
  .openapi('ReleaseLost');

export const releaseAnswer = z.object({ released: z.array(release) });

export const loansQuery = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

export const loansAnswer = z.object({
  loans: z.array(loan).meta({ description: 'Newest first, ended ones included' }),
  releases: z.array(release).meta({ description: 'Newest first' }),
});
