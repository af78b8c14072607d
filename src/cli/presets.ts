/** `presets`: the versions of presets at a running gateway. */
import type { View } from '../control/api-views.ts';
import { readText, writeText } from '../control/document-text.ts';
import type * as schemas from '../control/object-schemas.ts';
import type { ObjectView } from '../control/object-views.ts';
import { optional } from '../core/optional.ts';
import { suggest } from '../core/suggest.ts';
import type { Arguments } from './arguments.ts';
import { tellChange } from './changed.ts';
import type { Run } from './command.ts';
import { readDocument } from './document-file.ts';
import { connectAdmin, type Admin } from './gateway.ts';
import { findingLine } from './print-findings.ts';
import { presetLines, rolloutLines, versionDiffLines, versionLines } from './print-presets.ts';
import type { Shell } from './shell.ts';
import { exit, Stop, usageError, type ExitCode } from './stop.ts';

/** One action on a preset: what follows its name, and what it is asked with. */
type Call = {
  readonly name: string;
  readonly rest: readonly string[];
  readonly admin: Admin;
  readonly args: Arguments;
  readonly shell: Shell;
};

type Action = {
  /** How many words follow the name. */
  readonly least: number;
  readonly most: number;
  readonly usage: string;
  readonly run: (call: Call) => Promise<ExitCode>;
};

const action = (usage: string, run: Action['run']): Action => {
  const words = usage.split(' ').slice(1);
  const least = words.filter((word) => !word.startsWith('[')).length;
  return { usage, least, most: words.length, run };
};

/** A change that has no more to say than what goes with every change. */
const simple = (path: string): Action => action('NAME', async (call) => await post(call, path, {}));

const actions: Readonly<Record<string, Action>> = {
  show: action('NAME [VERSION]', show),
  versions: action('NAME', versions),
  diff: action('NAME [FROM] [TO]', diff),
  write: action('NAME', async (call) => await write(call, '')),
  activate: action(
    'NAME VERSION',
    async (call) => await post(call, 'activate', { version: number(call, 0) }),
  ),
  rollback: action('NAME [VERSION]', rollback),
  draft: action('NAME', draft),
  publish: simple('draft/publish'),
  rollout: action('NAME [VERSION] [PERCENT]', rollout),
  promote: simple('rollout/promote'),
  archive: simple('archive'),
  restore: simple('restore'),
  delete: action('NAME', remove),
};

export const presets: Run = async (args, shell) => {
  const [verb = 'list', name, ...rest] = args.positionals;
  if (verb === 'list') {
    if (name !== undefined) throw usageError(`one argument too many: "${name}"`);
    return await list(args, shell);
  }
  const found = Object.hasOwn(actions, verb) ? actions[verb] : undefined;
  if (!found) throw usageError(unknownAction(verb));
  const usage = `spillway presets ${verb} ${found.usage}`;
  if (name === undefined) throw usageError(`which preset? ${usage}`);
  if (rest.length < found.least) throw usageError(`something is missing; usage: ${usage}`);
  if (rest.length > found.most) throw usageError(`one argument too many; usage: ${usage}`);
  return await found.run({ name, rest, admin: await connectAdmin(shell), args, shell });
};

function unknownAction(verb: string): string {
  const known = ['list', ...Object.keys(actions)];
  const near = suggest(verb, known);
  return `unknown: presets ${verb}; ${near ? `did you mean presets ${near}?` : `there is ${known.join(', ')}`}`;
}

async function list(args: Arguments, shell: Shell): Promise<ExitCode> {
  const admin = await connectAdmin(shell);
  const workspace = args.text('workspace');
  const query = workspace === undefined ? '' : `?workspace=${encodeURIComponent(workspace)}`;
  const answer = await admin.call<View<typeof schemas.objectsAnswer>>('GET', `presets${query}`);
  if (args.on('json')) shell.out.line(JSON.stringify(answer));
  else if (answer.objects.length === 0) shell.err.line('no presets yet: write one into the document');
  else for (const line of presetLines(answer.objects, shell.out.paint)) shell.out.line(line);
  return exit.ok;
}

/** The address of a preset's operation. */
function pathOf({ name, args }: Call, path: string, query: Readonly<Record<string, string>> = {}): string {
  const search = new URLSearchParams({ ...optional('workspace', args.text('workspace')), ...query });
  return `presets/${encodeURIComponent(name)}${path === '' ? '' : `/${path}`}?${search.toString()}`;
}

function said({ args }: Call): object {
  return {
    ...optional('message', args.text('message')),
    ...optional('if_version', args.whole('if-version')),
    ...(args.on('force') ? { force: true } : {}),
    ...(args.on('dry-run') ? { dry_run: true } : {}),
  };
}

async function post(call: Call, path: string, body: object): Promise<ExitCode> {
  const answer = await call.admin.exchange('POST', pathOf(call, path), { ...said(call), ...body });
  return tellChange(answer, call.name, call);
}

/** A version that is a number. */
function number({ rest }: Call, index: number): number {
  const text = rest[index] ?? '';
  if (/^\d{1,9}$/.test(text) && text !== '0') return Number(text);
  throw usageError(`a version is a number from 1, not "${text}"`);
}

async function objectOf(call: Call): Promise<ObjectView> {
  const answer = await call.admin.call<View<typeof schemas.objectAnswer>>('GET', pathOf(call, ''));
  return answer.object;
}

async function show(call: Call): Promise<ExitCode> {
  const [version = 'active'] = call.rest;
  const object = await objectOf(call);
  const config =
    version === 'active' || version === String(object.version)
      ? object.config
      : await configOf(call, version);
  if (call.args.on('json')) call.shell.out.line(JSON.stringify({ ...object, version, config }));
  else call.shell.out.write(writeText(config));
  return exit.ok;
}

async function configOf(call: Call, version: string): Promise<unknown> {
  if (version === 'draft') {
    const { draft: found } = await call.admin.call<View<typeof schemas.draftAnswer>>(
      'GET',
      pathOf(call, 'draft'),
    );
    return found.config;
  }
  const path = pathOf(call, `versions/${number({ ...call, rest: [version] }, 0)}`);
  return (await call.admin.call<View<typeof schemas.versionAnswer>>('GET', path)).config;
}

async function versions(call: Call): Promise<ExitCode> {
  const { shell, args } = call;
  const answer = await call.admin.call<View<typeof schemas.versionsAnswer>>('GET', pathOf(call, 'versions'));
  if (args.on('json')) shell.out.line(JSON.stringify(answer));
  else for (const line of versionLines(answer.versions, shell.out.paint)) shell.out.line(line);
  return exit.ok;
}

async function diff(call: Call): Promise<ExitCode> {
  const { shell, args, rest } = call;
  const [first = 'draft', second] = rest;
  const between = second === undefined ? { from: 'active', to: first } : { from: first, to: second };
  const path = pathOf(call, 'diff', between);
  const answer = await call.admin.call<View<typeof schemas.diffAnswer>>('GET', path);
  if (args.on('json')) shell.out.line(JSON.stringify(answer));
  else for (const line of versionDiffLines(answer, shell.out.paint)) shell.out.line(line);
  return exit.ok;
}

/** A config from a file, to be a version or the draft. */
async function write(call: Call, path: string): Promise<ExitCode> {
  const { shell, args, admin } = call;
  const file = args.text('file');
  if (file === undefined) throw usageError('from which file? -f FILE, or -f - for standard input');
  const { value, findings } = readText(await readDocument(shell, file));
  if (value === undefined) {
    for (const finding of findings) shell.err.line(findingLine(file, finding, shell.err.paint));
    throw new Stop(`${file} cannot be read`, exit.usage);
  }
  const answer = await admin.exchange('PUT', pathOf(call, path), { ...said(call), config: value });
  return tellChange(answer, file, call);
}

async function draft(call: Call): Promise<ExitCode> {
  const { args, admin } = call;
  if (args.text('file') !== undefined) return await write(call, 'draft');
  if (!args.on('discard')) return await show({ ...call, rest: ['draft'] });
  return tellChange(await admin.exchange('DELETE', pathOf(call, 'draft')), call.name, call);
}

async function rollback(call: Call): Promise<ExitCode> {
  if (call.rest.length > 0) return await post(call, 'activate', { version: number(call, 0) });
  const object = await objectOf(call);
  if (object.rollout) return await post(call, 'rollout/rollback', {});
  if (object.version === 1) throw new Stop(`version 1 of ${call.name} is active: there is none before it`);
  return await post(call, 'activate', { version: object.version - 1 });
}

async function rollout(call: Call): Promise<ExitCode> {
  const { shell, args, rest } = call;
  if (rest.length === 0) {
    const answer = await call.admin.call<View<typeof schemas.rolloutAnswer>>('GET', pathOf(call, 'rollout'));
    if (args.on('json')) shell.out.line(JSON.stringify(answer));
    else for (const line of rolloutLines(answer, shell.out.paint)) shell.out.line(line);
    return exit.ok;
  }
  const percent = Number((rest[1] ?? '').replace(/%$/, ''));
  if (rest[1] === undefined || !(percent > 0 && percent <= 100))
    throw usageError('to how many percent of conversations? spillway presets rollout NAME VERSION 10');
  return await post(call, 'rollout', { version: number(call, 0), percent });
}

async function remove(call: Call): Promise<ExitCode> {
  const { args } = call;
  const query = Object.fromEntries(Object.entries(said(call)).map(([name, value]) => [name, String(value)]));
  const answer = await call.admin.exchange('DELETE', pathOf({ ...call, args }, '', query));
  return tellChange(answer, call.name, call);
}
