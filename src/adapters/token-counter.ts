/**
 * Counts tokens on a thread of its own: counting blocks, which the thread that serves must not. The vocabulary takes
 * half a second and some 60 MB to load, so there is no thread until somebody counts.
 */
import { Worker } from 'node:worker_threads';
import type { TokenCounter } from '../ports.ts';

export type ThreadedCounter = TokenCounter & {
  /** Stops the thread; counts under way are undefined, and so is every later one. */
  close(): Promise<void>;
};

export type CounterOptions = {
  /** How long one count may take, waiting included. */
  readonly withinMs: number;
  /** How much longer while the vocabulary is still being loaded. */
  readonly startMs: number;
  /** The most bytes of one count. */
  readonly maxBytes: number;
  /** The most counts that may wait. */
  readonly maxWaiting: number;
};

const defaults: CounterOptions = {
  withinMs: 2_000,
  startMs: 8_000,
  maxBytes: 8 * 1024 * 1024,
  maxWaiting: 64,
};

/** What the thread is asked: pieces one after the other, their lengths, and how long it may take. */
export type CountOrder = {
  readonly bytes: Uint8Array;
  readonly lengths: readonly number[];
  readonly withinMs: number;
};

/** What it answers: that it has loaded, a count, or that it took too long. */
export type CountAnswer = 'ready' | 'late' | number;

type Job = {
  readonly pieces: readonly Uint8Array[];
  /** Resolves the promise; calls after the first are without effect. */
  readonly answer: (tokens: number | undefined) => void;
};

/** Creates a counter. Starts nothing. */
export function createTokenCounter(options: Partial<CounterOptions> = {}): ThreadedCounter {
  return new Counter({ ...defaults, ...options });
}

class Counter implements ThreadedCounter {
  readonly #options: CounterOptions;
  #worker: Worker | undefined;
  #ready = false;
  #closed = false;
  /** What the thread is counting; it stays here until the thread answers, even if nobody waits for it any more. */
  #current: Job | undefined;
  #waiting: Job[] = [];

  constructor(options: CounterOptions) {
    this.#options = options;
  }

  count(pieces: readonly Uint8Array[]): Promise<number | undefined> {
    const { maxBytes, maxWaiting, withinMs, startMs } = this.#options;
    const bytes = pieces.reduce((sum, piece) => sum + piece.length, 0);
    if (this.#closed || bytes > maxBytes || this.#waiting.length >= maxWaiting)
      return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const answer = (tokens: number | undefined): void => {
        clearTimeout(timer);
        resolve(tokens);
      };
      const job: Job = { pieces, answer };
      const timer = setTimeout(
        () => {
          this.#waiting = this.#waiting.filter((other) => other !== job);
          answer(undefined);
        },
        withinMs + (this.#ready ? 0 : startMs),
      );
      this.#waiting.push(job);
      this.#next();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#giveUp();
    this.#worker?.ref();
    await this.#worker?.terminate();
  }

  #next(): void {
    if (this.#current || this.#closed) return;
    const job = this.#waiting.shift();
    if (!job) return;
    this.#current = job;
    try {
      this.#worker ??= this.#start();
      const bytes = joined(job.pieces);
      const lengths = job.pieces.map((piece) => piece.length);
      const order: CountOrder = { bytes, lengths, withinMs: this.#options.withinMs };
      this.#worker.postMessage(order, [bytes.buffer]);
    } catch {
      this.#giveUp();
    }
  }

  #start(): Worker {
    // Beside the sources lies a .ts file, beside the compiled ones a .js file.
    const script = new URL(
      `./token-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
      import.meta.url,
    );
    // The thread may run out of memory by itself, without the gateway.
    const worker = new Worker(script, { execArgv: [], resourceLimits: { maxOldGenerationSizeMb: 512 } });
    worker.on('message', (answer: CountAnswer) => {
      if (answer === 'ready') this.#ready = true;
      else this.#told(answer === 'late' ? undefined : answer);
    });
    // An `exit` follows, and the next count starts another thread.
    worker.on('error', () => undefined);
    worker.on('exit', () => {
      this.#worker = undefined;
      this.#ready = false;
      this.#giveUp();
    });
    // Last: a listener would keep the process alive again.
    worker.unref();
    return worker;
  }

  #told(tokens: number | undefined): void {
    this.#current?.answer(tokens);
    this.#current = undefined;
    this.#next();
  }

  #giveUp(): void {
    const jobs = [this.#current, ...this.#waiting];
    this.#current = undefined;
    this.#waiting = [];
    for (const job of jobs) job?.answer(undefined);
  }
}

/** A copy, in memory of its own: views are often parts of a whole request, which would go to the thread with them. */
function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
