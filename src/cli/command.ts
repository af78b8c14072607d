/** What a command is: how it is called, what its help says, and the code behind it, loaded only when it runs. */
import type { Arguments, Flags, Positionals } from './arguments.ts';
import type { Shell } from './shell.ts';
import type { ExitCode } from './stop.ts';

/** Runs a command; resolves with the exit code. A `Stop` ends it early with a sentence. */
export type Run = (args: Arguments, shell: Shell) => Promise<ExitCode>;

export type Command = {
  readonly verb: string;
  /** Stands on the line of this verb in the list of commands, which fits one screen. */
  readonly beside?: string;
  /** One line, for the list of commands. */
  readonly summary: string;
  readonly positionals: Positionals;
  readonly flags: Flags;
  /** Further lines of help. */
  readonly notes?: readonly string[];
  /** Commands as typed, with what they do. */
  readonly examples: readonly (readonly [command: string, effect: string])[];
  readonly load: () => Promise<Run>;
};

export const noPositionals: Positionals = { usage: '', least: 0, most: 0 };
