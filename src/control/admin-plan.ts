/** Administrators made, changed and removed one by one. Pure: each is a step of a plan, or a refusal. */
import { expiry } from '../core/build.ts';
import { adminSchema, type AdminBody } from '../core/document.ts';
import { parseWith } from '../core/document-mistakes.ts';
import { printPath } from '../core/mistake.ts';
import { present } from '../core/present.ts';
import type { Role } from '../core/role.ts';
import { hashPrefix } from '../core/secret-text.ts';
import { slugProblem } from '../core/slug.ts';
import { suggest } from '../core/suggest.ts';
import type { State } from './configuration.ts';
import { OperationRefused, type Actor, type AdminSummary, type NewAdmin } from './operations.ts';
import { archiveStep, idOf, writeStep, type Held, type Step } from './plan.ts';

export function summarizeAdmins({ settings }: State): readonly AdminSummary[] {
  return settings.admins.map(({ body }) => summarizeAdmin(body));
}

export function summarizeAdmin({ name, role, key, disabled, expires }: AdminBody): AdminSummary {
  return present({
    name,
    role,
    hash: key.slice(hashPrefix.length, hashPrefix.length + 12),
    disabled: disabled === true,
    expiresAt: expires === undefined ? undefined : expiry(expires),
  });
}

/** An administrator whose key is stored as `hash` (SHA-256 in hex). */
export function newAdminStep({ name, role, expiresAt }: NewAdmin, hash: string, state: State): Step {
  const problem = reserved.has(name) ? 'is the name of an owner that is always there' : slugProblem(name);
  if (problem !== undefined) throw new OperationRefused(400, `name ${problem}`);
  const before = state.objects.get(idOf({ kind: 'admin', name }));
  if (before && !before.setting.archived)
    throw new OperationRefused(
      409,
      `there is an administrator ${name} already: choose another name, or remove that one first`,
    );
  const expires = expiresAt === undefined ? undefined : new Date(expiresAt).toISOString();
  const { value, mistakes } = parseWith(
    adminSchema,
    present({ name, key: hashPrefix + hash, role, expires }),
    [],
  );
  if (value === undefined) {
    const words = mistakes.map(({ path, message }) => `${printPath(path)} ${message}`);
    throw new OperationRefused(400, words.join('; '));
  }
  return writeStep({ kind: 'admin', name, path: ['admins', name], body: value }, before);
}

/** The owner by SPILLWAY_ADMIN_KEY, and whoever proved to be on the server's machine. */
const reserved: ReadonlySet<string> = new Set(['admin', 'local-operator']);

/** Undefined = it is so already. Nobody changes their own role: an owner must not lock themselves out by a slip. */
export function roleStep(name: string, role: Role, by: Actor, state: State): Step | undefined {
  const held = heldAdmin(name, state);
  const body = held.setting.body as AdminBody;
  if (body.role === role) return undefined;
  notOneself(name, by);
  return writeStep({ kind: 'admin', name, path: held.setting.path, body: { ...body, role } }, held);
}

export function removeAdminStep(name: string, by: Actor, state: State): Step {
  const held = heldAdmin(name, state);
  notOneself(name, by);
  return archiveStep(held);
}

function notOneself(name: string, by: Actor): void {
  if (by.name === name)
    throw new OperationRefused(
      409,
      `you are ${name}: another owner must do that, so that nobody locks themselves out`,
    );
}

export function heldAdmin(name: string, { objects, settings }: State): Held {
  const held = objects.get(idOf({ kind: 'admin', name }));
  if (held && !held.setting.archived) return held;
  const near = suggest(
    name,
    settings.admins.map((admin) => admin.name),
  );
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  throw new OperationRefused(404, `there is no administrator ${JSON.stringify(name)}${hint}`);
}
