/** What the processes of the bench tell each other. Each is a process of its own, pinned to a processor. */
import type { Size } from './traffic.ts';

/** The mock tells its ports once, as soon as it listens. */
export type MockPorts = { readonly good: number; readonly failing: number };

/** One measurement, ordered from the load generator. */
export type Order = {
  readonly port: number;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly model: string;
  readonly size: Size;
  /** One stream on each connection, instead of one whole answer after the other. */
  readonly stream: boolean;
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
};

/** The load generator's answer: a wrong answer anywhere makes the measurement worthless, and it says which. */
export type Outcome = { readonly measure: Measure } | { readonly error: string };
