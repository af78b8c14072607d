/**
 * Reads the roll-up of spend: a key's own at once, reports in a thread each, one after the other. What ended less
 * than 100 ms ago may not be committed yet, and is then missing in both.
 */
import type { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import type { Spend } from '../control/operations.ts';
import type { SpendQuery, SpendReport } from '../core/spend-report.ts';
import { readKeySpend } from './spend.ts';

export type ReportOrder = { readonly path: string; readonly query: SpendQuery };

/** `path` is the database file, `reader` a connection to it. */
export function spendReports(path: string, reader: DatabaseSync): Spend {
  let last: Promise<unknown> = Promise.resolve();
  return {
    report(query) {
      const report = last.then(() => inThread({ path, query }));
      last = report.catch(() => undefined);
      return report;
    },
    ofKey: (key, since) => readKeySpend(reader, key, since),
  };
}

function inThread(order: ReportOrder): Promise<SpendReport> {
  // Beside the sources lies a .ts file, beside the compiled ones a .js file.
  const script = new URL(`./spend-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);
  const worker = new Worker(script, { workerData: order });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', () => reject(new Error('the thread of a report ended without one')));
  });
}
