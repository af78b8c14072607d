/** Every field of OpenRouter's `provider` object does what docs/routing.md says, or is refused by name. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { loadCatalogue } from '../src/catalog/load.ts';
import { snapshotFromDocument } from '../src/control/check-document.ts';
import type { Api } from '../src/core/ask.ts';
import { preferencesSchema } from '../src/core/document-preset.ts';
import type { Explanation } from '../src/core/explanation.ts';
import { resolve } from '../src/core/resolve.ts';
import type { Key, Snapshot } from '../src/core/snapshot.ts';
import { readChat } from '../src/dialects/chat/read.ts';
import { explain } from '../src/request/explain.ts';
import { routeFacts } from '../src/request/route-facts.ts';
import { named, rowsWith } from './support/pages.ts';

const { snapshot } = snapshotFromDocument(
  `
providers:
  dear: { wire: openai-chat, base_url: 'https://dear.example/v1', data: { collection: deny } }
  cheap: { wire: anthropic, base_url: 'https://cheap.example/v1', data: { zdr: true } }
  openrouter: { wire: openai-chat, base_url: 'https://openrouter.ai/api/v1' }
models:
  acme/m:
    context: 100000
    features: [tools, vision, audio, json_schema]
    endpoints:
      - { provider: dear, model: m, price: { input: 3, output: 30, per_request: 0.01 } }
      - { provider: cheap, model: m, price: { input: 1, output: 10 } }
      - { provider: openrouter, model: m, price: { input: 2, output: 20 } }
`,
  { catalogue: loadCatalogue(), now: 0, local: true, resolve: () => undefined },
);

function plan(provider: unknown, more: object = {}, dialect: Api = 'chat'): Explanation {
  assert.ok(snapshot);
  const request = {
    model: 'acme/m',
    messages: [{ role: 'user', content: 'hi' }],
    input: 'hi',
    max_tokens: 9,
    provider,
  };
  return explain(snapshot, Buffer.from(JSON.stringify({ ...request, ...more })), {
    workspace: 'default',
    now: 0,
    dialect,
  });
}

/** Providers in order, then what was left out and why. */
function outcome({ steps, skipped }: Explanation): string {
  const short = (endpoint: string): string => endpoint.split('@')[1] ?? '';
  return [
    ...steps.map(({ provider }) => provider),
    ...skipped.map((skip) => `-${short(skip.endpoint)}:${skip.reason}`),
  ].join(' ');
}

test('routing.md has every field of the object, and no other', () => {
  assert.deepEqual(
    named(rowsWith('field', 'routing'), 'field').toSorted(),
    Object.keys(preferencesSchema.shape).toSorted(),
  );
});

const image = {
  messages: [
    { role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:image/png;base64,' } }] },
  ],
};
const sound = {
  messages: [{ role: 'user', content: [{ type: 'input_audio', input_audio: { data: '', format: 'wav' } }] }],
};

const effects: readonly (readonly [provider: object, outcome: string, more?: object])[] = [
  [{}, 'dear cheap openrouter'],
  [{ order: ['cheap'] }, 'cheap dear openrouter'],
  [{ order: ['openrouter', 'cheap'] }, 'openrouter cheap dear'],
  [{ only: ['cheap'] }, 'cheap -dear:only -openrouter:only'],
  [{ only: ['azure'] }, 'openrouter -dear:only -cheap:only'],
  [{ ignore: ['cheap'] }, 'dear openrouter -cheap:ignore'],
  [{ allow_fallbacks: false }, 'dear'],
  [{ allow_fallbacks: false, order: ['cheap', 'openrouter'] }, 'cheap openrouter -dear:order'],
  [{ data_collection: 'deny' }, 'dear -cheap:data_policy -openrouter:data_policy'],
  [{ data_collection: 'allow' }, 'dear cheap openrouter'],
  [{ zdr: true }, 'cheap -dear:data_policy -openrouter:data_policy'],
  [
    { enforce_distillable_text: true },
    'openrouter -dear:enforce_distillable_text -cheap:enforce_distillable_text',
  ],
  [{ enforce_distillable_text: false }, 'dear cheap openrouter'],
  [{ quantizations: ['fp8'] }, 'openrouter -dear:quantizations -cheap:quantizations'],
  [{ quantizations: ['fp8', 'unknown'] }, 'dear cheap openrouter'],
  [{ sort: 'price' }, 'cheap openrouter dear'],
  [{ sort: { by: 'price', partition: 'none' } }, 'cheap openrouter dear'],
  [{ sort: { by: null, partition: null } }, 'dear cheap openrouter'],
  [{ sort: 'effective_cost' }, 'cheap openrouter dear'],
  // Nothing has been measured yet, and OpenRouter's own measure is not ours.
  [{ sort: 'latency' }, 'dear cheap openrouter'],
  [{ sort: 'throughput' }, 'dear cheap openrouter'],
  [{ sort: 'exacto' }, 'dear cheap openrouter'],
  [{ preferred_max_latency: 1, preferred_min_throughput: { p90: 50 } }, 'dear cheap openrouter'],
  [{ max_price: { prompt: '2' } }, 'cheap openrouter -dear:max_price'],
  [{ max_price: { completion: 19.5 } }, 'cheap -dear:max_price -openrouter:max_price'],
  [{ max_price: { image: 0.01, audio: 0.01 } }, 'dear cheap openrouter'],
  [{ max_price: { image: 0.01 } }, 'openrouter -dear:unpriced -cheap:unpriced', image],
  [{ max_price: { audio: 0.01 } }, 'openrouter -dear:unpriced -cheap:unpriced', sound],
  [{ max_price: { image: 0.01 } }, 'dear cheap openrouter', sound],
];

for (const [provider, expected, more] of effects) {
  test(`provider ${JSON.stringify(provider)}${more ? ' with media' : ''}: ${expected}`, () =>
    assert.equal(outcome(plan(provider, more)), expected));
}

const refusals: readonly (readonly [provider: unknown, says: RegExp])[] = [
  ['openrouter', /^"provider" must be an object/],
  [[], /^"provider" must be an object/],
  [{ ordr: ['a'] }, /^"provider.ordr" is not known here; did you mean "order"\?/],
  [{ experimental: { nitro: true } }, /^"provider.experimental" is not known here; there is order, only/],
  [{ __proto__: null, constructor: 1 }, /^"provider.constructor" is not known here/],
  [{ order: 'cheap' }, /^"provider.order" must be an array of provider names/],
  [{ only: [1] }, /^"provider.only" must be an array of provider names/],
  [{ ignore: {} }, /^"provider.ignore" must be an array of provider names/],
  [{ allow_fallbacks: 'no' }, /^"provider.allow_fallbacks" must be true or false/],
  [{ require_parameters: 1 }, /^"provider.require_parameters" must be true or false/],
  [{ data_collection: 'none' }, /^"provider.data_collection" must be one of allow, deny/],
  [{ zdr: 'true' }, /^"provider.zdr" must be true or false/],
  [{ enforce_distillable_text: 'yes' }, /^"provider.enforce_distillable_text" must be true or false/],
  [{ quantizations: ['fp7'] }, /^"provider.quantizations\[0\]" must be one of int4/],
  [{ quantizations: 'fp8' }, /^"provider.quantizations" must be an array/],
  [{ sort: 'speed' }, /^"provider.sort" must be one of price, throughput/],
  [{ sort: 3 }, /^"provider.sort" must be one of price, throughput/],
  [{ sort: { by: 'speed' } }, /^"provider.sort.by" must be one of price/],
  [{ sort: { by: 'price', partition: 'all' } }, /^"provider.sort.partition" must be one of model, none/],
  [{ sort: { key: 'price' } }, /^"provider.sort.key" is not known here/],
  [{ preferred_max_latency: 'fast' }, /^"provider.preferred_max_latency" must be a number/],
  [{ preferred_max_latency: { p95: 1 } }, /^"provider.preferred_max_latency.p95" is not known here/],
  [{ preferred_min_throughput: { p50: -1 } }, /^"provider.preferred_min_throughput.p50" must be a number/],
  [{ max_price: 3 }, /^"provider.max_price" must be an object/],
  [{ max_price: { prompt: 'cheap' } }, /^"provider.max_price.prompt" must be a number of USD/],
  [{ max_price: { completion: -1 } }, /^"provider.max_price.completion" must be a number of USD/],
  [{ max_price: { output: 1 } }, /^"provider.max_price.output" is not known here/],
];

for (const [provider, says] of refusals) {
  test(`provider ${JSON.stringify(provider)} is refused in every dialect`, () => {
    for (const dialect of ['chat', 'responses', 'messages', 'embeddings'] as const) {
      const { problem, steps } = plan(provider, {}, dialect);
      assert.equal(problem?.code, 'invalid_request', dialect);
      assert.match(problem.message, says, dialect);
      assert.deepEqual(steps, []);
    }
  });
}

test('null counts as absent, in every field', () => {
  const nulls = Object.fromEntries(Object.keys(preferencesSchema.shape).map((name) => [name, null]));
  assert.equal(outcome(plan(nulls)), 'dear cheap openrouter');
});

test('what means nothing at the providers here is told', () => {
  assert.match(
    plan({ sort: 'exacto' }).warnings.join(),
    /"provider.sort": exacto is known to OpenRouter alone/,
  );
  assert.deepEqual(plan({ only: ['openrouter'], sort: 'exacto' }).warnings, []);
  assert.deepEqual(plan({ order: ['azure'], ignore: ['azure'] }).warnings, [], 'OpenRouter is told');
});

const merges: readonly (readonly [preset: object, request: object, merged: object])[] = [
  [{ order: ['dear'] }, { order: ['cheap'] }, { order: ['cheap'] }],
  [{ only: ['dear', 'cheap'] }, { only: ['cheap', 'x'] }, { only: ['cheap'] }],
  [{ ignore: ['dear'] }, { ignore: ['cheap'] }, { ignore: ['dear', 'cheap'] }],
  [{ allow_fallbacks: false }, { allow_fallbacks: true }, { allow_fallbacks: false }],
  [{ require_parameters: true }, { require_parameters: false }, { require_parameters: true }],
  [{ data_collection: 'deny' }, { data_collection: 'allow' }, { data_collection: 'deny' }],
  [{ zdr: false }, { zdr: true }, { zdr: true }],
  [
    { enforce_distillable_text: true },
    { enforce_distillable_text: false },
    { enforce_distillable_text: true },
  ],
  [{ quantizations: ['fp8', 'fp4'] }, { quantizations: ['fp8', 'bf16'] }, { quantizations: ['fp8'] }],
  [{ quantizations: ['fp8'] }, { quantizations: ['bf16'] }, { quantizations: [] }],
  [{ sort: 'price' }, { sort: 'latency' }, { sort: 'latency' }],
  [{ preferred_max_latency: 1 }, { preferred_max_latency: 2 }, { preferred_max_latency: 2 }],
  [
    { max_price: { prompt: 1, image: 0.1 } },
    { max_price: { prompt: 2, image: 0.2, audio: 3 } },
    { max_price: { prompt: 1, image: 0.1, audio: 3 } },
  ],
];

for (const [preset, request, merged] of merges) {
  test(`a preset's ${JSON.stringify(preset)} with a request's ${JSON.stringify(request)}`, () => {
    const body = { model: '@preset/p', messages: [{ role: 'user', content: 'hi' }], provider: request };
    const ask = readChat(Buffer.from(JSON.stringify(body)));
    const route = resolve(ask, keyOf('default'), withPreset(preset), routeFacts(ask, {}, 0));
    assert.deepEqual(route.provider, merged);
  });
}

test('what no list has in common is served by nobody, not even by OpenRouter', () => {
  assert.equal(
    outcome(plan({ quantizations: [] })),
    '-dear:quantizations -cheap:quantizations -openrouter:quantizations',
  );
});

function keyOf(workspace: string): Key {
  return { name: 'test', workspace, aliases: new Map(), disabled: false };
}

const upstream = { wire: 'openai-chat', base_url: 'https://one.example/v1' };

function withPreset(provider: object): Snapshot {
  const text = JSON.stringify({
    providers: Object.fromEntries(
      ['dear', 'cheap'].map((name) => [name, { ...upstream, catalog: 'deepseek' }]),
    ),
    presets: { p: { models: ['deepseek/deepseek-v4-pro'], provider } },
  });
  const built = snapshotFromDocument(text, {
    catalogue: loadCatalogue(),
    now: 0,
    local: true,
    resolve: () => undefined,
  });
  assert.ok(built.snapshot, JSON.stringify(built.findings));
  return built.snapshot;
}
