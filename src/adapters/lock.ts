/**
 * One process per data directory. The lock is SQLite's own on a file of its own, so the operating system frees it
 * with the process, however that ends; a note beside it says who holds it.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DataRefused } from './database.ts';

export type DirectoryLock = { release(): void };

/** A connection that nobody refers to would be collected, and its lock freed. */
const held = new Set<DatabaseSync>();

/** Takes the directory (made if need be), or throws a DataRefused that names the holder. */
export function lockDirectory(directory: string): DirectoryLock {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const note = join(directory, 'spillway.pid');
  const database = new DatabaseSync(join(directory, 'spillway.lock'), { timeout: 0 });
  try {
    database.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    database.close();
    throw new DataRefused(inUse(directory, holder(note)), { cause });
  }
  held.add(database);
  const since = new Date().toISOString();
  writeFileSync(note, `process ${process.pid} on ${hostname()}, since ${since}\n`, { mode: 0o600 });
  return {
    release() {
      if (!held.delete(database)) return;
      rmSync(note, { force: true });
      database.close();
    },
  };
}

function holder(note: string): string {
  try {
    return readFileSync(note, 'utf8').trim();
  } catch {
    return 'another process';
  }
}

function inUse(directory: string, who: string): string {
  return `the data directory ${directory} is in use by ${who}: stop it, or set SPILLWAY_DATA_DIR to another directory.`;
}
