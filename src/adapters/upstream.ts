/**
 * HTTP to providers; the only file that opens sockets to them. undici's `dispatch` costs a quarter of `fetch`.
 * Redirects are never followed: a provider's answer must not choose where credentials go.
 */
import { lookup as systemLookup } from 'node:dns';
import { Agent, type Dispatcher } from 'undici';
import { guardedLookup } from './guarded-lookup.ts';
import type { Breakage, Exchange, Upstream, UpstreamCall, UpstreamSink } from '../ports.ts';

/** Every timeout is the attempt's own, on its own clock; here they are off. */
const options: Agent.Options = {
  connections: null,
  pipelining: 1,
  headersTimeout: 0,
  bodyTimeout: 0,
  // An idle connection is kept this long unless the server says otherwise; common servers close after 60 s or more.
  keepAliveTimeout: 30_000,
  keepAliveMaxTimeout: 600_000,
  autoSelectFamily: true,
};

export type HttpUpstream = Upstream & { close(): Promise<void> };

export type HttpUpstreamOptions = {
  /** Whether a name that looks public may lead to a private address. Not said: none may. */
  readonly mayBePrivate?: (host: string) => boolean;
  /** Looks a name up; the system's own where it is not said. */
  readonly lookup?: typeof systemLookup;
};

/**
 * An upstream over pooled keep-alive connections, one pool per origin. Where a name leads is looked at as the connection is
 * made: whoever owns a public name may let it lead into this network at any time.
 */
export function httpUpstream({ mayBePrivate, lookup }: HttpUpstreamOptions = {}): HttpUpstream {
  const guard = guardedLookup(mayBePrivate ?? (() => false), lookup ?? systemLookup);
  const agent = new Agent({ ...options, connect: { timeout: 0, keepAlive: true, lookup: guard } });
  return {
    send: (call, sink) => new HttpExchange(agent, call, sink),
    close: () => agent.destroy(),
  };
}

class HttpExchange implements Exchange, Dispatcher.DispatchHandler {
  readonly #sink: UpstreamSink;
  #controller: Dispatcher.DispatchController | undefined;
  #over = false;
  #sent = false;

  constructor(agent: Agent, call: UpstreamCall, sink: UpstreamSink) {
    this.#sink = sink;
    const { origin, path } = addressOf(call.url);
    const { method, headers } = call;
    const length = call.body.reduce((sum, piece) => sum + piece.length, 0);
    const body = method === 'POST' ? payload(call.body, length) : null;
    agent.dispatch({ origin, path, method, headers: headersOf(headers, body, length), body }, this);
  }

  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#controller?.abort(new Error('cancelled'));
  }

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#over) {
      controller.abort(new Error('cancelled'));
      return;
    }
    this.#sent = true;
    this.#sink.connected();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    if (this.#over || status < 200) return;
    this.#sink.head(status, flat(headers));
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#over) this.#sink.data(chunk);
  }

  onResponseEnd(): void {
    if (this.#over) return;
    this.#over = true;
    this.#sink.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#over) return;
    this.#over = true;
    // undici may refuse while `dispatch` is still on the stack; the sink is promised to be called later.
    queueMicrotask(() => this.#sink.broken(breakageOf(error, this.#sent)));
  }
}

/** Up to here slices are joined, for one buffer leaves with the head in one packet; beyond, copying costs more. */
const joinBelow = 64 * 1024;

/** Written as it stands, slice by slice, where it is large: the request's own bytes are not copied again. */
function payload(body: readonly Uint8Array[], length: number): Uint8Array {
  const [first] = body;
  if (body.length === 1 && first) return first;
  // undici writes any iterable of buffers; its types name only the common bodies.
  return length <= joinBelow ? Buffer.concat(body, length) : (body as unknown as Uint8Array);
}

/** undici knows the length of a single buffer by itself. */
function headersOf(
  headers: UpstreamCall['headers'],
  body: Uint8Array | null,
  length: number,
): Record<string, string> {
  return body === null || body instanceof Uint8Array
    ? headers
    : { ...headers, 'content-length': String(length) };
}

type Address = { readonly origin: string; readonly path: string };

/** Taking an address apart costs microseconds, and there are few: one for each endpoint. */
const addresses = new Map<string, Address>();
const mostAddresses = 1_000;

function addressOf(url: string): Address {
  const known = addresses.get(url);
  if (known) return known;
  const { origin, pathname, search } = new URL(url);
  const address = { origin, path: pathname + search };
  if (addresses.size >= mostAddresses) addresses.clear();
  addresses.set(url, address);
  return address;
}

function flat(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const out: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) out[name] = typeof value === 'string' ? value : value.join(', ');
  }
  return out;
}

function breakageOf(error: Error & { code?: string }, sent: boolean): Breakage {
  const message = `${error.code ?? error.name}: ${error.message}`.slice(0, 300);
  return sent ? { kind: 'reset', message } : { kind: 'unreachable', message };
}
