/** The document that a command works on: a file, or standard input. */
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Flags } from './arguments.ts';
import type { Shell } from './shell.ts';
import { Stop, usageError } from './stop.ts';

export const defaultFile = 'spillway.yaml';

export const fileFlag: Flags = {
  file: { value: 'FILE', short: 'f', help: `The document; - reads standard input (default ${defaultFile})` },
};

/** The text of a document. A file that is not there is a usage error that says how to get one. */
export async function readDocument(shell: Shell, file: string): Promise<string> {
  const hint = `write one with \`spillway init\`, or name it with -f FILE`;
  return readTextFile(shell, file, `there is no ${file} here: ${hint}`);
}

/** The text of a file, or with `-` standard input; `missing` is said where there is no such file. */
export async function readTextFile(shell: Shell, file: string, missing: string): Promise<string> {
  if (file === '-') return readInput(shell);
  const bytes = await readBytes(resolve(shell.cwd, file)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') throw usageError(missing);
    throw new Stop(`cannot read ${file}: ${error.code ?? String(error)}`);
  });
  if (bytes === undefined) throw usageError(`${file} is larger than ${longest >> 20} MB, and no document is`);
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw usageError(`${file} is not UTF-8 text (see line ${firstBrokenLine(bytes)}): save it as UTF-8`);
  }
}

/** Somewhat above what a document may have, so that it is the document's own check that speaks. */
const longest = 12 * 1024 * 1024;

/** A pipe has no size, so it is read as far as it may be. */
async function readBytes(path: string): Promise<Uint8Array | undefined> {
  await using handle = await open(path);
  const { size } = await handle.stat();
  if (size > longest) return undefined;
  const bytes = await handle.readFile();
  return bytes.length > longest ? undefined : bytes;
}

/** Bytes that are no UTF-8 become U+FFFD when they are read tolerantly. */
function firstBrokenLine(bytes: Uint8Array): number {
  const text = Buffer.from(bytes).toString('utf8');
  return text.slice(0, text.indexOf('\uFFFD')).split('\n').length;
}

/** Everything on standard input; a usage error where nothing is piped in. */
export async function readInput(shell: Shell): Promise<string> {
  const input = shell.input();
  if (!input)
    throw usageError('nothing is piped into standard input, which is where this would be read from');
  return input;
}
