/** Keys that a start needs and makes itself: kept readable by the owner only, so that later starts print them again. */
import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

export type Credentials = {
  readonly adminKey?: string;
  /** The demo's inference key. */
  readonly inferenceKey?: string;
  /** True when the first start was the demo: later starts without a document keep it up to date. */
  readonly demo?: boolean;
};

const file = (dataDir: string): string => join(dataDir, 'credentials.json');

export function readCredentials(dataDir: string): Credentials {
  try {
    return JSON.parse(readFileSync(file(dataDir), 'utf8')) as Credentials;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error;
  }
}

export function writeCredentials(dataDir: string, credentials: Credentials): void {
  writePrivate(file(dataDir), credentials);
}

/** Admin keys begin `spw-`. */
export function newAdminKey(): string {
  return `spw-${randomBytes(32).toString('base64url')}`;
}

/** What the CLI on this machine needs to reach the server: proof that it may read the data directory. */
export type LocalFile = {
  readonly url: string;
  readonly token: string;
  readonly pid: number;
  readonly inferenceKey?: string;
};

export function writeLocalFile(dataDir: string, local: LocalFile): void {
  writePrivate(join(dataDir, 'local.json'), local);
}

export function removeLocalFile(dataDir: string): void {
  rmSync(join(dataDir, 'local.json'), { force: true });
}

/** Whole or not at all, and never readable by others, not even for a moment. */
function writePrivate(path: string, value: unknown): void {
  const partial = `${path}.${process.pid}.partial`;
  writeFileSync(partial, `${JSON.stringify(value, null, 2)}\n`, { mode: 0o600 });
  chmodSync(partial, 0o600);
  renameSync(partial, path);
}
