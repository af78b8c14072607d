/** What the YAML parser finds wrong, at the line that must be changed and in words that say how. */
import type { YAMLError } from 'yaml';

/** `at` = offset in the text. */
export type Problem = { readonly at: number; readonly message: string };

/** The problems in the order of the text, one for each line: what follows on the same line is only its consequence. */
export function yamlProblems(errors: readonly YAMLError[], text: string): readonly Problem[] {
  const lines = new Set<number>();
  const nested = new Set(errors.flatMap(({ code, pos }) => (code === 'BLOCK_AS_IMPLICIT_KEY' ? pos[0] : [])));
  return errors
    .filter(({ code, pos }) => code !== 'MULTILINE_IMPLICIT_KEY' || !nested.has(pos[0]))
    .map((found) => problemOf(found, text))
    .toSorted((a, b) => a.at - b.at)
    .filter(({ at }) => {
      const line = text.lastIndexOf('\n', at - 1);
      return !lines.has(line) && lines.add(line);
    });
}

function problemOf({ code, message, pos: [at] }: YAMLError, text: string): Problem {
  if (code === 'BLOCK_AS_IMPLICIT_KEY') return keysBelowValue(at, message, text);
  const said = message.startsWith('Flow') ? unclosed : words[code];
  return { at, message: said ?? `is not valid YAML: ${message.split('\n')[0]}` };
}

const unclosed = 'comes after a [ or { that was never closed';

const words: Partial<Record<YAMLError['code'], string>> = {
  TAB_AS_INDENT: 'indent with spaces: YAML does not allow tabs',
  BAD_INDENT: 'is not indented like the lines it belongs to: the keys of one map stand in one column',
  MULTILINE_IMPLICIT_KEY: 'is no "key: value": a colon is missing, or the space after it',
  MISSING_CHAR: 'comes after a quote that was never closed',
};

/** `a: b: c`, or keys under a key that has a value on its own line already. */
function keysBelowValue(at: number, message: string, text: string): Problem {
  if (message.includes('sequence'))
    return { at, message: 'is not indented like the items of the list before it' };
  const end = text.indexOf('\n', at);
  const rest = text.slice(at, end === -1 ? undefined : end);
  if (/:(\s|$)/.test(rest) || end === -1)
    return {
      at,
      message: 'has two ": " on one line: put the value in quotes, or its key on a line of its own',
    };
  const next = end + 1 + (/^\s*/.exec(text.slice(end + 1, end + 1 + 1_000))?.[0].length ?? 0);
  return { at: next, message: 'is indented too far: the key above it has a value already' };
}
