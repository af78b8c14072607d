/** How a preset was chosen by rules, as the control plane tells it. */
import { z } from '@hono/zod-openapi';

const count = z.int().nonnegative();

/** A preset that chooses, each of its rules, and what came of it. */
export const judgedPreset = z.object({
  preset: z.string(),
  version: z.union([z.int(), z.literal('draft')]),
  rules: z.array(
    z.object({
      rule: count.meta({ description: 'Its number from 1; 0 is `background`' }),
      preset: z.string().meta({ description: 'What it chooses' }),
      matched: z.boolean(),
      conditions: z
        .array(z.object({ holds: z.boolean(), text: z.string() }))
        .optional()
        .meta({ description: 'Absent = not looked at, for one before it had fit' }),
    }),
  ),
});
