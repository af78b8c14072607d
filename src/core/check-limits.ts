/** Are the limits of an object sensible, and which limits in dollars hold for a preset? */
import { checkModelName, type CheckInput } from './check-names.ts';
import { limitUnits, type LimitBody } from './document-limit.ts';
import { describeLimit, limitFrom } from './limit.ts';
import { error, printPath, warning, type Mistake, type Path } from './mistake.ts';
import { defaultWorkspace } from './defaults.ts';
import { presetAddress, type Setting } from './settings.ts';

/** The mistakes in the `limits` of the object at `path`. */
export function checkLimits(
  limits: readonly LimitBody[] | undefined,
  path: Path,
  input: CheckInput,
): readonly Mistake[] {
  return (limits ?? []).flatMap((limit, index) => checkLimit(limit, [...path, 'limits', index], input));
}

function checkLimit(limit: LimitBody, path: Path, input: CheckInput): readonly Mistake[] {
  const mistakes: Mistake[] = [];
  if (limit.per === 'request' && limit.each !== undefined) {
    mistakes.push(
      error([...path, 'each'], 'does not go with per: request, which counts every request by itself'),
    );
  }
  if (limit.per === 'request' && limit.requests !== undefined) {
    mistakes.push(error([...path, 'requests'], 'per request is always one: choose a window such as minute'));
  }
  const unit = limitUnits.find((each) => limit[each] === 0);
  if (unit !== undefined && limit.mode !== 'observe' && unit !== 'premium_usd') {
    mistakes.push(warning([...path, unit], 'is 0: every request is refused'));
  }
  if (limit.downgrade !== undefined && (limit.concurrent !== undefined || limit.per === 'request')) {
    mistakes.push(error([...path, 'downgrade'], 'needs a limit that fills up over a window of time'));
  }
  const models = limit.downgrade?.to ?? [];
  return [
    ...mistakes,
    ...models.flatMap((model, index) => checkModelName(model, [...path, 'downgrade', 'to', index], input)),
  ];
}

/** Where a limit in dollars that refuses stands, and what it says. */
export type DollarLimit = { readonly at: Path; readonly limit: LimitBody };

/** All limits in dollars by what they hold for; computed once for all presets. */
export type DollarLimits = {
  readonly ofPreset: (preset: Setting<'preset'>) => readonly DollarLimit[];
  /** Those of keys that may call the preset. */
  readonly ofKeys: (preset: Setting<'preset'>) => readonly DollarLimit[];
  readonly ofModel: (slug: string) => readonly DollarLimit[];
  readonly ofProvider: (name: string) => readonly DollarLimit[];
};

export function dollarLimits({ settings }: CheckInput): DollarLimits {
  const gateway = settings.gateway.flatMap((object) => dollarLimitsOf(object.body.limits, object.path));
  const byName = (
    objects: readonly Setting<'workspace' | 'model' | 'provider'>[],
  ): Map<string, readonly DollarLimit[]> =>
    new Map(objects.map((object) => [object.name, dollarLimitsOf(object.body.limits, object.path)]));
  const workspaces = byName(settings.workspaces);
  const models = byName(settings.models);
  const providers = byName(settings.providers);
  let keys: ReturnType<typeof keyLimits> | undefined;
  return {
    ofPreset: (preset) => [
      ...gateway,
      ...(workspaces.get(presetAddress(preset.name).workspace) ?? []),
      ...dollarLimitsOf(preset.body.limits, preset.path),
    ],
    ofKeys: (preset) => {
      const { workspace, slug } = presetAddress(preset.name);
      keys ??= keyLimits(settings.keys);
      return [...(keys.get(`${workspace}/*`) ?? []), ...(keys.get(`${workspace}/${slug}`) ?? [])];
    },
    ofModel: (slug) => models.get(slug) ?? [],
    ofProvider: (name) => providers.get(name) ?? [],
  };
}

function keyLimits(keys: readonly Setting<'key'>[]): ReadonlyMap<string, readonly DollarLimit[]> {
  const found = new Map<string, readonly DollarLimit[]>();
  for (const { body, path } of keys) {
    const limits = dollarLimitsOf(body.limits, path);
    if (limits.length === 0) continue;
    // One key is enough to make the point, so a later one does not lengthen the list.
    for (const preset of body.presets ?? ['*'])
      found.set(`${body.workspace ?? defaultWorkspace}/${preset}`, limits);
  }
  return found;
}

function dollarLimitsOf(limits: readonly LimitBody[] | undefined, path: Path): readonly DollarLimit[] {
  return (limits ?? []).flatMap((limit, index) => {
    const inDollars = limit.usd !== undefined || limit.premium_usd !== undefined;
    if (!inDollars || limit.mode === 'observe') return [];
    return [{ at: [...path, 'limits', index], limit }];
  });
}

/** `$50.00 per day (presets.coder.limits[0])`. */
export function printDollarLimit({ at, limit }: DollarLimit): string {
  return `${describeLimit(limitFrom(limit))} (${printPath(at)})`;
}
