/**
 * The configuration in force. Every change is decided purely, checked whole, committed in one transaction, and
 * only then swapped in as a new snapshot; a change that fails leaves everything as it was.
 */
import { buildSnapshot, keyHash } from '../core/build.ts';
import { noSecrets, type Secrets } from '../core/build-endpoints.ts';
import type { Catalogue } from '../core/catalog.ts';
import { check } from '../core/check.ts';
import type { KeyBody } from '../core/document.ts';
import type { PresetBody } from '../core/document-preset.ts';
import { readDocument, type Reading } from '../core/document-read.ts';
import { error, warning, type Mistake } from '../core/mistake.ts';
import { checkSecrets } from '../core/secret-fields.ts';
import { canonicalPath, settingsOf, type Setting, type Settings, type Written } from '../core/settings.ts';
import type { SettingsStore, StoredChange, StoredObject, Vault } from '../core/settings-store.ts';
import { patchSnapshot } from '../core/patch-snapshot.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { planApply } from './apply-plan.ts';
import { openAdministration } from './administration.ts';
import { diffBodies } from './diff.ts';
import { documentOf } from './document-export.ts';
import { checkAllowed, checkSameKeys, resolveSecrets, takeIn, type Missing } from './document-secrets.ts';
import { readText, toFindings, writeText, type DocumentText } from './document-text.ts';
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
import { forgiveStanding } from './standing-errors.ts';
import { idOf, planOf, type Held, type HeldObjects, type Plan, type Step } from './plan.ts';

export type ConfigurationOptions = {
  readonly store: SettingsStore;
  readonly vault: Vault;
  readonly catalogue: Catalogue;
  /** Looks an `env:` or `file:` reference up; undefined = it cannot be had. */
  readonly resolve: (reference: string) => string | undefined;
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

export type OpenConfiguration = Configuration & {
  readonly administration: Administration;
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
    const touched = new Set(plan.touched.map(idOf));
    const absent = next.missing.map(({ object, path, message }) =>
      touched.has(idOf(object)) ? error(path, message) : warning(path, message),
    );
    const now = this.#options.now();
    const checked = check({ ...next.state, now, broken: reading.broken });
    const all = [
      ...reading.mistakes,
      ...mistakes,
      ...plan.touched.flatMap((object) => checkAllowed(object, actor)),
      ...absent,
      ...checkSameKeys(next.state.settings.keys, next.state.secrets),
      ...forgiveStanding(checked, plan.touched, () => check({ ...this.#state, now, broken: new Set() })),
    ];
    return toFindings(all, source.locate);
  }

  #edit(step: Step, by: Author): void {
    const plan = planOf([step], this.#state.objects);
    this.#commit(plan, this.#patched(plan) ?? this.#after(plan, this.#state.secrets).state, by);
  }

  /** The same as `#after`, in the time of what is edited; undefined where that is more than presets and keys. */
  #patched({ objects, recorded }: Plan): State | undefined {
    const { secrets: previous, snapshot } = this.#state;
    const edits = recorded.flatMap((change) => {
      const after = objects.get(idOf(change))?.setting;
      return after ? [{ before: this.#state.objects.get(idOf(change))?.setting, after }] : [];
    });
    const changed = edits.map(({ after }) => after);
    const secrets = withSecrets(previous, resolveSecrets(changed, this.#options, previous).secrets);
    const revision = snapshot.revision + (recorded.length > 0 ? 1 : 0);
    const patched = patchSnapshot(snapshot, edits, { revision, secrets, previous });
    return patched && stateFrom(objects, secrets, patched);
  }

  #commit(plan: Plan, next: State, { actor, message }: Author): void {
    if (plan.edits.length > 0) {
      const { revision } = next.snapshot;
      const entry = {
        revision,
        at: this.#options.now(),
        author: actor.name,
        message,
        changes: plan.recorded,
      };
      this.#options.store.commit(plan.edits, plan.recorded.length > 0 ? entry : undefined);
    }
    this.#state = next;
  }

  #withDiff({ before, ...change }: StoredChange): Change {
    const { kind, name, version, action } = change;
    const old = before === undefined ? undefined : this.#bodyOf(change, before);
    return {
      ...change,
      diff: diffBodies(kind, name, old, action === 'archived' ? undefined : this.#bodyOf(change, version)),
    };
  }

  #bodyOf({ kind, name }: Pick<StoredChange, 'kind' | 'name'>, version: number): Setting['body'] | undefined {
    const text = this.#options.store.body(kind, name, version);
    return text === undefined ? undefined : (JSON.parse(text) as Setting['body']);
  }
}

function stateFrom(objects: HeldObjects, secrets: Secrets, snapshot: Snapshot): State {
  let settings: Settings | undefined;
  return {
    objects,
    secrets,
    snapshot,
    get settings() {
      return (settings ??= settingsOf(snapshot.revision, settingsIn(objects)));
    },
  };
}

function withSecrets(before: Secrets, { values, hashes }: Secrets): Secrets {
  const joined = (old: ReadonlyMap<string, string>, more: ReadonlyMap<string, string>) =>
    more.size === 0 ? old : new Map([...old, ...more]);
  return { values: joined(before.values, values), hashes: joined(before.hashes, hashes) };
}

type Next = { readonly state: State; readonly missing: readonly Missing[] };
type Author = { readonly actor: Actor; readonly message: string };

type ApplyFindings = {
  readonly reading: Reading;
  readonly mistakes: readonly Mistake[];
  readonly plan: Plan;
  readonly next: Next;
  readonly source: DocumentText;
  readonly actor: Actor;
};

function loadObjects(store: SettingsStore): { readonly revision: number; readonly objects: HeldObjects } {
  const older = new Map<string, Map<number, PresetBody>>();
  for (const { name, version, body } of store.older('preset')) {
    const versions = older.get(name) ?? new Map<number, PresetBody>();
    older.set(name, versions.set(version, JSON.parse(body) as PresetBody));
  }
  const { revision, objects } = store.load();
  const held = new Map<string, Held>();
  for (const object of objects) {
    const versions = object.kind === 'preset' ? older.get(object.name) : undefined;
    held.set(idOf(object), heldFrom(object, versions));
  }
  return { revision, objects: held };
}

/** An object as the store has it, standing where a document would hold it. */
function heldFrom(stored: StoredObject, older: Setting['older']): Held {
  const { kind, name, archived, version, latest } = stored;
  const body: unknown = JSON.parse(stored.body);
  const path = canonicalPath(kind, name);
  const setting = { kind, name, path, body, version, archived, ...(older ? { older } : {}) };
  return { latest, setting: setting as Setting };
}

function* settingsIn(objects: HeldObjects): Iterable<Setting> {
  for (const { setting } of objects.values()) yield setting;
}

function missingFindings(missing: readonly Missing[]): readonly Finding[] {
  return toFindings(
    missing.map(({ path, message }) => warning(path, message)),
    () => undefined,
  );
}
