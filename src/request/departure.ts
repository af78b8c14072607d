/**
 * The client may leave, or the gateway may have to stop, at any moment: whatever is running for the request then
 * is cancelled at once, and nothing new begins.
 */
import type { Failure } from '../core/failure.ts';
import type { Departed, Reply } from '../ports.ts';

const failures: Readonly<Record<Departed, Failure>> = {
  client: { class: 'client_gone', status: 0, message: 'the client left' },
  // Nobody is to blame for it, as for a client that left.
  shutdown: { class: 'client_gone', status: 0, message: 'the gateway was shut down' },
};

export class Departure {
  #why: Departed | undefined;
  #cancel: ((failure: Failure) => void) | undefined;

  constructor(reply: Reply) {
    reply.gone((why) => {
      this.#why = why;
      this.#cancel?.(failures[why]);
    });
  }

  /** Undefined = everybody is still there. */
  get why(): Departed | undefined {
    return this.#why;
  }

  /** What to cancel from now on. Called at once when it is over already. */
  watch(cancel: (failure: Failure) => void): void {
    this.#cancel = cancel;
    if (this.#why) cancel(failures[this.#why]);
  }
}
