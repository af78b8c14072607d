/** Reads HTTP/1.1 answers off a keep-alive connection, one after the other, strictly: what is not framed right throws. */

export type Answer = {
  readonly status: number;
  /** The head as it came. */
  readonly head: string;
  /** The body's bytes, chunked framing removed. */
  readonly body: string;
};

/** What is told while an answer comes in. */
export type AnswerSink = {
  /** A part of a chunked body, as soon as it is there. */
  part?(text: string): void;
  whole(answer: Answer): void;
};

const headEnd = Buffer.from('\r\n\r\n');
const lineEnd = Buffer.from('\r\n');

export class AnswerReader {
  readonly #sink: AnswerSink;
  #rest: Buffer = Buffer.alloc(0);
  #head: string | undefined;
  /** Bytes of the body still to come; undefined = chunked. */
  #length: number | undefined;
  #parts: string[] = [];

  constructor(sink: AnswerSink) {
    this.#sink = sink;
  }

  push(bytes: Buffer): void {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    while (this.#rest.length > 0 && this.#step());
  }

  /** What has come of an answer that is not whole, for people to read; empty between answers. */
  unfinished(): string {
    const text = `${this.#head ?? ''}${this.#parts.join('')}${this.#rest.toString('latin1')}`;
    return text.length > 600 ? `${text.slice(0, 200)}…${text.slice(-400)}` : text;
  }

  /** True when it made progress. */
  #step(): boolean {
    if (this.#head === undefined) return this.#readHead();
    return this.#length === undefined ? this.#readChunk() : this.#readBody(this.#length);
  }

  #readHead(): boolean {
    const end = this.#rest.indexOf(headEnd);
    if (end === -1) return false;
    this.#head = this.#take(end + headEnd.length).toLowerCase();
    const length = /\r\ncontent-length: *(\d+)\r\n/.exec(this.#head)?.[1];
    if (length === undefined && !/\r\ntransfer-encoding: *chunked\r\n/.test(this.#head))
      throw new Error(`an answer without content-length and chunks: ${this.#head}`);
    this.#length = length === undefined ? undefined : Number(length);
    if (this.#length === 0) this.#finish();
    return true;
  }

  #readBody(length: number): boolean {
    if (this.#rest.length < length) return false;
    this.#parts.push(this.#take(length));
    this.#finish();
    return true;
  }

  #readChunk(): boolean {
    const end = this.#rest.indexOf(lineEnd);
    if (end === -1) return false;
    const size = Number.parseInt(this.#rest.toString('latin1', 0, end), 16);
    if (Number.isNaN(size)) throw new Error('a chunk without a size');
    const whole = end + lineEnd.length + size + lineEnd.length;
    if (this.#rest.length < whole) return false;
    const text = this.#take(whole).slice(end + lineEnd.length, -lineEnd.length);
    if (size === 0) this.#finish();
    else {
      this.#parts.push(text);
      this.#sink.part?.(text);
    }
    return true;
  }

  #take(length: number): string {
    const text = this.#rest.toString('latin1', 0, length);
    this.#rest = this.#rest.subarray(length);
    return text;
  }

  #finish(): void {
    const head = this.#head ?? '';
    const body = this.#parts.join('');
    this.#head = undefined;
    this.#parts = [];
    this.#sink.whole({ status: Number(head.slice(9, 12)), head, body });
  }
}
