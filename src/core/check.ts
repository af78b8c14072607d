/**
 * Does the configuration make sense as a whole? Every name in it must lead somewhere, and what would surprise
 * its operator during an outage is said now. Form was checked before (document-read.ts).
 */
import { checkAlert, checkKey, checkWorkspace } from './check-access.ts';
import { checkChain } from './check-chain.ts';
import { checkLimits, dollarLimits } from './check-limits.ts';
import type { CheckInput } from './check-names.ts';
import { checkPreset } from './check-preset.ts';
import { checkModel, checkProvider } from './check-provider.ts';
import { checkCycles } from './check-route.ts';
import { defaultWorkspace } from './defaults.ts';
import type { Mistake } from './mistake.ts';
import { presetAddress, type Setting, type Settings } from './settings.ts';

export type Checked = Omit<CheckInput, 'workspaces'>;

export function check(checked: Checked): readonly Mistake[] {
  const { gateway, providers, models, workspaces, keys, alerts } = checked.settings;
  const presets = checked.settings.presets.filter(({ archived }) => !archived);
  return [
    ...checkSome([...gateway, ...providers, ...models, ...workspaces, ...presets], checked),
    ...checkCycles(presets),
    ...checkSome([...keys, ...alerts], checked),
  ];
}

/** The same after a change of presets and keys that took none away: nothing else can have become wrong by it. */
export function checkChanged(changed: readonly Setting[], checked: Checked): readonly Mistake[] {
  const presets = changed.some(({ kind }) => kind === 'preset')
    ? checked.settings.presets.filter(({ archived }) => !archived)
    : [];
  return [...checkSome(changed, checked), ...checkCycles(presets)];
}

/** Whether some objects are sensible, and their names lead anywhere; not what leads to them. */
export function checkSome(objects: readonly Setting[], checked: Checked): readonly Mistake[] {
  const input: CheckInput = { ...checked, workspaces: workspacesOf(checked.settings) };
  const limits = dollarLimits(input);
  return objects.flatMap((object) => {
    switch (object.kind) {
      case 'gateway':
        return checkLimits(object.body.limits, object.path, input);
      case 'provider':
        return checkProvider(object, input);
      case 'model':
        return checkModel(object, input);
      case 'workspace':
        return checkWorkspace(object, input);
      case 'preset':
        return [...checkPreset(object, input), ...checkChain(object, limits, input)];
      case 'key':
        return checkKey(object, input);
      case 'alert':
        return checkAlert(object, input);
      case 'admin':
      case 'rollout':
        return [];
    }
  });
}

/** A key alone does not make a workspace: its name may be a slip. */
function workspacesOf({ workspaces, presets }: Settings): ReadonlySet<string> {
  const named = workspaces.map(({ name }) => name);
  return new Set([defaultWorkspace, ...named, ...presets.map(({ name }) => presetAddress(name).workspace)]);
}
