/** Objects one by one, over the same plans, checks and commits as the document. */
import { printPath, type Mistake } from '../core/mistake.ts';
import {
  presetAddress,
  type DocumentKind,
  type Setting,
  type Settings,
  type Written,
} from '../core/settings.ts';
import type {
  SettingsStore,
  StoredChange,
  StoredDraft,
  StoredVersion,
  Vault,
} from '../core/settings-store.ts';
import { suggest } from '../core/suggest.ts';
import type { Author, Judged, Next, State } from './configuration.ts';
import { diffBodies } from './diff.ts';
import { shown } from './document-export.ts';
import { toFindings } from './document-text.ts';
import { planAction, rolloutId, type Planned, type Verdict } from './object-plan.ts';
import {
  printRef,
  type ChangeRequest,
  type ChangeResult,
  type ObjectRef,
  type Objects,
  type ObjectSummary,
  type ObjectConflict,
  type Times,
  type VersionName,
  type VersionSummary,
} from './object-operations.ts';
import { OperationRefused, type Change } from './operations.ts';
import { idOf, planOf, type Held, type Plan } from './plan.ts';
import { compareRevisions, revertSteps } from './revisions.ts';
import { concerning, objectOf } from './standing-errors.ts';

/** What the configuration lends to those who change it. */
export type Workshop = {
  readonly store: SettingsStore;
  readonly vault: Vault;
  /** Epoch ms. */
  readonly now: () => number;
  readonly state: () => State;
  /** The state that a plan leads to; nothing is changed. */
  readonly after: (plan: Plan) => Next;
  /** What is wrong with it, as a whole. */
  readonly judge: (judged: Judged) => readonly Mistake[];
  /** Durable, and in force, when it returns. */
  readonly commit: (plan: Plan, next: State, by: Author) => void;
  readonly withDiff: (change: StoredChange) => Change;
};

export function openObjects(workshop: Workshop): Objects {
  return new StoredObjects(workshop);
}

type By = Omit<ChangeRequest, 'ref' | 'action' | 'ifVersion'>;

class StoredObjects implements Objects {
  readonly #workshop: Workshop;
  /** Asked for by every page of a list, and the same until something changes. */
  #times: { readonly revision: number; readonly of: ReadonlyMap<string, Times> } | undefined;

  constructor(workshop: Workshop) {
    this.#workshop = workshop;
  }

  list(kind: DocumentKind, workspace?: string): readonly ObjectSummary[] {
    const drafts = this.#drafts();
    return [...this.#workshop.state().objects.values()]
      .filter(({ setting }) => setting.kind === kind && isListed(setting))
      .filter(({ setting }) => workspace === undefined || presetAddress(setting.name).workspace === workspace)
      .map((held) => summaryOf(held, drafts));
  }

  get(ref: ObjectRef): ObjectSummary {
    return summaryOf(this.#mustHold(ref), this.#drafts());
  }

  versions(ref: ObjectRef): readonly VersionSummary[] {
    const { setting } = this.#mustHold(ref);
    return this.#stored(ref)
      .map(({ body: _body, ...version }) => ({ ...version, active: version.version === setting.version }))
      .reverse();
  }

  presetTimes(): ReadonlyMap<string, Times> {
    const { revision } = this.#workshop.state().snapshot;
    if (this.#times?.revision !== revision)
      this.#times = {
        revision,
        of: new Map(this.#workshop.store.made('preset').map((made) => [made.name, made])),
      };
    return this.#times.of;
  }

  body(ref: ObjectRef, version: VersionName): Written['body'] {
    const { setting } = this.#mustHold(ref);
    return shown({ ...setting, body: this.#bodyOf(ref, version) } as Written);
  }

  diff(ref: ObjectRef, from: VersionName, to: VersionName): readonly string[] {
    this.#mustHold(ref);
    return diffBodies(ref.kind, ref.name, this.#bodyOf(ref, from), this.#bodyOf(ref, to));
  }

  change(request: ChangeRequest): ChangeResult {
    const { ref } = request;
    const { objects } = this.#workshop.state();
    if (ref.kind === 'preset' && !objects.has(idOf(ref))) this.#mustHaveWorkspaceOf(ref);
    const verdict = planAction(request, {
      held: objects.get(idOf(ref)),
      rollout: objects.get(rolloutId(ref)),
      draft: this.#drafts().get(ref.name),
      bodyOf: (version) => this.#storedBody(ref, version),
      vault: this.#workshop.vault,
      now: this.#workshop.now(),
    });
    return this.#carryOut(verdict, request);
  }

  compare(from: number, to: number): readonly Change[] {
    for (const revision of [from, to]) this.#mustHaveRevision(revision);
    const between = this.#workshop.store.revisionsBetween(Math.min(from, to), Math.max(from, to));
    return compareRevisions(between, {
      backwards: from > to,
      bodyOf: (ref, version) => this.#must(ref, version),
    });
  }

  revert(number: number, request: By): ChangeResult {
    this.#mustHaveRevision(number);
    const [revision] = this.#workshop.store.revisionsBetween(number - 1, number);
    if (!revision) throw new OperationRefused(404, 'revision 0 is the beginning: there is nothing to undo');
    const found = revertSteps(revision, {
      objects: this.#workshop.state().objects,
      bodyOf: (ref, version) => this.#must(ref, version),
      force: request.force === true,
      actor: request.actor,
    });
    return this.#carryOut(found, request);
  }

  /** A slip of the name would make a workspace of its own, and its preset would be nobody's. */
  #mustHaveWorkspaceOf({ name }: ObjectRef): void {
    const { workspaces } = this.#workshop.state().snapshot;
    const { workspace } = presetAddress(name);
    if (workspaces.has(workspace)) return;
    const near = suggest(workspace, workspaces.keys());
    const hint = near === undefined ? 'make it first' : `did you mean ${near}?`;
    throw new OperationRefused(404, `there is no workspace ${JSON.stringify(workspace)}; ${hint}`);
  }

  #carryOut(verdict: Verdict, request: By): ChangeResult {
    if ('conflict' in verdict) return { outcome: 'conflict', conflict: verdict.conflict };
    const { objects } = this.#workshop.state();
    const plan = planOf(verdict.steps, objects);
    const next = this.#workshop.after(plan);
    const tried = verdict.tried ? planOf(verdict.tried, objects) : plan;
    const judged = this.#judge(verdict, tried, verdict.tried ? this.#workshop.after(tried) : next);
    const findings = toFindings(judged.own, () => undefined);
    if (findings.some(({ level }) => level === 'error')) return { outcome: 'invalid', findings };
    if (judged.elsewhere.length > 0 && request.force !== true)
      return { outcome: 'conflict', conflict: inUse(judged.elsewhere, next.state.settings) };
    if (request.dryRun !== true)
      this.#workshop.commit(plan, next.state, {
        actor: request.actor,
        message: request.message ?? verdict.message,
      });
    const { revision } = request.dryRun === true ? next.state.snapshot : this.#workshop.state().snapshot;
    const broken = toFindings(judged.elsewhere, () => undefined).map((one) => ({
      ...one,
      level: 'warning' as const,
    }));
    return {
      outcome: 'done',
      revision,
      changes: plan.changes.filter(({ action }) => action !== 'unchanged'),
      findings: [...findings, ...broken],
    };
  }

  /** What is wrong with the objects themselves, and what their change breaks in others: then they are in use. */
  #judge(
    { mistakes }: Planned,
    plan: Plan,
    next: Next,
  ): { readonly own: readonly Mistake[]; readonly elsewhere: readonly Mistake[] } {
    if (mistakes.some(({ level }) => level === 'error')) return { own: mistakes, elsewhere: [] };
    const all = this.#workshop.judge({ plan, next });
    const own = concerning(all, plan.touched);
    const elsewhere = all.filter((mistake) => mistake.level === 'error' && !own.includes(mistake));
    return { own: [...mistakes, ...own], elsewhere };
  }

  #drafts(): ReadonlyMap<string, StoredDraft> {
    return new Map(this.#workshop.store.drafts().map((draft) => [draft.name, draft]));
  }

  #stored({ kind, name }: ObjectRef): readonly StoredVersion[] {
    return this.#workshop.store.versions(kind, name);
  }

  #storedBody({ kind, name }: Parameters<typeof idOf>[0], version: number): Written['body'] | undefined {
    const text = this.#workshop.store.body(kind, name, version);
    return text === undefined ? undefined : (JSON.parse(text) as Written['body']);
  }

  /** Of a version that a revision names: it is there. */
  #must(ref: Parameters<typeof idOf>[0], version: number): Written['body'] {
    const body = this.#storedBody(ref, version);
    if (!body) throw new Error(`version ${version} of ${idOf(ref)} is lost`);
    return body;
  }

  #bodyOf(ref: ObjectRef, version: VersionName): Written['body'] {
    const { setting, latest } = this.#mustHold(ref);
    if (version === 'draft') {
      if (setting.draft) return setting.draft;
      throw new OperationRefused(404, `the ${printRef(ref)} has no draft`);
    }
    const body = this.#storedBody(ref, version);
    if (body) return body;
    throw new OperationRefused(
      404,
      `the ${printRef(ref)} has no version ${version}; the latest is ${latest}`,
    );
  }

  #mustHaveRevision(revision: number): void {
    const { revision: newest } = this.#workshop.state().snapshot;
    if (revision <= newest) return;
    throw new OperationRefused(404, `there is no revision ${revision}; the newest is ${newest}`);
  }

  #mustHold(ref: ObjectRef): Held {
    const { objects } = this.#workshop.state();
    const held = objects.get(idOf(ref));
    if (held && isListed(held.setting)) return held;
    const names = [...objects.values()]
      .filter(({ setting }) => setting.kind === ref.kind && isListed(setting))
      .map(({ setting }) => setting.name);
    const near = suggest(ref.name, names);
    const hint = near === undefined ? '' : `; did you mean ${near}?`;
    throw new OperationRefused(
      404,
      `there is no ${ref.kind} ${JSON.stringify(ref.name.slice(0, 80))}${hint}`,
    );
  }
}

/** Only presets can be seen in the archive: elsewhere it is where what was removed is kept for its numbers. */
function isListed({ kind, archived, deleted }: Setting): boolean {
  return deleted !== true && (kind === 'preset' || !archived);
}

function summaryOf(held: Held, drafts: ReadonlyMap<string, StoredDraft>): ObjectSummary {
  const { setting, latest } = held;
  const { kind, name, version, archived, rollout } = setting;
  const draft = kind === 'preset' ? drafts.get(name) : undefined;
  const disabled = 'disabled' in setting.body && setting.body.disabled === true;
  return {
    kind: kind as DocumentKind,
    name,
    version,
    latest,
    status: archived ? 'archived' : disabled ? 'disabled' : 'active',
    body: shown(setting),
    ...(draft
      ? { draft: { base: draft.base, at: draft.at, author: draft.author, message: draft.message } }
      : {}),
    ...(rollout ? { rollout } : {}),
  };
}

/** Whoever is named in a mistake that the change would make. */
function inUse(mistakes: readonly Mistake[], settings: Settings): ObjectConflict {
  const owners = new Map<string, string>();
  for (const { kind, name, path } of Object.values(settings).flatMap((pile) =>
    typeof pile === 'number' ? [] : (pile as readonly Setting[]),
  ))
    owners.set(printPath(path), `${kind} ${name}`);
  const usedBy = mistakes.map(({ path }) => {
    const object = objectOf(path);
    const place = printPath(path.slice(object.length));
    return `${owners.get(printPath(object)) ?? printPath(object)}${place === '' ? '' : `: ${place}`}`;
  });
  const message = `in use by ${usedBy.slice(0, 5).join(', ')}${usedBy.length > 5 ? ` and ${usedBy.length - 5} more` : ''}: change those first, or force it`;
  return { reason: 'in_use', message, usedBy };
}
