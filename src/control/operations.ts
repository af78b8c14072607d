/**
 * What an operator can do, as types: the control plane serves it over HTTP, the CLI asks for it. Each member is
 * implemented by the file named in its comment; `main.ts` puts them together.
 */
import type { Budget } from '../core/budget.ts';
import type { GatewayEvent } from '../core/event.ts';
import type { GenerationRecord } from '../core/record.ts';
import type { Role } from '../core/role.ts';
import type { RecordedAction } from '../core/settings-store.ts';
import type { JsonObject, PresetVersion, Snapshot } from '../core/snapshot.ts';
import type { SpendQuery, SpendReport } from '../core/spend-report.ts';

/**
 * Who is asking, and what they may do. A local operator proved to be on the server's machine; only then `env:` and
 * `file:` resolve.
 */
export type Actor = { readonly name: string; readonly local: boolean; readonly role: Role };

/** One thing wrong with (or worth saying about) a document. */
export type Finding = {
  /** Where, e.g. `presets.coder.models[1]`. */
  readonly path: string;
  /** 1-based line and column in the text, where known. */
  readonly line?: number;
  readonly column?: number;
  readonly level: 'error' | 'warning';
  /** One sentence that names the fix, "did you mean" included. */
  readonly message: string;
};

export type ObjectKind =
  | 'gateway'
  | 'provider'
  | 'model'
  | 'workspace'
  | 'preset'
  | 'key'
  | 'alert'
  | 'admin'
  | 'rollout';

export type Change = {
  readonly kind: ObjectKind;
  /** `coder`, or `workspace/coder` outside the workspace `default`. */
  readonly name: string;
  readonly action: RecordedAction | 'unchanged' | 'kept';
  /** The version that is active afterwards. */
  readonly version: number;
  /** Unified-style lines, old and new, secrets masked; empty when unchanged. */
  readonly diff: readonly string[];
};

export type ApplyRequest = {
  readonly text: string;
  readonly actor: Actor;
  readonly message?: string;
  /** Overrides objects that were edited since their last apply. */
  readonly force?: boolean;
  /** Archives objects that the document no longer has but once wrote. */
  readonly prune?: boolean;
  /** Decide and report, change nothing. */
  readonly dryRun?: boolean;
};

export type ApplyResult =
  | {
      readonly outcome: 'applied';
      readonly revision: number;
      readonly changes: readonly Change[];
      readonly findings: readonly Finding[];
    }
  /** Nothing was applied. */
  | { readonly outcome: 'invalid'; readonly findings: readonly Finding[] }
  /** Changed in the document and edited since: nothing was applied. */
  | {
      readonly outcome: 'conflict';
      readonly conflicts: readonly Change[];
      readonly findings: readonly Finding[];
    };

export type RevisionSummary = {
  readonly revision: number;
  /** Epoch ms. */
  readonly at: number;
  readonly author: string;
  readonly message: string;
  readonly changes: readonly Change[];
};

export type KeySummary = {
  readonly name: string;
  readonly workspace: string;
  /** First characters of the SHA-256: enough to recognise, useless to guess. */
  readonly hash: string;
  readonly disabled: boolean;
  readonly presets?: readonly string[];
  readonly models?: readonly string[];
  readonly drafts?: true;
  readonly writePresets?: true;
  readonly expiresAt?: number;
  /** Epoch ms: until when the secret before the last rotation is accepted. */
  readonly retiringUntil?: number;
};

export type NewKey = {
  readonly name: string;
  readonly workspace?: string;
  readonly presets?: readonly string[];
  readonly models?: readonly string[];
  /** It may call drafts. */
  readonly drafts?: true;
  /** It may write the presets that it may use. */
  readonly writePresets?: true;
  /** Epoch ms. */
  readonly expiresAt?: number;
};

export type AdminSummary = {
  readonly name: string;
  readonly role: Role;
  /** First characters of the SHA-256 of the key. */
  readonly hash: string;
  readonly disabled: boolean;
  readonly expiresAt?: number;
};

export type NewAdmin = {
  readonly name: string;
  readonly role: Role;
  /** Epoch ms. */
  readonly expiresAt?: number;
};

/** One object before and after a change, secrets masked. */
export type AuditedChange = {
  readonly revision: number;
  /** Epoch ms. */
  readonly at: number;
  readonly author: string;
  readonly message: string;
  readonly kind: ObjectKind;
  readonly name: string;
  readonly action: Change['action'];
  readonly version: number;
  /** Absent = it was not there. */
  readonly before?: JsonObject;
  /** Absent = it is gone. */
  readonly after?: JsonObject;
};

/** What somebody did beside the configuration: a pause, a loan, a fault of the emulator. `at` is epoch ms. */
export type Act = {
  readonly at: number;
  readonly author: string;
  readonly act: string;
  readonly details: JsonObject;
};

/** Implemented by adapters/acts.ts. Durable when it returns. */
export type ActLog = {
  note(act: Act): void;
  /** Newest first. */
  since(from: number, most: number): readonly Act[];
};

/** Who may do what, and who did. Implemented by control/configuration.ts. */
export type Administration = {
  /** Every change of an object since a moment, newest first. */
  audit(from: number, most: number): readonly AuditedChange[];
  admins(): readonly AdminSummary[];
  /** Returns the secret, which is stored only as a hash and never shown again. */
  addAdmin(admin: NewAdmin, actor: Actor): { readonly secret: string; readonly admin: AdminSummary };
  setAdminRole(name: string, role: Role, actor: Actor): AdminSummary;
  removeAdmin(name: string, actor: Actor): void;
};

/** Implemented by control/configuration.ts over the SQLite store. */
export type Configuration = {
  /** The snapshot in force. */
  snapshot(): Snapshot;
  /** Validates whole, then applies whole or not at all; the new snapshot is in force when this resolves. */
  apply(request: ApplyRequest): Promise<ApplyResult>;
  /** The active configuration as a document; secrets are `<secret>`. */
  export(): string;
  history(limit: number): readonly RevisionSummary[];
  keys(): readonly KeySummary[];
  /** Returns the secret, which is stored only as a hash and never shown again. */
  addKey(key: NewKey, actor: Actor): Promise<{ readonly secret: string; readonly key: KeySummary }>;
  /** Gives the key a new secret; the old one is accepted until `until` (epoch ms). */
  rotateKey(
    name: string,
    until: number,
    actor: Actor,
  ): Promise<{ readonly secret: string; readonly key: KeySummary }>;
  setKeyDisabled(name: string, disabled: boolean, actor: Actor): Promise<KeySummary>;
  removeKey(name: string, actor: Actor): Promise<void>;
  /** Resolves `env:` and `file:` references again (SIGHUP). Returns what could not be resolved; then the old stay. */
  rereadSecrets(): readonly Finding[];
};

/** Which records of a preset: those since a time (epoch ms), the newest, perhaps of one version. */
export type PresetRecords = {
  readonly workspace: string;
  readonly preset: string;
  readonly version?: PresetVersion;
  readonly since: number;
  readonly most: number;
  /** Those as well that it sent on to another preset, by its rules or as background calls. */
  readonly sentOn?: boolean;
};

/** Implemented over the journal. */
export type Generations = {
  find(id: string): GenerationRecord | undefined;
  /** Newest first. */
  recent(limit: number): readonly GenerationRecord[];
  /** Newest first. */
  ofPreset(which: PresetRecords): readonly GenerationRecord[];
  /** Calls back for each generation as it ends; returns how to stop. */
  follow(callback: (record: GenerationRecord) => void): () => void;
};

/** Implemented over the roll-up of spend. */
export type Spend = {
  report(query: SpendQuery): Promise<SpendReport>;
  /** Nano-USD that a key has spent since an hour (since 1970, UTC), unmeasured attempts included. */
  ofKey(key: { readonly workspace: string; readonly name: string }, since: number): bigint;
};

/** How a counter stands, in the unit of its limit: nano-USD, tokens, requests. */
export type CounterState = {
  /** `user ann`; empty where one counter is for all. */
  readonly each: string;
  readonly spent: number;
  readonly held: number;
  /** The part of `spent` that a dead process had leased and never settled. */
  readonly lost: number;
};

/** What all counters say at one moment, in their windows that are now. */
export type LimitReading = {
  counter(budget: Budget): CounterState;
  /** Of a budget with one counter for each: the largest, and how many others are in use. */
  counters(
    budget: Budget,
    most: number,
  ): { readonly counters: readonly CounterState[]; readonly others: number };
};

/** Who did what outside the document, when and why. `at` is epoch ms. */
export type Intervention = { readonly at: number; readonly author: string; readonly reason: string };

/** Lent to a limit until it ends by itself, or was ended. Amounts in nano-USD, times in epoch ms. */
export type LoanRecord = {
  readonly id: number;
  /** The name of the budget: `key default/ci usd/day`. */
  readonly budget: string;
  readonly amount: number;
  readonly from: number;
  readonly until: number;
  readonly reason: string;
  readonly author: string;
  readonly endedBy?: string;
  readonly endedWhy?: string;
};

/** What a crash had counted as spent, given back by an operator. */
export type Release = Intervention & { readonly counter: string; readonly amount: number };

/** Implemented by adapters/limit-book.ts over the ledger and its store. Everything is durable when it returns. */
export type LimitBook = {
  read(): LimitReading;
  /** Loans that run now. */
  loans(): readonly LoanRecord[];
  /** Counted from the next hold on, and by those that wait. */
  lend(loan: Omit<LoanRecord, 'id'>): LoanRecord;
  endLoan(id: number, intervention: Intervention): void;
  /** For the windows that are now. */
  release(budgets: readonly Budget[], intervention: Intervention): readonly Release[];
  /** Newest first, ended ones included. */
  pastLoans(most: number): readonly LoanRecord[];
  pastReleases(most: number): readonly Release[];
};

/** A breaker that is not closed. Times in epoch ms; `until` absent = until somebody acts. */
export type OpenBreaker = {
  /** `endpoint/author/name@provider`, or `provider/name` for a credential of it. */
  readonly subject: string;
  readonly state: 'open' | 'half_open';
  /** The failure class. */
  readonly why: string;
  readonly since: number;
  readonly until?: number;
};

/** What an operator has left alone until a time. Times in epoch ms. */
export type Pause = Intervention & {
  /** `provider/name`, `model/author/name` or `endpoint/author/name@provider`. */
  readonly subject: string;
  readonly until: number;
};

/** Implemented by adapters/health-book.ts. Pauses are durable when it returns. */
export type HealthBook = {
  /** Breakers that are not closed. */
  breakers(): readonly OpenBreaker[];
  pauses(): readonly Pause[];
  /** Replaces an earlier pause of the same subject. */
  pause(pause: Pause): void;
  /** Ends the pause of a subject, and closes its breakers; says whether it was paused, and how many were open. */
  resume(
    subject: string,
    intervention: Intervention,
  ): { readonly paused: boolean; readonly breakers: number };
  /** What happened at or after `from` (epoch ms), newest first, at most so much. */
  events(from: number, most: number): readonly GatewayEvent[];
};

/** Why an operation was refused; the control plane answers with `status`. */
export class OperationRefused extends Error {
  readonly status: 400 | 404 | 409;
  constructor(status: 400 | 404 | 409, message: string) {
    super(message);
    this.status = status;
  }
}
