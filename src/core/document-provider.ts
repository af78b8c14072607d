/** Providers and the overlay on the catalogue, as the document writes them. */
import { z } from 'zod';
import { limitsSchema } from './document-limit.ts';
import {
  count,
  duration,
  feature,
  name,
  names,
  secret,
  strict,
  tier,
  usdPerMillion,
} from './document-parts.ts';

export const wire = z.enum(['openai-chat', 'openai-responses', 'anthropic', 'gemini']);

const headerName = z.string().regex(/^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/, 'must be the name of an HTTP header');

const auth = z.union([z.enum(['bearer', 'x-api-key']), strict({ header: headerName })], {
  error: 'must be bearer, x-api-key or { header: NAME }',
});

export const providerSchema = strict({
  wire: wire.meta({ description: 'The dialect that the provider speaks' }),
  base_url: z.string().max(2_000).meta({
    description:
      'With the version segment, e.g. https://api.deepseek.com/v1; emulator://NAME/v1 is the built-in one',
  }),
  api_key: z
    .union([secret, z.array(secret).min(1, 'must name at least one credential').max(100)], {
      error: 'must be one credential or a list of them',
    })
    .optional(),
  auth: auth.optional(),
  headers: z.record(z.string(), z.string()).optional(),
  allow_private: z.boolean().optional().meta({ description: 'Its name may lead to a private address' }),
  catalog: name
    .optional()
    .meta({ description: 'Whose models and prices in the catalogue; default: its own name' }),
  data: strict({
    collection: z.enum(['allow', 'deny']).optional(),
    zdr: z.boolean().optional(),
  }).optional(),
  drain: z
    .union([z.literal('never'), duration], { error: 'must be never, or a duration such as 30s' })
    .optional()
    .meta({ description: 'How long an answer is read on for its usage after its client left' }),
  workspaces: z
    .union([z.literal('all'), names.min(1, 'must name at least one workspace')], {
      error: 'must be all, or a list of workspaces',
    })
    .optional(),
  limits: limitsSchema.optional(),
});
export type ProviderBody = z.infer<typeof providerSchema>;

/** USD per million tokens; `per_request` in USD. */
const price = strict({
  input: usdPerMillion.optional(),
  output: usdPerMillion.optional(),
  cache_read: usdPerMillion.optional(),
  cache_write: usdPerMillion.optional(),
  cache_write_1h: usdPerMillion.optional(),
  reasoning: usdPerMillion.optional(),
  per_request: z.number().min(0, 'must not be negative').max(10_000, 'must be in USD per request').optional(),
  free: z.boolean().optional().meta({ description: 'A price of 0 counts only with this' }),
});
export type PriceBody = z.infer<typeof price>;

const overlayEndpoint = strict({
  provider: name,
  model: name.optional().meta({ description: "The provider's own id for the model" }),
  price: price.optional(),
  context: count.optional(),
  max_output: count.optional(),
  features: z.array(feature).optional(),
});
export type OverlayEndpointBody = z.infer<typeof overlayEndpoint>;

export const modelSchema = strict({
  name: name.optional(),
  endpoints: z.array(overlayEndpoint).max(100).optional(),
  context: count.optional(),
  max_output: count.optional(),
  features: z.array(feature).optional(),
  tier: tier.optional(),
  limits: limitsSchema.optional(),
});
export type ModelBody = z.infer<typeof modelSchema>;
