/** Keeps a marked block of our own at the top of a TOML file; all other lines stay as they are. Pure. */
import { Stop } from './stop.ts';

const begin = '# >>> spillway: written by `spillway connect`; connect again to change it';
const end = '# <<< spillway';

/** Keys that only our block may set. */
const keys = new Set(['model', 'model_provider', 'model_context_window', 'model_providers']);
/** A table begins. */
const header = /^\s*\[/;

type Line = { readonly text: string; readonly number: number };

/** The text with the block in it, replaced or new. A key of ours that stands elsewhere is refused by its line. */
export function mergeToml(text: string, block: readonly string[], path: string): string {
  const eol = text.includes('\r\n') ? '\r\n' : '\n';
  const lines = text.split(/\r?\n/).map((line, index) => ({ text: line, number: index + 1 }));
  const rest = withoutBlock(lines, path);
  refuseConflicts(rest, path);
  const empty = rest.every((line) => line.text.trim() === '');
  return [begin, ...block, end, '', ...(empty ? [] : rest.map((line) => line.text))].join(eol);
}

function withoutBlock(lines: readonly Line[], path: string): readonly Line[] {
  const marks = lines.filter((line) => /^# (>>>|<<<) spillway/.test(line.text));
  const [first, last] = marks;
  if (first === undefined) return lines;
  if (last === undefined || marks.length > 2 || !first.text.startsWith('# >') || !last.text.startsWith('# <'))
    throw new Stop(
      `${path}:${first.number} the marks of the spillway block do not match: take the block out, then connect again`,
    );
  const after = lines.slice(last.number);
  return [
    ...lines.slice(0, first.number - 1),
    ...foreign(lines.slice(first.number, last.number - 1)),
    ...(after.length > 1 && after[0]?.text.trim() === '' ? after.slice(1) : after),
  ];
}

/** Codex adds lines where it sees fit, also between our marks: those are not ours to remove. */
function foreign(inside: readonly Line[]): readonly Line[] {
  const table = inside.findIndex((line) => header.test(line.text));
  return inside.filter(({ text }, index) => {
    const root = table === -1 || index < table;
    return !root || (text.trim() !== '' && ownRootKey(text) === undefined);
  });
}

/** Root keys before the first table, and tables that would define ours again. */
function refuseConflicts(lines: readonly Line[], path: string): void {
  let root = true;
  for (const { text, number } of lines) {
    if (header.test(text)) root = false;
    const found = root ? ownRootKey(text) : ownTable(text);
    if (found === undefined) continue;
    throw new Stop(
      `${path}:${number} has ${found} already: take the line out or comment it out, then connect again`,
    );
  }
}

function ownRootKey(line: string): string | undefined {
  const key = unquoted(/^\s*([^=#]+?)\s*=/.exec(line)?.[1]);
  if (key === undefined) return undefined;
  return keys.has(key) || /^model_providers\.spillway(\.|$)/.test(key) ? key : undefined;
}

/** `[model_providers]` counts: a header may not name a table that dotted keys have made. */
function ownTable(line: string): string | undefined {
  const name = unquoted(/^\s*\[([^[\]]+)\]\s*(#.*)?$/.exec(line)?.[1]);
  return name !== undefined && /^model_providers(\.spillway(\..*)?)?$/.test(name) ? `[${name}]` : undefined;
}

function unquoted(name: string | undefined): string | undefined {
  return name?.replace(/["'\s]/g, '');
}
