/**
 * Where JSON values end, without parsing them. Large bodies are skimmed: strings are read four bytes at a time,
 * and what is inside containers is left to whoever parses it. Small ones are checked byte by byte, as strictly as
 * `JSON.parse`, for less than parsing costs.
 */
import type { Span } from '../core/ask.ts';

export const quote = 0x22;
export const comma = 0x2c;
export const colon = 0x3a;
export const openBrace = 0x7b;
export const closeBrace = 0x7d;
export const openBracket = 0x5b;
export const closeBracket = 0x5d;
const backslash = 0x5c;

/** The bytes are not one JSON object; `message` says what is wrong and where. */
export class JsonFault extends Error {}

/** The offset of the first byte from `from` on that is no space. */
export function skipSpace(body: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const byte = body[at];
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) at++;
    else return at;
  }
}

/** What each byte is inside a string: 0 = itself; else it ends the string, escapes the next byte, or is forbidden. */
const special = new Uint8Array(256).fill(1, 0, 0x20);
special[quote] = 1;
special[backslash] = 1;

/** Past this many bytes four at a time are looked at, past so many without anything special the search is native. */
const shortString = 64;
const calmBytes = 512;

/** The offset after the closing quote of the string that begins at `start`. Throws JsonFault. */
export function endOfString(body: Buffer, start: number): number {
  const near = Math.min(start + shortString, body.length);
  let at = start + 1;
  while (at < near) {
    const byte = body[at] as number;
    if (byte === quote) return at + 1;
    at += byte === backslash ? 2 : 1;
  }
  return endOfLongString(body, at);
}

function endOfLongString(body: Buffer, start: number): number {
  const shift = body.byteOffset & 3;
  const words = new Int32Array(body.buffer, body.byteOffset - shift, (body.length + shift) >> 2);
  let at = start;
  for (;;) {
    if (((at + shift) & 3) === 0) {
      const from = (at + shift) >> 2;
      const most = Math.min(from + (calmBytes >> 2), words.length);
      const calm = calmUntil(words, from, most);
      at = (calm << 2) - shift;
      // Long text without escapes, an image for example.
      if (calm === most && calm < words.length) at = beforeQuote(body, at);
    }
    const byte = body[at];
    if (byte === quote) return at + 1;
    if (byte === undefined) throw new JsonFault('a string is not closed');
    at += byte === backslash ? 2 : 1;
  }
}

/** The first four bytes from `from` on that have a quote or a backslash among them, by the arithmetic of carries. */
function calmUntil(words: Int32Array, from: number, most: number): number {
  let at = from;
  for (; at < most; at++) {
    const four = words[at] as number;
    const quotes = four ^ 0x22222222;
    const slashes = four ^ 0x5c5c5c5c;
    if ((((quotes - 0x01010101) & ~quotes) | ((slashes - 0x01010101) & ~slashes)) & 0x80808080) break;
  }
  return at;
}

/** The next quote, or the first of the backslashes right before it; what is behind the bytes where there is none. */
function beforeQuote(body: Buffer, from: number): number {
  const found = body.indexOf(quote, from);
  let at = found === -1 ? body.length : found;
  while (at > from && body[at - 1] === backslash) at--;
  return at;
}

/** Strings inside a value that may tell of media, tool results or proofs, and the offsets behind each of them. */
export type Words = Map<string, number[]>;

/**
 * The offset after the value that begins at `start`. Scalars are checked, what is inside containers is not. Throws
 * JsonFault.
 */
export function endOfValue(body: Buffer, start: number, words: Words): number {
  const byte = body[start];
  if (byte === quote) return endOfString(body, start);
  if (byte === openBrace || byte === openBracket) return endOfContainer(body, start, words);
  return endOfScalar(body, start);
}

function endOfScalar(body: Buffer, start: number): number {
  let at = start;
  while (at < body.length && isScalarByte(body[at] as number)) at++;
  if (!scalar.test(body.toString('latin1', start, at)))
    throw new JsonFault(`not valid JSON: expected a value at byte ${start}`);
  return at;
}

const scalar = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;

function isScalarByte(byte: number): boolean {
  return byte > 0x20 && byte !== comma && byte !== closeBrace && byte !== closeBracket;
}

/** Whether each open container is an object; nobody else scans before a scan returns. */
const objects = new Uint8Array(512);

/** The same, with every byte checked: what this takes, `JSON.parse` takes. Throws JsonFault. */
export function endOfCheckedValue(body: Buffer, start: number, words: Words): number {
  let depth = 0;
  let at = start;
  for (;;) {
    const byte = body[at];
    if (byte === openBrace || byte === openBracket) {
      if (depth === maxDepth) throw new JsonFault(`nested deeper than ${maxDepth} levels`);
      objects[depth++] = byte === openBrace ? 1 : 0;
      at = skipSpace(body, at + 1);
      if (body[at] !== closing(depth)) {
        if (byte === openBrace) at = startAfterKey(body, at, words);
        continue;
      }
      depth--;
      at++;
    } else at = byte === quote ? endOfCheckedString(body, at, words, depth) : endOfScalar(body, at);
    for (;;) {
      if (depth === 0) return at;
      at = skipSpace(body, at);
      if (body[at] === comma) break;
      if (body[at] !== closing(depth)) throw invalidAt(at);
      depth--;
      at++;
    }
    at = skipSpace(body, at + 1);
    if (objects[depth - 1] === 1) at = startAfterKey(body, at, words);
  }
}

function closing(depth: number): number {
  return objects[depth - 1] === 1 ? closeBrace : closeBracket;
}

/** The offset of the value that belongs to the key at `start`. */
function startAfterKey(body: Buffer, start: number, words: Words): number {
  if (body[start] !== quote) throw invalidAt(start);
  const at = skipSpace(body, endOfCheckedString(body, start, words, 1));
  if (body[at] !== colon) throw invalidAt(at);
  return skipSpace(body, at + 1);
}

/** The offset after a string, whose escapes and control characters are checked. */
export function endOfCheckedString(body: Buffer, start: number, words: Words, depth: number): number {
  for (let at = start + 1; at < body.length; at++) {
    const byte = body[at] as number;
    if (special[byte] === 0) continue;
    if (byte === quote) {
      if (depth > 0 && mayTell(body, start, at + 1)) noteWord(words, body, { start, end: at + 1 });
      return at + 1;
    }
    if (byte !== backslash) throw invalidAt(at);
    at += escapeAt(body, at);
  }
  throw new JsonFault('a string is not closed');
}

const hexDigits = /^[0-9a-fA-F]{4}$/;
/** 1 = may follow a backslash by itself. */
const plainEscapes = new Uint8Array(256);
for (const byte of Buffer.from('"\\/bfnrt')) plainEscapes[byte] = 1;

/** How many bytes follow the backslash of an escape. */
function escapeAt(body: Buffer, at: number): number {
  const next = body[at + 1] ?? 0;
  if (plainEscapes[next] === 1) return 1;
  if (next === 0x75 && hexDigits.test(body.toString('latin1', at + 2, at + 6))) return 5;
  throw invalidAt(at);
}

function invalidAt(at: number): JsonFault {
  return new JsonFault(`not valid JSON at byte ${at}`);
}

/**
 * Strings of such a length and beginning may be `image_url`, `input_audio`, `video_url`, `file_data` or `file_id`,
 * `tool_call_id` or `reasoning_details`.
 */
function mayTell(body: Buffer, start: number, end: number): boolean {
  const length = end - start - 2;
  if (length < 7 || length > 17) return false;
  const first = body[start + 1];
  const second = body[start + 2];
  if (length > 11) return length === 12 ? first === 0x74 : length === 17 && first === 0x72;
  return first === 0x69
    ? second === 0x6d || second === 0x6e
    : second === 0x69 && (first === 0x66 || first === 0x76);
}

function noteWord(words: Words, body: Buffer, { start, end }: Span): void {
  const word = body.toString('latin1', start + 1, end - 1);
  const known = words.get(word);
  if (known) known.push(end);
  else words.set(word, [end]);
}

/** Deeper than any real request; a bound so that hostile nesting ends as a fault, not as memory. */
const maxDepth = objects.length;

function endOfContainer(body: Buffer, start: number, words: Words): number {
  const braces: boolean[] = [];
  let at = start;
  while (at < body.length) {
    const byte = body[at];
    if (byte === quote) {
      const end = endOfString(body, at);
      if (mayTell(body, at, end)) noteWord(words, body, { start: at, end });
      at = end;
      continue;
    }
    if (byte === openBrace || byte === openBracket) {
      if (braces.push(byte === openBrace) > maxDepth)
        throw new JsonFault(`nested deeper than ${maxDepth} levels`);
    } else if (byte === closeBrace || byte === closeBracket) {
      if (braces.pop() !== (byte === closeBrace))
        throw new JsonFault(`unexpected "${String.fromCharCode(byte)}" at byte ${at}`);
      if (braces.length === 0) return at + 1;
    }
    at++;
  }
  throw new JsonFault('the body ends in the middle of a value');
}
