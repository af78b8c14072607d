/** Where does a preset's chain lead: what can serve, what never will, and what failing over may cost? */
import { memberModel } from './build-preset.ts';
import { compareTiers } from './catalog.ts';
import { spokenWires } from './chain.ts';
import { printDollarLimit, type DollarLimit, type DollarLimits } from './check-limits.ts';
import { checkModelName, type CheckInput } from './check-names.ts';
import { endpointsOf, isOpenRouter } from './endpoints.ts';
import { error, warning, type Mistake, type Path } from './mistake.ts';
import { notPreferred } from './preferences.ts';
import { isPriced, type Price, type Rate } from './price.ts';
import { presetAddress, type Setting } from './settings.ts';
import type { Endpoint, Floor, Member, Preset, ProviderPreferences, Snapshot } from './snapshot.ts';

/** One position of a chain, and what could serve it. */
type Hop = {
  readonly position: number;
  readonly path: Path;
  readonly model: string;
  /** In document order, without those that the preset rules out. */
  readonly usable: readonly Endpoint[];
};

export function checkChain(
  setting: Setting<'preset'>,
  limits: DollarLimits,
  input: CheckInput,
): readonly Mistake[] {
  const { workspace, slug } = presetAddress(setting.name);
  const preset = input.snapshot.workspaces.get(workspace)?.presets.get(slug)?.active;
  if (preset === undefined || preset.chain.length === 0) return [];
  const mistakes: Mistake[] = [];
  const hops: Hop[] = [];
  for (const [position, member] of preset.chain.entries()) {
    const path = memberPath(setting, position);
    const unknown = checkModelName(memberModel(setting.body.models?.[position] ?? member.model), path, input);
    mistakes.push(...unknown, ...checkRepeat(preset, position, path));
    if (unknown.length > 0) continue;
    const { usable, left } = reachable(member, preset, input.snapshot);
    hops.push({ position, path, model: member.model, usable });
    if (usable.length === 0 && left.length > 0)
      mistakes.push(warning(path, `is never called: ${left.join('; ')}`));
    mistakes.push(
      ...checkPriced(
        usable,
        path,
        () => [...limits.ofPreset(setting), ...limits.ofKeys(setting), ...limits.ofModel(member.model)],
        limits,
      ),
    );
    mistakes.push(...checkRetiring(usable, path, input.now));
  }
  return [
    ...mistakes,
    ...checkTiers(hops, preset),
    ...checkDearer(hops, preset, limits.ofPreset(setting), setting.path),
  ];
}

function memberPath(setting: Setting<'preset'>, position: number): Path {
  const path = [...setting.path, 'models', position];
  return typeof setting.body.models?.[position] === 'string' ? path : [...path, 'model'];
}

function checkRepeat(preset: Preset, position: number, path: Path): readonly Mistake[] {
  const first = preset.chain.findIndex(({ model }) => model === preset.chain[position]?.model);
  return first === position ? [] : [warning(path, `repeats models[${first}]: a model is called once`)];
}

/** The endpoints of a chain entry that the preset allows; of the others, why not. */
export function reachable(
  member: Member,
  preset: Preset,
  snapshot: Snapshot,
): { readonly usable: readonly Endpoint[]; readonly left: readonly string[] } {
  const usable: Endpoint[] = [];
  const left: string[] = [];
  for (const endpoint of endpointsOf(snapshot, member.model)) {
    const reason = ruledOut(endpoint, preset, snapshot);
    if (reason === undefined) usable.push(endpoint);
    else left.push(`${endpoint.id}, ${reason}`);
  }
  return { usable, left };
}

function ruledOut(endpoint: Endpoint, preset: Preset, snapshot: Snapshot): string | undefined {
  const { provider, price } = endpoint;
  if (provider.workspaces?.has(preset.workspace) === false)
    return `not open to the workspace ${preset.workspace}`;
  if (!spokenWires.has(provider.wire)) return `wire ${provider.wire} is not spoken to providers yet`;
  const { only, ignore, order, allow_fallbacks, data_collection, zdr, max_price } = preset.provider;
  const behindOpenRouter =
    isOpenRouter(provider) && only?.some((name) => !snapshot.providers.has(name)) === true;
  if (only?.includes(provider.name) === false && !behindOpenRouter) return 'not in provider.only';
  if (ignore?.includes(provider.name) === true) return 'in provider.ignore';
  if (allow_fallbacks === false && order?.includes(provider.name) === false) return 'not in provider.order';
  if (data_collection === 'deny' && provider.data.collection !== 'deny')
    return 'its data policy does not say collection: deny';
  if (zdr === true && provider.data.zdr !== true) return 'its data policy does not say zdr: true';
  // What has no words of its own above is a condition that only OpenRouter can vouch for.
  const field = notPreferred(endpoint, preset.provider, snapshot);
  if (field !== undefined) return `for provider.${field} nobody but OpenRouter can vouch`;
  return max_price === undefined ? undefined : tooDear(price, max_price);
}

function tooDear(
  price: Price | undefined,
  most: NonNullable<ProviderPreferences['max_price']>,
): string | undefined {
  if (!isPriced(price)) return 'no price is known, so provider.max_price leaves it out';
  const { input, output } = price.base;
  if ((input ?? 0) > (most.prompt ?? Infinity) * 1e6) return 'dearer than provider.max_price.prompt';
  return (output ?? 0) > (most.completion ?? Infinity) * 1e6
    ? 'dearer than provider.max_price.completion'
    : undefined;
}

/** Under a limit in dollars an endpoint without a price is never called. */
/** `holding` is asked only where a price is unknown: there may be a hundred thousand keys to look at. */
function checkPriced(
  usable: readonly Endpoint[],
  path: Path,
  holding: () => readonly DollarLimit[],
  limits: DollarLimits,
): readonly Mistake[] {
  const unpriced = usable.flatMap((endpoint) => {
    if (isPriced(endpoint.price)) return [];
    const limit = [...holding(), ...limits.ofProvider(endpoint.provider.name)][0];
    return limit === undefined ? [] : [{ endpoint, limit }];
  });
  const [first] = unpriced;
  if (first === undefined) return [];
  const fix = `give it one under models (a price of 0 counts only with free: true)`;
  const text = `${first.endpoint.id} has no known price, and a limit holds for it: ${printDollarLimit(first.limit)}; ${fix}`;
  return [
    unpriced.length === usable.length
      ? error(path, text)
      : warning(path, `never called at one endpoint: ${text}`),
  ];
}

const monthMs = 30 * 86_400_000;

function checkRetiring(usable: readonly Endpoint[], path: Path, now: number): readonly Mistake[] {
  return usable.flatMap(({ id, retiresOn }) => {
    const at = retiresOn === undefined ? Infinity : Date.parse(retiresOn);
    if (at <= now) return [warning(path, `${id} was retired on ${retiresOn}`)];
    return at - now <= monthMs ? [warning(path, `${id} retires on ${retiresOn}, within 30 days`)] : [];
  });
}

/** Which fallbacks are weaker than the primary, or weaker than the floor allows. */
function checkTiers(hops: readonly Hop[], preset: Preset): readonly Mistake[] {
  const primary = hops.find(({ position }) => position === 0)?.usable[0]?.model;
  return hops.flatMap(({ position, path, usable }) => {
    const [first] = usable;
    if (first === undefined) return [];
    if (preset.floor !== undefined) {
      const reasons = usable.map((endpoint) =>
        underFloor(endpoint, preset.floor ?? { features: [], below: 'never' }),
      );
      return reasons.includes(undefined)
        ? []
        : [floorWarning(position, path, { preset, reason: reasons[0] ?? '' })];
    }
    const [before, after] = [primary?.tier, first.model.tier];
    if (position === 0 || before === undefined || after === undefined || compareTiers(after, before) >= 0)
      return [];
    return [
      warning(
        path,
        `tier_drop: ${first.model.slug} is ${after}, the primary is ${before}; set a floor to forbid it, or floor: { tier: ${after} } to allow it`,
      ),
    ];
  });
}

function floorWarning(position: number, path: Path, found: { preset: Preset; reason: string }): Mistake {
  if (position === 0) return warning(path, `the primary is under the preset's own floor: ${found.reason}`);
  if (found.preset.floor?.below === 'last_resort')
    return warning(path, `is only a last resort: ${found.reason}`);
  return warning(path, `is never called: ${found.reason}`);
}

function underFloor({ id, model, context, features }: Endpoint, floor: Floor): string | undefined {
  if (floor.tier !== undefined && model.tier === undefined)
    return `${model.slug} has no tier, and floor.tier is ${floor.tier}; give it one under models`;
  if (floor.tier !== undefined && model.tier !== undefined && compareTiers(model.tier, floor.tier) < 0)
    return `${model.slug} is ${model.tier}, and floor.tier is ${floor.tier}`;
  if (floor.context !== undefined && (context ?? 0) < floor.context)
    return `${id} has a context of ${context ?? 'unknown'} tokens, and floor.context is ${floor.context}`;
  const missing = floor.features.find((feature) => !features.has(feature));
  return missing === undefined ? undefined : `${id} lacks ${missing}, which the floor asks for`;
}

/** Without any limit, an outage of a cheap primary may cost many times more, unseen. */
function checkDearer(
  hops: readonly Hop[],
  preset: Preset,
  limits: readonly DollarLimit[],
  path: Path,
): readonly Mistake[] {
  const primary = hops.find(({ position }) => position === 0)?.usable[0];
  if (limits.length > 0 || preset.failover.maxCostMultiplier !== undefined || !isPriced(primary?.price))
    return [];
  const base = dearest(primary.price);
  const dearer = hops
    .filter(({ position }) => position > 0)
    .flatMap(({ model, usable }) =>
      isPriced(usable[0]?.price) ? [{ model, output: dearest(usable[0].price) }] : [],
    )
    .sort((a, b) => b.output - a.output)[0];
  if (dearer === undefined || dearer.output <= base) return [];
  const multiple =
    base === 0
      ? 'is priced while the primary is free'
      : `costs ${times(dearer.output / base)} times the primary per token of output`;
  return [
    warning(
      [...path, 'models'],
      `no limit holds here, and the fallback ${dearer.model} ${multiple}; add limits: [{ usd: 50, per: day }, { premium_usd: 10, per: hour }]`,
    ),
  ];
}

/** The highest price of a token of output that can be met, in pico-USD. */
function dearest(price: Price): number {
  const output = (rate: Rate): number => Math.max(rate.output ?? 0, rate.reasoning ?? 0);
  return Math.max(output(price.base), ...(price.overrides ?? []).map(({ rate }) => output(rate)));
}

function times(ratio: number): string {
  return ratio >= 100 ? String(Math.round(ratio)) : String(Number(ratio.toPrecision(2)));
}
