/** Presets as the document writes them. */
import { z } from 'zod';
import { limitsSchema } from './document-limit.ts';
import {
  count,
  duration,
  feature,
  json,
  jsonObject,
  name,
  names,
  strict,
  text,
  tier,
  usdPerMillion,
} from './document-parts.ts';
import { backgroundSchema, routeSchema } from './document-route.ts';
import { acceptedQuantizations, acceptedSorts } from './preferences.ts';

const memberObject = strict({
  model: name,
  parameters: jsonObject
    .optional()
    .meta({ description: 'Win over the request; of two output caps the smaller' }),
});

const member = z.union([name, memberObject], { error: 'must be a model, or { model, parameters }' });
export type MemberBody = z.infer<typeof member>;

const maxPrice = z.union([usdPerMillion, z.string().regex(/^\d+(\.\d+)?$/, 'must be a number of USD')], {
  error: 'must be a number of USD',
});

const sortWord = z.enum(acceptedSorts);
const sort = z.union([sortWord, strict({ by: sortWord, partition: z.enum(['model', 'none']).optional() })], {
  error: `must be one of ${sortWord.options.join(', ')}, or { by, partition }`,
});

/** A number (the median), or percentiles. */
const performance = z.union(
  [
    z.number().min(0),
    strict({
      p50: z.number().min(0).optional(),
      p75: z.number().min(0).optional(),
      p90: z.number().min(0).optional(),
      p99: z.number().min(0).optional(),
    }),
  ],
  {
    error: 'must be a number, or { p50, p75, p90, p99 }',
  },
);

/** OpenRouter's `provider` object. */
export const preferencesSchema = strict({
  order: names.optional(),
  only: names.optional(),
  ignore: names.optional(),
  allow_fallbacks: z.boolean().optional(),
  require_parameters: z.boolean().optional(),
  data_collection: z.enum(['allow', 'deny']).optional(),
  zdr: z.boolean().optional(),
  enforce_distillable_text: z.boolean().optional(),
  quantizations: z.array(z.enum(acceptedQuantizations)).optional(),
  sort: sort.optional(),
  preferred_min_throughput: performance.optional(),
  preferred_max_latency: performance.optional(),
  max_price: strict({
    prompt: maxPrice.optional(),
    completion: maxPrice.optional(),
    request: maxPrice.optional(),
    image: maxPrice.optional(),
    audio: maxPrice.optional(),
  }).optional(),
});
export type PreferencesBody = z.infer<typeof preferencesSchema>;

const floor = strict({
  tier: tier.optional(),
  context: count.optional(),
  features: z.array(feature).optional(),
  below: z.enum(['never', 'last_resort']).optional(),
});
export type FloorBody = z.infer<typeof floor>;

/** Failure classes for which the next endpoint may be tried. Those of the caller's own making never are. */
export const failoverClasses = [
  'rate_limit',
  'too_large_for_rate',
  'overloaded',
  'server_error',
  'timeout',
  'connection',
  'quota',
  'model_gone',
  'auth',
  'context',
  'unsupported',
  'moderation',
] as const;

const timeouts = strict({
  connect: duration.optional(),
  first_token: duration.optional(),
  response: duration.optional(),
  idle: duration.optional(),
  total: duration.optional(),
  start_by: duration
    .optional()
    .meta({ description: 'No new attempt begins later than this after the request came' }),
});
export type TimeoutsBody = z.infer<typeof timeouts>;

const failover = strict({
  on: z.array(z.enum(failoverClasses)).optional(),
  timeouts: timeouts.optional(),
  order: z.enum(['listed', 'price']).optional(),
  attempts: z.int().min(1, 'must be at least 1').max(20, 'must be at most 20').optional(),
  max_cost_multiplier: z.number().gt(0, 'must be above 0').max(1_000_000).optional(),
  stay: duration.optional(),
});
export type FailoverBody = z.infer<typeof failover>;

const tool = z.record(z.string(), json);

export const presetSchema = strict({
  description: z.string().max(2_000).optional(),
  disabled: z.boolean().optional(),
  shared_with: z
    .union([z.literal('all'), names], { error: 'must be all, or a list of workspaces' })
    .optional()
    .meta({ description: 'Workspaces that may use it, as workspace/name' }),
  models: z
    .array(member)
    .min(1, 'must name at least one model')
    .max(32, 'must name at most 32 models')
    .optional(),
  system_prompt: text.optional(),
  parameters: jsonObject.optional(),
  tools: z.array(tool).max(512).optional(),
  provider: preferencesSchema.optional(),
  locked: names.optional().meta({ description: "Keys whose value here wins over the request's" }),
  floor: floor.optional(),
  failover: failover.optional(),
  limits: limitsSchema.optional(),
  route: routeSchema.optional(),
  background: backgroundSchema
    .optional()
    .meta({ description: 'Where background calls of known agents go instead' }),
});
export type PresetBody = z.infer<typeof presetSchema>;
