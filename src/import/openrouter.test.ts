import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadCatalogue } from '../catalog/load.ts';
import { checkDocument, snapshotFromDocument } from '../control/check-document.ts';
import { importOpenRouter } from './openrouter.ts';
import type { Imported } from './report.ts';
import { readSource } from './sources.ts';

const options = { catalogue: loadCatalogue(), now: Date.parse('2026-11-24'), local: true } as const;

function imported(...values: readonly unknown[]): Imported {
  const sources = values.map((value, index) => readSource(`file-${index}.json`, JSON.stringify(value)));
  return importOpenRouter(sources, options.catalogue);
}

function preset(config: unknown, more: object = {}): object {
  const designated_version = { preset_id: 'p', id: 'v', version: 1, config, system_prompt: null };
  return { data: { id: 'p', slug: 'coder', name: 'coder', status: 'active', designated_version, ...more } };
}

test('every way in which the API answers, and the bare configuration, is the same preset', () => {
  const config = { models: ['anthropic/claude-haiku-4.5', 'openai/gpt-5.4'], temperature: 0.2 };
  const whole = preset(config) as { data: Record<string, unknown> };
  const { designated_version: version, ...listed } = whole.data;
  const ways: readonly (readonly unknown[])[] = [
    [whole],
    [whole.data],
    [[whole.data]],
    [{ data: [whole.data], total_count: 1 }],
    [
      { data: [{ ...listed, designated_version_id: 'v' }], total_count: 1 },
      { data: [version], total_count: 1 },
    ],
    [{ ...listed, designated_version: null }, whole],
  ];
  const expected = { model: 'anthropic/claude-haiku-4.5', parameters: {} };
  for (const way of ways) {
    const { snapshot } = snapshotFromDocument(imported(...way).document, options);
    const found = snapshot?.workspaces.get('default')?.presets.get('coder')?.active;
    assert.deepEqual(found?.chain[0], expected, JSON.stringify(way));
    assert.deepEqual(found?.parameters, { temperature: 0.2 });
  }
  const bare = snapshotFromDocument(imported(config).document, options).snapshot;
  assert.deepEqual(bare?.workspaces.get('default')?.presets.get('file-0')?.active.chain[0], expected);
});

test('a policy on prompts, and an order that lets nobody else in, leave OpenRouter able to serve', () => {
  const provider = { data_collection: 'deny', zdr: true, order: ['anthropic'], allow_fallbacks: false };
  const { document } = imported(preset({ model: 'anthropic/claude-haiku-4.5', provider }));
  const never = checkDocument(document, options).filter(({ message }) => message.includes('never called'));
  assert.deepEqual(never, []);
});

const odd = fc.oneof(
  fc.constantFrom<unknown>(null, -1, 0.5, '', '5', true, [], {}, 'price', ['a/b'], { by: 'latency' }),
  fc.jsonValue({ maxDepth: 3 }),
);
const loosely = (fields: string): fc.Arbitrary<object> =>
  fc.record(Object.fromEntries(fields.split(' ').map((field) => [field, odd])), { requiredKeys: [] });
const slugs = fc.constantFrom(
  'anthropic/claude-haiku-4.5',
  'openai/gpt-5.4:nitro',
  '~anthropic/claude-latest',
  'openrouter/auto',
  'acme/Never Heard',
  'Acme/UPPER',
  'x',
  '',
);
const config = fc
  .tuple(
    fc.record({ model: slugs, models: fc.array(slugs, { maxLength: 40 }) }, { requiredKeys: [] }),
    fc.record({
      provider: fc.oneof(
        loosely('order only ignore allow_fallbacks data_collection zdr sort max_price quantizations else'),
        odd,
      ),
    }),
    loosely(
      'temperature max_tokens reasoning tools route messages stream cache_enabled system_prompt locked else',
    ),
  )
  .map((parts) => Object.assign({}, ...parts) as object);

test('whatever a preset holds, the document is one that we read, and twice the same', () => {
  fc.assert(
    fc.property(
      config,
      loosely('slug name description status id'),
      fc.oneof(fc.string(), fc.constant(null)),
      (held, more, system_prompt) => {
        const whole = preset(held, more) as { data: { designated_version: object } };
        Object.assign(whole.data.designated_version, { system_prompt });
        const run = (): string => {
          // Without a slug there is nothing to see that it is a preset.
          Object.assign(whole.data, { slug: 'Some Slug' });
          return imported(whole).document;
        };
        const document = run();
        const errors = checkDocument(document, options).filter(({ level }) => level === 'error');
        assert.deepEqual(errors, [], document);
        assert.equal(run(), document);
      },
    ),
    { numRuns: 200 },
  );
});
