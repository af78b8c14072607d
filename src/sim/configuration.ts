/** A configuration at random, as facts that the oracle knows and as the document that the gateway reads. */
import { snapshotFromDocument } from '../control/check-document.ts';
import type { Feature, Tier, Wire } from '../core/catalog.ts';
import type { Snapshot } from '../core/snapshot.ts';
import type { Dice } from './dice.ts';
import { someLimits, type LimitSpec } from './limit-rules.ts';
import { epoch } from './clock.ts';

/** What an endpoint is, and what its provider bills. */
export type SimEndpoint = {
  /** `author/name@provider`. */
  readonly id: string;
  readonly model: string;
  readonly provider: string;
  readonly wire: Wire;
  /** Nano-USD per token. */
  readonly price: { readonly input: number; readonly output: number };
  readonly context: number;
  readonly maxOutput: number;
  readonly features: readonly Feature[];
  readonly tier: Tier;
  /** Billing ends with the connection; else the whole answer is billed. */
  readonly stops: boolean;
};

export type SimProvider = {
  readonly name: string;
  readonly wire: Wire;
  readonly catalog: string;
  readonly stops: boolean;
  readonly credentials: readonly string[];
};

/** Ms. */
export type SimTimeouts = Readonly<
  Record<'connect' | 'first_token' | 'response' | 'idle' | 'total' | 'start_by', number>
>;

export type SimPreset = {
  readonly name: string;
  readonly chain: readonly string[];
  readonly on: readonly string[];
  readonly attempts: number;
  readonly timeouts: SimTimeouts;
  readonly order: 'listed' | 'price';
  readonly multiplier: number | undefined;
  readonly floor: { readonly tier: Tier; readonly below: 'never' | 'last_resort' } | undefined;
  readonly sort: 'price' | 'latency' | 'throughput' | 'balance' | 'effective_cost' | undefined;
  /** USD per million tokens of output. */
  readonly maxPrice: number | undefined;
};

export type Configuration = {
  readonly revision: number;
  readonly providers: readonly SimProvider[];
  readonly endpoints: readonly SimEndpoint[];
  readonly presets: readonly SimPreset[];
  readonly limits: readonly LimitSpec[];
};

export const keyText = (name: string): string => `sk-sim-${name}-0123456789`;
export const keyNames = ['k0', 'k1'] as const;

const vendors: readonly Omit<SimProvider, 'name' | 'credentials'>[] = [
  { wire: 'openai-chat', catalog: 'deepseek', stops: true },
  { wire: 'openai-chat', catalog: 'groq', stops: false },
  { wire: 'openai-responses', catalog: 'openai', stops: true },
  { wire: 'anthropic', catalog: 'anthropic', stops: true },
  { wire: 'gemini', catalog: 'google', stops: false },
];

const tiers: readonly Tier[] = ['small', 'standard', 'strong', 'frontier'];

export const classes = [
  'rate_limit',
  'overloaded',
  'server_error',
  'timeout',
  'connection',
  'quota',
  'model_gone',
  'auth',
  'context',
] as const;

export function someConfiguration(dice: Dice, limited: boolean): Configuration {
  const providers = Array.from({ length: dice.whole(2, 4) }, (_, index): SimProvider => {
    const name = `p${index}`;
    const credentials = dice.chance(0.3) ? [`secret-${name}-a`, `secret-${name}-b`] : [`secret-${name}-a`];
    return { name, ...dice.pick(vendors), credentials };
  });
  const models = Array.from({ length: dice.whole(2, 5) }, (_, index) => `acme/m${index}`);
  const endpoints = models.flatMap((model) => endpointsOf(model, providers, dice));
  const presets = ['x', 'y'].map((name) => somePreset(name, models, dice));
  const shared = { providers, endpoints, presets };
  return { revision: 1, ...shared, limits: limited ? someLimits(dice, shared) : [] };
}

function endpointsOf(model: string, providers: readonly SimProvider[], dice: Dice): readonly SimEndpoint[] {
  const shared = {
    model,
    context: dice.pick([12_000, 200_000, 200_000]),
    maxOutput: dice.pick([1_000, 8_000, 8_000]),
    features: dice.some<Feature>(['tools', 'vision', 'json_schema'], 0.75),
    tier: dice.pick(tiers),
  };
  const chosen = new Set(dice.shuffled(providers).slice(0, dice.pick([1, 1, 2])));
  return providers
    .filter((provider) => chosen.has(provider))
    .map(({ name: provider, wire, stops }) => ({
      ...shared,
      id: `${model}@${provider}`,
      provider,
      wire,
      stops,
      price: { input: dice.whole(1, 40) * 100, output: dice.whole(1, 80) * 200 },
    }));
}

function somePreset(name: string, models: readonly string[], dice: Dice): SimPreset {
  const chain = dice.shuffled(models).slice(0, dice.whole(1, 5));
  return {
    name,
    chain,
    on: dice.chance(0.6) ? classes : dice.some(classes, 0.8),
    attempts: dice.pick([1, 2, 3, 5, 5]),
    timeouts: {
      connect: dice.whole(1, 5) * 1_000,
      first_token: dice.pick([2_000, 9_000, 40_000]),
      response: dice.pick([4_000, 20_000, 60_000]),
      idle: dice.pick([2_000, 10_000]),
      total: dice.pick([20_000, 90_000]),
      start_by: dice.pick([3_000, 20_000, 60_000]),
    },
    order: dice.chance(0.2) ? 'price' : 'listed',
    multiplier: dice.chance(0.15) ? dice.pick([1.5, 4]) : undefined,
    floor: dice.chance(0.3)
      ? { tier: dice.pick(tiers), below: dice.pick(['never', 'never', 'last_resort']) }
      : undefined,
    sort: dice.chance(0.2)
      ? dice.pick(['price', 'latency', 'throughput', 'balance', 'effective_cost'])
      : undefined,
    maxPrice: dice.chance(0.15) ? dice.whole(1, 16) : undefined,
  };
}

/** The same configuration some time later: other limits, other chains, as operators change them in flight. */
export function changed(before: Configuration, dice: Dice): Configuration {
  const models = [...new Set(before.endpoints.map(({ model }) => model))];
  const limits = before.limits
    .filter(() => dice.chance(0.85))
    .map((limit) => (dice.chance(0.4) ? limit.times(dice.pick([0.3, 0.5, 2, 5])) : limit));
  const presets = before.presets.map((preset) =>
    dice.chance(0.5)
      ? { ...preset, chain: dice.shuffled(models).slice(0, dice.whole(1, 5)), attempts: dice.whole(1, 5) }
      : preset,
  );
  return { ...before, revision: before.revision + 1, presets, limits };
}

export function snapshotOf(configuration: Configuration, hash: (text: string) => string): Snapshot {
  const { snapshot, findings } = snapshotFromDocument(JSON.stringify(documentOf(configuration, hash)), {
    catalogue: { models: new Map(), aliases: new Map(), date: '2026-11-24' },
    now: epoch,
    local: true,
  });
  if (!snapshot) throw new Error(`the document is refused: ${JSON.stringify(findings)}`);
  return { ...snapshot, revision: configuration.revision };
}

type Json = { readonly [key: string]: unknown };

function documentOf(
  { providers, endpoints, presets, limits }: Configuration,
  hash: (text: string) => string,
): Json {
  const at = (place: LimitSpec['at'], of = ''): Json => {
    const own = limits.filter((limit) => limit.at === place && limit.of === of).map(({ body }) => body);
    return own.length > 0 ? { limits: own } : {};
  };
  const models = [...new Set(endpoints.map(({ model }) => model))];
  return {
    ...at('gateway'),
    providers: byName(providers, ({ name, wire, catalog, credentials }) => ({
      wire,
      catalog,
      base_url: `https://${name}.example/v1`,
      api_key: credentials,
      ...at('provider', name),
    })),
    models: Object.fromEntries(
      models.map((model) => [
        model,
        { ...modelOf(endpoints.filter((each) => each.model === model)), ...at('model', model) },
      ]),
    ),
    workspaces: { default: at('workspace', 'default') },
    presets: byName(presets, (preset) => ({ ...presetOf(preset), ...at('preset', preset.name) })),
    keys: keyNames.map((name) => ({ name, key: `sha256:${hash(keyText(name))}`, ...at('key', name) })),
  };
}

function byName<T extends { readonly name: string }>(all: readonly T[], body: (one: T) => Json): Json {
  return Object.fromEntries(all.map((one) => [one.name, body(one)]));
}

function modelOf(endpoints: readonly SimEndpoint[]): Json {
  const { context, maxOutput, features, tier } = endpoints[0] as SimEndpoint;
  return {
    context,
    max_output: maxOutput,
    features,
    tier,
    endpoints: endpoints.map(({ provider, model, price }) => ({
      provider,
      model: model.slice('acme/'.length),
      price: { input: price.input / 1_000, output: price.output / 1_000 },
    })),
  };
}

/** What is undefined is not written. */
function presetOf(preset: SimPreset): Json {
  const { chain, on, attempts, timeouts, order, multiplier, floor, sort, maxPrice } = preset;
  const seconds = Object.entries(timeouts).map(([name, ms]) => [name, `${ms / 1_000}s`]);
  return {
    models: chain,
    failover: { on, attempts, timeouts: Object.fromEntries(seconds), order, max_cost_multiplier: multiplier },
    floor,
    provider: { sort, max_price: maxPrice === undefined ? undefined : { completion: maxPrice } },
  };
}
