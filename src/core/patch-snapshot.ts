/**
 * The snapshot after an edit of a few presets and keys. Everything else is shared with the one before, so that an
 * activation costs the same among ten presets and among ten thousand. Pure.
 */
import { keyEntries, keyHashes } from './build.ts';
import type { Secrets } from './build-endpoints.ts';
import { buildPresetEntry } from './build-preset.ts';
import { defaultWorkspace } from './defaults.ts';
import { layered } from './layered-map.ts';
import { presetAddress, type Setting } from './settings.ts';
import type { Key, PresetEntry, Snapshot, Workspace } from './snapshot.ts';

/** One object as it was, unless it is new, and as it is now. */
export type Replaced = { readonly before: Setting | undefined; readonly after: Setting };

/** `previous` are the secrets that the snapshot was made with. */
export type Patch = { readonly revision: number; readonly secrets: Secrets; readonly previous: Secrets };

/** Undefined = more than presets and keys of known workspaces is touched: build it anew. */
export function patchSnapshot(
  snapshot: Snapshot,
  edits: readonly Replaced[],
  { revision, secrets, previous }: Patch,
): Snapshot | undefined {
  const presets = new Map<string, (readonly [string, PresetEntry])[]>();
  const keys: (readonly [string, Key | undefined])[] = [];
  for (const edit of edits) {
    const { after } = edit;
    if (after.kind === 'preset' && after.deleted !== true) {
      const { workspace, slug } = presetAddress(after.name);
      const entry = buildPresetEntry(after, snapshot.catalogue);
      presets.set(workspace, [...(presets.get(workspace) ?? []), [slug, entry]]);
    } else if (after.kind === 'key' && keepsWorkspaces(edit, snapshot)) {
      keys.push(...removedKey(edit, previous), ...addedKey(after, snapshot, secrets));
    } else return undefined;
  }
  const workspaces: (readonly [string, Workspace])[] = [];
  for (const [name, changed] of presets) {
    const workspace = snapshot.workspaces.get(name);
    if (!workspace) return undefined;
    workspaces.push([name, { ...workspace, presets: layered(workspace.presets, changed) }]);
  }
  return {
    ...snapshot,
    revision,
    workspaces: layered(snapshot.workspaces, workspaces),
    keys: layered(snapshot.keys, keys),
  };
}

/** A workspace that nothing but this key stood in, or was to stand in, comes or goes with it. */
function keepsWorkspaces({ before, after }: Replaced, { workspaces }: Snapshot): boolean {
  return [before, after].every((setting) => {
    if (setting?.kind !== 'key') return true;
    const name = setting.body.workspace ?? defaultWorkspace;
    return name === defaultWorkspace || (workspaces.get(name)?.presets.size ?? 0) > 0;
  });
}

function removedKey({ before }: Replaced, secrets: Secrets): readonly (readonly [string, undefined])[] {
  return before?.kind === 'key' ? keyHashes(before.body, secrets).map(({ hash }) => [hash, undefined]) : [];
}

function addedKey(
  { body, archived }: Setting<'key'>,
  { catalogue }: Snapshot,
  secrets: Secrets,
): readonly (readonly [string, Key])[] {
  return archived ? [] : keyEntries(body, catalogue, secrets);
}
