/**
 * Which limits apply to a request and to an attempt: limits of the same scope, unit and window share one counter,
 * whose ceiling is the smallest of them. Limits and what was spent belong to the scope, not to a version of it, and
 * always come from the configuration that is active now. Pure.
 */
import { limitUnits, type LimitUnit } from './document-limit.ts';
import type { Limit, LimitWindow } from './limit.ts';
import { once } from './once.ts';
import { layered, layersOf } from './layered-map.ts';
import { addressIn, presetIn } from './shared-preset.ts';
import type { Key, Snapshot } from './snapshot.ts';
import { windowAt, type Span } from './window.ts';

export type ScopeKind = 'gateway' | 'workspace' | 'key' | 'preset' | 'provider' | 'model';

/** Who asks, and by which name. */
export type Caller = {
  readonly workspace: string;
  readonly key: string;
  /** The one that serves. */
  readonly preset?: string | undefined;
  /** Presets that chose that one by their rules: their limits count as well. */
  readonly via?: readonly string[] | undefined;
  readonly user?: string | undefined;
};

/** Where an attempt goes. */
export type Target = { readonly provider: string; readonly model: string };

export type Budget = {
  /** The same for as long as the scope lives, whatever the amounts: `key default/ci usd/day`. */
  readonly name: string;
  readonly kind: ScopeKind;
  /** `ci`, `coder`, `deepseek/deepseek-v4-pro`; empty for the gateway. */
  readonly of: string;
  readonly unit: LimitUnit;
  /** Absent for `concurrent`. */
  readonly per?: LimitWindow;
  readonly each?: 'user' | 'key';
  /** The smallest limit that refuses; absent where all only observe. */
  readonly enforced?: Limit;
  /** The smallest limit that only observes. */
  readonly observed?: Limit;
  readonly limits: readonly Limit[];
};

/** The budgets of a caller: what is counted once for a request, and what for each attempt. */
export type CallerBudgets = { readonly admission: readonly Budget[]; readonly spending: readonly Budget[] };

const none: readonly Budget[] = [];
const free: CallerBudgets = { admission: none, spending: none };

type Index = {
  readonly gateway: readonly Budget[];
  readonly callers: Map<string, CallerBudgets>;
  readonly targets: Map<string, readonly Budget[]>;
};

const indexOf = once((snapshot: Snapshot): Index => ({
  gateway: group('gateway', '', '', snapshot.limits),
  callers: new Map(),
  targets: new Map(),
}));

const hasLimits = once((snapshot: Snapshot): boolean => anyLimit(snapshot));

function anyLimit({ limits, providers, modelLimits, workspaces, keys }: Snapshot): boolean {
  if (limits !== undefined || (modelLimits?.size ?? 0) > 0) return true;
  for (const provider of providers.values()) if (provider.limits) return true;
  for (const workspace of workspaces.values()) {
    if (workspace.limits) return true;
    for (const { active } of workspace.presets.values()) if (active.limits) return true;
  }
  for (const key of keys.values()) if (key.limits) return true;
  return false;
}

type Keys = Snapshot['keys'];

/** By `workspace/name`; where a few keys of many were edited, made of what was made for the others. */
const keysByName: (keys: Keys) => Keys = once((keys: Keys): Keys => {
  const name = (key: Key): string => `${key.workspace}/${key.name}`;
  const layers = layersOf(keys);
  if (!layers) return new Map([...keys.values()].map((key) => [name(key), key]));
  const [below, changes] = layers;
  const gone = [...changes.keys()].flatMap((hash) => below.get(hash) ?? []);
  const come = [...changes.values()].filter((key) => key !== undefined);
  return layered(keysByName(below), [
    ...gone.map((key) => [name(key), undefined] as const),
    ...come.map((key) => [name(key), key] as const),
  ]);
});

/** Limits on the gateway, the workspace, the key and the preset. */
export function budgetsOfCaller(snapshot: Snapshot, caller: Caller): CallerBudgets {
  if (!hasLimits(snapshot)) return free;
  const index = indexOf(snapshot);
  const name = [caller.workspace, caller.key, caller.preset ?? '', ...(caller.via ?? [])].join('\n');
  const known = index.callers.get(name);
  if (known) return known;
  const workspace = snapshot.workspaces.get(caller.workspace);
  const place = `${caller.workspace}/`;
  const ofPreset = (called: string): readonly Budget[] => {
    const { workspace: owner, slug } = addressIn(caller.workspace, called);
    return group('preset', `${owner}/`, slug, presetIn(snapshot, caller.workspace, called)?.active.limits);
  };
  const presets = new Set([...(caller.via ?? []), caller.preset ?? '']);
  const all = [
    ...index.gateway,
    ...group('workspace', '', caller.workspace, workspace?.limits),
    ...group('key', place, caller.key, keysByName(snapshot.keys).get(place + caller.key)?.limits),
    ...[...presets].flatMap(ofPreset),
  ];
  const counted = (budget: Budget): boolean => budget.unit === 'requests' || budget.unit === 'concurrent';
  const budgets = { admission: all.filter(counted), spending: all.filter((budget) => !counted(budget)) };
  index.callers.set(name, budgets);
  return budgets;
}

/** Limits on the provider and the model: each attempt is a request to them. */
export function budgetsOfTarget(snapshot: Snapshot, { provider, model }: Target): readonly Budget[] {
  if (!hasLimits(snapshot)) return none;
  const index = indexOf(snapshot);
  const name = `${provider}\n${model}`;
  const known = index.targets.get(name);
  if (known) return known;
  const budgets = [
    ...group('provider', '', provider, snapshot.providers.get(provider)?.limits),
    ...group('model', '', model, snapshot.modelLimits?.get(model)),
  ];
  index.targets.set(name, budgets);
  return budgets;
}

/** The budgets that the limits of one scope make; `place` is `workspace/` for keys and presets. */
export function group(
  kind: ScopeKind,
  place: string,
  of: string,
  limits: readonly Limit[] | undefined,
): readonly Budget[] {
  const groups = new Map<string, Limit[]>();
  for (const limit of limits ?? []) {
    const name = counterName(of === '' ? kind : `${kind} ${place}${of}`, limit);
    groups.set(name, [...(groups.get(name) ?? []), limit]);
  }
  return [...groups].map(([name, same]) => budgetFrom({ name, kind, of }, same));
}

function counterName(scope: string, { unit, per, each }: Limit): string {
  return `${scope} ${unit}${per === undefined ? '' : `/${per}`}${each === undefined ? '' : ` each ${each}`}`;
}

function budgetFrom(base: Pick<Budget, 'name' | 'kind' | 'of'>, limits: readonly Limit[]): Budget {
  const least = (mode: Limit['mode']): Limit | undefined =>
    limits.filter((limit) => limit.mode === mode).sort((a, b) => a.amount - b.amount)[0];
  const [enforced, observed] = [least('enforce'), least('observe')];
  const { unit, per, each } = limits[0] as Limit;
  return {
    ...base,
    unit,
    limits,
    ...(per === undefined ? {} : { per }),
    ...(each === undefined ? {} : { each }),
    ...(enforced === undefined ? {} : { enforced }),
    ...(observed === undefined ? {} : { observed }),
  };
}

/** Whose counter it is, where there is one for each: the user, or the key where no user is named. */
export function eachOf({ each }: Budget, { user, key }: Caller): string {
  if (each === undefined) return '';
  return each === 'user' && user !== undefined ? `user ${user}` : `key ${key}`;
}

/** The window a budget counts over at a moment (epoch ms); what counts at this moment, or in one request, has no end. */
export function spanOf({ per }: Pick<Budget, 'per'>, at: number): Span {
  return per === undefined || per === 'request' ? { start: 0, end: Infinity } : windowAt(per, at);
}

/** What a counter is known by: its budget, whose it is, and when its window began. */
export function counterId(budget: string, each: string, start: number): string {
  return `${budget}${each === '' ? '' : ` ${each}`} @${start}`;
}

/** The parts of a budget's name. */
export type BudgetName = {
  readonly kind: ScopeKind;
  readonly workspace?: string;
  readonly of: string;
  readonly unit: LimitUnit;
  readonly per?: LimitWindow;
  readonly each?: 'user' | 'key';
};

const nameParts = new RegExp(
  `^(?<kind>[a-z]+)(?: (?<of>\\S+))? (?<unit>${limitUnits.join('|')})(?:/(?<per>[a-z]+))?(?: each (?<each>user|key))?$`,
);

/** The other way round: what a name says. Undefined for what is none. */
export function readBudgetName(name: string): BudgetName | undefined {
  const parts = nameParts.exec(name)?.groups;
  if (!parts) return undefined;
  const { kind = '', of = '', unit = '', per, each } = parts;
  const slash = kind === 'key' || kind === 'preset' ? of.indexOf('/') : -1;
  return {
    kind: kind as ScopeKind,
    ...(slash < 0 ? {} : { workspace: of.slice(0, slash) }),
    of: of.slice(slash + 1),
    unit: unit as LimitUnit,
    ...(per === undefined ? {} : { per: per as LimitWindow }),
    ...(each === undefined ? {} : { each: each as 'user' | 'key' }),
  };
}
