/** What the configuration asks of its store: bodies are JSON text, kinds mean nothing to the store. */
import type { Kind } from './settings.ts';

export type StoredObject = {
  readonly kind: Kind;
  readonly name: string;
  readonly archived: boolean;
  readonly deleted: boolean;
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
  /** Archived and out of every list; its name may be used again, and its numbers go on. */
  readonly deleted?: boolean;
  /** What the document says of it; null = no document has it any more; absent = as before. */
  readonly applied?: string | null;
};

/** `activated`: a version that was there already; `restored`: from the archive, or after a deletion. */
export const recordedActions = [
  'created',
  'changed',
  'activated',
  'archived',
  'restored',
  'deleted',
] as const;
export type RecordedAction = (typeof recordedActions)[number];

export type StoredChange = {
  readonly kind: Kind;
  readonly name: string;
  readonly action: RecordedAction;
  /** Active afterwards; of what was archived or deleted, the last that was. */
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

/** A version, and the revision that made it. */
export type StoredVersion = Omit<StoredRevision, 'changes'> & {
  readonly version: number;
  readonly body: string;
};

/** What is being written for a preset and is no version yet. There is one for each preset, and it may change. */
export type StoredDraft = {
  /** The name of the preset's object. */
  readonly name: string;
  readonly body: string;
  /** The version that was active when it was begun. */
  readonly base: number;
  /** Epoch ms. */
  readonly at: number;
  readonly author: string;
  readonly message: string;
};

/** `draft` null = it is thrown away. */
export type DraftEdit = { readonly name: string; readonly draft: StoredDraft | null };

export type SettingsStore = {
  /** The newest revision (0 = none yet) and every object with its active version, oldest object first. Read it at once. */
  load(): { readonly revision: number; readonly objects: Iterable<StoredObject> };
  /** All versions of the objects of one kind but the active ones. */
  older(kind: Kind): readonly { readonly name: string; readonly version: number; readonly body: string }[];
  /** `kind name` → what the document said at its last apply. */
  applied(): ReadonlyMap<string, string>;
  body(kind: Kind, name: string, version: number): string | undefined;
  /** All versions of an object, oldest first; empty = there never was one. */
  versions(kind: Kind, name: string): readonly StoredVersion[];
  /** Of every object of a kind: epoch ms at which its first and its newest version were made. */
  made(kind: Kind): readonly { readonly name: string; readonly first: number; readonly newest: number }[];
  drafts(): readonly StoredDraft[];
  /** Everything or nothing, durable when it returns. Without a revision only `applied` and drafts may differ. */
  commit(edits: readonly Edit[], revision?: StoredRevision, drafts?: readonly DraftEdit[]): void;
  /** Newest first. */
  revisions(limit: number): readonly StoredRevision[];
  /** Those after one number up to another one, oldest first. */
  revisionsBetween(after: number, upTo: number): readonly StoredRevision[];
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
