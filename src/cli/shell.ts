/** The world of a command: environment, streams, clock. Commands touch nothing else, so tests can stand in for it. */
import { text as readAll } from 'node:stream/consumers';
import { setTimeout } from 'node:timers/promises';
import { styleText } from 'node:util';

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Colours a text, or returns it as it is where colours are not wanted. */
export type Paint = (style: Style, text: string) => string;

export type Channel = {
  /** Writes as it stands. */
  readonly write: (text: string) => void;
  /** Writes the text and a line break. */
  readonly line: (text: string) => void;
  readonly paint: Paint;
  /** A person is reading. */
  readonly terminal: boolean;
};

export type Shell = {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Absolute path of the working directory. */
  readonly cwd: string;
  /** Results: what a script wants to read. */
  readonly out: Channel;
  /** Everything else: explanations, progress, errors. */
  readonly err: Channel;
  /** Standard input to its end; undefined when it is a terminal. */
  readonly input: () => Promise<string> | undefined;
  /** Epoch ms. */
  readonly now: () => number;
  readonly sleep: (ms: number) => Promise<void>;
  /** Ends commands that would run for ever. A real process is ended by Ctrl-C instead. */
  readonly ended: AbortSignal;
};

export const plain: Paint = (_style, text) => text;

export const coloured: Paint = (style, text) => styleText(style, text, { validateStream: false });

/** The shell of a real process. A closed pipe (`spillway tail | head`) ends it quietly. */
export function processShell(node: NodeJS.Process): Shell {
  node.stdout.on('error', (error: NodeJS.ErrnoException) => node.exit(error.code === 'EPIPE' ? 0 : 1));
  return {
    env: node.env,
    cwd: node.cwd(),
    out: channel(node.stdout),
    err: channel(node.stderr),
    input: () => (node.stdin.isTTY ? undefined : readAll(node.stdin)),
    now: () => Date.now(),
    sleep: (ms) => setTimeout(ms),
    ended: new AbortController().signal,
  };
}

function channel(stream: NodeJS.WriteStream): Channel {
  return {
    write: (text) => void stream.write(text),
    line: (text) => void stream.write(`${text}\n`),
    // Looks at the stream, NO_COLOR and FORCE_COLOR.
    paint: (style, text) => styleText(style, text, { stream }),
    terminal: stream.isTTY,
  };
}
