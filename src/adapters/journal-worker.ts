/** The thread that commits records, and what else need not be waited for: a commit blocks for milliseconds, which the thread that serves must not. */
import { closeSync, openSync, readSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { forgetCounters, returnLeases, takeLeases } from './budgets.ts';
import { openDatabase, transaction } from './database.ts';
import { forgetEvents, insertEvents } from './events.ts';
import { forgetRecords, insertEntries, type Entry } from './generations.ts';
import { entryOf } from './journal-line.ts';
import type { CommitOrder, EventOrder, SignatureOrder, StopOrder, TakeOrder, Told } from './journal.ts';
import { insertSignatures } from './signatures.ts';

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
    tell({ kind: 'committed', last: order.last });
    waiting.shift();
  }
}

function carryOut({ path, upTo }: CommitOrder): void {
  const from = reading.path === path ? reading.from : 0;
  if (upTo > from) transaction(database, () => insertEntries(database, entriesOf(path, from, upTo)));
  reading = { path, from: Math.max(from, upTo) };
}

/** What the lines between two bytes of the file say. */
function entriesOf(path: string, from: number, upTo: number): readonly Entry[] {
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
    .filter((line) => line !== '')
    .map(entryOf);
}

/** Lease orders that came while others were being committed share a transaction. */
let takes: TakeOrder[] = [];

function take(order: TakeOrder): void {
  if (takes.push(order) === 1) setImmediate(commitTakes);
}

function commitTakes(): void {
  const orders = takes;
  takes = [];
  if (orders.length === 0) return;
  try {
    transaction(database, () => {
      for (const each of orders) takeLeases(database, each.orders);
    });
    for (const { number } of orders) tell({ kind: 'taken', number });
  } catch (error) {
    for (const { number } of orders) tell({ kind: 'taken', number, failure: messageOf(error) });
  }
}

function tell(told: Told): void {
  parentPort?.postMessage(told);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Old records may wait for another day; the thread must not die of them. */
function forget(): void {
  const before = Date.now() - retentionDays * dayMs;
  attempt(() => {
    forgetRecords(database, before);
    forgetCounters(database, before);
    forgetEvents(database, before);
  });
}

/** False = it failed, and was told. */
function attempt(work: () => void): boolean {
  try {
    work();
    return true;
  } catch (error) {
    tell({ kind: 'refused', message: messageOf(error) });
    return false;
  }
}

/** What cannot be committed even now is in the journal's file, which the next start reads. */
function stop(whole: boolean): void {
  clearInterval(daily);
  commitTakes();
  commit();
  // What is charged is settled, and nothing is held any more: the rest was never used.
  if (whole && waiting.length === 0) attempt(() => returnLeases(database));
  waiting = [];
  database.close();
  parentPort?.close();
}

const daily = setInterval(forget, dayMs);
setImmediate(forget);
parentPort?.on('message', (message: CommitOrder | TakeOrder | SignatureOrder | EventOrder | StopOrder) => {
  if (message.kind === 'stop') stop(message.whole);
  else if (message.kind === 'take') take(message);
  // Not tried again: a signature that is forgotten counts as foreign, which is safe.
  else if (message.kind === 'signatures') attempt(() => insertSignatures(database, message.rows));
  else if (message.kind === 'events') attempt(() => insertEvents(database, message.rows));
  else if (waiting.push(message) === 1) commit();
});
