/**
 * The client may leave, or the gateway may have to stop, at any moment: whatever is running for the request then
 * is cancelled at once, and nothing new begins. Only where hanging up would not stop the provider's bill, and the client
 * has left, the attempt is read on for a while, to settle what it really cost.
 */
import type { Failure } from '../core/failure.ts';
import type { Cancel, Departed, Drains, Reply } from '../ports.ts';

const failures: Readonly<Record<Departed, Failure>> = {
  client: { class: 'client_gone', status: 0, message: 'the client left' },
  // Nobody is to blame for it, as for a client that left.
  shutdown: { class: 'client_gone', status: 0, message: 'the gateway was shut down' },
};

/** What runs for the request. */
export type Running = {
  /** Ends it now. */
  cancel(failure: Failure): void;
  /** Reads it on for its usage alone, at most so many ms; it fails then in any case. */
  drain(failure: Failure, ms: number): void;
};

export class Departure {
  readonly #drains: Drains | undefined;
  #why: Departed | undefined;
  #running: { readonly attempt: Running; readonly drainMs: number | undefined } | undefined;
  #giveBack: Cancel = () => undefined;

  /** `left` is called when nobody is there any longer. */
  constructor(reply: Reply, left: () => void, drains?: Drains) {
    this.#drains = drains;
    reply.gone((why) => {
      this.#why = why;
      left();
      this.#abandon(why);
    });
  }

  /** Undefined = everybody is still there. */
  get why(): Departed | undefined {
    return this.#why;
  }

  /** What runs from now on, and how long it may be read on. It is abandoned at once when everybody has left already. */
  watch(attempt: Running, drainMs?: number): void {
    this.#running = { attempt, drainMs };
    if (this.#why) this.#abandon(this.#why);
  }

  /** The request is over. */
  close(): void {
    this.#giveBack();
  }

  #abandon(why: Departed): void {
    if (!this.#running) return;
    const { attempt, drainMs } = this.#running;
    const place =
      why === 'client' && drainMs ? this.#drains?.enter(() => attempt.cancel(failures.shutdown)) : undefined;
    if (!place || !drainMs) return attempt.cancel(failures[why]);
    this.#giveBack = place;
    attempt.drain(failures.client, drainMs);
  }
}
