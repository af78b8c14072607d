/** Administrators, and who changed what: the part of the configuration that concerns people. */
import type { AdminBody } from '../core/document.ts';
import { optional } from '../core/optional.ts';
import type { Setting } from '../core/settings.ts';
import type { SettingsStore, StoredChange, Vault } from '../core/settings-store.ts';
import {
  heldAdmin,
  newAdminStep,
  removeAdminStep,
  roleStep,
  summarizeAdmin,
  summarizeAdmins,
} from './admin-plan.ts';
import type { State } from './configuration.ts';
import { shownBody } from './diff.ts';
import type { Actor, Administration, AdminSummary, AuditedChange } from './operations.ts';
import { isGone, type Step } from './plan.ts';

export type AdministrationDesk = {
  readonly store: SettingsStore;
  readonly vault: Vault;
  readonly state: () => State;
  /** Carries a step out, durably. */
  readonly edit: (step: Step, actor: Actor, message: string) => void;
};

export function openAdministration({ store, vault, state, edit }: AdministrationDesk): Administration {
  const summary = (name: string): AdminSummary =>
    summarizeAdmin(heldAdmin(name, state()).setting.body as AdminBody);
  return {
    audit: (from, most) => auditedChanges(store, from, most),
    admins: () => summarizeAdmins(state()),
    addAdmin(admin, actor) {
      const secret = vault.newAdminKey();
      const step = newAdminStep(admin, vault.hash(secret), state());
      edit(step, actor, `added the administrator ${admin.name} as ${admin.role}`);
      return { secret, admin: summary(admin.name) };
    },
    setAdminRole(name, role, actor) {
      const step = roleStep(name, role, actor, state());
      if (step) edit(step, actor, `made the administrator ${name} ${role}`);
      return summary(name);
    },
    removeAdmin(name, actor) {
      edit(removeAdminStep(name, actor, state()), actor, `removed the administrator ${name}`);
    },
  };
}

function auditedChanges(store: SettingsStore, from: number, most: number): readonly AuditedChange[] {
  return store
    .revisionsSince(from, most)
    .flatMap(({ changes, ...revision }) =>
      changes.map(({ before, ...change }) => ({
        ...revision,
        ...change,
        ...optional('before', shownAt(store, change, before)),
        ...optional('after', isGone(change) ? undefined : shownAt(store, change, change.version)),
      })),
    )
    .slice(0, most);
}

function shownAt(
  store: SettingsStore,
  { kind, name }: Pick<StoredChange, 'kind' | 'name'>,
  version: number | undefined,
): AuditedChange['before'] {
  const text = version === undefined ? undefined : store.body(kind, name, version);
  return text === undefined ? undefined : shownBody(kind, name, JSON.parse(text) as Setting['body']);
}
