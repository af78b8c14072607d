/**
 * Finds the top-level members of a JSON object without parsing what is in them, and replaces some of them by
 * splicing. A 200 KB agent request is forwarded as slices of the very bytes that came in, so the provider's
 * prompt cache sees the same prefix every time and nothing is re-serialised.
 */
import type { Source, Span } from '../core/ask.ts';
import { refuse } from '../core/problem.ts';
import type { JsonObject } from '../core/snapshot.ts';

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBrace = 0x7b;
const closeBrace = 0x7d;
const openBracket = 0x5b;
const closeBracket = 0x5d;

/** The bytes are not one JSON object; `message` says what is wrong and where. */
export class JsonFault extends Error {}

type Member = { readonly member: Span; readonly value: Span };

/**
 * Reads the top-level members. Most parsers keep the last of two equal keys; a body that has any is parsed and
 * written anew first, so that nothing slips past the keys checked here. Throws JsonFault.
 */
export function readSource(body: Buffer): Source {
  const members = new Map<string, Member>();
  const words = new Set<string>();
  const open = skipSpace(body, afterMark(body));
  if (body[open] !== openBrace) throw new JsonFault('the body must be a JSON object');
  let at = skipSpace(body, open + 1);
  let doubled = false;
  while (body[at] !== closeBrace) {
    if (body[at] !== quote) throw new JsonFault(`expected a quoted key at byte ${at}`);
    const keyEnd = endOfString(body, at);
    const key = decodeKey(body.subarray(at, keyEnd));
    const afterKey = skipSpace(body, keyEnd);
    if (body[afterKey] !== colon) throw new JsonFault(`expected ":" at byte ${afterKey}`);
    const start = skipSpace(body, afterKey + 1);
    const end = endOfValue(body, start, words);
    doubled ||= members.has(key);
    members.set(key, { member: { start: at, end }, value: { start, end } });
    at = skipSpace(body, end);
    if (body[at] === comma) {
      at = skipSpace(body, at + 1);
      if (body[at] === closeBrace) throw new JsonFault(`unexpected "}" after a comma at byte ${at}`);
    } else if (body[at] !== closeBrace) throw new JsonFault(`expected "," or "}" at byte ${at}`);
  }
  if (skipSpace(body, at + 1) < body.length)
    throw new JsonFault(`unexpected text after the object at byte ${at + 1}`);
  // Not before all was seen: what is nested too deep could not be written.
  return doubled ? readSource(rewritten(body)) : { body, open, members, words };
}

/** The offset after a byte order mark, which some editors and clients write before everything. */
function afterMark(body: Buffer): number {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0;
}

/** `"\u006dodel"` is `model`. */
function decodeKey(quoted: Buffer): string {
  if (!quoted.includes(backslash)) return quoted.toString('utf8', 1, quoted.length - 1);
  try {
    return JSON.parse(quoted.toString('utf8')) as string;
  } catch {
    throw new JsonFault('a key has a broken escape');
  }
}

function rewritten(body: Buffer): Buffer {
  return Buffer.from(JSON.stringify(parseJson(body)));
}

/** Parses the bytes as JSON. Throws JsonFault without quoting the content: it may be somebody's prompt. */
export function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8', afterMark(bytes)));
  } catch (error) {
    const place = /position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
    throw new JsonFault(
      place === undefined ? 'the body is not valid JSON' : `not valid JSON at byte ${place}`,
    );
  }
}

/** Does the work; broken JSON that it comes upon is refused. Large bodies are parsed no earlier than they must be. */
export function guarded<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof JsonFault)) throw error;
    throw refuse('invalid_json', `The request body is not usable JSON: ${error.message}.`);
  }
}

/** A request, spliced, as an object. Throws Refused: only now does anybody look at what is deep inside. */
export function parseMerged(pieces: readonly Uint8Array[]): JsonObject {
  return guarded(() => parseJson(Buffer.concat(pieces)) as JsonObject);
}

/** The bytes of a member's value, or undefined. */
export function bytesOf(source: Source, key: string): Buffer | undefined {
  const found = source.members.get(key);
  return found && source.body.subarray(found.value.start, found.value.end);
}

/** The parsed value of a member, or undefined. Throws JsonFault. */
export function valueOf(source: Source, key: string): unknown {
  const bytes = bytesOf(source, key);
  if (!bytes) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new JsonFault(`"${key}" is not valid JSON`);
  }
}

/** What becomes of a member: undefined drops it, bytes or text (JSON) replace its value or add it. */
export type Edits = ReadonlyMap<string, string | readonly (string | Uint8Array)[] | undefined>;

/** The object with some members dropped, replaced or added, as slices in order; the rest keep their bytes. */
export function splice(source: Source, edits: Edits): Uint8Array[] {
  const out: Uint8Array[] = [];
  const { body, members } = source;
  let kept: Span | undefined;
  let first = true;
  const flush = (): void => {
    if (kept) out.push(body.subarray(kept.start, kept.end));
    kept = undefined;
  };
  const separate = (): void => {
    if (!first) out.push(commaBytes);
    first = false;
  };
  out.push(openBytes);
  for (const [key, place] of members) {
    if (edits.has(key)) {
      const edit = edits.get(key);
      if (edit === undefined) continue;
      flush();
      separate();
      out.push(Buffer.from(`${JSON.stringify(key)}:`), ...pieces(edit));
    } else if (kept) {
      // Members that follow each other are one slice, the separator between them included.
      kept = adjoining(kept, place.member, body) ?? restart(place.member);
    } else {
      separate();
      kept = place.member;
    }
  }
  flush();
  for (const [key, edit] of edits) {
    if (members.has(key) || edit === undefined) continue;
    separate();
    out.push(Buffer.from(`${JSON.stringify(key)}:`), ...pieces(edit));
  }
  out.push(closeBytes);
  return out;

  function restart(next: Span): Span {
    flush();
    separate();
    return next;
  }
}

const openBytes = Buffer.from('{');
const closeBytes = Buffer.from('}');
const commaBytes = Buffer.from(',');

/** Both spans as one when only space and one comma lie between them, else undefined (a dropped member did). */
function adjoining(left: Span, right: Span, body: Buffer): Span | undefined {
  const separator = skipSpace(body, left.end);
  return body[separator] === comma && skipSpace(body, separator + 1) === right.start
    ? { start: left.start, end: right.end }
    : undefined;
}

function pieces(edit: string | readonly (string | Uint8Array)[]): Uint8Array[] {
  const list = typeof edit === 'string' ? [edit] : edit;
  return list.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece));
}

/** True when the bytes are one whole array, as far as its brackets and strings tell. */
export function isArray(bytes: Buffer): boolean {
  try {
    return bytes[0] === openBracket && endOfValue(bytes, 0, new Set()) === bytes.length;
  } catch {
    return false;
  }
}

/** The places of an array's elements, one after the other as they are asked for. Ends early at what is no JSON. */
export function* elementsOf(array: Buffer): Iterable<Span> {
  for (let at = skipSpace(array, 1); at < array.length && array[at] !== closeBracket;) {
    const end = endOfValue(array, at, new Set());
    yield { start: at, end };
    at = skipSpace(array, end);
    if (array[at] === comma) at = skipSpace(array, at + 1);
  }
}

function skipSpace(body: Buffer, from: number): number {
  let at = from;
  for (;;) {
    const byte = body[at];
    if (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) at++;
    else return at;
  }
}

/** Past this many bytes a native search beats the loop. */
const shortString = 48;

/** The offset after the closing quote of the string that begins at `start`. */
function endOfString(body: Buffer, start: number): number {
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

/** The offset after the value that begins at `start`. Scalars are checked, what is inside containers is not. */
function endOfValue(body: Buffer, start: number, words: Set<string>): number {
  const byte = body[start];
  if (byte === quote) return endOfString(body, start);
  if (byte === openBrace || byte === openBracket) return endOfContainer(body, start, words);
  let at = start;
  while (at < body.length && isScalarByte(body[at] as number)) at++;
  if (!scalar.test(body.toString('latin1', start, at)))
    throw new JsonFault(`expected a value at byte ${start}`);
  return at;
}

const scalar = /^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)$/;

function isScalarByte(byte: number): boolean {
  return byte > 0x20 && byte !== comma && byte !== closeBrace && byte !== closeBracket;
}

/**
 * Strings of such a length and beginning may be `image_url`, `input_audio`, `video_url`, `file_data` or `file_id`,
 * `tool_call_id` or `reasoning_details`.
 */
function mayTell(body: Buffer, start: number, end: number): boolean {
  const length = end - start - 2;
  if (length < 7 || length > 17) return false;
  const first = body[start + 1];
  if (length <= 11) return first === 0x69 || first === 0x66 || first === 0x76;
  return length === 12 ? first === 0x74 : length === 17 && first === 0x72;
}

/** Deeper than any real request; a bound so that hostile nesting ends as a fault, not as memory. */
const maxDepth = 512;

function endOfContainer(body: Buffer, start: number, words: Set<string>): number {
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
