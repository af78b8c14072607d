/** Is a preset sensible in itself? What its chain leads to is checked in check-chain.ts. */
import { checkLimits } from './check-limits.ts';
import { checkPresetReference, checkReference, type CheckInput } from './check-names.ts';
import { checkParameters, knownParameters } from './check-parameters.ts';
import type { PreferencesBody, PresetBody, TimeoutsBody } from './document-preset.ts';
import { parseDuration } from './duration.ts';
import { isOpenRouter } from './endpoints.ts';
import { error, warning, type Mistake, type Path } from './mistake.ts';
import { presetAddress, type Setting } from './settings.ts';
import { suggest } from './suggest.ts';

export function checkPreset({ name, path, body }: Setting<'preset'>, input: CheckInput): readonly Mistake[] {
  const members = body.models ?? [];
  return [
    ...checkParameters(body.parameters, [...path, 'parameters']),
    ...members.flatMap((member, index) =>
      typeof member === 'string'
        ? []
        : checkParameters(member.parameters, [...path, 'models', index, 'parameters']),
    ),
    ...checkTools(body, path),
    ...checkLocked(body, path),
    ...checkPreferences(body.provider, [...path, 'provider'], input),
    ...checkTimeouts(body.failover?.timeouts ?? {}, [...path, 'failover', 'timeouts']),
    ...checkStay(body, path),
    ...checkLimits(body.limits, path, input),
    ...checkRoute(body, presetAddress(name).workspace, path, input),
  ];
}

/** Two tools of one identity cannot both be sent. */
function checkTools(body: PresetBody, path: Path): readonly Mistake[] {
  const seen = new Set<string>();
  return (body.tools ?? []).flatMap((tool, index) => {
    const at = [...path, 'tools', index];
    const { type, function: called } = tool;
    if (typeof type !== 'string')
      return [error(at, 'must have a type, e.g. { type: function, function: { name: … } }')];
    const given =
      typeof called === 'object' && called !== null && !Array.isArray(called) ? called['name'] : undefined;
    if (type === 'function' && typeof given !== 'string')
      return [error([...at, 'function', 'name'], 'is missing')];
    const identity = `${type} ${typeof given === 'string' ? given : JSON.stringify(tool)}`;
    if (seen.has(identity))
      return [error(at, `is a second ${typeof given === 'string' ? `tool named ${given}` : type}`)];
    seen.add(identity);
    return [];
  });
}

const lockable = ['models', 'provider', 'system_prompt', 'tools'];

function checkLocked(body: PresetBody, path: Path): readonly Mistake[] {
  const known = [...lockable, ...Object.keys(body.parameters ?? {}), ...knownParameters];
  return (body.locked ?? []).flatMap((key, index) => {
    if (known.includes(key)) return [];
    const near = suggest(key, known);
    const hint = near === undefined ? '' : `; did you mean ${near}?`;
    return [
      error([...path, 'locked', index], `${JSON.stringify(key)} is nothing that a preset holds${hint}`),
    ];
  });
}

/** Names in these lists are our providers, or those behind OpenRouter where that is configured. */
function checkPreferences(
  preferences: PreferencesBody | undefined,
  path: Path,
  input: CheckInput,
): readonly Mistake[] {
  const providers = input.snapshot.providers;
  if (preferences === undefined || [...providers.values()].some(isOpenRouter)) return [];
  return (['order', 'only', 'ignore'] as const).flatMap((list) =>
    (preferences[list] ?? []).flatMap((name, index) =>
      checkReference(
        { kind: 'provider', name, path: [...path, list, index], known: providers.keys() },
        input,
      ),
    ),
  );
}

const dayMs = 86_400_000;

function checkTimeouts(timeouts: TimeoutsBody, path: Path): readonly Mistake[] {
  const ms = (key: keyof TimeoutsBody): number | undefined => parseDuration(timeouts[key] ?? '');
  const keys = Object.keys(timeouts) as (keyof TimeoutsBody)[];
  const absurd = keys.flatMap((key) => {
    const value = ms(key);
    if (value === 0)
      return [error([...path, key], 'must be longer than 0: nothing could ever answer in time')];
    return value !== undefined && value > dayMs ? [error([...path, key], 'must be at most 24h')] : [];
  });
  const total = ms('total');
  const pointless = (['connect', 'first_token', 'response', 'idle'] as const).flatMap((key) => {
    const value = ms(key);
    if (total === undefined || value === undefined || value <= total) return [];
    return [
      warning([...path, key], `is longer than total (${timeouts.total}), which ends the attempt first`),
    ];
  });
  return [...absurd, ...pointless];
}

function checkStay(body: PresetBody, path: Path): readonly Mistake[] {
  const stay = parseDuration(body.failover?.stay ?? '');
  if (stay === undefined || stay <= dayMs) return [];
  return [error([...path, 'failover', 'stay'], 'must be at most 24h: prompt caches do not live longer')];
}

function checkRoute(body: PresetBody, workspace: string, path: Path, input: CheckInput): readonly Mistake[] {
  const { route } = body;
  if (route === undefined) return [];
  const mistakes = route.flatMap((rule, index) =>
    checkPresetReference(rule.preset, workspace, [...path, 'route', index, 'preset'], input),
  );
  if (body.models !== undefined) {
    mistakes.push(
      error([...path, 'route'], 'does not go with models: a preset either chooses presets or has a chain'),
    );
  }
  const always = route.findIndex((rule) => Object.keys(rule.when ?? {}).length === 0);
  if (always === -1) {
    mistakes.push(warning([...path, 'route'], 'has no rule for everything else: end it with { preset: … }'));
  } else if (always < route.length - 1) {
    mistakes.push(
      warning([...path, 'route', always + 1], 'is never reached: the rule before it always fits'),
    );
  }
  return mistakes;
}

/** Presets that choose each other in a circle would choose for ever. */
export function checkCycles(all: readonly Setting<'preset'>[]): readonly Mistake[] {
  const presets = new Map(all.map((preset) => [preset.name, preset]));
  const done = new Set<string>();
  const mistakes: Mistake[] = [];
  const visit = (name: string, trail: readonly string[]): void => {
    const preset = presets.get(name);
    if (trail.includes(name)) {
      const circle = [...trail.slice(trail.indexOf(name)), name].join(' → ');
      mistakes.push(error([...(preset?.path ?? []), 'route'], `leads back to itself: ${circle}`));
    } else if (preset?.body.route !== undefined && !done.has(name)) {
      for (const next of routeTargets(preset)) visit(next, [...trail, name]);
      done.add(name);
    }
  };
  for (const name of presets.keys()) visit(name, []);
  return mistakes;
}

function routeTargets(preset: Setting<'preset'>): ReadonlySet<string> {
  const slash = preset.name.indexOf('/');
  const prefix = preset.name.slice(0, slash + 1);
  return new Set(preset.body.route?.map((rule) => prefix + rule.preset));
}
