/** What is too much for a document: found before it costs memory or minutes, since whoever applies one may be wrong. */
import { Lexer } from 'yaml';

const longest = 10 * 1024 * 1024;
/** Pieces of syntax; fifty thousand presets with models and parameters have less than two million. */
const mostPieces = 4_000_000;
const mostNodes = 3_000_000;
const deepest = 100;
/** Below this many characters nothing that can be written is too much to be parsed. */
const small = 65_536;

export const tooDeep = `is nested deeper than ${deepest} levels`;
export const tooLarge = 'the document is larger than 10 MB';

/** Why a text should not even be parsed; undefined where it may be. */
export function bulkProblem(text: string): string | undefined {
  if (text.length > longest || Buffer.byteLength(text) > longest) return tooLarge;
  if (text.length < small) return undefined;
  let pieces = 0;
  let open = 0;
  let onThisLine = 0;
  for (const piece of new Lexer().lex(text)) {
    pieces++;
    if (piece === '[' || piece === '{') open++;
    else if (piece === ']' || piece === '}') open--;
    else if (piece === '-' || piece === '?') onThisLine++;
    else if (piece.startsWith('\n') || piece.startsWith('\r')) onThisLine = 0;
    if (open > deepest || onThisLine > deepest) return tooDeep;
    if (pieces > mostPieces) return 'has too many parts: no configuration is that large';
  }
  return undefined;
}

/** Why a value that did not come as text is more than a document may hold; undefined = it is not. */
export function excessOf(value: unknown): string | undefined {
  const excess = excessIn(value);
  if (excess !== undefined) return excess;
  return Buffer.byteLength(JSON.stringify(value) ?? '') > longest ? 'is larger than 10 MB' : undefined;
}

/** Anchors can make a short text enormous; nothing that people write comes near this size or depth. */
export function excessIn(value: unknown): string | undefined {
  const rest: { readonly node: unknown; readonly depth: number }[] = [{ node: value, depth: 0 }];
  for (let count = 0; ; count++) {
    const next = rest.pop();
    if (next === undefined) return undefined;
    if (count > mostNodes) return 'expands to too much: anchors repeat each other';
    if (next.depth > deepest) return tooDeep;
    if (typeof next.node !== 'object' || next.node === null) continue;
    for (const child of Object.values(next.node)) rest.push({ node: child, depth: next.depth + 1 });
  }
}

/** The first character that no text has, with its place in it; undefined where all are those of a text. */
export function foreignCharacter(
  text: string,
): { readonly at: number; readonly message: string } | undefined {
  // oxlint-disable-next-line
  const found = /[\0-\x08\x0B\x0C\x0E-\x1F]/.exec(text);
  if (found === null) return undefined;
  const code = found[0].charCodeAt(0);
  const message =
    code === 0
      ? 'is not text: save the document as UTF-8 (not UTF-16, and nothing binary)'
      : `has a control character (U+${code.toString(16).toUpperCase().padStart(4, '0')}), which no document may contain: remove it`;
  return { at: found.index, message };
}
