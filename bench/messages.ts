/** What the processes of the bench tell each other. Each is a process of its own, pinned to a processor. */
import type { Size } from './traffic.ts';

/** The mock tells its ports once, as soon as it listens. */
export type MockPorts = {
  readonly good: number;
  /** Refuses every request at once, with the status that its path begins with. */
  readonly failing: number;
  /** Takes every request and never answers. */
  readonly stalling: number;
  /** Nobody listens there. */
  readonly closed: number;
};

/**
 * One whole answer after the other; so many a second; one stream on each connection; or what a dead primary costs,
 * before its breaker opens and after.
 */
export type Shape = 'whole' | 'paced' | 'streams' | 'outage';

/** Models whose primary is dead, each with a breaker of its own that is closed, and what answers in its place. */
export type Outage = {
  readonly models: readonly string[];
  /** The fallback of all of them, asked for by itself. */
  readonly fallback: string;
  /** Ms after which a silent primary is given up. */
  readonly limitMs: number;
};

/** One measurement, ordered from the load generator. */
export type Order = {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly model: string;
  readonly size: Size;
  readonly shape: Shape;
  /** Of an outage. */
  readonly outage?: Outage;
  readonly connections: number;
  readonly seconds: number;
  /** Processes whose CPU time and memory are read at both ends of the window. */
  readonly pids: readonly number[];
  /** The processor that they alone should be using; absent when nothing is pinned. */
  readonly processor?: number;
  /** Headers that every answer must have. */
  readonly expect: Readonly<Record<string, string>>;
};

/** What was measured in the window. */
export type Measure = {
  /** Whole answers, or tokens of streams. */
  readonly count: number;
  readonly perSecond: number;
  /** Of whole answers: from the request's first byte written to the answer's last byte read. */
  readonly p50Ms?: number;
  readonly p99Ms?: number;
  /** CPU time of the processes ÷ count, in µs; absent without processes. */
  readonly cpuUs?: number;
  /** Share of the window, 0 to 1, in which other processes used that processor. */
  readonly disturbed?: number;
  /** Memory of the processes at the end of the window, in MB. */
  readonly rssMb?: number;
  /** Of an outage: ms to the fallback's first token. */
  readonly firstToken?: FirstToken;
};

export type Spread = { readonly p50: number; readonly p99: number };

export type FirstToken = {
  /** Beyond the limit, while the breaker is closed. */
  readonly before: Spread;
  /** Past the open breaker. */
  readonly open: Spread;
  /** The fallback asked for by itself, in turn with those. */
  readonly straight: Spread;
};

/** The load generator's answer: a wrong answer anywhere makes the measurement worthless, and it says which. */
export type Outcome = { readonly measure: Measure } | { readonly error: string };
