/** Is a preset sensible in itself? What its chain leads to is checked in check-chain.ts. */
import { checkLimits } from './check-limits.ts';
import { checkReference, type CheckInput } from './check-names.ts';
import { checkParameters, knownParameters } from './check-parameters.ts';
import { checkRoute } from './check-route.ts';
import type { PreferencesBody, PresetBody, TimeoutsBody } from './document-preset.ts';
import { parseDuration } from './duration.ts';
import { isOpenRouter } from './endpoints.ts';
import { error, warning, type Mistake, type Path } from './mistake.ts';
import type { Setting } from './settings.ts';
import { suggest } from './suggest.ts';

export function checkPreset(setting: Setting<'preset'>, input: CheckInput): readonly Mistake[] {
  const { path, body } = setting;
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
    ...checkSharing(body, path, input),
    ...checkPreferences(body.provider, [...path, 'provider'], input),
    ...checkTimeouts(body.failover?.timeouts ?? {}, [...path, 'failover', 'timeouts']),
    ...checkStay(body, path),
    ...checkLimits(body.limits, path, input),
    ...checkRoute(setting, input),
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

function checkSharing(
  { shared_with: shared }: PresetBody,
  path: Path,
  input: CheckInput,
): readonly Mistake[] {
  if (shared === undefined || shared === 'all') return [];
  return shared.flatMap((name, index) =>
    checkReference(
      { kind: 'workspace', name, path: [...path, 'shared_with', index], known: input.workspaces },
      input,
    ),
  );
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
