/** The client's side of a request on a real socket. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Departed, Reply } from '../ports.ts';

/** How long a last error event may take to be read, in ms. */
const flushMs = 5_000;

export type WholeReply = {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
};

export class HttpReply implements Reply {
  /** Among those that run. */
  place = -1;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #leave: ((why: Departed) => void) | undefined;
  #over = false;
  /** The body is sent in chunks that are framed here. */
  #framed = false;

  /** `closed` is told when nothing more will be sent. */
  constructor(request: IncomingMessage, response: ServerResponse, closed: () => void) {
    this.#request = request;
    this.#response = response;
    response.on('close', () => {
      this.#depart('client');
      closed();
    });
  }

  /** False = a head has been sent: only the connection can still be closed. */
  get fresh(): boolean {
    return !this.#response.headersSent;
  }

  head(status: number, headers: Readonly<Record<string, string>>): void {
    // A body that was refused unread cannot be followed by another request on the same connection.
    const own = this.#request.complete ? headers : { ...headers, connection: 'close' };
    this.#framed = headers['content-length'] === undefined && this.#request.httpVersion === '1.1';
    if (!this.#framed) {
      this.#response.writeHead(status, own);
      return;
    }
    this.#response.writeHead(status, { ...own, 'transfer-encoding': 'chunked' });
    // Node frames a chunk as three writes; as one buffer it costs a third less.
    this.#response.chunkedEncoding = false;
  }

  /** A whole answer at once. */
  tell({ status, headers, body }: WholeReply): void {
    this.head(status, headers);
    this.end(body);
  }

  write(chunk: Uint8Array | string): boolean {
    return this.#framed ? this.#response.write(framed(latin1(chunk)), 'latin1') : this.#response.write(chunk);
  }

  end(chunk: Uint8Array | string = ''): void {
    this.#over = true;
    if (this.#framed) this.#response.end(framed(latin1(chunk)) + lastChunk, 'latin1');
    else if (chunk.length > textBelow) this.#response.end(chunk);
    else this.#response.end(latin1(chunk), 'latin1');
  }

  /** Without the terminating chunk: a client that counts chunks sees that the answer broke off. */
  abort(): void {
    this.#over = true;
    // Node holds what was just written until the next tick; closing before it would lose the error event.
    setImmediate(() => this.#response.socket?.destroySoon());
    // One that does not read would otherwise be waited for, for ever.
    setTimeout(() => this.#response.socket?.destroy(), flushMs).unref();
  }

  drained(callback: () => void): void {
    this.#response.once('drain', callback);
  }

  gone(callback: (why: Departed) => void): void {
    this.#leave = callback;
    if (this.#response.closed) this.#depart('client');
  }

  /** The gateway stops now: whatever is running for this client is ended with an error. */
  shutDown(): void {
    this.#depart('shutdown');
  }

  #depart(why: Departed): void {
    if (this.#over) return;
    const leave = this.#leave;
    if (!leave) return;
    this.#leave = undefined;
    leave(why);
  }
}

/**
 * Node joins a head with text into one write, with bytes it does not, and text needs no buffer of its own: 15 µs less
 * for a whole answer, some 3 for a chunk. A whole answer of more bytes costs more as text.
 */
const textBelow = 16 * 1024;

/** The bytes as they are, as text. */
function latin1(chunk: Uint8Array | string): string {
  return (chunk instanceof Buffer ? chunk : Buffer.from(chunk)).toString('latin1');
}

const lastChunk = '0\r\n\r\n';

/** A chunk of a body of unknown length (RFC 9112, 7.1); nothing is no chunk, for that would be the last. */
function framed(bytes: string): string {
  return bytes === '' ? '' : `${bytes.length.toString(16)}\r\n${bytes}\r\n`;
}
