/**
 * Does the configuration make sense as a whole? Every name in it must lead somewhere, and what would surprise
 * its operator during an outage is said now. Form was checked before (document-read.ts).
 */
import { checkAlert, checkKey, checkWorkspace } from './check-access.ts';
import { checkChain } from './check-chain.ts';
import { checkLimits, dollarLimits } from './check-limits.ts';
import type { CheckInput } from './check-names.ts';
import { checkCycles, checkPreset } from './check-preset.ts';
import { checkModel, checkProvider } from './check-provider.ts';
import { defaultWorkspace } from './defaults.ts';
import type { Mistake } from './mistake.ts';
import { presetAddress, type Setting, type Settings } from './settings.ts';

export type Checked = Omit<CheckInput, 'workspaces'>;

export function check(checked: Checked): readonly Mistake[] {
  const { settings } = checked;
  const input: CheckInput = { ...checked, workspaces: workspacesOf(settings) };
  const presets = settings.presets.filter(({ archived }) => !archived);
  const limits = dollarLimits(input);
  return [
    ...settings.gateway.flatMap(({ path, body }) => checkLimits(body.limits, path, input)),
    ...settings.providers.flatMap((provider) => checkProvider(provider, input)),
    ...settings.models.flatMap((model) => checkModel(model, input)),
    ...settings.workspaces.flatMap((workspace) => checkWorkspace(workspace, input)),
    ...presets.flatMap((preset) => [...checkPreset(preset, input), ...checkChain(preset, limits, input)]),
    ...checkCycles({ ...input, settings: { ...settings, presets } }),
    ...settings.keys.flatMap((key) => checkKey(key, input)),
    ...settings.alerts.flatMap((alert) => checkAlert(alert, input)),
  ];
}

/** The same for a single key that is to be added. */
export function checkOneKey(key: Setting<'key'>, checked: Checked): readonly Mistake[] {
  return checkKey(key, { ...checked, workspaces: workspacesOf(checked.settings) });
}

/** A key alone does not make a workspace: its name may be a slip. */
function workspacesOf({ workspaces, presets }: Settings): ReadonlySet<string> {
  const named = workspaces.map(({ name }) => name);
  return new Set([defaultWorkspace, ...named, ...presets.map(({ name }) => presetAddress(name).workspace)]);
}
