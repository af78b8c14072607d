/** The thread of one report: adding up a long time can take seconds, which the thread that serves must not. */
import { DatabaseSync } from 'node:sqlite';
import { parentPort, workerData } from 'node:worker_threads';
import { readReport } from './spend.ts';
import type { ReportOrder } from './spend-reports.ts';

const { path, query } = workerData as ReportOrder;
const database = new DatabaseSync(path, { readOnly: true, timeout: 5_000 });
try {
  parentPort?.postMessage(readReport(database, query));
} finally {
  database.close();
}
