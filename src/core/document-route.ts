/** Rules of a routing preset as the document writes them. */
import { z } from 'zod';
import { name, names, strict } from './document-parts.ts';
import { backgroundKinds } from './recognise.ts';

/** One, or any of several. */
const oneOrMore = (what: string) =>
  z.union([name, names.min(1, `must have at least one ${what}`)], {
    error: `must be a ${what}, or a list of them`,
  });

const comparison = strict({
  gt: z.number().optional(),
  gte: z.number().optional(),
  lt: z.number().optional(),
  lte: z.number().optional(),
});

export const modalities = ['image', 'audio', 'file'] as const;
const modality = z.enum(modalities);

const kind = z.enum(backgroundKinds);
const kinds = z.array(kind).min(1, 'must have at least one kind');

export const weekDays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'] as const;
const day = z.enum(weekDays);

const clockTime = z
  .string()
  .regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'must be a time of day in UTC, as "22:00", in quotes')
  .meta({ description: 'UTC, "22:00"' });

const when = strict({
  task: oneOrMore('task').optional(),
  tools: z
    .union([z.boolean(), name, names.min(1, 'must have at least one name')], {
      error: 'must be true, false, or names of tools',
    })
    .optional(),
  prompt_tokens: comparison.optional(),
  modality: z
    .union([modality, z.array(modality).min(1, 'must have at least one modality')], {
      error: `must be any of ${modalities.join(', ')}`,
    })
    .optional(),
  model: oneOrMore('model').optional(),
  header: z
    .record(z.string(), oneOrMore('value'))
    .optional()
    .meta({ description: 'Name of a request header: its value' }),
  user: oneOrMore('user').optional(),
  time: strict({
    from: clockTime.optional(),
    to: clockTime.optional(),
    days: z
      .union([day, z.array(day).min(1, 'must have at least one day')], {
        error: `must be any of ${weekDays.join(', ')}`,
      })
      .optional(),
  }).optional(),
  background: z
    .union([z.boolean(), kind, kinds], {
      error: `must be true, false, or any of ${backgroundKinds.join(', ')}`,
    })
    .optional(),
});
export type RouteWhenBody = z.infer<typeof when>;

const rule = strict({ when: when.optional(), preset: name });
export type RouteRuleBody = z.infer<typeof rule>;

export const routeSchema = z
  .array(rule)
  .min(1, 'must have at least one rule')
  .max(100, 'must have at most 100 rules');

export const backgroundSchema = z.union([name, strict({ preset: name, kinds: kinds.optional() })], {
  error: 'must be a preset, or { preset, kinds }',
});
export type BackgroundBody = z.infer<typeof backgroundSchema>;
