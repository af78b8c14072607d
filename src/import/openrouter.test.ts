import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { loadCatalogue } from '../catalog/load.ts';
import { plantedIn } from '../../test/support/planted-secrets.ts';
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

function said({ report }: Imported, path: string): string {
  const found = report.filter((entry) => entry.path.endsWith(path));
  return found.map(({ outcome, message }) => `${outcome}: ${message}`).join('\n');
}

test('what looks like a secret is left out and named, and what only sounds like one stays', () => {
  const schema = { type: 'string', description: 'of the user', default: 'DEFAULT-SECRET' };
  const result = imported(
    preset({
      model: 'anthropic/claude-haiku-4.5',
      api_key: 'KEY-SECRET',
      extra_headers: { x: 'EXTRA-SECRET' },
      reasoning: { max_tokens: 2_000 },
      max_tokens: 500,
      stop_token_ids: [7],
      prompt_cache_key: 'coder',
      tools: [
        {
          type: 'mcp',
          server_label: 'house',
          server_url: 'https://u:URL-SECRET@h.example/mcp?api_key=QUERY-SECRET&v=2',
          authorization: 'TOKEN-SECRET',
          headers: { Authorization: 'Bearer HEADER-SECRET' },
        },
        {
          type: 'function',
          function: {
            name: 'sign_in',
            parameters: { type: 'object', properties: { token: schema }, required: ['token'] },
          },
        },
      ],
    }),
  );
  assert.doesNotMatch(JSON.stringify(result), /SECRET/);
  assert.match(
    said(result, 'config.api_key'),
    /^not carried: looks like a secret and was not copied: .*providers/,
  );
  assert.match(said(result, 'config.extra_headers'), /^not carried: looks like a secret/);
  assert.match(said(result, 'tools[0].authorization'), /^not carried: looks like a secret .* by hand/);
  assert.match(said(result, 'tools[0].headers'), /^not carried: looks like a secret/);
  assert.match(said(result, 'tools[0].server_url'), /^changed: the credential in the address was not copied/);
  assert.match(said(result, 'properties.token'), /^changed: of this parameter only its type/);
  const { snapshot } = snapshotFromDocument(result.document, options);
  const active = snapshot?.workspaces.get('default')?.presets.get('coder')?.active;
  assert.deepEqual(active?.parameters, {
    reasoning: { max_tokens: 2_000 },
    max_tokens: 500,
    stop_token_ids: [7],
    prompt_cache_key: 'coder',
  });
  assert.deepEqual(active?.tools, [
    { type: 'mcp', server_label: 'house', server_url: 'https://h.example/mcp?&v=2' },
    {
      type: 'function',
      function: {
        name: 'sign_in',
        parameters: {
          type: 'object',
          properties: { token: { type: 'string' } },
          required: ['token'],
        },
      },
    },
  ]);
});

test('a credential in a prompt or a description is cut out of it, and named', () => {
  const key = 'sk-or-v1-0123456789abcdef';
  const whole = preset({ model: 'openai/gpt-5.4', system_prompt: `Use ${key} at https://u:p@h.example.` });
  Object.assign((whole as { data: object }).data, { description: `with ${key}` });
  const result = imported(whole);
  assert.doesNotMatch(JSON.stringify(result), /sk-or-v1|u:p@/);
  assert.match(result.document, /system_prompt: Use \[left out\] at https:\/\/h\.example\./);
  assert.match(said(result, 'system_prompt'), /^changed: something in it looks like a secret/);
  assert.match(said(result, 'data.description'), /^changed: something in it looks like a secret/);
});

test('no secret comes through, wherever in a preset it stands', () => {
  fc.assert(
    fc.property(
      plantedIn('extra_body tools provider reasoning house_key metadata response_format'),
      (held) => {
        const result = imported(preset({ model: 'anthropic/claude-haiku-4.5', ...held }));
        assert.doesNotMatch(JSON.stringify(result), /PLANTED/);
        assert.ok(result.report.length > 0);
      },
    ),
    { numRuns: 300 },
  );
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
