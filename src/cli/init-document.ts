/** First documents, written from the provider keys that are set: for `init`, and for the demo. Pure. */
import { knownProviders, type KnownProvider } from '../catalog/providers.ts';

/** The environment variables that are looked for, in the order in which their providers are written. */
const keyNames: Readonly<Record<string, string>> = {
  DEEPSEEK_API_KEY: 'deepseek',
  GEMINI_API_KEY: 'google',
  OPENAI_API_KEY: 'openai',
  ANTHROPIC_API_KEY: 'anthropic',
  OPENROUTER_API_KEY: 'openrouter',
};

/** Which of the known keys are set. */
export function foundKeys(env: Readonly<Record<string, string | undefined>>): string[] {
  return Object.keys(keyNames).filter((name) => (env[name] ?? '').trim() !== '');
}

/** Cheapest output first. All of them are of the tier `standard` at least, and use tools. */
const everyday = [
  'deepseek/deepseek-v4-pro',
  'google/gemini-3-flash-preview',
  'openai/gpt-5.4-mini',
  'anthropic/claude-haiku-4.5',
];

/** The last resort of a chain: the first whose provider is there. */
const strong = ['anthropic/claude-sonnet-4.6', 'openai/gpt-5.4', 'google/gemini-3.1-pro-preview'];

/** What the demo shows, and what OpenRouter alone can serve: a chain across two authors. */
const showcase = ['deepseek/deepseek-v4-pro', 'anthropic/claude-haiku-4.5', 'anthropic/claude-sonnet-4.6'];

/** A provider as the document names it. */
type Entry = {
  readonly name: string;
  readonly wire: string;
  readonly baseUrl: string;
  readonly catalog?: string;
  readonly keyName?: string;
};

const emulated: readonly Entry[] = [
  { name: 'emulator-deepseek', wire: 'openai-chat', baseUrl: 'emulator://deepseek/v1', catalog: 'deepseek' },
  { name: 'emulator-anthropic', wire: 'anthropic', baseUrl: 'emulator://anthropic/v1', catalog: 'anthropic' },
];

function realEntries(found: readonly string[]): Entry[] {
  return Object.entries(keyNames)
    .filter(([keyName]) => found.includes(keyName))
    .map(([keyName, name]) => ({ ...known(name), name, keyName }));
}

function known(name: string): Pick<KnownProvider, 'wire' | 'baseUrl'> {
  const provider = knownProviders.get(name);
  if (!provider) throw new Error(`the provider ${name} is not in the table of known providers`);
  return provider;
}

/** Models that these providers can serve, cheapest first, a strong one last. */
export function chainFor(providers: readonly string[]): readonly string[] {
  const authors = providers.filter((name) => name !== 'openrouter');
  if (authors.length === 0) return showcase;
  const servable = (model: string): boolean => authors.includes(model.slice(0, model.indexOf('/')));
  return [...everyday.filter(servable), ...strong.filter(servable).slice(0, 1)];
}

/**
 * The document that `spillway init` writes for these environment variables (names, as `foundKeys` gives them).
 * With none it uses the emulator, so that it runs as it stands.
 */
export function initDocument(found: readonly string[]): string {
  const real = realEntries(found);
  const providers = real.length > 0 ? real : emulated;
  const chain = real.length > 0 ? chainFor(real.map((entry) => entry.name)) : showcase;
  return [
    '# The configuration of Spillway. `spillway check` validates it, `spillway apply` makes it active,',
    '# `spillway explain coder -f spillway.yaml` shows what would be called, and at what price.',
    '',
    ...(real.length > 0
      ? []
      : ['# No provider key was found, so these are emulated: they cost nothing and answer offline.']),
    'providers:',
    ...providers.flatMap(providerLines),
    '',
    'presets:',
    ...presetLines({ name: 'coder', description: 'Code generation', chain, dayUsd: 20, premiumUsd: 5 }),
    '',
    '# A key for an application. Another way to make one: spillway keys add my-app --preset coder',
    '# keys:',
    '#   - { name: my-app, key: env:MY_APP_KEY, presets: [coder], limits: [{ usd: 5, per: day }] }',
    '',
  ].join('\n');
}

/**
 * The document of `npm start` without one: the preset `coder`, which never leaves the emulator, and for the real
 * keys found (names of environment variables) the preset `live`.
 */
export function demoDocument(found: readonly string[]): string {
  const real = realEntries(found);
  const names = real.map((entry) => entry.name);
  const live: PresetText = {
    name: 'live',
    description: 'The real providers whose keys are set',
    chain: chainFor(names),
    only: names,
    dayUsd: 5,
    premiumUsd: 2,
  };
  return [
    '# The demo. It runs as long as no document of your own is given: spillway serve --config FILE',
    '',
    'providers:',
    ...[...real, ...emulated].flatMap(providerLines),
    '',
    'presets:',
    ...presetLines({
      name: 'coder',
      description: 'The demo: emulated providers, whatever keys are set',
      chain: showcase,
      only: emulated.map((entry) => entry.name),
      locked: ['models', 'provider'],
      impatient: true,
      dayUsd: 5,
      premiumUsd: 2,
    }),
    ...(real.length > 0 ? presetLines(live) : []),
    '',
  ].join('\n');
}

function providerLines({ name, wire, baseUrl, catalog, keyName }: Entry): string[] {
  return [
    `  ${name}:`,
    `    wire: ${wire}`,
    `    base_url: ${baseUrl}`,
    ...(catalog === undefined ? [] : [`    catalog: ${catalog}  # its models and prices`]),
    ...(keyName === undefined
      ? []
      : [`    api_key: env:${keyName}  # read from the environment, never stored`]),
  ];
}

type PresetText = {
  readonly name: string;
  readonly description: string;
  readonly chain: readonly string[];
  /** Providers that it is kept to. */
  readonly only?: readonly string[];
  readonly locked?: readonly string[];
  /** So that a stall of the emulator is seen to fail over while one watches. */
  readonly impatient?: boolean;
  readonly dayUsd: number;
  readonly premiumUsd: number;
};

function presetLines(preset: PresetText): string[] {
  const { name, description, chain, only, locked, impatient, dayUsd, premiumUsd } = preset;
  return [
    `  ${name}:`,
    `    description: "${description}"`,
    chain.length === 1
      ? '    models:  # the primary; a model of another provider below it would be its fallback'
      : '    models:  # the first is the primary; the others are its fallbacks, in this order',
    ...chain.map((model) => `      - ${model}`),
    ...(only ? [`    provider: { only: [${only.join(', ')}] }`] : []),
    ...(locked ? [`    locked: [${locked.join(', ')}]  # a request cannot change these`] : []),
    '    floor: { tier: standard, features: [tools] }  # nothing weaker is ever called',
    ...(impatient === true
      ? ['    failover: { timeouts: { first_token: 5s, response: 20s, idle: 5s } }  # short, to be watched']
      : []),
    '    limits:',
    `      - { usd: ${dayUsd}, per: day }  # all that this preset may cost`,
    `      - { premium_usd: ${premiumUsd}, per: day }  # how much of it may be the extra price of failover`,
  ];
}
