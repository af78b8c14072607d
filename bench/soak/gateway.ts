/**
 * The gateway of a soak, a process of its own: the real composition root, and beside it somebody who tells over IPC
 * what the process has open, so that nothing in the product is made for the soak.
 */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename } from 'node:path';
import { queryObjects, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { readConfig } from '../../src/config.ts';
import { startGateway } from '../../src/main.ts';

/** What the process has at a moment; memory in MB. */
export type Vitals = {
  readonly rss: number;
  readonly heap: number;
  /** Buffers outside the heap. */
  readonly external: number;
  /**
   * What is open, by kind: file descriptors of the kernel (`socket`, `spillway.db`, …), what keeps the event loop busy
   * (`TCPSocketWrap`, …), and where it was collected first, timers, those included that keep nothing busy.
   */
  readonly open: Readonly<Record<string, number>>;
};

/** The first message says where it listens; every later one answers a question. */
export type Told =
  | { readonly url: string }
  | { readonly vitals: Vitals }
  | { readonly stopped: true }
  | { readonly fault: string };
/** `collected`: after a full collection, so that only what is reachable counts. */
export type Asked = { readonly ask: 'vitals'; readonly collected?: boolean } | { readonly ask: 'stop' };

/** Slow enough for hundreds of streams in one process that emulates the providers, too. */
const pace = { tokensPerSecond: 10, firstTokenMs: 150 };

function tell(message: Told): void {
  process.send?.(message);
}

const [document = ''] = process.argv.slice(2);
const running = await startGateway({
  config: readConfig(),
  document: readFileSync(document, 'utf8'),
  fault: (error, where) =>
    tell({ fault: `${where}: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}` }),
  notice: () => undefined,
  event: () => undefined,
  announce: () => undefined,
  emulatorPace: pace,
});

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
/** The class of what `setTimeout` makes. */
const timer = setTimeout(() => undefined).constructor;

function vitals(collected: boolean): Vitals {
  if (collected) collect();
  const { rss, heapUsed, external } = process.memoryUsage();
  const mb = (bytes: number): number => bytes / 1_048_576;
  const open: Record<string, number> = {};
  for (const kind of [...descriptors(), ...process.getActiveResourcesInfo()])
    open[kind] = (open[kind] ?? 0) + 1;
  if (collected) open['timers'] = queryObjects(timer, { format: 'count' });
  return { rss: mb(rss), heap: mb(heapUsed), external: mb(external), open };
}

function descriptors(): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((number) => {
    try {
      return [
        basename(readlinkSync(`/proc/self/fd/${number}`)).replace(/:\[\d+\]$|-\d+-\d+(?=\.ndjson$)/, ''),
      ];
    } catch {
      // The one that this very listing was read through.
      return [];
    }
  });
}

process.on('message', (asked: Asked) => {
  if (asked.ask === 'stop') {
    void running.stop(5_000).then(() => {
      tell({ stopped: true });
      process.disconnect?.();
    });
    return;
  }
  tell({ vitals: vitals(asked.collected === true) });
});
process.on('disconnect', () => process.exit());
tell({ url: running.url });
