/**
 * Presets that a workspace lends to others. There they are called by their whole name, `platform/coder`, so that a new
 * preset of either workspace never takes the place of another. Pure.
 */
import { once } from './once.ts';
import { presetAddress } from './settings.ts';
import type { Preset, PresetEntry, Snapshot } from './snapshot.ts';

/** The owner and the slug of a preset as it is named in a workspace. */
export function addressIn(
  workspace: string,
  name: string,
): { readonly workspace: string; readonly slug: string } {
  return name.includes('/') ? presetAddress(name) : { workspace, slug: name };
}

/** The preset that a name means in a workspace, whether or not it may be used there. */
export function presetIn(
  { workspaces }: Pick<Snapshot, 'workspaces'>,
  workspace: string,
  name: string,
): PresetEntry | undefined {
  const { workspace: owner, slug } = addressIn(workspace, name);
  return workspaces.get(owner)?.presets.get(slug);
}

/** Whether a workspace may use it. The active version decides. */
export function isOpenTo({ active }: PresetEntry, workspace: string): boolean {
  const { sharedWith } = active;
  return active.workspace === workspace || sharedWith === 'all' || sharedWith?.has(workspace) === true;
}

/** A preset as the workspace that uses it knows it: one of another workspace has its whole name. */
export function asSeenFrom(preset: Preset, workspace: string): Preset {
  return preset.workspace === workspace ? preset : borrowed(preset);
}

const borrowed = once((preset: Preset): Preset => ({
  ...preset,
  slug: `${preset.workspace}/${preset.slug}`,
}));
