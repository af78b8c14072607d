/** `keys`: inference keys of a running gateway. */
import { parseDuration } from '../core/duration.ts';
import { optional } from '../core/optional.ts';
import type * as schemas from '../control/key-schemas.ts';
import type { View } from '../control/api-views.ts';
import type { Arguments } from './arguments.ts';
import type { Run } from './command.ts';
import type { Admin } from './gateway.ts';
import { namedCommand } from './named.ts';
import type { Paint, Shell } from './shell.ts';
import { usageError } from './stop.ts';
import { clean, columns, dateAndTime } from './table.ts';

type KeyView = View<typeof schemas.key>;
export const keys: Run = namedCommand({
  verb: 'keys',
  thing: 'key',
  list,
  actions: {
    add,
    disable: (admin, name, args, shell) => toggle(admin, name, 'disable', { args, shell }),
    enable: (admin, name, args, shell) => toggle(admin, name, 'enable', { args, shell }),
    remove,
    rotate,
  },
});

async function list(admin: Admin, args: Arguments, shell: Shell): Promise<void> {
  const answer = await admin.call<View<typeof schemas.keysAnswer>>('GET', 'keys');
  if (args.on('json')) return shell.out.line(JSON.stringify(answer));
  if (answer.keys.length === 0) return shell.err.line('no keys yet: make one with `spillway keys add NAME`');
  for (const line of keyLines(answer.keys, shell.now(), shell.out.paint)) shell.out.line(line);
}

/** Keys as a table. `now` is epoch ms. */
export function keyLines(keys: readonly KeyView[], now: number, paint: Paint): string[] {
  const head = ['NAME', 'WORKSPACE', 'STATE', 'MAY USE', 'EXPIRES', 'HASH'].map((title) =>
    paint('dim', title),
  );
  return columns([head, ...keys.map((key) => keyRow(key, now, paint))]);
}

function keyRow(key: KeyView, now: number, paint: Paint): string[] {
  const expired = key.expires_at !== undefined && Date.parse(key.expires_at) <= now;
  const retiring = key.retiring_until !== undefined && Date.parse(key.retiring_until) > now;
  const state = key.disabled
    ? paint('red', 'disabled')
    : expired
      ? paint('red', 'expired')
      : retiring
        ? 'rotating'
        : 'active';
  const expires = key.expires_at === undefined ? 'never' : dateAndTime(key.expires_at);
  return [clean(key.name), clean(key.workspace), state, clean(mayUse(key)), expires, paint('dim', key.hash)];
}

function mayUse(key: KeyView): string {
  const parts = [
    ...(key.presets ? [`presets ${key.presets.join(' ')}`] : []),
    ...(key.models ? [`models ${key.models.join(' ')}`] : []),
  ];
  const more = [...(key.drafts ? ['drafts'] : []), ...(key.write_presets ? ['writes presets'] : [])];
  return [parts.join(', ') || 'everything', ...more].join(', and ');
}

/** The secret alone goes to standard output: `KEY=$(spillway keys add ci)`. */
async function add(admin: Admin, name: string, args: Arguments, shell: Shell): Promise<void> {
  const answer = await admin.call<View<typeof schemas.newKeyAnswer>>(
    'POST',
    'keys',
    newKeyBody(name, args, shell.now()),
  );
  if (args.on('json')) return shell.out.line(JSON.stringify(answer));
  shell.out.line(answer.secret);
  shell.err.line(`key ${name} made; it is stored only as a hash and not shown again`);
}

/** What `keys add` sends. `now` is epoch ms. */
export function newKeyBody(name: string, args: Arguments, now: number): object {
  const list = (flag: string): readonly string[] | undefined =>
    args.list(flag).length > 0 ? args.list(flag) : undefined;
  return {
    name,
    ...optional('workspace', args.text('workspace')),
    ...optional('presets', list('preset')),
    ...optional('models', list('model')),
    ...(args.on('drafts') ? { drafts: true } : {}),
    ...(args.on('write-presets') ? { write_presets: true } : {}),
    ...optional('expires_at', expiry(args.text('expires'), now)),
  };
}

function expiry(text: string | undefined, now: number): string | undefined {
  if (text === undefined) return undefined;
  const duration = parseDuration(text);
  const at = duration === undefined ? dayStart(text) : now + duration;
  if (at === undefined || at <= now)
    throw usageError(`--expires takes a time to come, like 30d, 12h or 2027-01-31, not "${text}"`);
  return new Date(at).toISOString();
}

function dayStart(text: string): number | undefined {
  const at = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : at;
}

type Output = { readonly args: Arguments; readonly shell: Shell };

async function toggle(
  admin: Admin,
  name: string,
  verb: 'disable' | 'enable',
  { args, shell }: Output,
): Promise<void> {
  const answer = await admin.call('POST', `keys/${encodeURIComponent(name)}/${verb}`);
  if (args.on('json')) return shell.out.line(JSON.stringify(answer));
  shell.out.line(`key ${name} ${verb}d`);
}

/** The new secret alone goes to standard output. */
async function rotate(admin: Admin, name: string, args: Arguments, shell: Shell): Promise<void> {
  const text = args.text('overlap') ?? '24h';
  const overlap = parseDuration(text);
  if (overlap === undefined) throw usageError(`--overlap takes a duration such as 24h, or 0s, not "${text}"`);
  const until = new Date(shell.now() + overlap).toISOString();
  const answer = await admin.call<View<typeof schemas.newKeyAnswer>>(
    'POST',
    `keys/${encodeURIComponent(name)}/rotate`,
    overlap === 0 ? {} : { until },
  );
  if (args.on('json')) return shell.out.line(JSON.stringify(answer));
  shell.out.line(answer.secret);
  const old = overlap === 0 ? 'is refused from now on' : `is accepted until ${dateAndTime(until)} UTC`;
  shell.err.line(`key ${name} rotated; the old secret ${old}`);
}

async function remove(admin: Admin, name: string, args: Arguments, shell: Shell): Promise<void> {
  const answer = await admin.call('DELETE', `keys/${encodeURIComponent(name)}`);
  if (args.on('json')) return shell.out.line(JSON.stringify(answer));
  shell.out.line(`key ${name} removed`);
}
