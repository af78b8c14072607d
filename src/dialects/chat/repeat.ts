/**
 * Events of one stream are alike but for their choices: what stands before and after them is the same, byte for
 * byte, and so is what becomes of it. Once seen, only the choices of the next event are looked at.
 */
import { isArray } from '../json-source.ts';

type Sides = { readonly before: Buffer; readonly after: Buffer };

/** Providers that pad every event (`obfuscation`) have none alike: after so many attempts it is left. */
const mostAttempts = 8;

export class Repeat {
  #read: Sides | undefined;
  #written: Sides | undefined;
  #attempts = 0;

  /** The choices of an event that is like the one learnt from, else undefined. */
  match(data: Buffer): Buffer | undefined {
    if (!this.#read) return undefined;
    const { before, after } = this.#read;
    const end = data.length - after.length;
    if (
      end <= before.length ||
      before.compare(data, 0, before.length) !== 0 ||
      after.compare(data, end) !== 0
    )
      return undefined;
    const choices = data.subarray(before.length, end);
    return choices.length > 2 && isArray(choices) ? choices : undefined;
  }

  /** What goes out for an event that matched. */
  write(choices: Buffer): Buffer {
    const { before, after } = this.#written as Sides;
    return Buffer.concat([before, choices, after], before.length + choices.length + after.length);
  }

  /** True while it is worth learning from an event. */
  get open(): boolean {
    return this.#attempts < mostAttempts;
  }

  /** Learns from an event and what went out for it: `read` and `written` are what surrounds the choices. */
  learn(read: Sides, written: Sides): void {
    this.#attempts += 1;
    // A copy: the event's own bytes are a part of a larger buffer that would be kept alive.
    this.#read = { before: Buffer.from(read.before), after: Buffer.from(read.after) };
    this.#written = written;
  }
}
