/** The shapes of administrators and of the audit log. */
import { z } from '@hono/zod-openapi';
import { roles } from '../core/role.ts';

const time = z.iso.datetime().meta({ description: 'ISO 8601, UTC' });
const role = z.enum(roles).meta({
  description:
    'viewer: sees everything but secrets; editor: changes the configuration and intervenes; owner: also administrators and private addresses',
});
const object = z.record(z.string(), z.unknown());

export const admin = z
  .object({
    name: z.string(),
    role,
    hash: z.string().meta({ description: 'First characters of the SHA-256 of the key' }),
    disabled: z.boolean(),
    expires_at: time.optional(),
  })
  .openapi('Administrator');

export const adminsAnswer = z.object({ admins: z.array(admin) });
export const adminAnswer = z.object({ admin });
export const adminParams = z.object({ name: z.string() });
export const newAdminBody = z
  .strictObject({
    name: z.string().min(1, 'must not be empty'),
    role,
    expires_at: z.iso.datetime({ offset: true, error: 'must be a date and time with its zone' }).optional(),
  })
  .openapi('NewAdministrator');
export const newAdminAnswer = z.object({
  admin,
  secret: z.string().meta({ description: 'The key, shown this once' }),
});
export const roleBody = z.strictObject({ role });
export const removedAdminAnswer = z.object({ removed: z.string() });

export const auditEntry = z
  .object({
    at: time,
    who: z.string(),
    act: z
      .string()
      .meta({ description: 'created, changed, archived; or what was done beside the configuration' }),
    object: z.string().optional().meta({ description: '`preset/coder`, `key/ci`, `provider/deepseek`' }),
    revision: z.int().optional(),
    version: z.int().optional(),
    message: z.string().optional(),
    before: object.optional().meta({ description: 'Secrets hidden; absent = it was not there' }),
    after: object.optional().meta({ description: 'Secrets hidden; absent = it is gone' }),
    details: object.optional(),
  })
  .openapi('AuditEntry');
export const auditAnswer = z.object({ entries: z.array(auditEntry) });
export const auditQuery = z.object({
  since: z.iso
    .datetime({ offset: true, error: 'must be a date and time with its zone' })
    .optional()
    .meta({ description: 'Default: a week ago' }),
  limit: z.coerce.number().int().min(1).max(10_000).default(200),
  who: z.string().optional(),
  object: z.string().optional().meta({ description: 'As in the entries: `preset/coder`' }),
});
