/** `init`: writes a first document from the provider keys in the environment. */
import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Run } from './command.ts';
import { defaultFile } from './document-file.ts';
import { foundKeys, initDocument } from './init-document.ts';
import { exit, Stop, usageError } from './stop.ts';

export const init: Run = async (args, shell) => {
  const file = args.text('file') ?? defaultFile;
  const found = foundKeys(shell.env);
  const text = initDocument(found);
  if (file === '-') {
    shell.out.write(text);
    return exit.ok;
  }
  await write(resolve(shell.cwd, file), file, { text, force: args.on('force') });
  if (args.on('json')) shell.out.line(JSON.stringify({ file, keys: found }));
  else {
    shell.out.line(
      `written: ${file} (${found.length === 0 ? 'no provider keys found, so it uses the emulator' : found.join(', ')})`,
    );
    shell.err.line(`next: spillway check -f ${file}, then npm start -- --config ${file}`);
  }
  return exit.ok;
};

type Content = { readonly text: string; readonly force: boolean };

async function write(path: string, file: string, { text, force }: Content): Promise<void> {
  await writeFile(path, text, { flag: force ? 'w' : 'wx' }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'EEXIST')
      throw usageError(`${file} is there already: choose another with -f FILE, or --force to overwrite it`);
    throw new Stop(`cannot write ${file}: ${error.code ?? error.message}`);
  });
}
