/**
 * The configuration document, `spillway.yaml`: the schema that validates it, gives its types, and describes it
 * to others. Nothing here is filled in: what is not said stays absent (see defaults.ts).
 */
import { z } from 'zod';
import { limitsSchema } from './document-limit.ts';
import { duration, name, names, secret, strict } from './document-parts.ts';
import { presetSchema } from './document-preset.ts';
import { modelSchema, providerSchema } from './document-provider.ts';
import { roles } from './role.ts';

const aliases = z
  .record(z.string(), name)
  .meta({ description: 'A name, or a catalogue slug, that stands for a preset' });

export const workspaceSchema = strict({
  contact: z.string().max(500).optional().meta({ description: 'Named in refusals, e.g. "#ai-platform"' }),
  limits: limitsSchema.optional(),
  aliases: aliases.optional(),
  presets: z.record(z.string(), presetSchema).optional(),
});
/** Presets are objects of their own, wherever they stand in the document. */
export type WorkspaceBody = Omit<z.infer<typeof workspaceSchema>, 'presets'>;

const date = z.union([z.iso.date(), z.iso.datetime({ offset: true })], {
  error: 'must be a date such as 2027-01-31, or a date and time with its zone',
});

export const keySchema = strict({
  name,
  key: secret.meta({
    description: 'env:NAME, file:PATH, sha256:HEX, or the key itself (only its hash is kept)',
  }),
  workspace: name.optional(),
  disabled: z.boolean().optional(),
  presets: names
    .optional()
    .meta({ description: 'Presets it may use; then plain models only if `models` lists them' }),
  models: names.optional(),
  drafts: z.boolean().optional().meta({ description: 'It may call drafts, as @preset/NAME@draft' }),
  write_presets: z
    .boolean()
    .optional()
    .meta({ description: 'It may write the presets that it may use, as requests to /v1/presets' }),
  aliases: aliases.optional(),
  expires: date.optional(),
  retiring: strict({ key: secret, until: date })
    .optional()
    .meta({ description: 'What the key was before it was rotated: accepted until then' }),
  limits: limitsSchema.optional(),
});
export type KeyBody = z.infer<typeof keySchema>;

/** An administrator. No document holds one: whoever may edit a document could make themselves owner. */
export const adminSchema = strict({
  name,
  key: secret,
  role: z.enum(roles),
  disabled: z.boolean().optional(),
  expires: date.optional(),
});
export type AdminBody = z.infer<typeof adminSchema>;

export const alertSchema = strict({
  name: name.optional(),
  when: z.enum(['on_fallback', 'cost_multiplier', 'premium', 'limit', 'credential', 'retiring', 'refused']),
  at: z
    .number()
    .min(0, 'must not be negative')
    .optional()
    .meta({ description: 'The multiple, USD per hour, or percentage' }),
  for: duration.optional(),
  workspace: name.optional(),
  preset: name.optional(),
  webhook: secret.optional(),
  allow_private: z.boolean().optional().meta({ description: 'The webhook may be at a private address' }),
});
export type AlertBody = z.infer<typeof alertSchema>;

export const documentSchema = strict({
  limits: limitsSchema.optional().meta({ description: 'Of the whole gateway' }),
  providers: z.record(z.string(), providerSchema).optional(),
  models: z.record(z.string(), modelSchema).optional(),
  workspaces: z.record(z.string(), workspaceSchema).optional(),
  presets: z.record(z.string(), presetSchema).optional().meta({ description: 'Of the workspace `default`' }),
  keys: z.array(keySchema).optional(),
  alerts: z.array(alertSchema).optional(),
}).meta({ title: 'spillway.yaml' });
export type Document = z.infer<typeof documentSchema>;
