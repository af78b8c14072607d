/**
 * Records of generations: readable at once, safe from a killed process as soon as `close` returns, and in SQLite
 * soon after. Each record is one line appended to a file: a write to the page cache, microseconds. The file is also
 * the queue of the thread that commits, a few times a second; what it had not committed is read at the next start.
 */
import {
  closeSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readFileSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import { Worker } from 'node:worker_threads';
import type { Generations, PresetRecords } from '../control/operations.ts';
import { isOfPreset } from '../core/comparison.ts';
import type { GatewayEvent } from '../core/event.ts';
import { optional } from '../core/optional.ts';
import type { GenerationRecord } from '../core/record.ts';
import type { Charge, Journal } from '../ports.ts';
import { forfeitLeases } from './budgets.ts';
import { transaction } from './database.ts';
import { insertEntries, recordById, recentRecords, recordsOfPreset } from './generations.ts';
import { journalLine, wholeEntry } from './journal-line.ts';
import type { LeaseOrder, LeaseStore } from './ledger.ts';
import type { KnownSignature } from './signatures.ts';

/** Records kept in memory: those not yet committed, and the newest for `tail` and quick look-ups. */
const kept = 2_000;
const trimmed = 200;
/** A file that has grown past this is closed, and deleted once all its records are committed. */
const segmentBytes = 8 * 1024 * 1024;
/** A transaction of many records costs little more than one of a single record. */
const commitEveryMs = 100;

export type DurableJournal = Journal &
  Generations &
  Pick<LeaseStore, 'take'> & {
    /** Has signatures committed by the same thread; a killed process may lose the last. */
    keepSignatures(rows: readonly KnownSignature[]): void;
    /** Has an event committed by the same thread; a killed process may lose the last. */
    keepEvent(event: GatewayEvent): void;
    /** Commits what is pending and stops the thread. */
    stop(): Promise<void>;
  };

type Segment = { readonly path: string; readonly file: number; bytes: number; last: number };

/** Asks the thread to commit what stands in the file up to a byte; `last` is the number of the last record there. */
export type CommitOrder = {
  readonly kind: 'commit';
  readonly path: string;
  readonly upTo: number;
  readonly last: number;
};

/** Asks the thread for leases; answered with `number` once they are on disk, or with why not. */
export type TakeOrder = {
  readonly kind: 'take';
  readonly number: number;
  readonly orders: readonly LeaseOrder[];
};

export type SignatureOrder = { readonly kind: 'signatures'; readonly rows: readonly KnownSignature[] };
export type EventOrder = { readonly kind: 'events'; readonly rows: readonly GatewayEvent[] };
/** `whole`: every charge was appended, so what is leased and not charged was never used. */
export type StopOrder = { readonly kind: 'stop'; readonly whole: boolean };

/** What the thread tells. */
export type Told =
  | { readonly kind: 'committed'; readonly last: number }
  | { readonly kind: 'taken'; readonly number: number; readonly failure?: string }
  | { readonly kind: 'refused'; readonly message: string };

export type JournalOptions = {
  readonly folder: string;
  /** The database file, for the committing thread. */
  readonly database: string;
  /** A connection to the same file for reading, and for what an earlier process left behind. */
  readonly reader: DatabaseSync;
  /** Told when records cannot be written: the disk is full, the file is gone. */
  readonly fault: (error: unknown) => void;
};

/** Opens the journal: first commits what a killed process had appended. */
export function openJournal(options: JournalOptions): DurableJournal {
  recover(options);
  return new FileJournal(options);
}

type Take = { readonly granted: () => void; readonly failed: (message: string) => void };

class FileJournal implements DurableJournal {
  readonly #options: JournalOptions;
  readonly #worker: Worker;
  /** Resolved once the thread has ended, however. */
  readonly #gone: Promise<void>;
  /** As JSON text: thousands of records as objects would be traced and moved by every collection. */
  readonly #memory = new Map<string, { readonly text: string; readonly sequence: number }>();
  readonly #followers = new Set<(record: GenerationRecord) => void>();
  readonly #closed: Segment[] = [];
  #segment: Segment;
  #sequence = 0;
  #committed = 0;
  #scheduled = false;
  /** False once a record could not be appended. */
  #whole = true;
  #takes = 0;
  readonly #taking = new Map<number, Take>();

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#segment = this.#open();
    // Beside the sources lies a .ts file, beside the compiled ones a .js file.
    const script = new URL(
      `./journal-worker${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`,
      import.meta.url,
    );
    this.#worker = new Worker(script, { workerData: { database: options.database } });
    this.#worker.on('message', (told: Told) => this.#onTold(told));
    this.#gone = new Promise((resolve) => this.#worker.once('exit', () => resolve()));
    void this.#gone.then(() => this.#abandonTakes());
    this.#worker.on('error', (error) => options.fault(error));
  }

  close(record: GenerationRecord, charges: readonly Charge[]): void {
    const sequence = ++this.#sequence;
    const text = JSON.stringify(record);
    this.#append(journalLine(text, charges), sequence);
    this.#memory.set(record.id, { text, sequence });
    this.#trim();
    if (!this.#scheduled) {
      this.#scheduled = true;
      setTimeout(() => this.#send(), commitEveryMs).unref();
    }
    for (const follower of this.#followers) follower(record);
  }

  /** Leases are made durable by the same thread: one writer needs no lock. */
  take(orders: readonly LeaseOrder[]): Promise<readonly number[]> {
    const number = ++this.#takes;
    return new Promise((resolve, reject) => {
      this.#taking.set(number, {
        granted: () => resolve(orders.map(({ amount }) => amount)),
        failed: (message) => reject(new Error(`no lease could be taken: ${message}`)),
      });
      const order: TakeOrder = { kind: 'take', number, orders };
      this.#worker.postMessage(order);
    });
  }

  find(id: string): GenerationRecord | undefined {
    const known = this.#memory.get(id);
    return known ? parsed(known.text) : recordById(this.#options.reader, id);
  }

  recent(limit: number): readonly GenerationRecord[] {
    const memory = [...this.#memory.values()].slice(-limit).map(({ text }) => parsed(text));
    if (memory.length >= limit) return memory.reverse();
    const known = new Set(memory.map(({ id }) => id));
    const older = recentRecords(this.#options.reader, limit).filter(({ id }) => !known.has(id));
    return [...memory.reverse(), ...older].slice(0, limit);
  }

  ofPreset(which: PresetRecords): readonly GenerationRecord[] {
    const { workspace, preset, version, since, most, sentOn = false } = which;
    const memory = [...this.#memory.values()]
      .map(({ text }) => parsed(text))
      .filter(
        (record) =>
          record.workspace === workspace &&
          record.at >= since &&
          isOfPreset(record, { preset, ...optional('version', version), sentOn }),
      );
    const older = recordsOfPreset(this.#options.reader, which);
    const each = new Map([...older, ...memory].map((record) => [record.id, record]));
    return [...each.values()].sort((a, b) => b.at - a.at).slice(0, most);
  }

  follow(callback: (record: GenerationRecord) => void): () => void {
    this.#followers.add(callback);
    return () => this.#followers.delete(callback);
  }

  keepSignatures(rows: readonly KnownSignature[]): void {
    this.#worker.postMessage({ kind: 'signatures', rows } satisfies SignatureOrder);
  }

  keepEvent(event: GatewayEvent): void {
    this.#worker.postMessage({ kind: 'events', rows: [event] } satisfies EventOrder);
  }

  async stop(): Promise<void> {
    this.#send();
    this.#worker.postMessage({ kind: 'stop', whole: this.#whole } satisfies StopOrder);
    await this.#gone;
    closeSync(this.#segment.file);
    if (this.#committed >= this.#segment.last) unlinkSync(this.#segment.path);
  }

  /** The memory may only forget what SQLite knows. */
  #trim(): void {
    // Many at once: what was deleted before is stepped over by every walk from the beginning.
    if (this.#memory.size < kept + trimmed) return;
    for (const [id, { sequence }] of this.#memory) {
      if (this.#memory.size <= kept || sequence > this.#committed) return;
      this.#memory.delete(id);
    }
  }

  #send(): void {
    this.#scheduled = false;
    const { path, bytes, last } = this.#segment;
    const order: CommitOrder = { kind: 'commit', path, upTo: bytes, last };
    this.#worker.postMessage(order);
  }

  #onTold(told: Told): void {
    if (told.kind === 'committed') return this.#onCommitted(told.last);
    if (told.kind === 'refused')
      return this.#options.fault(new Error(`SQLite refuses; records wait: ${told.message}`));
    const take = this.#taking.get(told.number);
    this.#taking.delete(told.number);
    if (told.failure === undefined) take?.granted();
    else take?.failed(told.failure);
  }

  #abandonTakes(): void {
    for (const { failed } of this.#taking.values()) failed('the thread that commits has ended');
    this.#taking.clear();
  }

  #onCommitted(sequence: number): void {
    this.#committed = Math.max(this.#committed, sequence);
    for (let oldest = this.#closed[0]; oldest && oldest.last <= sequence; oldest = this.#closed[0]) {
      this.#closed.shift();
      unlinkSync(oldest.path);
    }
  }

  /**
   * A record that cannot be appended is kept in memory only, and what it was charged stays leased: the next start
   * counts it as spent. The operator is told.
   */
  #append(text: string, sequence: number): void {
    try {
      if (this.#segment.bytes > segmentBytes) this.#rotate();
      this.#write(Buffer.from(`${text}\n`));
      this.#segment.last = sequence;
    } catch (error) {
      this.#whole = false;
      this.#options.fault(error);
    }
  }

  /** All of it, or the file as it was: half a line would spoil the next one. */
  #write(line: Buffer): void {
    const { file, bytes } = this.#segment;
    let written = 0;
    try {
      while (written < line.length) written += writeSync(file, line, written);
      this.#segment.bytes = bytes + written;
    } catch (error) {
      if (written > 0) ftruncateSync(file, bytes);
      throw error;
    }
  }

  #rotate(): void {
    this.#send();
    closeSync(this.#segment.file);
    this.#closed.push(this.#segment);
    this.#segment = this.#open();
  }

  #open(): Segment {
    const path = join(this.#options.folder, `journal-${Date.now()}-${this.#sequence}.ndjson`);
    return { path, file: openSync(path, 'a', 0o600), bytes: 0, last: 0 };
  }
}

function parsed(text: string): GenerationRecord {
  return JSON.parse(text) as GenerationRecord;
}

function recover({ folder, reader }: JournalOptions): void {
  const names = readdirSync(folder).filter((name) => /^journal-.*\.ndjson$/.test(name));
  for (const name of names.sort()) {
    const path = join(folder, name);
    const entries = readFileSync(path, 'utf8').split('\n').map(wholeEntry);
    transaction(reader, () =>
      insertEntries(
        reader,
        entries.filter((entry) => entry !== undefined),
      ),
    );
    unlinkSync(path);
  }
  forfeitLeases(reader);
}
