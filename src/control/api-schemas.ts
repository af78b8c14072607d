/**
 * Every shape that the control plane reads or answers, in one place: what validates is what the OpenAPI document
 * shows. Field names carry their unit: `_usd` dollars, `_ms` milliseconds, `_at` and `at` ISO 8601 in UTC.
 */
import { z } from '@hono/zod-openapi';
import { recordedActions } from '../core/settings-store.ts';
import { faultKinds } from '../emulator/faults.ts';
import { pause } from './health-schemas.ts';
import { judgedPreset } from './route-schemas.ts';

const usd = z.number().meta({ description: 'US dollars' });
const ms = z.number().meta({ description: 'Milliseconds' });
const time = z.iso.datetime().meta({ description: 'ISO 8601, UTC' });
const count = z.int().nonnegative();

export const errorAnswer = z
  .object({
    error: z.object({
      code: z.string(),
      message: z.string().meta({ description: 'One sentence that names the fix' }),
      path: z.string().optional().meta({ description: 'The field at fault' }),
    }),
  })
  .openapi('Error');

export const noInput = z.object({});

// — documents —

export const finding = z
  .object({
    path: z.string(),
    line: z.int().positive().optional(),
    column: z.int().positive().optional(),
    level: z.enum(['error', 'warning']),
    message: z.string(),
  })
  .openapi('Finding');

const kind = z.enum([
  'gateway',
  'provider',
  'model',
  'workspace',
  'preset',
  'key',
  'alert',
  'admin',
  'rollout',
]);

export const change = z
  .object({
    kind,
    name: z.string(),
    action: z.enum([...recordedActions, 'unchanged', 'kept']),
    version: z.int(),
    diff: z.array(z.string()).meta({ description: 'Unified-style lines, secrets masked' }),
  })
  .openapi('Change');

export const applyBody = z
  .strictObject({
    text: z.string().meta({ description: 'The document: YAML or JSON' }),
    message: z.string().max(500).optional().meta({ description: 'Kept with the revision' }),
    force: z.boolean().optional().meta({ description: 'Override objects edited since their last apply' }),
    prune: z.boolean().optional().meta({ description: 'Archive objects that the document no longer has' }),
    dry_run: z.boolean().optional().meta({ description: 'Decide and report, change nothing' }),
  })
  .openapi('Apply');

export const applied = z
  .object({
    outcome: z.literal('applied'),
    dry_run: z.boolean(),
    revision: z.int(),
    changes: z.array(change),
    findings: z.array(finding),
  })
  .openapi('Applied');

const failure = errorAnswer.shape.error;

export const invalid = z
  .object({ outcome: z.literal('invalid'), findings: z.array(finding), error: failure })
  .openapi('InvalidDocument');

export const conflict = z
  .object({
    outcome: z.literal('conflict'),
    conflicts: z.array(change),
    findings: z.array(finding),
    error: failure,
  })
  .openapi('Conflict');

export const applyAnswer = z.discriminatedUnion('outcome', [applied, invalid, conflict]);

export const checkBody = z.strictObject({ text: z.string() }).openapi('Check');

export const checkAnswer = z.object({ valid: z.boolean(), findings: z.array(finding) }).openapi('Checked');

export const revision = z
  .object({ revision: z.int(), at: time, author: z.string(), message: z.string(), changes: z.array(change) })
  .openapi('Revision');

export const revisionsAnswer = z.object({ revisions: z.array(revision) });

/** How many of a list, newest first. */
export const limitQuery = z.strictObject({ limit: z.coerce.number().int().min(1).max(1000).default(50) });

// — generations —

export const tokens = z
  .object({
    input: count,
    cache_read: count.optional(),
    cache_write: count.optional(),
    cache_write_1h: count.optional(),
    output: count,
    reasoning: count.optional(),
  })
  .meta({ description: 'Disjoint buckets: no token is in two of them' })
  .openapi('Tokens');

export const attempt = z
  .object({
    id: z.string(),
    position: count,
    model: z.string(),
    provider: z.string(),
    at: time,
    outcome: z.string().meta({ description: '`ok`, or the failure class' }),
    status: count.meta({ description: 'HTTP status; 0 = none arrived' }),
    message: z.string().optional(),
    upstream_id: z.string().optional(),
    first_token_ms: ms.optional(),
    latency_ms: ms,
    tokens: tokens.optional(),
    basis: z.enum(['measured', 'estimated', 'unmeasured', 'none']),
    cost_usd: usd,
    unmeasured_usd: usd
      .optional()
      .meta({ description: 'US dollars, an estimate of what an attempt without usage may have cost' }),
    worst_usd: usd.optional(),
  })
  .openapi('Attempt');

export const skip = z
  .object({
    endpoint: z.string(),
    reason: z.string(),
    why: z.string().optional().meta({
      description:
        'The limit in the way, in the words of a refusal; of one that rested the failure class, or who paused it',
    }),
  })
  .openapi('Skip');

const explainedSkip = z
  .object({
    endpoint: z.string(),
    reason: z.string(),
    why: z
      .string()
      .optional()
      .meta({ description: 'Of one that rests: the failure class, or who paused it' }),
    until: time.optional().meta({
      description:
        'Absent = until somebody acts; for the reason `stay`: when its time is over, absent once it is',
    }),
  })
  .openapi('ExplainedSkip');

export const generation = z
  .object({
    id: z.string(),
    at: time,
    latency_ms: ms,
    first_token_ms: ms.optional(),
    revision: z.int(),
    workspace: z.string(),
    key: z.string(),
    api: z.enum(['chat', 'responses', 'messages', 'embeddings']),
    stream: z.boolean(),
    requested: z.string().meta({ description: 'The model name as sent' }),
    preset: z.string().optional(),
    preset_version: z.union([z.int(), z.literal('draft')]).optional(),
    route: z
      .string()
      .optional()
      .meta({ description: 'The presets that chose it, each with its rule, e.g. `auto@2`' }),
    task: z.string().optional().meta({ description: 'What it was for, where rules went by that' }),
    ending: z.enum(['ok', 'failed', 'cut', 'client_gone']),
    problem: z.string().optional(),
    finish: z.string().optional(),
    native_finish: z.string().optional(),
    served: z.object({ position: count, model: z.string(), provider: z.string() }).optional(),
    fallback: z.boolean(),
    tokens: tokens.optional().meta({ description: 'Of the attempt that served' }),
    cost_usd: usd.meta({ description: 'US dollars, all attempts together' }),
    primary_cost_usd: usd.optional().meta({ description: 'The same tokens at the primary, cold' }),
    cost_multiplier: z.number().optional(),
    cache_lost_usd: usd.optional().meta({
      description:
        'US dollars, estimated: buying a prompt again that was cached where the conversation was before',
    }),
    attempts: z.array(attempt),
    skipped: z.array(skip),
    warnings: z.array(z.string()),
    user: z.string().optional(),
    session: z.string().optional(),
    tags: z.record(z.string(), z.string()),
    user_agent: z.string().optional(),
    client_retry: z
      .object({ of: z.string().optional(), count: z.int().optional() })
      .optional()
      .meta({ description: 'The client asks again: the generation it repeats, and its own count' }),
  })
  .openapi('Generation');

export const generationParams = z.object({ id: z.string() });
export const generationsAnswer = z.object({ generations: z.array(generation) });
export const generationAnswer = z.object({ generation });

// — explain —

export const explainBody = z
  .strictObject({
    request: z.record(z.string(), z.unknown()).meta({ description: 'The body of a request' }),
    dialect: z
      .enum(['chat', 'responses', 'messages', 'embeddings'])
      .optional()
      .meta({ description: 'What the request is written in; absent = what it looks like' }),
    headers: z
      .record(z.string(), z.string())
      .optional()
      .meta({ description: 'Of the request: routing goes by some, as x-spillway-task' }),
    workspace: z.string().default('default'),
    key: z.string().optional().meta({ description: 'As this key would ask: what it may use, its limits' }),
  })
  .openapi('Explain');

export const explanation = z
  .object({
    preset: z.string().optional(),
    requested: z.string(),
    task: z.string().optional().meta({ description: 'What the request is for, and how that is known' }),
    route: z
      .array(judgedPreset)
      .meta({ description: 'Presets that choose among others, in order; empty where none does' }),
    warnings: z.array(z.string()),
    steps: z.array(
      z.object({
        position: count,
        endpoint: z.string(),
        model: z.string(),
        provider: z.string(),
        worst_usd: usd.optional().meta({ description: 'US dollars, the most this attempt could cost' }),
        likely_usd: usd.optional().meta({
          description: 'US dollars: an answer of the usual length, with the cache that is there',
        }),
        output_cap: count,
        kept: z
          .literal(true)
          .optional()
          .meta({ description: 'The conversation stays here, though others stand before it' }),
        multiplier: z.number().optional(),
        limits: z
          .object({
            verdict: z.enum(['fits', 'shortened', 'waits', 'refused']),
            output_cap: count.optional().meta({ description: 'Tokens, where the answer is shortened' }),
            code: z.string().optional(),
            message: z.string().optional().meta({ description: 'Which limit is in the way' }),
          })
          .optional()
          .meta({ description: 'The worst case against the limits as they stand; absent = none applies' }),
      }),
    ),
    skipped: z.array(explainedSkip),
    problem: z.object({ code: z.string(), message: z.string() }).optional(),
  })
  .openapi('Explanation');

// — emulator —

export const fault = z
  .strictObject({
    model: z
      .string()
      .min(1)
      .meta({ description: 'A model, or `*` for every model without a fault of its own' }),
    kind: z.enum(faultKinds),
    retry_after: count.optional().meta({ description: 'Seconds in Retry-After of `rate_limit`' }),
    delay_ms: count.optional().meta({ description: 'Milliseconds before the first token under `slow`' }),
    tokens_per_second: z.number().positive().optional().meta({ description: 'Under `slow`' }),
    times: z.int().positive().optional().meta({ description: 'Disarms after so many requests' }),
    after_tokens: z.int().positive().optional().meta({ description: 'Tokens of content before the fault' }),
  })
  .openapi('Fault');

export const faultsAnswer = z.object({ faults: z.array(fault) });
export const faultAnswer = z.object({ fault });
export const clearQuery = z.strictObject({ model: z.string().min(1).optional() });
export const clearedAnswer = z.object({ cleared: count });

const account = z.object({ requests: count, tokens, cost_usd: usd });

export const bill = z.object({ total: account, models: z.record(z.string(), account) }).openapi('Bill');

// — status and backup —

const percentiles = z
  .object({ p50: z.number(), p75: z.number(), p90: z.number(), p99: z.number() })
  .meta({ description: 'p90: nine in ten were at least as good' });

export const status = z
  .object({
    version: z.string(),
    started_at: time,
    uptime_ms: ms,
    revision: z.int(),
    providers: z.array(z.object({ name: z.string(), wire: z.string(), base_url: z.string(), models: count })),
    presets: z.array(
      z.object({
        workspace: z.string(),
        name: z.string(),
        version: z.int(),
        status: z.enum(['active', 'disabled', 'archived']),
        description: z.string().optional(),
        chain: z.array(z.string()).meta({ description: 'Models, primary first' }),
        chooses: z.array(z.string()).optional().meta({ description: 'Presets that its rules may choose' }),
      }),
    ),
    paces: z
      .array(
        z.object({
          endpoint: z.string(),
          latency_ms: percentiles.optional(),
          throughput: percentiles.optional(),
        }),
      )
      .meta({
        description:
          'How fast endpoints were in the last 30 minutes: to the first token of streams, and tokens per second',
      }),
    counts: z.object({
      models: count,
      keys: count,
      limits: count.meta({ description: 'Enforced; see GET /limits' }),
      observed_limits: count.meta({ description: 'Never refuse' }),
      in_flight: count,
      generations: count.meta({ description: 'Ended since the start' }),
      fallbacks: count,
      failed: count,
    }),
    breakers: z
      .array(
        z.object({
          subject: z.string().meta({ description: '`endpoint/author/name@provider`, or `provider/name`' }),
          state: z.enum(['open', 'half_open']),
          why: z.string().meta({ description: 'The failure class' }),
          since: time,
          until: time.optional().meta({ description: 'Absent = until somebody acts' }),
        }),
      )
      .meta({ description: 'Those that are not closed' }),
    pauses: z.array(pause).meta({ description: 'What operators have left alone' }),
    notes: z.array(z.string()).meta({ description: 'What an operator should know now' }),
    emulator: z
      .object({ faults: z.array(fault) })
      .optional()
      .meta({ description: 'Absent = no emulator runs' }),
  })
  .openapi('Status');

export const backupBody = z
  .strictObject({ file: z.string().min(1).meta({ description: 'Absolute path on the server' }) })
  .openapi('Backup');

export const backupAnswer = z.object({ file: z.string() });
