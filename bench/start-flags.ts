/** The flags of Node that `npm start` runs with: what is measured runs with the same. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

type Manifest = { readonly scripts: { readonly start: string } };

/** `--a --b` of the script `node --a --b bin/spillway.js serve`. Throws where the script reads otherwise. */
export function startFlags(root: string): readonly string[] {
  const { start } = (JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest).scripts;
  const flags = /^node ((?:--\S+ )*)bin\/spillway\.js serve$/.exec(start)?.[1];
  if (flags === undefined) throw new Error(`package.json: the script "start" is not understood: ${start}`);
  return flags.split(' ').filter(Boolean);
}
