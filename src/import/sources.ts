/** Files as they were named, parsed: YAML, and so JSON too. */
import { readText } from '../control/document-text.ts';
import { BadSource, type Source } from './report.ts';

/** Throws `BadSource` for what cannot be read, with the first place where it goes wrong. */
export function readSource(name: string, text: string): Source {
  const { value, findings, locate } = readText(text);
  const [first] = findings;
  if (value === undefined && first !== undefined)
    throw new BadSource(`${name}:${first.line ?? 1}:${first.column ?? 1} ${first.message}`);
  return { name, value, locate };
}
