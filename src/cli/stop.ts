/** How a command ends: its exit code, and the error that ends it early with a sentence for people. */

/** Documented in `spillway help`. */
export const exit = { ok: 0, failed: 1, usage: 2, conflict: 3 } as const;

export type ExitCode = (typeof exit)[keyof typeof exit];

/** Ends the command: the message is printed without a stack, the code is the exit code. */
export class Stop extends Error {
  readonly exitCode: ExitCode;
  constructor(message: string, exitCode: ExitCode = exit.failed) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** The command line itself is wrong. */
export function usageError(message: string): Stop {
  return new Stop(message, exit.usage);
}
