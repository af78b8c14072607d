/** The thread that commits records: a commit blocks for milliseconds, which the thread that serves must not. */
import { parentPort, workerData } from 'node:worker_threads';
import { openDatabase } from './database.ts';
import { forgetRecords, insertRecords } from './generations.ts';

type Message = 'stop' | readonly { readonly sequence: number; readonly text: string }[];

const dayMs = 86_400_000;
const retentionDays = 90;

const database = openDatabase((workerData as { readonly database: string }).database);
const forget = (): void => forgetRecords(database, Date.now() - retentionDays * dayMs);
forget();
const daily = setInterval(forget, dayMs);

parentPort?.on('message', (message: Message) => {
  if (message === 'stop') {
    clearInterval(daily);
    database.close();
    parentPort?.close();
    return;
  }
  insertRecords(
    database,
    message.map(({ text }) => text),
  );
  parentPort?.postMessage(message.at(-1)?.sequence ?? 0);
});
