/** Administrators and the audit log over HTTP. */
import type { z } from '@hono/zod-openapi';
import { optional } from '../core/optional.ts';
import type { JsonObject } from '../core/snapshot.ts';
import * as schemas from './admin-schemas.ts';
import { mount, type ControlApp } from './api-operation.ts';
import { isoTime, type View } from './api-views.ts';
import type { Act, ActLog, Administration, AdminSummary, AuditedChange } from './operations.ts';

const tag = 'administrators';
const weekMs = 7 * 86_400_000;

export type AdminDesk = {
  readonly administration: Administration;
  readonly acts: ActLog;
  /** Epoch ms. */
  readonly now: () => number;
};

export function mountAdmins(app: ControlApp, desk: AdminDesk): void {
  const { administration } = desk;
  mount(app, {
    method: 'get',
    path: '/admins',
    tag,
    summary: 'Everybody with an admin key of their own, without the keys',
    answer: schemas.adminsAnswer,
    run: () => ({ admins: administration.admins().map(viewAdmin) }),
  });
  mount(app, {
    method: 'post',
    path: '/admins',
    tag,
    role: 'owner',
    summary: 'Make an administrator; the key is shown this once',
    body: schemas.newAdminBody,
    answer: schemas.newAdminAnswer,
    run: ({ body: { name, role, expires_at: expires }, actor }) => {
      const expiresAt = expires === undefined ? undefined : Date.parse(expires);
      const { secret, admin } = administration.addAdmin(
        { name, role, ...optional('expiresAt', expiresAt) },
        actor,
      );
      return { admin: viewAdmin(admin), secret };
    },
  });
  mountChanges(app, administration);
  mount(app, {
    method: 'get',
    path: '/audit',
    tag,
    summary: 'Who changed what, when and why, with what was there before; newest first',
    query: schemas.auditQuery,
    answer: schemas.auditAnswer,
    run: ({ query }) => ({ entries: entries(desk, query) }),
  });
}

function mountChanges(app: ControlApp, administration: Administration): void {
  mount(app, {
    method: 'put',
    path: '/admins/{name}/role',
    tag,
    role: 'owner',
    summary: 'Give an administrator another role; active for the next request',
    params: schemas.adminParams,
    body: schemas.roleBody,
    answer: schemas.adminAnswer,
    run: ({ params, body, actor }) => ({
      admin: viewAdmin(administration.setAdminRole(params.name, body.role, actor)),
    }),
  });
  mount(app, {
    method: 'delete',
    path: '/admins/{name}',
    tag,
    role: 'owner',
    summary: 'Remove an administrator; the key is refused from the next request on',
    params: schemas.adminParams,
    answer: schemas.removedAdminAnswer,
    run: ({ params, actor }) => {
      administration.removeAdmin(params.name, actor);
      return { removed: params.name };
    },
  });
}

function viewAdmin({ expiresAt, ...admin }: AdminSummary): View<typeof schemas.admin> {
  return { ...admin, ...optional('expires_at', expiresAt === undefined ? undefined : isoTime(expiresAt)) };
}

type Wanted = z.output<typeof schemas.auditQuery>;
type Entry = View<typeof schemas.auditEntry>;

function entries({ administration, acts, now }: AdminDesk, { since, limit, who, object }: Wanted): Entry[] {
  const from = since === undefined ? now() - weekMs : Date.parse(since);
  // What is filtered out must not use up the number that was asked for.
  const most = who === undefined && object === undefined ? limit : 10_000;
  const all = [...administration.audit(from, most).map(changeEntry), ...acts.since(from, most).map(actEntry)];
  return all
    .filter(
      (entry) =>
        (who === undefined || entry.who === who) && (object === undefined || entry.object === object),
    )
    .sort((a, b) => Date.parse(b.at) - Date.parse(a.at))
    .slice(0, limit);
}

function changeEntry({ at, author, kind, name, action, ...change }: AuditedChange): Entry {
  return { at: isoTime(at), who: author, act: action, object: `${kind}/${name}`, ...change };
}

function actEntry({ at, author, act, details }: Act): Entry {
  const subject = subjectOf(details);
  return { at: isoTime(at), who: author, act, ...optional('object', subject), details };
}

/** What an act was done to, where one of its fields says so. */
function subjectOf({ subject, scope, model }: JsonObject): string | undefined {
  const named = subject ?? scope ?? model;
  return typeof named === 'string' ? named : undefined;
}
