/**
 * What a request may ask of the world. Types only: `main.ts` and the simulator choose who answers.
 * Nothing here names a framework, so the same `serve` runs on sockets and on a virtual clock.
 */
import type { Rest } from './core/breaker.ts';
import type { Caller, Target } from './core/budget.ts';
import type { Demand, Room } from './core/demand.ts';
import type { Failure } from './core/failure.ts';
import type { LimitState } from './core/limit-state.ts';
import type { Nano } from './core/money.ts';
import type { Pace, PaceSample } from './core/pace.ts';
import type { GenerationRecord } from './core/record.ts';
import type { Endpoint, Provider } from './core/snapshot.ts';
import type { Place, Turn } from './core/stay.ts';

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

/** What an attempt came to, in every unit that limits count. */
export type Paid = { readonly usd: Nano; readonly premium: Nano; readonly tokens: number };

/** What is held for one attempt. */
export type Hold = {
  /** Pays what the attempt really came to and frees the rest. Exactly once; a second call is our own bug. */
  settle(paid: Paid): void;
};

/** Why something was not granted, and the limit that stands in the way. */
export type Denial = {
  readonly denied:
    /** Would not fit even if everything that is held were freed. */
    | 'exhausted'
    /** Short only because others hold it. */
    | 'busy'
    /** A limit on money, and an endpoint without a price. */
    | 'unpriced'
    /** A limit on money, and a part of the request without a bound of its cost; `part` names it. */
    | 'unbounded'
    /** The store cannot be reached: nothing may be spent that is not leased. */
    | 'unavailable';
  readonly limit?: LimitState;
  readonly part?: string;
  /** Where it is `busy`: whether things have changed so that another try is worth its computation. */
  readonly changed?: () => boolean;
};

/** Models, and in words the limit that calls for them. */
export type Downgrade = { readonly to: readonly string[]; readonly why: string };

/** A request that was let in. What it holds and pays is written down here until it ends. */
export type Ticket = {
  /** Models that serve instead of the chain, for a limit is nearly used up; with the reason in words. */
  downgrade(): Downgrade | undefined;
  /** Whether anything refuses an attempt there, and whether it is about money. */
  limits(target: Target): 'nothing' | 'counts' | 'money';
  /** Tokens of answer below which limits refuse instead of shortening; undefined = they do not say. */
  leastOutput(target: Target): number | undefined;
  /** Holds a demand on every budget that applies, all or none. A promise where the store must be asked first. */
  hold(target: Target, demand: Demand): Hold | Denial | Promise<Hold | Denial>;
  /** What is left for an attempt there; with `freed`, what would be left if nothing were held. */
  room(target: Target, freed: boolean): Room;
  /** What limits that only observe would have refused, in words. */
  readonly observed: readonly string[];
  /** Ends: what runs at this moment no longer does. Returns what was paid, to be written beside the record. Once. */
  close(): readonly Charge[];
};

/** What limits would say to a request now; nothing is counted, held or waited for. */
export type Foresight = Pick<Ticket, 'downgrade' | 'limits' | 'leastOutput' | 'room'> & {
  /** Why the request would not be let in. */
  readonly entry: Denial | undefined;
  /** Why an attempt would not be granted there. */
  denial(target: Target, demand: Demand): Denial | undefined;
};

/** What one counter is charged for a generation, exactly once. `ends` is epoch ms, Infinity = never. */
export type Charge = {
  readonly counter: string;
  readonly ends: number;
  readonly paid: number;
  /** Of the lease, beside what was paid: given back to the store. */
  readonly released: number;
};

export type Ledger = {
  /** Lets a request in, counting it against limits on requests and on how many run at once. */
  admit(caller: Caller): Ticket | Denial;
  /** Grows with everything that is freed or paid: what was short before may fit now. */
  readonly settlements: number;
  /** Calls back at the next such moment, at most once. */
  onFreed(callback: () => void): Cancel;
};

export type Journal = {
  /** Writes the record of a finished generation with its charges; survives a killed process once it returns. Never throws. */
  close(record: GenerationRecord, charges: readonly Charge[]): void;
};

/** What a conversation has in the prompt cache of an endpoint, as far as answers told. */
export type Caches = {
  /** Tokens; 0 = nothing, or unknown. `at`: epoch ms, now where it is not said. */
  cached(workspace: string, conversation: string, endpoint: string, at?: number): number;
  remember(workspace: string, conversation: string, warmth: Warmth): void;
};

/** `until` is epoch ms: when the provider forgets at the earliest. */
export type Warmth = { readonly endpoint: string; readonly tokens: number; readonly until: number };

/** Where conversations were served last, and which of them stay there. A scope is a workspace, key and preset. */
export type Stays = {
  /** Whether any conversation of the scope stays anywhere: only then it matters which of them asks. */
  any(scope: string): boolean;
  of(scope: string, conversation: string): Place | undefined;
  served(scope: string, conversation: string, turn: Turn): void;
};

/** Remembers who issued which signature of thinking, so that it is shown to nobody else. */
export type Signatures = {
  remember(workspace: string, signatures: readonly string[], issuer: string): void;
  /** Undefined = unknown, which means foreign. */
  issuerOf(workspace: string, signature: string): string | undefined;
};

/** What calls have taught about endpoints and credentials. */
export type Health = {
  /** Why it is left alone now; undefined = it may be asked. */
  rest(endpoint: Endpoint): Rest | undefined;
  /** Whether nothing was heard against it for a minute: a conversation may come back to it. */
  calm(endpoint: Endpoint): boolean;
  /** The credential to call with: the first that does not rest. */
  credential(provider: Provider): string | undefined;
  /**
   * A call begins. Undefined = it rests by now, or another request probes it; `forced` asks all the same.
   * Whoever enters must settle.
   */
  enter(endpoint: Endpoint, credential: string | undefined, forced: boolean): Call | undefined;
};

/** A call whose outcome is awaited. */
export type Call = {
  /** The first content has arrived: a probe has done its work. */
  answered(): void;
  /** How it ended; without a failure, well. Exactly once. */
  settle(failure?: Failure): void;
};

/** How fast endpoints have answered of late, by their ids. */
export type Paces = {
  /** Once for each settled attempt. */
  note(endpoint: string, sample: PaceSample): void;
  /** Undefined = unknown. */
  of(endpoint: string): Pace | undefined;
  /** Of every endpoint that something is known of. */
  all(): readonly { readonly endpoint: string; readonly pace: Pace }[];
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

/** Requests that ended badly for their clients of late, by which one that comes again is recognised. */
export type Retries = {
  /** The generation that this caller's request with the same body was; undefined = none, or none that failed. */
  of(caller: string, body: Uint8Array): string | undefined;
  note(caller: string, body: Uint8Array, generation: string): void;
  /** It was served: what comes after it begins anew. */
  forget(caller: string, body: Uint8Array): void;
};

/**
 * Answers that are read on although nobody waits for them, where hanging up would not stop the bill. A few at a time,
 * and only while the gateway runs.
 */
export type Drains = {
  /** Asks for a place; undefined = there is none. `stop` ends it when the gateway must; the result gives it back. */
  enter(stop: () => void): Cancel | undefined;
};

export type World = {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly upstream: Upstream;
  readonly ledger: Ledger;
  readonly journal: Journal;
  readonly signatures: Signatures;
  readonly caches: Caches;
  /** Absent = no conversation stays anywhere. */
  readonly stays?: Stays;
  /** Absent = nothing is remembered: everything is asked. */
  readonly health?: Health;
  readonly pace: Paces;
  /** Absent = whoever leaves, the connection to the provider is closed at once. */
  readonly drains?: Drains;
  /** Absent = clients' retries are known by what they say alone. */
  readonly retries?: Retries;
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
