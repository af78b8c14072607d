/** Are workspaces, keys and alerts sensible, and do their names lead anywhere? */
import { expiry } from './build.ts';
import { checkLimits } from './check-limits.ts';
import { checkModelName, checkPresetReference, checkReference, type CheckInput } from './check-names.ts';
import { defaultWorkspace } from './defaults.ts';
import { parseDuration } from './duration.ts';
import { error, warning, type Mistake, type Path } from './mistake.ts';
import type { Setting } from './settings.ts';
import { aliasProblem } from './slug.ts';

type Aliases = Readonly<Record<string, string>>;
type Place = { readonly workspace: string; readonly path: Path };

export function checkWorkspace(
  { name, path, body }: Setting<'workspace'>,
  input: CheckInput,
): readonly Mistake[] {
  return [
    ...checkAliases(body.aliases ?? {}, { workspace: name, path: [...path, 'aliases'] }, input),
    ...checkLimits(body.limits, path, input),
  ];
}

function checkAliases(aliases: Aliases, place: Place, input: CheckInput): readonly Mistake[] {
  return Object.entries(aliases).flatMap(([alias, preset]) => {
    const path = [...place.path, alias];
    const problem = aliasProblem(alias);
    if (problem !== undefined) return [error(path, problem)];
    const presets = input.snapshot.workspaces.get(place.workspace)?.presets;
    if (presets?.has(preset) !== true && isAlias(preset, aliases, place, input))
      return [error(path, `stands for ${preset}, which is an alias itself: name the preset`)];
    const missing = checkPresetReference(preset, place.workspace, path, input);
    if (alias !== preset && presets?.has(alias) === true)
      return [...missing, warning(path, `has the name of a preset but stands for another one, ${preset}`)];
    return missing;
  });
}

function isAlias(name: string, own: Aliases, { workspace }: Place, { snapshot }: CheckInput): boolean {
  return Object.hasOwn(own, name) || snapshot.workspaces.get(workspace)?.aliases.has(name) === true;
}

export function checkKey({ path, body }: Setting<'key'>, input: CheckInput): readonly Mistake[] {
  const workspace = body.workspace ?? defaultWorkspace;
  const lost = checkReference(
    { kind: 'workspace', name: workspace, path: [...path, 'workspace'], known: input.workspaces },
    input,
  );
  if (lost.length > 0) return lost;
  const presets = body.presets ?? [];
  const models = body.models ?? [];
  return [
    ...presets.flatMap((slug, index) =>
      checkPresetReference(slug, workspace, [...path, 'presets', index], input),
    ),
    ...models.flatMap((model, index) => checkModelName(model, [...path, 'models', index], input)),
    ...checkAliases(body.aliases ?? {}, { workspace, path: [...path, 'aliases'] }, input),
    ...checkOverridden(body.aliases ?? {}, { workspace, path: [...path, 'aliases'] }, input),
    ...checkUsable({ path, body }, input.now),
    ...checkLimits(body.limits, path, input),
  ];
}

/** A key's alias hides the workspace's of the same name. */
function checkOverridden(
  aliases: Aliases,
  { workspace, path }: Place,
  input: CheckInput,
): readonly Mistake[] {
  const shared = input.snapshot.workspaces.get(workspace)?.aliases;
  return Object.entries(aliases).flatMap(([alias, preset]) => {
    const other = shared?.get(alias);
    if (other === undefined || other === preset) return [];
    return [warning([...path, alias], `hides the workspace's alias of that name, which stands for ${other}`)];
  });
}

function checkUsable({ path, body }: Pick<Setting<'key'>, 'path' | 'body'>, now: number): readonly Mistake[] {
  if (body.expires !== undefined && expiry(body.expires) <= now)
    return [warning([...path, 'expires'], `is over: the key ${body.name} no longer works`)];
  if (body.presets?.length === 0 && (body.models ?? []).length === 0)
    return [warning([...path, 'presets'], 'is empty: the key may call nothing')];
  return [];
}

export function checkAlert({ path, body }: Setting<'alert'>, input: CheckInput): readonly Mistake[] {
  const mistakes: Mistake[] = [];
  if (body.workspace !== undefined) {
    const reference = { kind: 'workspace', name: body.workspace, path: [...path, 'workspace'] } as const;
    mistakes.push(...checkReference({ ...reference, known: input.workspaces }, input));
  }
  if (body.preset !== undefined && mistakes.length === 0) {
    mistakes.push(
      ...checkPresetReference(body.preset, body.workspace ?? defaultWorkspace, [...path, 'preset'], input),
    );
  }
  if ((parseDuration(body.for ?? '') ?? 0) > 30 * 86_400_000)
    mistakes.push(error([...path, 'for'], 'must be at most 30d'));
  return mistakes;
}
