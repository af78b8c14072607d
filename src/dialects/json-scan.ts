/**
 * Where JSON values end, without parsing them. Large bodies are skimmed: strings are leapt over by native searches,
 * and what is inside containers is left to whoever parses it. Small ones are checked byte by byte, as strictly as
 * `JSON.parse`, for less than parsing costs.
 */

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

/** Past this many bytes a native search beats the loop. */
const shortString = 48;

/** The offset after the closing quote of the string that begins at `start`. Throws JsonFault. */
export function endOfString(body: Buffer, start: number): number {
  let at = start + 1;
  const near = Math.min(at + shortString, body.length);
  while (at < near) {
    const byte = body[at];
    if (byte === quote) return at + 1;
    at += byte === backslash ? 2 : 1;
  }
  return endOfLongString(body, at);
}

/** A native search to the next quote; where that one is escaped, others are near, and a loop is faster for a while. */
function endOfLongString(body: Buffer, start: number): number {
  let from = start;
  for (let at = body.indexOf(quote, from); at !== -1; at = body.indexOf(quote, from)) {
    let before = at - 1;
    while (before >= from && body[before] === backslash) before--;
    if ((at - before) % 2 === 1) return at + 1;
    from = at + 1;
    const near = Math.min(from + shortString, body.length);
    while (from < near) {
      const byte = body[from];
      if (byte === quote) return from + 1;
      from += byte === backslash ? 2 : 1;
    }
  }
  throw new JsonFault('a string is not closed');
}

/** Strings inside a value that may tell of media, tool results or proofs are added to `words`. */
export type Words = Set<string>;

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
    if (byte === quote) {
      if (depth > 0 && mayTell(body, start, at + 1)) words.add(body.toString('latin1', start + 1, at));
      return at + 1;
    }
    if (byte === backslash) at += escapeAt(body, at);
    else if (byte < 0x20) throw invalidAt(at);
  }
  throw new JsonFault('a string is not closed');
}

const hexDigits = /^[0-9a-fA-F]{4}$/;
const plainEscapes: ReadonlySet<number | undefined> = new Set(Buffer.from('"\\/bfnrt'));

/** How many bytes follow the backslash of an escape. */
function escapeAt(body: Buffer, at: number): number {
  if (plainEscapes.has(body[at + 1])) return 1;
  if (body[at + 1] === 0x75 && hexDigits.test(body.toString('latin1', at + 2, at + 6))) return 5;
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

/** Deeper than any real request; a bound so that hostile nesting ends as a fault, not as memory. */
const maxDepth = objects.length;

function endOfContainer(body: Buffer, start: number, words: Words): number {
  const braces: boolean[] = [];
  let at = start;
  while (at < body.length) {
    const byte = body[at];
    if (byte === quote) {
      const end = endOfString(body, at);
      if (mayTell(body, at, end)) words.add(body.toString('latin1', at + 1, end - 1));
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
