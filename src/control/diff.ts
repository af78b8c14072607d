/** What changed between two versions of an object, as lines that each make sense by themselves. */
import { mapSecrets, secretFields } from '../core/secret-fields.ts';
import { hashPrefix, hiddenSecret, secretForm } from '../core/secret-text.ts';
import type { JsonObject } from '../core/snapshot.ts';
import { canonicalPath, type Kind, type Written } from '../core/settings.ts';

type Body = Written['body'];

/** Lines such as `-parameters.temperature: 0.2`; secrets are masked, but it is seen that they changed. */
export function diffBodies(
  kind: Kind,
  name: string,
  before: Body | undefined,
  after: Body | undefined,
): readonly string[] {
  const object = (body: Body): Written => ({ kind, name, path: canonicalPath(kind, name), body }) as Written;
  const old = before && object(before);
  const known = new Set(old ? secretFields(old).map(({ text }) => text) : []);
  const oldLines = old ? lines(masked(old, () => hiddenSecret)) : [];
  const mark = (text: string): string => (!old || known.has(text) ? hiddenSecret : `${hiddenSecret} (new)`);
  const newLines = after ? lines(masked(object(after), mark)) : [];
  return diffLines(oldLines, newLines);
}

/** A body as anybody may see it: references as they are, hashes cut short, secrets hidden. */
export function shownBody(kind: Kind, name: string, body: Body): JsonObject {
  const object = { kind, name, path: canonicalPath(kind, name), body } as Written;
  return masked(object, () => hiddenSecret) as JsonObject;
}

function masked(object: Written, mark: (text: string) => string): Body {
  return mapSecrets(object, ({ text }) => {
    const form = secretForm(text);
    if (form === 'reference') return text;
    return form === 'hash' ? `${text.slice(0, hashPrefix.length + 12)}…` : mark(text);
  }).body;
}

/** One line for each value, with its path; a list's small entries and scalars on one line. */
function lines(value: unknown, path = ''): readonly string[] {
  if (typeof value === 'string' && value.includes('\n'))
    return [`${path}: |`, ...value.split('\n').map((line) => `  ${line}`)];
  if (typeof value !== 'object' || value === null) return [`${path}: ${JSON.stringify(value)}`];
  if (Array.isArray(value)) {
    if (value.every((item) => typeof item !== 'object')) return [`${path}: [${value.join(', ')}]`];
    return value.map((item) => `${path}[]: ${JSON.stringify(item)}`);
  }
  return Object.entries(value).flatMap(([key, child]) => lines(child, path === '' ? key : `${path}.${key}`));
}

/** Longer texts are shown as replaced whole: the table below has a cell for each pair of lines. */
const mostCells = 1_000_000;

/** The lines that went (`-`) and came (`+`), in order; unchanged ones are left out. */
export function diffLines(before: readonly string[], after: readonly string[]): readonly string[] {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start++;
  let end = 0;
  while (
    end < Math.min(before.length, after.length) - start &&
    before[before.length - 1 - end] === after[after.length - 1 - end]
  )
    end++;
  const old = before.slice(start, before.length - end);
  const fresh = after.slice(start, after.length - end);
  if (old.length * fresh.length > mostCells)
    return [...old.map((line) => `-${line}`), ...fresh.map((line) => `+${line}`)];
  return walk(old, fresh);
}

/** The longest common subsequence, walked from the top. */
function walk(old: readonly string[], fresh: readonly string[]): readonly string[] {
  const width = fresh.length + 1;
  const common = new Uint32Array((old.length + 1) * width);
  const at = (i: number, j: number): number => common[i * width + j] ?? 0;
  for (let i = old.length - 1; i >= 0; i--) {
    for (let j = fresh.length - 1; j >= 0; j--) {
      common[i * width + j] =
        old[i] === fresh[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const found: string[] = [];
  let [i, j] = [0, 0];
  while (i < old.length || j < fresh.length) {
    if (i < old.length && j < fresh.length && old[i] === fresh[j]) [i, j] = [i + 1, j + 1];
    else if (i < old.length && (j === fresh.length || at(i + 1, j) >= at(i, j + 1)))
      found.push(`-${old[i++]}`);
    else found.push(`+${fresh[j++]}`);
  }
  return found;
}
