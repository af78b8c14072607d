/** The config files of tools: where they are, how they are read and replaced, and what of a change may be shown. */
import {
  chmod,
  constants,
  copyFile,
  mkdir,
  readFile,
  realpath,
  rename,
  rm,
  writeFile,
} from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { diffLines } from '../control/diff.ts';
import { mergeJson } from './connect-json.ts';
import { mergeToml } from './connect-toml.ts';
import type { FileContent, ToolName } from './connect-tools.ts';
import type { Shell } from './shell.ts';
import { Stop, usageError } from './stop.ts';

export type ConfigFile = {
  /** Absolute. */
  readonly path: string;
  /** Absent = there is no such file yet. */
  readonly text?: string;
};

/** Where the tool looks for its config file, by the tool's own variables. */
export function configPath(tool: ToolName, env: Shell['env']): string | undefined {
  const under = (folder: string | undefined, ...names: readonly string[]): string | undefined =>
    folder === undefined || folder === '' ? undefined : join(folder, ...names);
  const home = (...names: readonly string[]): string | undefined =>
    under(env['HOME'] || env['USERPROFILE'], ...names);
  switch (tool) {
    case 'claude-code':
      return under(env['CLAUDE_CONFIG_DIR'] || home('.claude'), 'settings.json');
    case 'codex':
      return under(env['CODEX_HOME'] || home('.codex'), 'config.toml');
    case 'opencode':
      return (
        env['OPENCODE_CONFIG'] ||
        under(env['XDG_CONFIG_HOME'] || home('.config'), 'opencode', 'opencode.json')
      );
    default:
      return undefined;
  }
}

/** The file as it is now. `named` is what `--file` says. */
export async function openConfig(
  tool: ToolName,
  named: string | undefined,
  shell: Shell,
): Promise<ConfigFile> {
  const found = named ?? configPath(tool, shell.env);
  if (found === undefined) throw usageError(`where to? HOME is not set: name the file with --file PATH`);
  const path = resolve(shell.cwd, found);
  try {
    return { path, text: await readFile(path, 'utf8') };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return { path };
    throw new Stop(`cannot read ${path}: ${code ?? String(error)}`);
  }
}

/** The file's text with the content in it. Throws a `Stop` where that would destroy something. */
export function merged({ path, text = '' }: ConfigFile, content: FileContent): string {
  return content.format === 'json'
    ? mergeJson(text, content.members, path)
    : mergeToml(text, content.lines, path);
}

/** Replaces the file at once, readable by its owner only; returns where the former one is kept, if there was one. */
export async function replaceConfig(file: ConfigFile, text: string): Promise<string | undefined> {
  try {
    if (file.text === undefined) await mkdir(dirname(file.path), { recursive: true, mode: 0o700 });
    // A link stays a link: people keep these files elsewhere.
    const target = file.text === undefined ? file.path : await realpath(file.path);
    const backup = file.text === undefined ? undefined : await keep(target, file.path);
    const draft = `${target}.spillway-${process.pid}`;
    await writeFile(draft, text, { mode: 0o600, flag: 'wx' });
    await rename(draft, target).catch(async (error: unknown) => {
      await rm(draft, { force: true });
      throw error;
    });
    return backup;
  } catch (error) {
    throw new Stop(`cannot write ${file.path}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`);
  }
}

/** Copies to the first of `.bak`, `.bak.2`, … that is free: an earlier backup may be the only copy of the original. */
async function keep(from: string, path: string, number = 1): Promise<string> {
  const backup = number === 1 ? `${path}.bak` : `${path}.bak.${number}`;
  try {
    await copyFile(from, backup, constants.COPYFILE_EXCL);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return keep(from, path, number + 1);
  }
  await chmod(backup, 0o600);
  return backup;
}

/** The lines that change, secrets hidden. */
export function changedLines(before: string, after: string): readonly string[] {
  const lines = (text: string): string[] => (text === '' ? [] : text.replace(/\r?\n$/, '').split(/\r?\n/));
  return diffLines(lines(before), lines(after)).map(hideSecrets);
}

const secretMember = /("[^"]*(?:token|key|secret|password|authorization)[^"]*"\s*:\s*")((?:[^"\\]|\\.)*)"/gi;

/** A member whose name says that it holds a secret is shown without it; a reference to the environment is none. */
function hideSecrets(line: string): string {
  return line.replace(secretMember, (whole, before: string, value: string) =>
    value.startsWith('{env:') || value.startsWith('$') ? whole : `${before}…"`,
  );
}
