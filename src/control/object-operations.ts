/** What can be done to one object of the configuration, as types. Every change but a draft's is a revision. */
import type { DocumentKind, RolloutBody, Written } from '../core/settings.ts';
import type { Actor, Change, Finding, ObjectKind } from './operations.ts';

/** `coder`, or `workspace/coder` for a preset outside the workspace `default`. */
export type ObjectRef = { readonly kind: DocumentKind; readonly name: string };

export type Action =
  /** The whole body, as a document would have it. */
  | { readonly do: 'put'; readonly body: unknown }
  /** A JSON merge patch of the body as it is shown. */
  | { readonly do: 'patch'; readonly patch: unknown }
  | { readonly do: 'activate'; readonly version: number }
  | { readonly do: 'archive' | 'restore' | 'delete' }
  /** Of presets alone: what is kept beside the versions, thrown away, or made the next version. */
  | { readonly do: 'draft'; readonly body: unknown }
  | { readonly do: 'discard' | 'publish' }
  /** Of presets alone: begin, or move to another share; make it the active version, or end it. */
  | { readonly do: 'rollout'; readonly version: number; readonly percent: number }
  | { readonly do: 'promote' | 'rollback' };

export type ChangeRequest = {
  readonly ref: ObjectRef;
  readonly action: Action;
  readonly actor: Actor;
  readonly message?: string;
  /** The active version that the change is based on; 0 = there is none yet. Absent = whatever is active. */
  readonly ifVersion?: number;
  /** Removes what is still in use; publishes a draft that was begun on another version. */
  readonly force?: boolean;
  /** Decide and report, change nothing. */
  readonly dryRun?: boolean;
};

export type ObjectConflict = {
  /** `version`: somebody else was faster; `in_use`: others refer to it; `state`: it is not what the change is for. */
  readonly reason: 'version' | 'in_use' | 'state';
  readonly message: string;
  /** The version that the change was based on, and the active one. */
  readonly yours?: number;
  readonly active?: number;
  /** What changed between the two. */
  readonly diff?: readonly string[];
  /** `key ci: presets[0]`. */
  readonly usedBy?: readonly string[];
};

export type ChangeResult =
  | {
      readonly outcome: 'done';
      readonly revision: number;
      readonly changes: readonly Change[];
      readonly findings: readonly Finding[];
    }
  | { readonly outcome: 'invalid'; readonly findings: readonly Finding[] }
  | { readonly outcome: 'conflict'; readonly conflict: ObjectConflict };

/** Who wrote something, when and why. */
export type Origin = {
  /** Epoch ms. */
  readonly at: number;
  readonly author: string;
  readonly message: string;
};

export type VersionSummary = Origin & {
  readonly version: number;
  readonly revision: number;
  readonly active: boolean;
};

export type DraftSummary = Origin & {
  /** The version that was active when it was begun. */
  readonly base: number;
};

export type ObjectSummary = ObjectRef & {
  readonly status: 'active' | 'disabled' | 'archived';
  readonly version: number;
  /** The highest number ever given. */
  readonly latest: number;
  /** Secrets are `<secret>`. */
  readonly body: Written['body'];
  readonly draft?: DraftSummary;
  readonly rollout?: RolloutBody;
};

/** Epoch ms at which the first version and the newest one were made. */
export type Times = { readonly first: number; readonly newest: number };

export type VersionName = number | 'draft';

/** Implemented by control/objects.ts. What is not there is an `OperationRefused` that says what is. */
export type Objects = {
  /** Archived presets included, deleted objects not. `workspace`: of presets, only those of this one. */
  list(kind: DocumentKind, workspace?: string): readonly ObjectSummary[];
  get(ref: ObjectRef): ObjectSummary;
  /** Newest first. */
  versions(ref: ObjectRef): readonly VersionSummary[];
  /** Preset → when it was made and last written, of all presets there ever were. */
  presetTimes(): ReadonlyMap<string, Times>;
  /** The body of a version, secrets hidden. */
  body(ref: ObjectRef, version: VersionName): Written['body'];
  /** Lines that went and came from one version to another. */
  diff(ref: ObjectRef, from: VersionName, to: VersionName): readonly string[];
  change(request: ChangeRequest): ChangeResult;
  /** What changed between two revisions, object by object; the other way round where `from` is the later. */
  compare(from: number, to: number): readonly Change[];
  /** A new revision that undoes what one did. What was edited since is a conflict, unless forced. */
  revert(revision: number, request: Omit<ChangeRequest, 'ref' | 'action' | 'ifVersion'>): ChangeResult;
};

/** `preset coder`, for sentences. */
export function printRef({ kind, name }: { readonly kind: ObjectKind; readonly name: string }): string {
  return `${kind} ${name}`;
}
