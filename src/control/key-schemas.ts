/** The shapes of inference keys. */
import { z } from '@hono/zod-openapi';

const time = z.iso.datetime().meta({ description: 'ISO 8601, UTC' });

export const key = z
  .object({
    name: z.string(),
    workspace: z.string(),
    hash: z.string().meta({ description: 'First characters of the SHA-256' }),
    disabled: z.boolean(),
    presets: z.array(z.string()).optional().meta({ description: 'Absent = all of the workspace' }),
    models: z.array(z.string()).optional(),
    drafts: z.literal(true).optional().meta({ description: 'It may call drafts' }),
    write_presets: z
      .literal(true)
      .optional()
      .meta({ description: 'It may write the presets that it may use' }),
    expires_at: time.optional(),
    retiring_until: time
      .optional()
      .meta({ description: 'Until when the secret before the last rotation is accepted' }),
  })
  .openapi('Key');

export const newKeyBody = z
  .strictObject({
    name: z.string().min(1).max(80),
    workspace: z.string().min(1).optional(),
    presets: z.array(z.string().min(1)).optional(),
    models: z.array(z.string().min(1)).optional(),
    drafts: z.boolean().optional().meta({ description: 'May call drafts, as @preset/NAME@draft' }),
    write_presets: z
      .boolean()
      .optional()
      .meta({ description: 'May write the presets that it may use, as requests to /v1/presets' }),
    expires_at: time.optional(),
  })
  .openapi('NewKey');

export const rotateBody = z
  .strictObject({
    until: z.iso
      .datetime({ offset: true, error: 'must be a date and time with its zone' })
      .optional()
      .meta({ description: 'Until when the old secret is accepted as well; absent = no longer' }),
  })
  .openapi('Rotate');

export const keyParams = z.object({ name: z.string() });
export const keysAnswer = z.object({ keys: z.array(key) });
export const keyAnswer = z.object({ key });
export const newKeyAnswer = z.object({
  key,
  secret: z.string().meta({ description: 'Shown this once; stored only as a hash' }),
});
export const removedAnswer = z.object({ removed: z.string() });
