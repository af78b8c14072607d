/** Who issued which signature of thinking: bounded, per workspace, and without the signatures themselves. */
import { createHmac, hkdfSync } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import type { Signatures } from '../ports.ts';

/** Per workspace; a long agent session has hundreds. */
const kept = 50_000;
/** What is new is handed over a few times a second, not with every answer. */
const handOverMs = 100;

/** What the database keeps of one signature. */
export type KnownSignature = {
  readonly workspace: string;
  readonly digest: string;
  readonly issuer: string;
};

export type SignatureOptions = {
  /** What the digests are keyed with; with another secret nothing that was kept is found again. */
  readonly secret: Uint8Array;
  /** What was known before, oldest first. */
  readonly before?: Iterable<KnownSignature>;
  /** Told what is new, in batches. What it loses counts as foreign from the next start on. */
  readonly keep?: (rows: readonly KnownSignature[]) => void;
};

export type KeptSignatures = Signatures & {
  /** Hands over what is still waiting. */
  flush(): void;
};

/** What is forgotten, or was never told, counts as foreign: thinking is dropped, never sent wrongly. */
export function openSignatures({ secret, before = [], keep }: SignatureOptions): KeptSignatures {
  const hmacKey = Buffer.from(hkdfSync('sha256', secret, 'spillway', 'signatures', 32));
  const workspaces = new Map<string, Map<string, string>>();
  let waiting: KnownSignature[] = [];
  const flush = (): void => {
    const rows = waiting;
    waiting = [];
    if (rows.length > 0) keep?.(rows);
  };
  const digestOf = (signature: string): string =>
    createHmac('sha256', hmacKey).update(signature).digest('base64url');
  const learn = ({ workspace, digest, issuer }: KnownSignature): boolean => {
    const known = workspaces.get(workspace) ?? new Map<string, string>();
    workspaces.set(workspace, known);
    if (known.get(digest) === issuer) return false;
    known.set(digest, issuer);
    const [oldest] = known.size > kept ? known.keys() : [];
    if (oldest !== undefined) known.delete(oldest);
    return true;
  };
  for (const row of before) learn(row);
  return {
    remember(workspace, signatures, issuer) {
      for (const signature of signatures) {
        const row = { workspace, digest: digestOf(signature), issuer };
        if (!learn(row) || !keep) continue;
        if (waiting.push(row) === 1) setTimeout(flush, handOverMs).unref();
      }
    },
    issuerOf: (workspace, signature) => workspaces.get(workspace)?.get(digestOf(signature)),
    flush,
  };
}

export const signaturesSchema = `
CREATE TABLE signatures (
  id INTEGER PRIMARY KEY,
  workspace TEXT NOT NULL,
  digest TEXT NOT NULL,
  issuer TEXT NOT NULL,
  UNIQUE (workspace, digest)
) STRICT;
CREATE INDEX signatures_by_age ON signatures (workspace, id);
`;

/** All that are kept, oldest first. */
export function* knownSignatures(database: DatabaseSync): Iterable<KnownSignature> {
  const rows = database.prepare('SELECT workspace, digest, issuer FROM signatures ORDER BY id').iterate();
  for (const { workspace, digest, issuer } of rows)
    yield { workspace: String(workspace), digest: String(digest), issuer: String(issuer) };
}

/** Adds them in one transaction, and lets the oldest go that are too many. */
export function insertSignatures(database: DatabaseSync, rows: readonly KnownSignature[]): void {
  const insert = database.prepare(`
    INSERT INTO signatures (workspace, digest, issuer) VALUES (?, ?, ?)
    ON CONFLICT (workspace, digest) DO UPDATE SET issuer = excluded.issuer`);
  const trim = database.prepare(`
    DELETE FROM signatures WHERE workspace = :workspace AND id <= (
      SELECT id FROM signatures WHERE workspace = :workspace ORDER BY id DESC LIMIT 1 OFFSET ${kept})`);
  database.exec('BEGIN IMMEDIATE');
  try {
    for (const { workspace, digest, issuer } of rows) insert.run(workspace, digest, issuer);
    for (const workspace of new Set(rows.map((row) => row.workspace))) trim.run({ workspace });
    database.exec('COMMIT');
  } catch (cause) {
    database.exec('ROLLBACK');
    throw cause;
  }
}
