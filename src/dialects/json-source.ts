/**
 * Finds the top-level members of a JSON object without parsing what is in them, and replaces some of them by
 * splicing. A 200 KB agent request is forwarded as slices of the very bytes that came in, so the provider's
 * prompt cache sees the same prefix every time and nothing is re-serialised.
 */
import type { Member, Source, Span } from '../core/ask.ts';
import { refuse } from '../core/problem.ts';
import type { JsonObject } from '../core/snapshot.ts';
import {
  closeBrace,
  closeBracket,
  colon,
  comma,
  endOfCheckedString,
  endOfCheckedValue,
  endOfString,
  endOfValue,
  JsonFault,
  openBrace,
  openBracket,
  quote,
  skipSpace,
  type Words,
} from './json-scan.ts';

/**
 * Reads the top-level members; with `checked` every byte, as strictly as JSON.parse. Most parsers keep the last of two
 * equal keys; a body that has any is parsed and written anew first, so that nothing slips past the keys checked here.
 * Throws JsonFault.
 */
export function readSource(body: Buffer, checked = false): Source {
  const members = new Map<string, Member>();
  const words: Words = new Map();
  const open = skipSpace(body, afterMark(body));
  if (body[open] !== openBrace) throw new JsonFault('the body must be a JSON object');
  let at = skipSpace(body, open + 1);
  let doubled = false;
  while (body[at] !== closeBrace) {
    if (body[at] !== quote) throw new JsonFault(`expected a quoted key at byte ${at}`);
    const keyEnd = checked ? endOfCheckedString(body, at, words, 0) : endOfString(body, at);
    const key = decodeKey(body, at, keyEnd);
    const afterKey = skipSpace(body, keyEnd);
    if (body[afterKey] !== colon) throw new JsonFault(`expected ":" at byte ${afterKey}`);
    const value = skipSpace(body, afterKey + 1);
    const end = checked ? endOfCheckedValue(body, value, words) : endOfValue(body, value, words);
    doubled ||= members.has(key);
    members.set(key, { start: at, value, end });
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

/** A request body of at most so many bytes is checked whole, so that a mistake deep inside gets an exact answer from us. */
export const checkedBelow = 32 * 1024;

/** The offset after a byte order mark, which some editors and clients write before everything. */
function afterMark(body: Buffer): number {
  return body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0;
}

/** `"\u006dodel"` is `model`. */
function decodeKey(body: Buffer, start: number, end: number): string {
  let plain = start + 1;
  while (plain < end && body[plain] !== 0x5c) plain++;
  if (plain === end) return body.toString('utf8', start + 1, end - 1);
  try {
    return JSON.parse(body.toString('utf8', start, end)) as string;
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
  return found && source.body.subarray(found.value, found.end);
}

/** The parsed value of a member, or undefined. Throws JsonFault. */
export function valueOf(source: Source, key: string): unknown {
  const found = source.members.get(key);
  if (!found) return undefined;
  try {
    return JSON.parse(source.body.toString('utf8', found.value, found.end));
  } catch {
    throw new JsonFault(`"${key}" is not valid JSON`);
  }
}

/** What becomes of a member: undefined drops it, bytes or text (JSON) replace its value or add it. */
export type Edits = ReadonlyMap<string, string | readonly (string | Uint8Array)[] | undefined>;

/** The object with some members dropped, replaced or added, as slices in order; the rest keep their bytes. */
export function splice(source: Source, edits: Edits): Uint8Array[] {
  const { body, members } = source;
  const out = new Slices();
  let kept: Span | undefined;
  for (const [key, place] of members) {
    if (edits.has(key)) {
      const edit = edits.get(key);
      if (edit === undefined) continue;
      if (kept) out.bytes(body, kept);
      kept = undefined;
      out.member(key, edit);
    } else {
      // Members that follow each other are one slice, the separator between them included.
      const both = kept && adjoining(kept, place, body);
      if (kept && !both) out.bytes(body, kept);
      if (!both) out.separate();
      kept = both ?? place;
    }
  }
  if (kept) out.bytes(body, kept);
  for (const [key, edit] of edits) if (edit !== undefined && !members.has(key)) out.member(key, edit);
  return out.end();
}

/** Collects an object: what is written is one slice up to the next that is kept. */
class Slices {
  readonly #out: Uint8Array[] = [];
  #text = '{';
  #first = true;

  separate(): void {
    if (!this.#first) this.#text += ',';
    this.#first = false;
  }

  member(key: string, edit: string | readonly (string | Uint8Array)[]): void {
    this.separate();
    this.#text += `${JSON.stringify(key)}:`;
    if (typeof edit === 'string') this.#text += edit;
    else
      for (const piece of edit) {
        if (typeof piece === 'string') this.#text += piece;
        else this.#push(piece);
      }
  }

  bytes(body: Buffer, { start, end }: Span): void {
    this.#push(body.subarray(start, end));
  }

  end(): Uint8Array[] {
    this.#text += '}';
    this.#flush();
    return this.#out;
  }

  #push(bytes: Uint8Array): void {
    this.#flush();
    this.#out.push(bytes);
  }

  #flush(): void {
    if (this.#text !== '') this.#out.push(Buffer.from(this.#text));
    this.#text = '';
  }
}

/** Both spans as one when only space and one comma lie between them, else undefined (a dropped member did). */
function adjoining(left: Span, right: Span, body: Buffer): Span | undefined {
  const separator = skipSpace(body, left.end);
  return body[separator] === comma && skipSpace(body, separator + 1) === right.start
    ? { start: left.start, end: right.end }
    : undefined;
}

/** True when the bytes are one whole array, as far as its brackets and strings tell. */
export function isArray(bytes: Buffer): boolean {
  try {
    return bytes[0] === openBracket && endOfValue(bytes, 0, new Map()) === bytes.length;
  } catch {
    return false;
  }
}

/** The places of an array's elements, one after the other as they are asked for. Ends early at what is no JSON. */
export function* elementsOf(array: Buffer): Iterable<Span> {
  for (let at = skipSpace(array, 1); at < array.length && array[at] !== closeBracket;) {
    const end = endOfValue(array, at, new Map());
    yield { start: at, end };
    at = skipSpace(array, end);
    if (array[at] === comma) at = skipSpace(array, at + 1);
  }
}
