/** Shapes of events and pauses over HTTP. Times are ISO 8601 in UTC. */
import { z } from '@hono/zod-openapi';
import { eventKinds } from '../core/event.ts';

const time = z.iso.datetime().meta({ description: 'ISO 8601, UTC' });

export const eventsQuery = z.strictObject({
  since: time.optional().meta({ description: 'Default: a day ago' }),
  limit: z.coerce.number().int().min(1).max(10_000).default(1_000),
});

export const eventsAnswer = z.object({
  events: z
    .array(
      z
        .object({
          at: time,
          kind: z.enum(eventKinds),
          subject: z.string().meta({ description: '`endpoint/author/name@provider`, `provider/name`, …' }),
          why: z.string().meta({ description: 'A failure class, or words' }),
          until: time.optional(),
        })
        .openapi('Event'),
    )
    .meta({ description: 'Newest first' }),
});

export const pause = z
  .object({ subject: z.string(), at: time, until: time, reason: z.string(), author: z.string() })
  .openapi('Pause');

const subject = z
  .string()
  .min(1)
  .max(300)
  .meta({ description: '`provider/NAME`, `model/AUTHOR/NAME` or `endpoint/AUTHOR/NAME@PROVIDER`' });

export const pauseBody = z
  .strictObject({ subject, until: time, reason: z.string().trim().min(1).max(500) })
  .openapi('PauseRequest');

export const pauseAnswer = z.object({ pause });
export const pausesAnswer = z.object({ pauses: z.array(pause) });
export const resumeQuery = z.strictObject({ subject, reason: z.string().trim().max(500).optional() });

export const resumeAnswer = z.object({
  subject: z.string(),
  resumed: z.boolean().meta({ description: 'It was paused' }),
  breakers_reset: z.int().nonnegative().meta({ description: 'Breakers that were open and are closed now' }),
});
