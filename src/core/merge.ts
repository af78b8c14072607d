/**
 * Preset < chain member < request, with locks: which parameters an endpoint is sent. Pure, per endpoint,
 * because members may differ and output caps depend on the model.
 */
import type { Ask } from './ask.ts';
import { optional, type Draft } from './optional.ts';
import type { Endpoint, JsonObject, JsonValue, Member, Preset } from './snapshot.ts';

/** The two names of the output cap on the chat wire. */
export const capKeys: readonly string[] = ['max_tokens', 'max_completion_tokens'];

export type Merged = {
  /** Parameters to set, in OpenAI chat naming: absent from the request, or locked. Never an output cap. */
  readonly set: JsonObject;
  /** Request keys that are taken out because they are locked. */
  readonly drop: readonly string[];
  /** The output cap in tokens that is always sent. */
  readonly outputCap: number;
  /** The cap that caller and preset agree on, before the endpoint's own limits; undefined = the caller named none. */
  readonly wanted?: number;
  readonly warnings: readonly string[];
};

/** What is sent as an output cap, in tokens, when neither caller nor preset says one. */
const defaultOutputCap = 16_384;

/** Merges for one endpoint. `ask` is never changed. */
export function merge(ask: Ask, preset: Preset | undefined, member: Member, endpoint: Endpoint): Merged {
  const offered: Record<string, JsonValue> = { ...preset?.parameters, ...member.parameters };
  const locked = preset?.locked ?? new Set<string>();
  const set: Record<string, JsonValue> = {};
  const drop: string[] = [];
  const warnings: string[] = [];
  for (const key of lockedParameters(locked, ask)) {
    drop.push(key);
    warnings.push(`"${key}" is locked by the preset: the request's value was dropped`);
  }
  for (const [key, value] of Object.entries(offered)) {
    if (capKeys.includes(key) || value === null) continue;
    if (ask.parameters[key] === undefined || locked.has(key)) set[key] = value;
  }
  const cap = outputCap({ ask, offered, locked, endpoint });
  const merged: Draft<Merged> = {
    set,
    drop: drop.filter((key) => set[key] === undefined),
    outputCap: cap.outputCap,
    warnings: warnings.concat(cap.warnings),
  };
  if (cap.wanted !== undefined) merged.wanted = cap.wanted;
  return merged;
}

/** Locked keys that the request sent, other than those that steer routing rather than generation. */
function lockedParameters(locked: ReadonlySet<string>, ask: Ask): readonly string[] {
  if (locked.size === 0) return [];
  return [...locked].filter(
    (key) =>
      key !== 'models' &&
      key !== 'provider' &&
      ((capKeys.includes(key) ? ask.outputCap : ask.parameters[key]) !== undefined ||
        (largeKeys.has(key) && ask.keys.has(key))),
  );
}

/** Locking these drops what the request brought, though their values are not read into `ask.values`. */
const largeKeys: ReadonlySet<string> = new Set(['tools']);

type CapInput = {
  readonly ask: Ask;
  readonly offered: JsonObject;
  readonly locked: ReadonlySet<string>;
  readonly endpoint: Endpoint;
};

function outputCap({
  ask,
  offered,
  locked,
  endpoint,
}: CapInput): Pick<Merged, 'outputCap' | 'warnings'> & { readonly wanted: number | undefined } {
  const isLocked = capKeys.some((key) => locked.has(key));
  const own = isLocked ? undefined : ask.outputCap;
  const preset = capKeys.map((key) => offered[key]).find((value) => typeof value === 'number');
  const wanted = Math.min(own ?? Infinity, typeof preset === 'number' ? preset : Infinity);
  const room = Math.max(1, (endpoint.context ?? Infinity) - ask.needs.promptTokens);
  const possible = Math.min(endpoint.maxOutput ?? Infinity, room);
  const cap = Math.min(Number.isFinite(wanted) ? wanted : defaultOutputCap, possible);
  const warnings =
    own !== undefined && cap < own ? [`the output cap was lowered from ${own} to ${cap} tokens`] : [];
  return { outputCap: cap, wanted: own === undefined ? undefined : wanted, warnings };
}

/** The deep merge of two `provider` objects: what is stricter wins, else the request's value. */
export function mergeProvider(preset: Preset | undefined, ask: Ask): Preset['provider'] {
  const base = preset?.provider ?? {};
  const own = ask.provider;
  if (preset?.locked.has('provider') === true || isEmpty(own)) return base;
  const price = { ...base.max_price, ...own.max_price, ...smaller(base.max_price, own.max_price) };
  const only = bothOf(base.only, own.only);
  const ignore = [...(base.ignore ?? []), ...(own.ignore ?? [])];
  const deny = base.data_collection === 'deny' || own.data_collection === 'deny';
  const either = (key: 'zdr' | 'require_parameters' | 'enforce_distillable_text'): JsonObject =>
    base[key] === true || own[key] === true ? { [key]: true } : {};
  return {
    ...base,
    ...own,
    ...optional('only', only),
    ...optional('quantizations', bothOf(base.quantizations, own.quantizations)),
    ...(ignore.length > 0 ? { ignore } : {}),
    ...(Object.keys(price).length > 0 ? { max_price: price } : {}),
    ...(deny ? { data_collection: 'deny' as const } : {}),
    ...either('zdr'),
    ...either('require_parameters'),
    ...either('enforce_distillable_text'),
    ...(base.allow_fallbacks === false || own.allow_fallbacks === false ? { allow_fallbacks: false } : {}),
  };
}

function isEmpty(object: object): boolean {
  for (const _key in object) return false;
  return true;
}

/** What is on both lists, where there are two. */
function bothOf(
  base: readonly string[] | undefined,
  own: readonly string[] | undefined,
): readonly string[] | undefined {
  return base && own ? own.filter((name) => base.includes(name)) : (own ?? base);
}

type MaxPrice = NonNullable<Preset['provider']['max_price']>;

function smaller(a: MaxPrice = {}, b: MaxPrice = {}): MaxPrice {
  const least = (key: keyof MaxPrice): number | undefined => {
    const values = [a[key], b[key]].filter((value) => value !== undefined);
    return values.length > 0 ? Math.min(...values) : undefined;
  };
  return {
    ...optional('prompt', least('prompt')),
    ...optional('completion', least('completion')),
    ...optional('request', least('request')),
    ...optional('image', least('image')),
    ...optional('audio', least('audio')),
  };
}
