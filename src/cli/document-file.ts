/** The document that a command works on: a file, or standard input. */
import { readFile } from 'node:fs/promises';
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
  if (file === '-') return readInput(shell);
  try {
    return await readFile(resolve(shell.cwd, file), 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === 'ENOENT')
      throw usageError(`there is no ${file} here: write one with \`spillway init\`, or name it with -f FILE`);
    throw new Stop(`cannot read ${file}: ${code ?? String(error)}`);
  }
}

/** Everything on standard input; a usage error where nothing is piped in. */
export async function readInput(shell: Shell): Promise<string> {
  const input = shell.input();
  if (!input)
    throw usageError('nothing is piped into standard input, which is where this would be read from');
  return input;
}
