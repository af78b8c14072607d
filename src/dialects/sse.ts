/** Server-sent events: an incremental, bounded reader over bytes, and the frames we write ourselves. */

export type SseEvent = {
  /** The `event:` field, if there was one. */
  readonly name?: string;
  /** The `data:` payload; several data lines are joined by a line feed. */
  readonly data: Buffer;
};

/** An event larger than this is not a stream of model output; the stream counts as broken. */
const maxEventBytes = 16 * 1024 * 1024;

const lineFeed = 0x0a;
const carriageReturn = 0x0d;
/** A byte order mark may stand at the very beginning. */
const mark = Buffer.from('\uFEFF');
const empty = Buffer.alloc(0);

/** Splits bytes into events, whatever the chunk boundaries. LF and CRLF line ends; comments are skipped. */
export class SseReader {
  #rest: Buffer = empty;
  #name: string | undefined;
  #data: Buffer[] = [];
  #size = 0;
  #begun = false;

  /** Returns the events completed by this chunk. Throws a RangeError when an event exceeds the bound. */
  push(chunk: Buffer): SseEvent[] {
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const events: SseEvent[] = [];
    if (!this.#begun && bytes.length < 3 && bytes[0] === mark[0]) {
      this.#rest = bytes;
      return [];
    }
    let start = this.#begun || !bytes.subarray(0, 3).equals(mark) ? 0 : 3;
    this.#begun ||= bytes.length > 0;
    for (let end = bytes.indexOf(lineFeed, start); end !== -1; end = bytes.indexOf(lineFeed, start)) {
      const event = this.#line(
        bytes.subarray(start, bytes[end - 1] === carriageReturn && end > start ? end - 1 : end),
      );
      if (event) events.push(event);
      start = end + 1;
    }
    this.#rest = start < bytes.length ? bytes.subarray(start) : empty;
    if (this.#rest.length > maxEventBytes) throw new RangeError('an event of the stream is too large');
    return events;
  }

  /** What is left when the stream ends: an event whose closing blank line never came counts, as providers omit it. */
  end(): SseEvent | undefined {
    if (this.#rest.length > 0) this.#line(this.#rest);
    this.#rest = empty;
    return this.#dispatch();
  }

  #line(line: Buffer): SseEvent | undefined {
    if (line.length === 0) return this.#dispatch();
    if (line[0] === 0x64 && startsWith(line, 'data:')) this.#keep(line.subarray(line[5] === 0x20 ? 6 : 5));
    else if (line[0] === 0x65 && startsWith(line, 'event:')) this.#name = line.toString('utf8', 6).trim();
    return undefined;
  }

  #keep(payload: Buffer): void {
    this.#data.push(payload);
    this.#size += payload.length;
    if (this.#size > maxEventBytes) throw new RangeError('an event of the stream is too large');
  }

  #dispatch(): SseEvent | undefined {
    const name = this.#name;
    const lines = this.#data;
    this.#name = undefined;
    if (lines.length === 0) return undefined;
    this.#data = [];
    this.#size = 0;
    // An event without a payload is none.
    if (lines.every((line) => line.length === 0)) return undefined;
    const data = lines.length === 1 ? (lines[0] as Buffer) : Buffer.from(lines.map(String).join('\n'));
    return name === undefined ? { data } : { name, data };
  }
}

function startsWith(line: Buffer, text: string): boolean {
  for (let at = 0; at < text.length; at++) if (line[at] !== text.charCodeAt(at)) return false;
  return true;
}

/** One `data:` frame. */
export function dataFrame(payload: string): string {
  return `data: ${payload}\n\n`;
}

/** One named frame, as Anthropic's and the Responses dialect write them. */
export function namedFrame(name: string, payload: string): string {
  return `event: ${name}\ndata: ${payload}\n\n`;
}

/** Kept-alive by a comment: every client ignores it. */
export const heartbeat = ': SPILLWAY PROCESSING\n\n';
