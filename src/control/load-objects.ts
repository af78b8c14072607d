/** The configuration as the store has it, ready to be changed. */
import type { PresetBody } from '../core/document-preset.ts';
import { canonicalPath, type Setting } from '../core/settings.ts';
import type { SettingsStore, StoredObject } from '../core/settings-store.ts';
import { idOf, showRollout, type Held, type HeldObjects } from './plan.ts';

export function loadObjects(store: SettingsStore): {
  readonly revision: number;
  readonly objects: HeldObjects;
} {
  const older = new Map<string, Map<number, PresetBody>>();
  for (const { name, version, body } of store.older('preset')) {
    const versions = older.get(name) ?? new Map<number, PresetBody>();
    older.set(name, versions.set(version, JSON.parse(body) as PresetBody));
  }
  const drafts = new Map(store.drafts().map(({ name, body }) => [name, JSON.parse(body) as PresetBody]));
  const { revision, objects } = store.load();
  const held = new Map<string, Held>();
  for (const object of objects) {
    const isPreset = object.kind === 'preset';
    const one = heldFrom(object, isPreset ? older.get(object.name) : undefined);
    const draft = isPreset ? drafts.get(object.name) : undefined;
    held.set(idOf(object), draft ? { ...one, setting: { ...one.setting, draft } as Setting } : one);
  }
  for (const { setting } of held.values()) if (setting.kind === 'rollout') showRollout(setting, held, held);
  return { revision, objects: held };
}

/** An object as the store has it, standing where a document would hold it. */
function heldFrom(stored: StoredObject, older: Setting['older']): Held {
  const { kind, name, archived, deleted, version, latest } = stored;
  const body: unknown = JSON.parse(stored.body);
  const path = canonicalPath(kind, name);
  const setting = {
    kind,
    name,
    path,
    body,
    version,
    archived,
    ...(deleted ? { deleted } : {}),
    ...(older ? { older } : {}),
  };
  return { latest, setting: setting as Setting };
}
