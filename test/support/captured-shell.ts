/** A shell for tests of commands: what is written is kept, the environment is what the test says. */
import { coloured, plain, type Channel, type Shell } from '../../src/cli/shell.ts';

export type CapturedShell = Shell & {
  /** Everything written to standard output, and to standard error. */
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves as soon as standard output or error contains the text. */
  readonly seen: (text: string) => Promise<void>;
  readonly end: () => void;
};

export type ShellOptions = {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** What is piped in; absent = a terminal. */
  readonly stdin?: string;
  /** Standard output is a terminal with colours. */
  readonly terminal?: boolean;
  /** Epoch ms; absent = the real time. */
  readonly now?: number;
};

export function capturedShell({
  env = {},
  cwd = '/nowhere',
  stdin,
  terminal = false,
  now,
}: ShellOptions = {}): CapturedShell {
  const ended = new AbortController();
  const waiting = new Set<() => void>();
  const written = { out: '', err: '' };
  const channel = (name: 'out' | 'err'): Channel => {
    const write = (text: string): void => {
      written[name] += text;
      for (const look of waiting) look();
    };
    return { write, line: (text) => write(`${text}\n`), paint: terminal ? coloured : plain, terminal };
  };
  return {
    env,
    cwd,
    out: channel('out'),
    err: channel('err'),
    input: () => (stdin === undefined ? undefined : Promise.resolve(stdin)),
    now: () => now ?? Date.now(),
    sleep: () => new Promise((resolve) => setImmediate(resolve)),
    ended: ended.signal,
    end: () => ended.abort(),
    stdout: () => written.out,
    stderr: () => written.err,
    seen: (text) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!(written.out + written.err).includes(text)) return;
          waiting.delete(look);
          resolve();
        };
        waiting.add(look);
        look();
      }),
  };
}
