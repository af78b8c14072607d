/** The shapes of single objects over HTTP. `config` is what a document would hold, and is judged by its rules. */
import { z } from '@hono/zod-openapi';
import { change, errorAnswer, finding } from './api-schemas.ts';

const time = z.iso.datetime().meta({ description: 'ISO 8601, UTC' });
const count = z.int().nonnegative();
const text = z.string();
const version = z.int().positive();
const usd = z.number().meta({ description: 'US dollars' });
const share = z.number().meta({ description: 'From 0 to 1' });

/** Of a path, `{name}` in it. */
export const nameParams = z.object({ name: text.min(1).max(300) });
export const versionParams = nameParams.extend({ version: z.coerce.number().int().positive() });

const workspace = text.min(1).max(80).default('default');
export const noQuery = z.strictObject({});
export const workspaceQuery = z.strictObject({ workspace });
/** Of a list: of which workspace; absent = of all. */
export const listQuery = z.strictObject({ workspace: text.min(1).max(80).optional() });

const said = {
  message: text.max(500).optional().meta({ description: 'Kept with the revision' }),
  if_version: count.optional().meta({
    description: 'The active version that this is based on, as If-Match; 0 = there must be none yet',
  }),
  force: z.boolean().optional().meta({ description: 'Also what is in use, or was begun on another version' }),
  dry_run: z.boolean().optional().meta({ description: 'Decide and report, change nothing' }),
};

/** What goes with every change. */
export const changeBody = z.strictObject(said);
export const activateBody = z.strictObject({ ...said, version });
export const rolloutBody = z.strictObject({
  ...said,
  version,
  percent: z.number().gt(0).max(100).meta({ description: 'Of conversations; each stays where it is' }),
});
/** The config is judged by the rules of the document, so that mistakes have their places and a fix. */
export const configBody = z.strictObject({ ...said, config: z.unknown().optional() });

/** How a merge patch is described. */
export const patchShown = {
  type: 'object',
  description: 'A JSON merge patch (RFC 7396) of the config: null takes a key away',
} as const;

const flag = z
  .enum(['true', 'false'])
  .transform((word) => word === 'true')
  .optional();

export const deleteQuery = z.strictObject({
  workspace,
  message: said.message,
  if_version: z.coerce.number().int().min(0).optional(),
  force: flag,
  dry_run: flag,
});

const config = z.record(z.string(), z.unknown()).meta({ description: 'As in the document; secrets hidden' });
const origin = { at: time, author: text, message: text };

const rollout = z.object({
  version,
  base: version.meta({ description: 'The active version that it is compared with' }),
  percent: z.number(),
  since: time,
});

export const object = z
  .object({
    kind: text,
    name: text,
    workspace: text.optional().meta({ description: 'Of a preset' }),
    status: z.enum(['active', 'disabled', 'archived']),
    version: version.meta({ description: 'The active one' }),
    latest: version.meta({ description: 'The highest number ever given' }),
    config,
    draft: z
      .object({ base: version, ...origin })
      .optional()
      .meta({ description: 'There is a draft, begun on the version `base`' }),
    rollout: rollout.optional(),
  })
  .openapi('Object');

export const objectAnswer = z.object({ object });
export const objectsAnswer = z.object({ objects: z.array(object) });

const versionView = z.object({ version, active: z.boolean(), revision: count, ...origin }).openapi('Version');
export const versionsAnswer = z.object({ versions: z.array(versionView) });
export const versionAnswer = z.object({ version, config });
export const draftAnswer = z.object({ draft: z.object({ base: version, ...origin, config }) });

const failure = errorAnswer.shape.error;

const done = z
  .object({
    outcome: z.literal('done'),
    dry_run: z.boolean(),
    revision: count,
    changes: z.array(change),
    findings: z.array(finding),
    object: object.optional().meta({ description: 'As it is now; absent after a deletion' }),
  })
  .openapi('Changed');

const invalid = z
  .object({ outcome: z.literal('invalid'), findings: z.array(finding), error: failure })
  .openapi('InvalidObject');

const conflict = z
  .object({
    outcome: z.literal('conflict'),
    reason: z.enum(['version', 'in_use', 'state']),
    error: failure,
    yours: z.object({ version: count }).optional().meta({ description: 'What the change was based on' }),
    active: z.object({ version: count }).optional(),
    diff: z.array(text).optional().meta({ description: 'What came between the two' }),
    used_by: z.array(text).optional(),
  })
  .openapi('ObjectConflict');

export const changeAnswer = z.discriminatedUnion('outcome', [done, invalid, conflict]);

const versionName = z
  .union([z.enum(['active', 'draft']), z.coerce.number().int().positive()])
  .meta({ description: 'A number, active or draft' });
export const diffQuery = z.strictObject({
  workspace,
  from: versionName,
  to: versionName.default('active'),
});

const forecast = z
  .array(
    z.object({
      position: count,
      model: text,
      endpoint: text.optional(),
      usd_per_1000: usd.optional().meta({ description: 'Absent = its price is not known' }),
    }),
  )
  .meta({ description: '1,000 requests of this traffic, each model serving alone' });

export const diffAnswer = z
  .object({
    from: z.union([version, z.literal('draft')]),
    to: z.union([version, z.literal('draft')]),
    fields: z.array(text).meta({ description: 'Lines that went (-) and came (+)' }),
    chain: z
      .object({ from: z.array(text), to: z.array(text) })
      .optional()
      .meta({ description: 'Of a preset: its models in order' }),
    cost: z
      .object({
        traffic: z.object({
          requests: count.meta({ description: '0 = none yet: a standard request stands in' }),
          from: time.optional(),
          to: time.optional(),
          standard: z
            .object({ input: count, output: count })
            .optional()
            .meta({ description: 'Tokens of the request that stands in' }),
        }),
        from: forecast,
        to: forecast,
      })
      .optional(),
  })
  .openapi('VersionDiff');

const result = z.object({
  version: z.union([version, z.literal('draft')]),
  requests: count,
  partial: z.boolean().meta({ description: 'There are more: the newest were looked at' }),
  error_rate: share,
  fallback_rate: share,
  p50_ms: z.number().optional(),
  p95_ms: z.number().optional(),
  usd_per_request: usd,
});

export const rolloutAnswer = z.object({ rollout, base: result, next: result }).openapi('Rollout');

export const explainPresetBody = z.strictObject({
  version: z.union([version, z.literal('draft')]).optional(),
  request: z.record(z.string(), z.unknown()).optional().meta({ description: 'The body of a request' }),
});

export const compareParams = z.object({
  from: z.coerce.number().int().min(0),
  to: z.coerce.number().int().min(0),
});
export const compareAnswer = z.object({ from: count, to: count, changes: z.array(change) });
export const revisionParams = z.object({ revision: z.coerce.number().int().positive() });
