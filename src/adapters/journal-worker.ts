/** The thread that commits records: a commit blocks for milliseconds, which the thread that serves must not. */
import { parentPort, workerData } from 'node:worker_threads';
import { openDatabase } from './database.ts';
import { forgetRecords, insertRecords } from './generations.ts';

type Batch = readonly { readonly sequence: number; readonly text: string }[];

const dayMs = 86_400_000;
const retentionDays = 90;
const retryMs = 1_000;

const database = openDatabase((workerData as { readonly database: string }).database);
/** Batches that could not be committed yet: the disk is full, or something else holds the file. */
let waiting: Batch[] = [];

function commit(): void {
  for (let batch = waiting[0]; batch; batch = waiting[0]) {
    const texts = batch.map(({ text }) => text);
    if (!attempt(() => insertRecords(database, texts))) {
      setTimeout(commit, retryMs);
      return;
    }
    parentPort?.postMessage(batch.at(-1)?.sequence ?? 0);
    waiting.shift();
  }
}

/** Old records may wait for another day; the thread must not die of them. */
function forget(): void {
  attempt(() => forgetRecords(database, Date.now() - retentionDays * dayMs));
}

/** False = it failed, and was told. */
function attempt(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    parentPort?.postMessage(error instanceof Error ? error.message : String(error));
    return false;
  }
}

/** What cannot be committed even now is in the journal's file, which the next start reads. */
function stop(): void {
  clearInterval(daily);
  commit();
  waiting = [];
  database.close();
  parentPort?.close();
}

const daily = setInterval(forget, dayMs);
setImmediate(forget);
parentPort?.on('message', (message: Batch | 'stop') => {
  if (message === 'stop') stop();
  else if (waiting.push(message) === 1) commit();
});
