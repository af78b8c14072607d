/** `admins` and `audit`: who may change a running gateway, and who did. */
import type * as schemas from '../control/admin-schemas.ts';
import type { View } from '../control/api-views.ts';
import { parseDuration } from '../core/duration.ts';
import { optional } from '../core/optional.ts';
import { roles, type Role } from '../core/role.ts';
import { suggest } from '../core/suggest.ts';
import type { Arguments } from './arguments.ts';
import type { Run } from './command.ts';
import { connectAdmin, type Admin } from './gateway.ts';
import { namedCommand } from './named.ts';
import { readUntil } from './until.ts';
import type { Paint, Shell } from './shell.ts';
import { exit, usageError } from './stop.ts';
import { clean, columns, dateAndTime, indent } from './table.ts';

type AdminView = View<typeof schemas.admin>;
export const admins: Run = namedCommand({
  verb: 'admins',
  thing: 'administrator',
  list,
  actions: { add, role: changeRole, remove },
});

async function list(admin: Admin, args: Arguments, shell: Shell): Promise<void> {
  const answer = await admin.call<View<typeof schemas.adminsAnswer>>('GET', 'admins');
  if (args.on('json')) return shell.out.line(JSON.stringify(answer));
  if (answer.admins.length === 0)
    return shell.err.line(
      'nobody but the owner by SPILLWAY_ADMIN_KEY: `spillway admins add NAME --role editor` gives somebody a key of their own',
    );
  for (const line of adminLines(answer.admins, shell.now(), shell.out.paint)) shell.out.line(line);
}

/** Administrators as a table. `now` is epoch ms. */
export function adminLines(all: readonly AdminView[], now: number, paint: Paint): string[] {
  const head = ['NAME', 'ROLE', 'STATE', 'EXPIRES', 'HASH'].map((title) => paint('dim', title));
  const rows = all.map(({ name, role, disabled, expires_at: expires, hash }) => {
    const expired = expires !== undefined && Date.parse(expires) <= now;
    const state = disabled ? paint('red', 'disabled') : expired ? paint('red', 'expired') : 'active';
    return [
      clean(name),
      role,
      state,
      expires === undefined ? 'never' : dateAndTime(expires),
      paint('dim', hash),
    ];
  });
  return columns([head, ...rows]);
}

/** The key alone goes to standard output: `SPILLWAY_ADMIN_KEY=$(spillway admins add ann --role editor)`. */
async function add(admin: Admin, name: string, args: Arguments, shell: Shell): Promise<void> {
  const role = roleIn(args.text('role'), `--role: which of ${roles.join(', ')}?`);
  const expires = args.text('expires');
  const at = expires === undefined ? undefined : new Date(readUntil(expires, shell.now())).toISOString();
  const answer = await admin.call<View<typeof schemas.newAdminAnswer>>('POST', 'admins', {
    name,
    role,
    ...optional('expires_at', at),
  });
  if (args.on('json')) return shell.out.line(JSON.stringify(answer));
  shell.out.line(answer.secret);
  shell.err.line(`administrator ${name} made, ${role}; the key is stored only as a hash and not shown again`);
}

async function changeRole(admin: Admin, name: string, args: Arguments, shell: Shell): Promise<void> {
  const role = roleIn(
    args.positionals[2] ?? args.text('role'),
    `which role? spillway admins role ${name} editor`,
  );
  const answer = await admin.call('PUT', `admins/${encodeURIComponent(name)}/role`, { role });
  if (args.on('json')) return shell.out.line(JSON.stringify(answer));
  shell.out.line(`administrator ${name} is ${role} from the next request on`);
}

async function remove(admin: Admin, name: string, args: Arguments, shell: Shell): Promise<void> {
  const answer = await admin.call('DELETE', `admins/${encodeURIComponent(name)}`);
  if (args.on('json')) return shell.out.line(JSON.stringify(answer));
  shell.out.line(`administrator ${name} removed`);
}

function roleIn(text: string | undefined, question: string): Role {
  const role = roles.find((known) => known === text);
  if (role) return role;
  if (text === undefined) throw usageError(question);
  const near = suggest(text, roles);
  throw usageError(
    `there is no role "${text}"; ${near ? `did you mean ${near}?` : `there is ${roles.join(', ')}`}`,
  );
}

type Entry = View<typeof schemas.auditEntry>;

export const audit: Run = async (args, shell) => {
  const back = args.text('since') ?? '7d';
  const length = parseDuration(back);
  if (length === undefined) throw usageError(`--since takes a duration such as 2h or 30d, not "${back}"`);
  const since = new Date(shell.now() - length).toISOString();
  const query = new URLSearchParams({
    since,
    limit: String(args.whole('top', 1) ?? 200),
    ...optional('who', args.text('who')),
    ...optional('object', args.positionals[0]),
  });
  const admin = await connectAdmin(shell);
  const answer = await admin.call<View<typeof schemas.auditAnswer>>('GET', `audit?${query.toString()}`);
  if (args.on('json')) shell.out.line(JSON.stringify(answer));
  else if (answer.entries.length === 0)
    shell.err.line(`nobody changed anything since ${dateAndTime(since)} UTC`);
  else for (const line of auditLines(answer.entries, args.on('full'), shell.out.paint)) shell.out.line(line);
  return exit.ok;
};

/** One line for each; with `full` what was there before and after below it. */
export function auditLines(entries: readonly Entry[], full: boolean, paint: Paint): string[] {
  const heads = columns(
    entries.map(({ at, who, act, object, version, message, details }) => [
      paint('dim', dateAndTime(at)),
      clean(who),
      act,
      clean(object === undefined ? '' : `${object}${version === undefined ? '' : `@${version}`}`),
      clean(message ?? (typeof details?.['reason'] === 'string' ? details['reason'] : '')),
    ]),
  );
  if (!full) return heads;
  return heads.flatMap((head, index) => [head, ...indent(bodies(entries[index], paint))]);
}

function bodies(entry: Entry | undefined, paint: Paint): string[] {
  const line = (mark: string, body: unknown): string[] =>
    body === undefined ? [] : [`${mark} ${clean(JSON.stringify(body))}`];
  return [
    ...line(paint('red', '-'), entry?.before),
    ...line(paint('green', '+'), entry?.after),
    ...line(' ', entry?.details),
  ];
}
