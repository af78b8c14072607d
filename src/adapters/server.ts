/** The listening side: sockets, limits against slow and malformed clients, and the order of a shutdown. */
import {
  createServer,
  STATUS_CODES,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { problem, type Problem } from '../core/problem.ts';
import { HttpReply, type WholeReply } from './http-reply.ts';
import { Running } from './running.ts';

export type Route = (request: IncomingMessage, response: ServerResponse, reply: HttpReply) => void;

/** What is known of a request that was not understood. */
type Head = Pick<IncomingMessage, 'headers'> & { readonly url?: string | undefined };
export type Refusal = (problem: Problem, head: Head) => WholeReply;

export type ListenOptions = {
  readonly host: string;
  readonly port: number;
  readonly route: Route;
  /** How a problem is told to a client that never came as far as the route. */
  readonly refusal: Refusal;
  /** Ms; a test does not wait as long as a patient server. */
  readonly headersTimeout?: number;
};

export type Listening = {
  /** The port in use, also when 0 was asked for. */
  readonly port: number;
  /** Requests being served now. */
  active(): number;
  /** True once `drain` was called: new requests are refused. */
  readonly draining: boolean;
  /** Refuses new requests, waits up to `ms` for those running, then ends them with an error and closes. Once. */
  drain(ms: number): Promise<void>;
};

/** Ms. A head must arrive whole within the first, a request with its body within the second. */
const defaultHeadersTimeout = 20_000;
const requestTimeout = 300_000;
/** Pooled clients meet a reset when the server closes first; agents' pools keep connections for about a minute. */
const keepAliveTimeout = 90_000;
/** After the last running request was ended by force, its error event gets this long to be flushed. */
const graceMs = 2_000;

/** Listens. Rejects when the address cannot be had. */
export function listen({
  host,
  port,
  route,
  refusal,
  headersTimeout = defaultHeadersTimeout,
}: ListenOptions): Promise<Listening> {
  const running = new Running<HttpReply>();
  const server = createServer(
    {
      headersTimeout,
      requestTimeout,
      keepAliveTimeout,
      connectionsCheckingInterval: headersTimeout / 4,
      maxHeaderSize: 32 * 1024,
      noDelay: true,
      // Any other upgrade is ignored, as HTTP allows: Java's client offers h2c with every request.
      shouldUpgradeCallback: (request) => request.headers.upgrade?.toLowerCase() === 'websocket',
    },
    (request, response) => {
      const reply = new HttpReply(request, response, () => running.delete(reply));
      running.add(reply);
      route(request, response, reply);
    },
  );
  server.on('clientError', (error: ClientError, socket: Duplex) => refuseMalformed(error, socket, refusal));
  server.on('upgrade', (request: IncomingMessage, socket: Duplex) => refuseUpgrade(request, socket, refusal));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      const address = server.address();
      resolve(
        new HttpListening(server, running, typeof address === 'object' && address ? address.port : port),
      );
    });
  });
}

class HttpListening implements Listening {
  readonly port: number;
  readonly #server: Server;
  readonly #running: Running<HttpReply>;
  draining = false;

  constructor(server: Server, running: Running<HttpReply>, port: number) {
    this.#server = server;
    this.#running = running;
    this.port = port;
  }

  active(): number {
    return this.#running.size;
  }

  #drained: Promise<void> | undefined;

  drain(ms: number): Promise<void> {
    this.draining = true;
    return (this.#drained ??= this.#close(ms));
  }

  async #close(ms: number): Promise<void> {
    const closed = new Promise((resolve) => this.#server.once('close', resolve));
    await this.#idle(ms);
    for (const reply of this.#running.all()) reply.shutDown();
    await this.#idle(graceMs);
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  /** Resolves when nothing is running, or after `ms`. */
  #idle(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const began = Date.now();
      const look = (): void => {
        if (this.#running.size === 0 || Date.now() - began >= ms) resolve();
        else setTimeout(look, 25);
      };
      look();
    });
  }
}

type ClientError = Error & { readonly code?: string; readonly rawPacket?: Buffer };

function refuseMalformed(error: ClientError, socket: Duplex, refusal: Refusal): void {
  // In the middle of an answer another one would be taken for a part of it.
  const answering = socket instanceof Socket && socket.bytesWritten > 0;
  if (error.code === 'ECONNRESET' || !socket.writable || answering) {
    socket.destroy();
    return;
  }
  socket.end(written(refusal(problemOf(error), { url: urlIn(error.rawPacket), headers: {} })));
}

function problemOf({ code }: ClientError): Problem {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return problem('request_timeout', 'The request did not arrive in time.');
  if (code === 'HPE_HEADER_OVERFLOW')
    return problem('invalid_request', 'The request headers are larger than 32 KB.', { status: 431 });
  return problem('invalid_request', 'This is not a well-formed HTTP request.');
}

/** The address that was asked for, if it stands in what could not be read. */
function urlIn(packet: Buffer | undefined): string | undefined {
  return /^[A-Z]+ (\S{1,1000}) HTTP\//.exec(packet?.toString('latin1', 0, 1_100) ?? '')?.[1];
}

/** Codex tries a WebSocket first; told at once, it goes on over HTTP without losing seconds. */
function refuseUpgrade(request: IncomingMessage, socket: Duplex, refusal: Refusal): void {
  socket.on('error', () => socket.destroy());
  const told = problem(
    'upgrade_required',
    'WebSockets are not spoken here: use HTTP with server-sent events.',
  );
  socket.end(written(refusal(told, request)));
}

/** The answer as bytes, for a socket that nobody else writes to. */
function written({ status, headers, body }: WholeReply): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}connection: close\r\n\r\n`;
  return Buffer.concat([Buffer.from(head, 'latin1'), body]);
}
