/** What the configuration asks of its store. Types only: bodies are JSON text, kinds mean nothing to the store. */
import type { Kind } from './settings.ts';

export type StoredObject = {
  readonly kind: Kind;
  readonly name: string;
  readonly archived: boolean;
  /** The active version, and the highest number ever given: numbers never restart. */
  readonly version: number;
  readonly latest: number;
  readonly body: string;
};

/** What happens to one object. */
export type Edit = {
  readonly kind: Kind;
  readonly name: string;
  readonly archived: boolean;
  /** The version that is active afterwards. */
  readonly version: number;
  /** The body of that version when it is a new one. */
  readonly body?: string;
  /** What the document says of it; null = no document has it any more; absent = as before. */
  readonly applied?: string | null;
};

export type StoredChange = {
  readonly kind: Kind;
  readonly name: string;
  readonly action: 'created' | 'changed' | 'archived';
  readonly version: number;
  /** The version that was active before. */
  readonly before?: number;
};

export type StoredRevision = {
  readonly revision: number;
  /** Epoch ms. */
  readonly at: number;
  readonly author: string;
  readonly message: string;
  readonly changes: readonly StoredChange[];
};

export type SettingsStore = {
  /** The newest revision (0 = none yet) and every object with its active version, oldest object first. Read it at once. */
  load(): { readonly revision: number; readonly objects: Iterable<StoredObject> };
  /** All versions of the objects of one kind but the active ones. */
  older(kind: Kind): readonly { readonly name: string; readonly version: number; readonly body: string }[];
  /** `kind name` → what the document said at its last apply. */
  applied(): ReadonlyMap<string, string>;
  body(kind: Kind, name: string, version: number): string | undefined;
  /** Everything or nothing, durable when it returns. Without a revision only `applied` may differ. */
  commit(edits: readonly Edit[], revision?: StoredRevision): void;
  /** Newest first. */
  revisions(limit: number): readonly StoredRevision[];
  /** Those since a moment (epoch ms), newest first. */
  revisionsSince(from: number, limit: number): readonly StoredRevision[];
};

/** Keeps secrets. `context` binds a sealed text to its place: moved elsewhere it does not open. */
export type Vault = {
  /** Encrypts; the same text in the same place always gives the same sealed text. */
  seal(context: string, text: string): string;
  /** Undefined = another secret sealed it, or it was sealed for another place. */
  open(context: string, sealed: string): string | undefined;
  /** SHA-256 in hex. */
  hash(key: string): string;
  /** A new inference key, `sk-…`. */
  newKey(): string;
  /** A new admin key, `spw-…`. */
  newAdminKey(): string;
};
