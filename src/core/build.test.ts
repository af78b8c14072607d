import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue } from '../../test/support/sample-catalogue.ts';
import { buildSnapshot, expiry } from './build.ts';
import { noSecrets, type Secrets } from './build-endpoints.ts';
import { defaultFailover } from './defaults.ts';
import { readDocument } from './document-read.ts';
import { settingsOf, type Setting } from './settings.ts';
import type { Snapshot } from './snapshot.ts';

/** The snapshot of a document given as plain maps; it must be right in form. */
function build(document: object, secrets: Secrets = noSecrets): Snapshot {
  const { objects, mistakes } = readDocument(document);
  assert.deepEqual(mistakes, []);
  const settings = objects.map((object) => ({ ...object, version: 1, archived: false }));
  return buildSnapshot(settingsOf(7, settings), catalogue, secrets);
}

const deepseek = { wire: 'openai-chat', base_url: 'https://api.deepseek.com/v1/' };
const anthropic = { wire: 'anthropic', base_url: 'https://api.anthropic.com/v1' };

test('what is not said gets its default', () => {
  const preset = build({ presets: { p: {} } })
    .workspaces.get('default')
    ?.presets.get('p')?.active;
  assert.deepEqual(preset, {
    slug: 'p',
    version: 1,
    workspace: 'default',
    chain: [],
    parameters: {},
    tools: [],
    provider: {},
    locked: new Set(),
    failover: defaultFailover,
  });
  const { on, timeouts, attempts, order, stay } = defaultFailover;
  assert.deepEqual(
    { timeouts, attempts, order, stay },
    {
      timeouts: { connect: 5_000, response: 600_000, idle: 120_000, total: 1_800_000, startBy: 300_000 },
      attempts: 5,
      order: 'listed',
      stay: 300_000,
    },
  );
  assert.ok(!on.has('moderation') && !on.has('caller') && !on.has('client_gone') && on.has('rate_limit'));
});

test('what is said replaces only that', () => {
  const failover = {
    on: ['timeout'],
    timeouts: { connect: '2s', first_token: '90s' },
    max_cost_multiplier: 15,
    stay: '1m',
  };
  const floor = { tier: 'standard', context: 1000 };
  const body = {
    failover,
    floor,
    provider: { max_price: { completion: '20', prompt: 3 }, sort: { by: 'price' } },
  };
  const preset = build({ presets: { p: body } })
    .workspaces.get('default')
    ?.presets.get('p')?.active;
  assert.deepEqual(preset?.failover, {
    on: new Set(['timeout']),
    timeouts: { ...defaultFailover.timeouts, connect: 2_000, firstToken: 90_000 },
    order: 'listed',
    attempts: 5,
    maxCostMultiplier: 15,
    stay: 60_000,
  });
  assert.deepEqual(preset.floor, { tier: 'standard', context: 1000, features: [], below: 'never' });
  assert.deepEqual(preset.provider, { sort: { by: 'price' }, max_price: { completion: 20, prompt: 3 } });
});

test('limits are parsed into nano-USD, warn at 80 and 100 %, and stay where they stand', () => {
  const snapshot = build({
    limits: [{ usd: 1.25, per: 'month' }],
    providers: { deepseek: { ...deepseek, limits: [{ concurrent: 9 }] } },
    models: { 'acme/mystery': { limits: [{ tokens: 5, per: 'day', each: 'user' }] } },
    workspaces: { default: { limits: [{ requests: 3, per: 'minute', mode: 'observe' }] } },
    presets: {
      p: {
        limits: [
          { premium_usd: 10, per: 'hour', warn: [90, 50], downgrade: { at: 80, to: ['x'] }, min_output: 99 },
        ],
      },
    },
    keys: [{ name: 'k', key: `sha256:${'0'.repeat(64)}`, limits: [{ usd: 2, per: 'request' }] }],
  });
  const base = { mode: 'enforce', warn: [80, 100] };
  assert.deepEqual(snapshot.limits, [{ unit: 'usd', amount: 1_250_000_000, per: 'month', ...base }]);
  assert.deepEqual(snapshot.providers.get('deepseek')?.limits, [{ unit: 'concurrent', amount: 9, ...base }]);
  assert.deepEqual(snapshot.modelLimits?.get('acme/mystery'), [
    { unit: 'tokens', amount: 5, per: 'day', each: 'user', ...base },
  ]);
  const workspace = snapshot.workspaces.get('default');
  assert.deepEqual(workspace?.limits, [
    { unit: 'requests', amount: 3, per: 'minute', ...base, mode: 'observe' },
  ]);
  assert.deepEqual(workspace.presets.get('p')?.active.limits, [
    {
      unit: 'premium_usd',
      amount: 10_000_000_000,
      per: 'hour',
      mode: 'enforce',
      warn: [50, 90],
      downgrade: { at: 80, to: ['x'] },
      minOutput: 99,
    },
  ]);
  assert.deepEqual(snapshot.keys.get('0'.repeat(64))?.limits?.[0]?.per, 'request');
});

test('endpoints stand in the order of the document, from the catalogue that the provider names', () => {
  const ids = (providers: object): unknown =>
    build({ providers })
      .endpoints.get('deepseek/deepseek-v4-pro')
      ?.map(({ id, providerModel }) => `${id} ${providerModel}`);
  const openrouter = { wire: 'openai-chat', base_url: 'https://openrouter.ai/api/v1' };
  assert.deepEqual(ids({ deepseek, or: openrouter }), [
    'deepseek/deepseek-v4-pro@deepseek deepseek-v4-pro',
    'deepseek/deepseek-v4-pro@or deepseek/deepseek-v4-pro',
  ]);
  assert.deepEqual(ids({ or: openrouter, mine: { ...deepseek, catalog: 'deepseek' } }), [
    'deepseek/deepseek-v4-pro@or deepseek/deepseek-v4-pro',
    'deepseek/deepseek-v4-pro@mine deepseek-v4-pro',
  ]);
  assert.equal(ids({ anthropic }), undefined);
});

test('the overlay adds models and endpoints, and changes what the catalogue says of one', () => {
  const snapshot = build({
    providers: { deepseek, local: { wire: 'openai-chat', base_url: 'http://127.0.0.1:8000/v1' } },
    models: {
      'acme/coder': {
        endpoints: [
          {
            provider: 'local',
            model: 'coder',
            price: { input: 0.1, output: 0.4, cache_write_1h: 0.2, per_request: 0.001 },
          },
        ],
        context: 128_000,
        max_output: 16_000,
        features: ['tools', 'vision'],
        tier: 'strong',
      },
      'deepseek/deepseek-v4-pro': {
        context: 64_000,
        endpoints: [{ provider: 'deepseek', price: { input: 0, output: 0, free: true } }],
      },
    },
  });
  const [coder] = snapshot.endpoints.get('acme/coder') ?? [];
  assert.deepEqual(
    [coder?.providerModel, coder?.context, coder?.maxOutput, coder?.model.tier],
    ['coder', 128_000, 16_000, 'strong'],
  );
  assert.deepEqual(coder?.price, {
    base: { input: 100_000, output: 400_000, cacheWrite1h: 200_000, perRequest: 1_000_000 },
  });
  assert.deepEqual(coder.features, new Set(['tools', 'vision']));
  const [pro] = snapshot.endpoints.get('deepseek/deepseek-v4-pro') ?? [];
  assert.deepEqual(
    [pro?.price?.free, pro?.context, pro?.providerModel, pro?.model.tier],
    [true, 64_000, 'deepseek-v4-pro', 'strong'],
  );
  assert.equal(
    catalogue.models.get('deepseek/deepseek-v4-pro')?.context,
    1_000_000,
    'the catalogue itself stays',
  );
});

test('providers present their credentials as their wire does, unless told otherwise', () => {
  const auth = (body: object): unknown =>
    build({ providers: { p: { ...deepseek, ...body } } }).providers.get('p')?.auth;
  assert.deepEqual(auth({}), { header: 'authorization', scheme: 'Bearer' });
  assert.deepEqual(auth({ wire: 'anthropic' }), { header: 'x-api-key', scheme: '' });
  assert.deepEqual(auth({ wire: 'anthropic', auth: 'bearer' }), {
    header: 'authorization',
    scheme: 'Bearer',
  });
  assert.deepEqual(auth({ auth: { header: 'Api-Key' } }), { header: 'api-key', scheme: '' });
  const { providers } = build(
    {
      providers: {
        p: {
          ...deepseek,
          api_key: ['env:A', 'env:GONE'],
          headers: { 'X-Title': 'mine', 'X-Token': 'env:GONE' },
          workspaces: ['team'],
        },
      },
    },
    { values: new Map([['env:A', 'secret']]), hashes: new Map() },
  );
  const provider = providers.get('p');
  assert.deepEqual(
    [provider?.baseUrl, provider?.credentials, provider?.headers],
    ['https://api.deepseek.com/v1', ['secret'], { 'x-title': 'mine' }],
  );
  assert.deepEqual(provider?.workspaces, new Set(['team']));
});

test('models in chains and keys are found by slug, alias and variant', () => {
  const { workspaces, keys } = build({
    presets: {
      p: {
        models: [
          'claude-haiku-4-5',
          'deepseek-v4-pro:nitro',
          'openrouter/auto',
          { model: 'acme/mystery', parameters: { n: 2 } },
        ],
      },
    },
    keys: [{ name: 'k', key: `sha256:${'A'.repeat(64)}`, models: ['claude-haiku-4-5'] }],
  });
  assert.deepEqual(workspaces.get('default')?.presets.get('p')?.active.chain, [
    { model: 'anthropic/claude-haiku-4.5', parameters: {} },
    { model: 'deepseek/deepseek-v4-pro:nitro', parameters: {} },
    { model: 'openrouter/auto', parameters: {} },
    { model: 'acme/mystery', parameters: { n: 2 } },
  ]);
  assert.deepEqual(
    keys.get('a'.repeat(64))?.models,
    new Set(['claude-haiku-4-5', 'anthropic/claude-haiku-4.5']),
  );
});

test('a key ends with its day, or at its moment', () => {
  assert.equal(expiry('2027-01-31'), Date.parse('2027-02-01T00:00:00Z'));
  assert.equal(expiry('2027-01-31T12:00:00+02:00'), Date.parse('2027-01-31T10:00:00Z'));
});

test('building again makes anew only what changed, so its cost for each unchanged object is small', () => {
  const many = {
    presets: Object.fromEntries(
      Array.from({ length: 200 }, (_, index) => [`p${index}`, { description: 'x' }]),
    ),
  };
  const settings = readDocument(many).objects.map((object): Setting => ({
    ...object,
    version: 1,
    archived: false,
  }));
  const first = buildSnapshot(settingsOf(1, settings), catalogue, noSecrets);
  const edited = settings.map((setting, index) =>
    index === 0 ? ({ ...setting, body: { description: 'y' } } as Setting) : setting,
  );
  const second = buildSnapshot(settingsOf(2, edited), catalogue, noSecrets);
  const presetsOf = (snapshot: Snapshot) => snapshot.workspaces.get('default')?.presets;
  assert.equal(presetsOf(second)?.get('p0')?.active.description, 'y');
  assert.equal(presetsOf(first)?.get('p0')?.active.description, 'x');
  for (let index = 1; index < 200; index++)
    assert.equal(presetsOf(first)?.get(`p${index}`), presetsOf(second)?.get(`p${index}`));
});
