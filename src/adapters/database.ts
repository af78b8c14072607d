/** Opens the one database file, brings its schema up to date, and copies it while it is in use. */
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { migrations as known } from './schema.ts';

/** Why the data cannot be used, in one sentence for the operator. */
export class DataRefused extends Error {}

/**
 * The database at `path`, made if need be, readable by its owner only. In WAL mode, so that readers never wait;
 * a commit is on disk when it returns.
 */
export function openDatabase(path: string, migrations: readonly string[] = known): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const database = new DatabaseSync(path, { timeout: 5_000 });
  try {
    const found = schemaNumber(database);
    if (found > migrations.length) throw new DataRefused(tooNew(path, found, migrations.length));
    chmodSync(path, 0o600);
    database.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;');
    if (found < migrations.length) migrate(database, path, migrations.slice(found));
  } catch (cause) {
    database.close();
    throw cause instanceof DataRefused ? cause : new DataRefused(unusable(path, cause), { cause });
  }
  return database;
}

/** All of it or nothing; on disk when it returns. */
export function transaction(database: DatabaseSync, work: () => void): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    work();
    database.exec('COMMIT');
  } catch (error) {
    database.exec('ROLLBACK');
    throw error;
  }
}

function schemaNumber(database: DatabaseSync): number {
  return Number(database.prepare('PRAGMA user_version').get()?.['user_version'] ?? 0);
}

/** One transaction; whatever was there before is kept beside it first. */
function migrate(database: DatabaseSync, path: string, steps: readonly string[]): void {
  const found = schemaNumber(database);
  if (found > 0) copyInto(database, freeName(`${path}.schema-${found}.backup`));
  transaction(database, () => {
    for (const step of steps) database.exec(step);
    database.exec(`PRAGMA user_version = ${found + steps.length}`);
  });
}

function copyInto(database: DatabaseSync, file: string): void {
  database.prepare('VACUUM INTO ?').run(file);
  chmodSync(file, 0o600);
}

function freeName(file: string): string {
  for (let number = 1; ; number++) {
    const name = number === 1 ? file : `${file}-${number}`;
    if (!existsSync(name)) return name;
  }
}

/** More pages than any database has. */
const allPages = 2 ** 31 - 1;

/**
 * Copies an open database while it is in use. The copy appears whole or not at all, and never replaces a
 * file. It is made through a connection of its own and in one step: commits that come between two steps would make
 * it begin again, and again.
 */
export async function backupDatabase(database: DatabaseSync, file: string): Promise<void> {
  if (existsSync(file)) throw new DataRefused(`${file} exists already: name a new file for the backup.`);
  const partial = `${file}.partial`;
  rmSync(partial, { force: true });
  const source = new DatabaseSync(database.location() ?? '', { readOnly: true, timeout: 5_000 });
  try {
    await backup(source, partial, { rate: allPages });
    chmodSync(partial, 0o600);
    renameSync(partial, file);
  } catch (cause) {
    rmSync(partial, { force: true });
    throw new DataRefused(`the backup could not be written to ${file}: ${reason(cause)}.`, { cause });
  } finally {
    source.close();
  }
}

function tooNew(path: string, found: number, newest: number): string {
  return `${path} was written by a newer Spillway (its schema is ${found}, this one knows up to ${newest}): run that version, or go back to the backup beside the file.`;
}

function unusable(path: string, cause: unknown): string {
  return `the database ${path} cannot be used (${reason(cause)}): check the file and its permissions, or restore a backup.`;
}

function reason(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
