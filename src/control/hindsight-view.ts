/** A past request explained, as the control plane answers it. */
import { z } from '@hono/zod-openapi';
import type { Hindsight } from '../core/hindsight.ts';
import { toUsd } from '../core/money.ts';
import { optional } from '../core/optional.ts';
import { generation } from './api-schemas.ts';
import { viewGeneration, type View } from './api-views.ts';

const ms = z.number().meta({ description: 'Milliseconds' });
const usd = z.number().meta({ description: 'US dollars; below zero where it was cheaper' });

export const hindsight = z
  .object({
    generation,
    chain: z
      .array(z.string())
      .optional()
      .meta({ description: 'Models of that version of the preset, primary first' }),
    route: z.array(z.string()).meta({ description: 'How the preset was chosen, in words' }),
    waited_ms: z
      .array(ms)
      .meta({ description: 'Before each attempt, since the arrival or the end of the attempt before' }),
    premium: z
      .object({ price_usd: usd, cache_usd: usd })
      .optional()
      .meta({ description: 'Above the primary with its cache: by price, and by the cache left behind' }),
    limits: z.array(z.string()).meta({ description: 'Limits that stood in the way' }),
    revision_now: z.int().meta({ description: 'Other than the generation’s: the configuration has changed' }),
  })
  .openapi('Hindsight');

export type HindsightView = View<typeof hindsight>;

export function viewHindsight(
  { record, chain, route, tries, limits }: Hindsight,
  revisionNow: number,
): HindsightView {
  const { premium } = record;
  return {
    generation: viewGeneration(record),
    ...optional('chain', chain),
    route,
    waited_ms: tries.map(({ waitedMs }) => waitedMs),
    ...optional('premium', premium && { price_usd: toUsd(premium.price), cache_usd: toUsd(premium.cache) }),
    limits,
    revision_now: revisionNow,
  };
}
