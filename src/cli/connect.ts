/** `connect`: tells a tool to use this gateway, on paper or in the tool's own config file. */
import type * as schemas from '../control/key-schemas.ts';
import type { View } from '../control/api-views.ts';
import { optional } from '../core/optional.ts';
import type { Run } from './command.ts';
import { changedLines, merged, openConfig, replaceConfig, type ConfigFile } from './connect-file.ts';
import { stringAt } from './connect-json.ts';
import { chooseOffer, offersOfKey, offersOfWorkspace, type Offer } from './connect-names.ts';
import { keyReference, pickable, type Connection, type FileContent, type Target } from './connect-tools.ts';
import { readWish, type Wish } from './connect-wish.ts';
import { connectAdmin, type Admin } from './gateway.ts';
import { diffLines } from './print-changes.ts';
import type { Shell } from './shell.ts';
import { exit, Stop, usageError } from './stop.ts';
import { clean } from './table.ts';

export const connect: Run = async (args, shell) => {
  const wish = readWish(args);
  const file = wish.write ? await openConfig(wish.name, args.text('file'), shell) : undefined;
  const admin = await connectAdmin(shell);
  const session: Session = { wish, admin, shell, json: args.on('json') };
  if (file) await write(file, session);
  else await print(session);
  return exit.ok;
};

type Session = {
  readonly wish: Wish;
  readonly admin: Admin;
  readonly shell: Shell;
  readonly json: boolean;
};

/** To paste: the key is shown only if it was typed or has just been made. */
async function print(session: Session): Promise<void> {
  const { wish, shell } = session;
  const given = givenKey(session);
  const chosen = await choose(session, given);
  const made = wish.newKey ? await makeKey(session, [chosen.preset]) : undefined;
  const offer = made && !chosen.aliases ? await choose(session, made.secret) : chosen;
  const key = made?.secret ?? wish.typed ?? keyReference;
  const target = targetOf(session, offer, key);
  const connection = wish.tool.connect(target);
  if (session.json) return shell.out.line(JSON.stringify(printedJson(session, target, connection)));
  for (const { title, text } of connection.paste) {
    shell.err.line(shell.err.paint('dim', `# ${title}`));
    shell.out.line(text);
  }
  const unset = key === keyReference && !shell.env['SPILLWAY_KEY'];
  if (unset)
    shell.err.line('SPILLWAY_KEY stands for an inference key: set it, or have one made with --new-key');
  if (!wish.tool.byHand) shell.err.line(`--write puts this into the config file of ${wish.tool.title}`);
  sayMore(session, offer, target);
}

function printedJson({ wish }: Session, target: Target, { paste, file }: Connection): object {
  return {
    tool: wish.name,
    gateway: target.url,
    preset: target.preset,
    model: target.model,
    key: target.key,
    paste,
    ...optional('file', file),
  };
}

/** Stands for the key that a dry run does not make. */
const notMadeYet = 'a-key-of-its-own';

/** Into the tool's own file. Nothing is made or written unless all of it can be. */
async function write(file: ConfigFile, session: Session): Promise<void> {
  const { wish, admin } = session;
  const given = givenKey(session);
  const first = await choose(session, given);
  merged(file, contentOf(wish, targetOf(session, first, keyReference)));
  const held = given === undefined ? await heldKey(file, session) : undefined;
  const known = given ?? (held?.presets.includes(first.preset) ? held.key : undefined);
  const presets = new Set([...(held && wish.tool.held?.several ? held.presets : []), first.preset]);
  const made = known === undefined && !wish.dryRun ? await makeKey(session, [...presets]) : undefined;
  try {
    const key = known ?? made?.secret;
    const offer = key !== undefined && !first.aliases ? await choose(session, key) : first;
    await writeWith(file, session, { offer, key: key ?? notMadeYet, fresh: made !== undefined });
  } catch (error) {
    if (made) await admin.call('DELETE', `keys/${encodeURIComponent(made.name)}`);
    throw error;
  }
}

type Choice = {
  readonly offer: Offer;
  readonly key: string;
  /** Made just now. */
  readonly fresh: boolean;
};

async function writeWith(file: ConfigFile, session: Session, { offer, key, fresh }: Choice): Promise<void> {
  const { wish, shell, json } = session;
  const target = targetOf(session, offer, key);
  const text = merged(file, contentOf(wish, target));
  const changed = text !== (file.text ?? '');
  const diff = changedLines(file.text ?? '', text);
  const backup = changed && !wish.dryRun ? await replaceConfig(file, text) : undefined;
  const beside = fresh || wish.typed !== undefined ? wish.tool.connect(target).beside : [];
  if (json) {
    const { url: gateway, preset, model } = target;
    const told = { path: file.path, changed, dry_run: wish.dryRun, ...optional('backup', backup), diff };
    return shell.out.line(
      JSON.stringify({ tool: wish.name, gateway, preset, model, file: told, paste: beside }),
    );
  }
  shell.out.line(outcome(file, { changed, dryRun: wish.dryRun, backup }));
  for (const line of diffLines(diff, shell.out.paint)) shell.out.line(line);
  for (const part of beside) {
    shell.err.line(shell.err.paint('dim', `# ${part.title}`));
    shell.out.line(part.text);
  }
  sayMore(session, offer, target);
}

type Outcome = { readonly changed: boolean; readonly dryRun: boolean; readonly backup: string | undefined };

function outcome({ path }: ConfigFile, { changed, dryRun, backup }: Outcome): string {
  if (!changed) return `${path}: nothing to change`;
  if (dryRun) return `${path}: dry run, nothing was changed`;
  return backup === undefined ? `written: ${path}` : `written: ${path} (as it was before: ${backup})`;
}

/** The content of the tool's file; every tool that may be written has one. */
function contentOf({ tool }: Wish, target: Target): FileContent {
  const { file } = tool.connect(target);
  if (!file) throw new Error(`${tool.title} has no config file`);
  return file;
}

/** The key that the caller has; undefined where one is to be made. */
function givenKey({ wish, shell }: Session): string | undefined {
  return wish.newKey ? undefined : (wish.typed ?? (shell.env['SPILLWAY_KEY'] || undefined));
}

type HeldKey = { readonly key: string; readonly presets: readonly string[] };

/** The key of an earlier connection to this gateway, and what it opens. */
async function heldKey(file: ConfigFile, { wish, admin }: Session): Promise<HeldKey | undefined> {
  const { held } = wish.tool;
  if (!held || file.text === undefined || wish.newKey) return undefined;
  const url = stringAt(file.text, held.url);
  const key = stringAt(file.text, held.key);
  if (url?.replace(/\/v1$/, '') !== admin.gateway.url || key === undefined || !isKey(key)) return undefined;
  const offers = await offersOfKey(admin.gateway, key);
  return offers && { key, presets: offers.map(({ preset }) => preset) };
}

/** Visible ASCII: anything else cannot stand in a header. */
function isKey(text: string): boolean {
  return /^[\x21-\x7e]+$/.test(text);
}

/** What the key may name or, without one, what the control plane knows. */
async function choose({ wish, admin }: Session, given: string | undefined): Promise<Offer> {
  const { gateway } = admin;
  const local = wish.workspace === undefined ? gateway.inferenceKey : undefined;
  const key = given ?? local;
  if (key === undefined)
    return chooseOffer(await offersOfWorkspace(admin, wish.workspace ?? 'default'), wish.preset);
  if (!isKey(key)) throw usageError('the key must be visible ASCII characters without spaces');
  const offers = await offersOfKey(gateway, key);
  if (!offers)
    throw new Stop(
      `the gateway at ${gateway.url} does not accept this inference key: check --key or SPILLWAY_KEY, or have one made with --new-key`,
    );
  return chooseOffer(offers, wish.preset);
}

type MadeKey = { readonly name: string; readonly secret: string };

/** A key named after the tool, that opens these presets and nothing else. */
async function makeKey({ wish, admin }: Session, presets: readonly string[]): Promise<MadeKey> {
  const { keys } = await admin.call<View<typeof schemas.keysAnswer>>('GET', 'keys');
  const taken = new Set(keys.map((key) => key.name));
  let name: string = wish.name;
  for (let number = 2; taken.has(name); number++) name = `${wish.name}-${number}`;
  const body = { name, presets, ...optional('workspace', wish.workspace) };
  const { secret } = await admin.call<View<typeof schemas.newKeyAnswer>>('POST', 'keys', body);
  return { name, secret };
}

/** Claude Code is given an alias that its picker keeps, where there is one. */
function targetOf({ wish, admin }: Session, offer: Offer, key: string): Target {
  const { preset, aliases = [], context, maxOutput } = offer;
  const alias = wish.name === 'claude-code' ? aliases.find(pickable) : undefined;
  return {
    url: admin.gateway.url,
    preset,
    model: alias ?? `@preset/${preset}`,
    key,
    ...optional('context', context),
    ...optional('maxOutput', maxOutput),
  };
}

/** What a person should know besides. */
function sayMore({ wish, shell }: Session, offer: Offer, target: Target): void {
  const note = (text: string): void => shell.err.line(`${shell.err.paint('yellow', 'note')}: ${clean(text)}`);
  if (wish.name === 'claude-code' && !pickable(target.model))
    note(aliasNote(offer, wish.workspace ?? 'default'));
  if (wish.name === 'claude-code' && shell.env['ANTHROPIC_API_KEY'])
    note('ANTHROPIC_API_KEY is set in this shell, and Claude Code may prefer it: unset it');
  shell.err.line(`then: ${wish.tool.next}`);
}

function aliasNote({ preset, aliases }: Offer, workspace: string): string {
  if (!aliases)
    return 'aliases are seen only with an inference key (--key, SPILLWAY_KEY); without one the preset itself is named';
  return `Claude Code's model picker lists only names with "claude" in them; for one, add to the document: workspaces: { ${workspace}: { aliases: { claude-${preset}: ${preset} } } }, apply it, and connect again`;
}
