/** The thread that commits records, and what else need not be waited for: a commit blocks for milliseconds, which the thread that serves must not. */
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { openDatabase } from './database.ts';
import { forgetRecords, insertRecords } from './generations.ts';
import type { CommitOrder } from './journal.ts';
import { insertSignatures, type KnownSignature } from './signatures.ts';

const dayMs = 86_400_000;
const retentionDays = 90;
const retryMs = 1_000;

const database = openDatabase((workerData as { readonly database: string }).database);
/** Orders that could not be carried out yet: the disk is full, or something else holds the database. */
let waiting: CommitOrder[] = [];
/** How far the file being read has been committed, in bytes. */
let reading = { path: '', from: 0 };

function commit(): void {
  for (let order = waiting[0]; order; order = waiting[0]) {
    if (!attempt(() => carryOut(order))) {
      setTimeout(commit, retryMs);
      return;
    }
    parentPort?.postMessage(order.last);
    waiting.shift();
  }
}

function carryOut({ path, upTo }: CommitOrder): void {
  const from = reading.path === path ? reading.from : 0;
  if (upTo > from) insertRecords(database, linesOf(path, from, upTo));
  reading = { path, from: Math.max(from, upTo) };
}

/** The whole lines between two bytes of the file. */
function linesOf(path: string, from: number, upTo: number): readonly string[] {
  const bytes = Buffer.allocUnsafe(upTo - from);
  const file = openSync(path, 'r');
  try {
    for (let read = 0; read < bytes.length;)
      read += readSync(file, bytes, read, bytes.length - read, from + read);
  } finally {
    closeSync(file);
  }
  return bytes
    .toString('utf8')
    .split('\n')
    .filter((line) => line !== '');
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
parentPort?.on('message', (message: CommitOrder | readonly KnownSignature[] | 'stop') => {
  if (message === 'stop') stop();
  // Not tried again: a signature that is forgotten counts as foreign, which is safe.
  else if (isList(message)) attempt(() => insertSignatures(database, message));
  else if (waiting.push(message) === 1) commit();
});

function isList(message: CommitOrder | readonly KnownSignature[]): message is readonly KnownSignature[] {
  return Array.isArray(message);
}
