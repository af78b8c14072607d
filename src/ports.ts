/**
 * What a request may ask of the world. Types only: `main.ts` and the simulator choose who answers.
 * Nothing here names a framework, so the same `serve` runs on sockets and on a virtual clock.
 */
import type { Nano } from './core/money.ts';
import type { AttemptRecord, GenerationRecord } from './core/record.ts';
import type { Endpoint } from './core/snapshot.ts';

export type Cancel = () => void;

export type Clock = {
  /** Epoch ms, for records and prices. */
  now(): number;
  /** Ms from an arbitrary start that never steps back, for durations. */
  ticks(): number;
  /** Calls `fire` once after `ms`, unless cancelled. */
  after(ms: number, fire: () => void): Cancel;
};

export type Ids = {
  /** A new generation id, `gen-…`. */
  generation(): string;
};

/** A request to a provider. Header names in lower case. */
export type UpstreamCall = {
  readonly method: 'GET' | 'POST';
  /** Absolute URL. */
  readonly url: string;
  /** The provider's model id, for those who route by it (the emulator). */
  readonly model: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Sent one after the other; a spliced body is several slices of the one that came in. */
  readonly body: readonly Uint8Array[];
};

/** How an exchange with a provider broke off without an answer. */
export type Breakage =
  /** Nothing was sent: refused, DNS, TLS. Certainly free. */
  | { readonly kind: 'unreachable'; readonly message: string }
  /** The connection broke after the request was written. */
  | { readonly kind: 'reset'; readonly message: string };

/** What an exchange tells, in this order: connected, head, data*, then end or broken, exactly one of them. */
export type UpstreamSink = {
  connected(): void;
  head(status: number, headers: Readonly<Record<string, string>>): void;
  data(chunk: Buffer): void;
  end(): void;
  broken(breakage: Breakage): void;
};

export type Exchange = {
  /** Closes the connection; nothing is told afterwards. */
  cancel(): void;
  pause(): void;
  resume(): void;
};

export type Upstream = {
  /** Begins an exchange. The sink is never called before this returns. */
  send(call: UpstreamCall, sink: UpstreamSink): Exchange;
};

/** Money held for one attempt. */
export type Hold = {
  /** Pays what the attempt really cost and frees the rest. Exactly once; a second call is our own bug. */
  settle(attempt: AttemptRecord): void;
};

/** What an attempt is about to spend, at most. */
export type HoldRequest = {
  readonly attemptId: string;
  readonly endpoint: Endpoint;
  readonly workspace: string;
  readonly key: string;
  readonly preset?: string;
  readonly user?: string;
  /** Undefined = the endpoint has no price. */
  readonly worst: Nano | undefined;
};

export type Ledger = {
  /** Holds the worst case on every budget that applies, all or none. A string is the reason for refusing. */
  hold(
    request: HoldRequest,
  ): Promise<Hold | { readonly refused: string }> | Hold | { readonly refused: string };
};

export type Journal = {
  /** Writes the record of a finished generation; survives a killed process once it returns. Never throws. */
  close(record: GenerationRecord): void;
};

/** Remembers who issued which signature of thinking, so that it is shown to nobody else. */
export type Signatures = {
  remember(workspace: string, signatures: readonly string[], issuer: string): void;
  /** Undefined = unknown, which means foreign. */
  issuerOf(workspace: string, signature: string): string | undefined;
};

/** Why a request cannot be served any longer. */
export type Departed = 'client' | 'shutdown';

/** The client's side of a request. */
export type Reply = {
  /** Status and headers, once. */
  head(status: number, headers: Readonly<Record<string, string>>): void;
  /** False = the client reads slower than we write: wait for `drained`. */
  write(chunk: Uint8Array | string): boolean;
  /** Ends the answer properly. */
  end(chunk?: Uint8Array | string): void;
  /** Flushes what was written, then closes the connection without ending the answer: never a clean end. */
  abort(): void;
  /** Calls back when a full buffer has emptied. */
  drained(callback: () => void): void;
  /** Calls back at most once, before the end: the client left, or the gateway must stop now. */
  gone(callback: (why: Departed) => void): void;
};

export type World = {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly upstream: Upstream;
  readonly ledger: Ledger;
  readonly journal: Journal;
  readonly signatures: Signatures;
  /** Absent = every bound stays a token per byte. */
  readonly tokens?: TokenCounter;
  /** Our own broken promises: logged with the generation's id, never shown. Tests fail on any. */
  fault(error: unknown, generation: string): void;
};

/** Counts tokens where a token per byte is too coarse a bound to fit a budget. */
export type TokenCounter = {
  /**
   * An upper bound of the o200k tokens of these pieces of JSON text, each counted by itself. Undefined = not known in
   * time: too large, too many waiting, too slow, or the counting broke down. Never rejects.
   */
  count(pieces: readonly Uint8Array[]): Promise<number | undefined>;
};
