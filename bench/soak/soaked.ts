/** Starts the gateway of a soak with the flags of `npm start`, and asks it over IPC how it is. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startFlags } from '../start-flags.ts';
import { adminKey } from './document.ts';
import type { Asked, Told, Vitals } from './gateway.ts';

export type Soaked = {
  readonly url: string;
  /** What broke of our own promises so far. */
  readonly faults: readonly string[];
  vitals(collected?: boolean): Promise<Vitals>;
  /** Lets it finish and waits until it has ended. */
  stop(): Promise<void>;
  /** Whatever happened: leaves nothing running. */
  kill(): void;
};

type Start = { readonly folder: string; readonly document: string; readonly nodeFlags: readonly string[] };

const root = join(import.meta.dirname, '../..');

export async function startSoaked({ folder, document, nodeFlags }: Start): Promise<Soaked> {
  const file = join(folder, 'spillway.yaml');
  writeFileSync(file, document);
  const child = fork(join(import.meta.dirname, 'gateway.ts'), [file], {
    // Counting timers by their class is experimental, and says so.
    execArgv: [...startFlags(root), '--disable-warning=ExperimentalWarning', ...nodeFlags],
    env: {
      PATH: process.env['PATH'] ?? '',
      PORT: '0',
      SPILLWAY_DATA_DIR: join(folder, 'data'),
      SPILLWAY_ADMIN_KEY: adminKey,
    },
  });
  process.once('exit', () => child.kill('SIGKILL'));
  const faults: string[] = [];
  const waiting: ((told: Told) => void)[] = [];
  child.on('message', (told: Told) => {
    if ('fault' in told) faults.push(told.fault);
    else waiting.shift()?.(told);
  });
  const next = (): Promise<Told> =>
    new Promise((resolve, reject) => {
      const died = (): void => reject(new Error('the gateway died'));
      child.once('exit', died);
      waiting.push((told) => {
        child.off('exit', died);
        resolve(told);
      });
    });
  const ask = async (asked: Asked): Promise<Told> => {
    const answer = next();
    child.send(asked);
    return await answer;
  };
  const first = await next();
  if (!('url' in first)) throw new Error('the gateway did not say where it listens');
  return {
    url: first.url,
    faults,
    async vitals(collected = false) {
      const told = await ask({ ask: 'vitals', collected });
      if (!('vitals' in told)) throw new Error('the gateway did not say how it is');
      return told.vitals;
    },
    async stop() {
      const gone = once(child, 'exit');
      await ask({ ask: 'stop' });
      await gone;
    },
    kill: () => void child.kill('SIGKILL'),
  };
}
