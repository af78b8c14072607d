/**
 * Makes a tokenizer safe to use on what strangers send, and its count an upper bound. A byte-pair encoder takes time
 * that grows with the square of an unbroken run: 100 KB of one letter blocks for ten seconds. Such runs are cut out
 * and counted by their bytes, which no byte-level vocabulary exceeds. Pure: the tokenizer is a parameter.
 */

/** The tokens of a text, by somebody's vocabulary. */
export type Tokenizer = (text: string) => number;

/** A cut moves the boundaries at which a tokenizer splits its text first; what may be lost by that, in tokens. */
export const tokensPerCut = 4;

/**
 * Runs within which a byte-pair encoder may find no boundary: words, symbols, spaces, and the line ends and slashes
 * that the o200k pattern lets follow symbols. Anything shorter costs little.
 */
const longRuns = /[\p{L}\p{M}\p{N}_]{129,}|[^\s\p{L}\p{N}]{129,}|\s{129,}|[\r\n/]{129,}/gu;

/** An upper bound of `tokens(text)` that takes linear time. */
export function guardedTokens(text: string, tokens: Tokenizer): number {
  let sum = 0;
  let from = 0;
  for (const { 0: run, index } of text.matchAll(longRuns)) {
    sum += tokens(text.slice(from, index)) + Buffer.byteLength(run) + tokensPerCut;
    from = index + run.length;
  }
  return sum + tokens(from === 0 ? text : text.slice(from));
}

/**
 * An upper bound of the tokens of JSON text, whether its strings are shown to the model as written or as meant:
 * `\n` is a line end in a message and may be two characters in a tool's schema, and either can be the longer one.
 */
export function jsonTokens(text: string, tokens: Tokenizer): number {
  const written = guardedTokens(text, tokens);
  return text.includes('\\') ? Math.max(written, guardedTokens(meant(text), tokens)) : written;
}

const escapes = /\\(?:u([0-9a-fA-F]{4})|(["\\/bfnrt]))/g;
const controls: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t' };

function meant(text: string): string {
  return text.replace(escapes, (_, code: string | undefined, letter = '') =>
    code === undefined ? (controls[letter] ?? letter) : String.fromCharCode(Number.parseInt(code, 16)),
  );
}

const leastPiece = 4_096;
const mostPiece = 8_192;
const space = 0x20;

/**
 * Cuts bytes into pieces of 4 to 8 KB whose boundaries depend on nothing that follows them: what is appended leaves
 * all pieces but the last as they were, so their counts can be remembered. Cuts before a space where there is one,
 * and never within a UTF-8 sequence.
 */
export function cutStably(bytes: Uint8Array): readonly Uint8Array[] {
  const pieces: Uint8Array[] = [];
  let from = 0;
  while (bytes.length - from > mostPiece) {
    const until = cutBetween(bytes, from + leastPiece, from + mostPiece);
    pieces.push(bytes.subarray(from, until));
    from = until;
  }
  pieces.push(bytes.subarray(from));
  return pieces;
}

function cutBetween(bytes: Uint8Array, least: number, most: number): number {
  const at = bytes.subarray(least, most).indexOf(space);
  if (at !== -1) return least + at;
  for (let cut = most; cut > most - 4; cut--) if (((bytes[cut] ?? 0) & 0xc0) !== 0x80) return cut;
  return most;
}

/**
 * An upper bound of the tokens of `bytes` of JSON text: the pieces' bounds and what cutting may lose, and never more
 * than a token per byte. `remembered` gives the bound of one piece, counting it or not.
 */
export function sumOfPieces(
  bytes: Uint8Array,
  remembered: (piece: Uint8Array) => number | undefined,
): number | undefined {
  const pieces = cutStably(bytes);
  let sum = (pieces.length - 1) * tokensPerCut;
  for (const piece of pieces) {
    const tokens = remembered(piece);
    if (tokens === undefined) return undefined;
    sum += Math.min(tokens, piece.length);
  }
  return Math.min(sum, bytes.length);
}
