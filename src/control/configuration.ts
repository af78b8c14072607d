/**
 * The configuration in force. Every change is decided purely, checked whole, committed in one transaction, and
 * only then swapped in as a new snapshot; a change that fails leaves everything as it was.
 */
import { buildSnapshot, keyHash } from '../core/build.ts';
import { noSecrets, type Secrets } from '../core/build-endpoints.ts';
import type { Catalogue } from '../core/catalog.ts';
import { check, checkChanged } from '../core/check.ts';
import type { KeyBody } from '../core/document.ts';
import { readDocument, type Reading } from '../core/document-read.ts';
import { error, warning, type Mistake } from '../core/mistake.ts';
import { checkSecrets } from '../core/secret-fields.ts';
import { settingsAfter, settingsOf, type Setting, type Settings, type Written } from '../core/settings.ts';
import type { SettingsStore, StoredChange, Vault } from '../core/settings-store.ts';
import { patchSnapshot } from '../core/patch-snapshot.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { planApply } from './apply-plan.ts';
import { openAdministration } from './administration.ts';
import { diffBodies } from './diff.ts';
import { documentOf } from './document-export.ts';
import {
  checkAllowed,
  checkAdminKeys,
  checkSameKeys,
  foreignReferences,
  resolveSecrets,
  takeIn,
  type Missing,
} from './document-secrets.ts';
import { readText, toFindings, writeText, type DocumentText } from './document-text.ts';
import { loadObjects } from './load-objects.ts';
import {
  disableStep,
  heldKey,
  newKeyStep,
  removeStep,
  rotateStep,
  summarizeKey,
  summarizeKeys,
} from './key-plan.ts';
import type {
  Actor,
  Administration,
  ApplyRequest,
  ApplyResult,
  Change,
  Configuration,
  Finding,
  KeySummary,
  NewKey,
  RevisionSummary,
} from './operations.ts';
import type { Objects } from './object-operations.ts';
import { openObjects } from './objects.ts';
import { forgiveStanding } from './standing-errors.ts';
import { idOf, isGone, planOf, type HeldObjects, type Plan, type Step } from './plan.ts';

export type ConfigurationOptions = {
  readonly store: SettingsStore;
  readonly vault: Vault;
  readonly catalogue: Catalogue;
  /** Looks an `env:` or `file:` reference up; undefined = it cannot be had. */
  readonly resolve: (reference: string) => string | undefined;
  /** SHA-256 in hex of the secrets that open the control plane, beside those of named administrators. */
  readonly adminHashes?: () => Iterable<string>;
  /** Epoch ms. */
  readonly now: () => number;
};

/** Everything that one revision consists of. */
export type State = {
  readonly objects: HeldObjects;
  /** The same as lists, made when they are first asked for. */
  readonly settings: Settings;
  readonly secrets: Secrets;
  readonly snapshot: Snapshot;
};

/** What a plan leads to, and the secrets that could not be had for it. */
export type Next = { readonly state: State; readonly missing: readonly Missing[] };
export type Author = { readonly actor: Actor; readonly message: string };
export type Judged = {
  readonly plan: Plan;
  readonly next: Next;
  /** `preset coder`: objects that are wrong in themselves, so that nobody is told of references to them. */
  readonly broken?: ReadonlySet<string>;
};

export type OpenConfiguration = Configuration & {
  readonly administration: Administration;
  /** Every object, one by one. */
  readonly objects: Objects;
  /** Secrets that could not be had when it was opened. */
  readonly startFindings: readonly Finding[];
};

/** The configuration as the store has it, ready to be changed. */
export function openConfiguration(options: ConfigurationOptions): OpenConfiguration {
  return new StoredConfiguration(options);
}

class StoredConfiguration implements OpenConfiguration {
  readonly #options: ConfigurationOptions;
  readonly startFindings: readonly Finding[];
  readonly administration: Administration;
  readonly objects: Objects;
  #state: State;

  constructor(options: ConfigurationOptions) {
    this.#options = options;
    const { revision, objects } = loadObjects(options.store);
    const { state, missing } = this.#stateOf(revision, objects, noSecrets);
    this.#state = state;
    this.startFindings = missingFindings(missing);
    this.administration = openAdministration({
      ...options,
      state: () => this.#state,
      edit: (step, actor, message) => this.#edit(step, { actor, message }),
    });
    this.objects = openObjects({
      ...options,
      state: () => this.#state,
      after: (plan) => this.#soonAfter(plan),
      judge: (judged) => this.#judge(judged),
      commit: (plan, next, by) => this.#commit(plan, next, by),
      withDiff: (change) => this.#withDiff(change),
    });
  }

  snapshot(): Snapshot {
    return this.#state.snapshot;
  }

  async apply(request: ApplyRequest): Promise<ApplyResult> {
    const source = readText(request.text);
    if (source.value === undefined) return { outcome: 'invalid', findings: source.findings };
    const reading = readDocument(source.value);
    const { written, mistakes } = this.#takeIn(reading.objects);
    const plan = planApply(written, this.#state.objects, this.#options.store.applied(), {
      force: request.force === true,
      prune: request.prune === true,
    });
    const forbidden = plan.touched.flatMap((object) => foreignReferences(object, request.actor));
    // Whether the server has such a variable or file is told to nobody far away: it is not even looked for.
    if (forbidden.length > 0)
      return { outcome: 'invalid', findings: toFindings([...reading.mistakes, ...forbidden], source.locate) };
    const next = this.#after(plan, this.#state.secrets);
    const findings = this.#findings({ reading, mistakes, plan, next, source, actor: request.actor });
    if (findings.some(({ level }) => level === 'error')) return { outcome: 'invalid', findings };
    if (plan.conflicts.length > 0) return { outcome: 'conflict', conflicts: plan.conflicts, findings };
    if (request.dryRun !== true) {
      this.#commit(plan, next.state, {
        actor: request.actor,
        message: request.message ?? 'applied a document',
      });
    }
    return { outcome: 'applied', revision: this.#state.snapshot.revision, changes: plan.changes, findings };
  }

  export(): string {
    return writeText(documentOf(this.#state.settings));
  }

  history(limit: number): readonly RevisionSummary[] {
    return this.#options.store.revisions(limit).map((revision) => ({
      ...revision,
      changes: revision.changes.map((change) => this.#withDiff(change)),
    }));
  }

  keys(): readonly KeySummary[] {
    return summarizeKeys(this.#state);
  }

  async addKey(key: NewKey, actor: Actor): Promise<{ readonly secret: string; readonly key: KeySummary }> {
    const { vault, now } = this.#options;
    const secret = vault.newKey();
    const step = newKeyStep(key, vault.hash(secret), this.#state, now());
    this.#edit(step, { actor, message: `added the key ${key.name}` });
    return { secret, key: this.#summary(key.name) };
  }

  async rotateKey(
    name: string,
    until: number,
    actor: Actor,
  ): Promise<{ readonly secret: string; readonly key: KeySummary }> {
    const { vault, now } = this.#options;
    const secret = vault.newKey();
    const step = rotateStep(name, { hash: vault.hash(secret), until, now: now() }, this.#state);
    this.#edit(step, { actor, message: `rotated the key ${name}` });
    return { secret, key: this.#summary(name) };
  }

  async setKeyDisabled(name: string, disabled: boolean, actor: Actor): Promise<KeySummary> {
    const step = disableStep(name, disabled, this.#state);
    if (step) this.#edit(step, { actor, message: `${disabled ? 'disabled' : 'enabled'} the key ${name}` });
    return this.#summary(name);
  }

  async removeKey(name: string, actor: Actor): Promise<void> {
    this.#edit(removeStep(name, this.#state), { actor, message: `removed the key ${name}` });
  }

  rereadSecrets(): readonly Finding[] {
    const { snapshot, objects, secrets } = this.#state;
    const { state, missing } = this.#stateOf(snapshot.revision, objects, secrets);
    this.#state = state;
    return missingFindings(missing);
  }

  #summary(name: string): KeySummary {
    const body = heldKey(name, this.#state).setting.body as KeyBody;
    return summarizeKey(body, keyHash(body.key, this.#state.secrets));
  }

  /** The state that `plan` leads to. Its secrets are looked up anew; what cannot be had stays as it is. */
  #after(plan: Plan, secrets: Secrets): Next {
    const revision = this.#state.snapshot.revision + (plan.recorded.length > 0 ? 1 : 0);
    return this.#stateOf(revision, plan.objects, secrets);
  }

  #stateOf(revision: number, objects: HeldObjects, previous: Secrets): Next {
    const settings = settingsOf(revision, settingsIn(objects));
    const holding = [...settings.providers, ...settings.keys, ...settings.alerts, ...settings.admins];
    const { secrets, missing } = resolveSecrets(holding, this.#options, previous);
    const snapshot = buildSnapshot(settings, this.#options.catalogue, secrets);
    return { state: stateFrom(objects, secrets, snapshot), missing };
  }

  #takeIn(objects: readonly Written[]): {
    readonly written: readonly Written[];
    readonly mistakes: readonly Mistake[];
  } {
    const mistakes: Mistake[] = [];
    const written = objects.map((object) => {
      const active = this.#state.objects.get(idOf(object))?.setting;
      const taken = takeIn(object, active?.archived === true ? undefined : active, this.#options.vault);
      mistakes.push(...checkSecrets(object), ...taken.mistakes);
      return taken.object;
    });
    return { written, mistakes };
  }

  #findings({ reading, mistakes, plan, next, source, actor }: ApplyFindings): readonly Finding[] {
    const all = [
      ...reading.mistakes,
      ...mistakes,
      ...plan.touched.flatMap((object) => checkAllowed(object, actor)),
      ...this.#judge({ plan, next, broken: reading.broken }),
    ];
    return toFindings(all, source.locate);
  }

  /** What is wrong with the whole that a plan leads to. */
  #judge({ plan, next, broken = new Set() }: Judged): readonly Mistake[] {
    const touched = new Set(plan.touched.map(idOf));
    const absent = next.missing.map(({ object, path, message }) =>
      touched.has(idOf(object)) ? error(path, message) : warning(path, message),
    );
    const now = this.#options.now();
    const changed = plan.touched.flatMap((object) => plan.objects.get(idOf(object))?.setting ?? []);
    const input = { ...next.state, now, broken };
    const checked = isOwnBusiness(plan) ? checkChanged(changed, input) : check(input);
    return [
      ...absent,
      ...(changed.some(({ kind }) => kind === 'key') || !isOwnBusiness(plan)
        ? [
            ...checkSameKeys(next.state.settings.keys, next.state.secrets),
            ...checkAdminKeys(next.state, this.#options.adminHashes?.() ?? []),
          ]
        : []),
      ...forgiveStanding(checked, plan.touched, () => check({ ...this.#state, now, broken: new Set() })),
    ];
  }

  #edit(step: Step, by: Author): void {
    const plan = planOf([step], this.#state.objects);
    this.#commit(plan, this.#soonAfter(plan).state, by);
  }

  /** The same as `#after`, for presets and keys in the time of what is edited. */
  #soonAfter(plan: Plan): Next {
    const { secrets: previous, snapshot, objects: before } = this.#state;
    const { objects, recorded } = plan;
    const edits = edited(plan).flatMap((id) => {
      const after = objects.get(id)?.setting;
      return after ? [{ before: before.get(id)?.setting, after }] : [];
    });
    const changed = edits.map(({ after }) => after);
    const { secrets: found, missing } = resolveSecrets(changed, this.#options, previous);
    const secrets = withSecrets(previous, found);
    const revision = snapshot.revision + (recorded.length > 0 ? 1 : 0);
    const patched = patchSnapshot(snapshot, edits, { revision, secrets, previous });
    if (!patched) return this.#after(plan, previous);
    const settings = settingsAfter(() => this.#state.settings, edits, revision);
    return { state: stateFrom(objects, secrets, patched, settings), missing };
  }

  #commit(plan: Plan, next: State, { actor, message }: Author): void {
    if (plan.edits.length + plan.drafts.length > 0) {
      const { revision } = next.snapshot;
      const entry = {
        revision,
        at: this.#options.now(),
        author: actor.name,
        message,
        changes: plan.recorded,
      };
      this.#options.store.commit(plan.edits, plan.recorded.length > 0 ? entry : undefined, plan.drafts);
    }
    this.#state = next;
  }

  #withDiff({ before, ...change }: StoredChange): Change {
    const { kind, name, version } = change;
    const old = before === undefined ? undefined : this.#bodyOf(change, before);
    return {
      ...change,
      diff: diffBodies(kind, name, old, isGone(change) ? undefined : this.#bodyOf(change, version)),
    };
  }

  #bodyOf({ kind, name }: Pick<StoredChange, 'kind' | 'name'>, version: number): Setting['body'] | undefined {
    const text = this.#options.store.body(kind, name, version);
    return text === undefined ? undefined : (JSON.parse(text) as Setting['body']);
  }
}

function stateFrom(objects: HeldObjects, secrets: Secrets, snapshot: Snapshot, known?: Settings): State {
  let settings = known;
  return {
    objects,
    secrets,
    snapshot,
    get settings() {
      return (settings ??= settingsOf(snapshot.revision, settingsIn(objects)));
    },
  };
}

/** Presets and keys that are written or come back can be wrong themselves, and break nothing else. */
function isOwnBusiness({ recorded, conflicts }: Plan): boolean {
  const own = recorded.every(
    (change) => change.kind === 'rollout' || (['preset', 'key'].includes(change.kind) && !isGone(change)),
  );
  return own && conflicts.length === 0;
}

/** What a plan changes of the snapshot; a roll-out and a draft are parts of their preset. */
function edited({ recorded, drafts }: Plan): readonly string[] {
  const ids = recorded.map((change) =>
    idOf(change.kind === 'rollout' ? { kind: 'preset', name: change.name } : change),
  );
  return [...new Set([...ids, ...drafts.map(({ name }) => idOf({ kind: 'preset', name }))])];
}

function withSecrets(before: Secrets, { values, hashes }: Secrets): Secrets {
  const joined = (old: ReadonlyMap<string, string>, more: ReadonlyMap<string, string>) =>
    more.size === 0 ? old : new Map([...old, ...more]);
  return { values: joined(before.values, values), hashes: joined(before.hashes, hashes) };
}

type ApplyFindings = {
  readonly reading: Reading;
  readonly mistakes: readonly Mistake[];
  readonly plan: Plan;
  readonly next: Next;
  readonly source: DocumentText;
  readonly actor: Actor;
};

function* settingsIn(objects: HeldObjects): Iterable<Setting> {
  for (const { setting } of objects.values()) yield setting;
}

function missingFindings(missing: readonly Missing[]): readonly Finding[] {
  return toFindings(
    missing.map(({ path, message }) => warning(path, message)),
    () => undefined,
  );
}
