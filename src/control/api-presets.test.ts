import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { assertLike, begun, call, chain, deepseek } from '../../test/support/control-calls.ts';
import { localKey, testControl } from '../../test/support/control-host.ts';
import { fallbackRecord } from '../../test/support/in-memory-control.ts';

test('an ETag is what If-Match of the next change takes; the second of two editors is told', async () => {
  const control = await begun();
  const read = await call(control, 'GET /presets/coder');
  assert.equal(read.etag, '"3"');
  const edit = { config: { description: 'mine' } };
  const first = await call(control, 'PATCH /presets/coder', edit, { 'if-match': '"3"' });
  assert.deepEqual([first.status, first.etag], [200, '"4"']);
  const second = await call(
    control,
    'PATCH /presets/coder',
    { config: { description: 'yours' } },
    { 'if-match': '"3"' },
  );
  assert.equal(second.status, 409);
  assertLike(second.body, { yours: { version: 3 }, active: { version: 4 }, diff: ['+description: "mine"'] });
  for (const [tag, status] of [
    ['*', 200],
    ['4', 400],
    ['W/"4"', 400],
  ] as const)
    assert.equal(
      (await call(control, 'PATCH /presets/coder', edit, { 'if-match': tag })).status,
      status,
      tag,
    );
  const both = await call(control, 'PATCH /presets/coder', { ...edit, if_version: 3 }, { 'if-match': '"4"' });
  assert.equal(both.status, 400);
  const racing = await Promise.all(
    Array.from({ length: 10 }, (_, index) =>
      call(control, 'PUT /presets/coder', { config: { description: `${index}` }, if_version: 4 }),
    ),
  );
  assert.deepEqual(
    racing.map(({ status }) => status).toSorted((a, b) => a - b),
    [200, ...Array<number>(9).fill(409)],
  );
});

test('a draft is kept, shown, compared, and becomes the next version', async () => {
  const control = await begun();
  await call(control, 'PUT /presets/coder/draft', { ...chain('claude-haiku-4-5'), message: 'try haiku' });
  const { body: shown } = await call(control, 'GET /presets/coder/draft');
  assertLike(shown, { draft: { base: 3, message: 'try haiku', config: { models: ['claude-haiku-4-5'] } } });
  const { body: diff } = await call(control, 'GET /presets/coder/diff?from=active&to=draft');
  assertLike(diff, {
    from: 3,
    to: 'draft',
    chain: {
      from: ['deepseek/deepseek-v4-pro', 'anthropic/claude-sonnet-4.6'],
      to: ['anthropic/claude-haiku-4.5'],
    },
  });
  const { body: published } = await call(control, 'POST /presets/coder/draft/publish', {});
  assertLike(published, { changes: [{ action: 'changed', version: 4 }], object: { version: 4 } });
  assert.equal((await call(control, 'GET /presets/coder/draft')).status, 404);
});

test('a diff says what a change costs: for the traffic there was, or for a standard request', async () => {
  const control = await begun();
  const cost = async (): Promise<unknown> =>
    (await call(control, 'GET /presets/coder/diff?from=1&to=2')).body['cost'];
  const before = (await cost()) as {
    traffic: object;
    from: { usd_per_1000: number }[];
    to: { usd_per_1000: number }[];
  };
  assertLike(before, {
    traffic: { requests: 0, standard: { input: 2000, output: 500 } },
    from: [{ position: 0, endpoint: 'deepseek/deepseek-v4-pro@deepseek' }],
    to: [{ position: 0 }, { position: 1, endpoint: 'anthropic/claude-haiku-4.5@anthropic' }],
  });
  // Haiku 4.5 is $1 in and $5 out: 1,000 × (2,000 × 1 + 500 × 5) ÷ 1,000,000.
  assert.equal(before.to[1]?.usd_per_1000, 4.5);
  assert.equal(before.to[0]?.usd_per_1000, before.from[0]?.usd_per_1000);
  for (const id of ['gen-1', 'gen-2'])
    control.generations.add(fallbackRecord({ id, at: Date.now() - 1_000 }));
  control.generations.add(fallbackRecord({ id: 'gen-3', at: Date.now(), preset: 'other' }));
  const after = (await cost()) as typeof before;
  assertLike(after, { traffic: { requests: 2 } });
  // 800 fresh and 12 read from a cache that has no price of its own, 100 out and 20 of reasoning.
  assert.equal(after.to[1]?.usd_per_1000, 0.812 + 0.6);
});

test('what is far too much is refused before anything walks through it, and nobody waits for it', async () => {
  const control = await begun();
  const nested = (depth: number): string => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
  const send = async (line: string, config: string): Promise<unknown> => {
    const [method = '', path = ''] = line.split(' ');
    const response = await control.fetch(
      new Request(`http://gateway.test/api/admin${path}`, {
        method,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${localKey}` },
        body: `{"config":{"parameters":${config}}}`,
      }),
    );
    const { findings, error } = (await response.json()) as {
      findings?: { message: string }[];
      error: object;
    };
    return [response.status, findings?.[0]?.message ?? error];
  };
  for (const line of ['PUT /presets/coder', 'PATCH /presets/coder', 'PUT /presets/coder/draft']) {
    assert.deepEqual(await send(line, nested(5_000)), [422, 'is nested deeper than 100 levels'], line);
    assert.deepEqual(await send(line, `["${'x'.repeat(11_000_000)}"]`), [422, 'is larger than 10 MB'], line);
    assertLike(await send(line, `"${'x'.repeat(17_000_000)}"`), [413, { code: 'body_too_large' }]);
  }
  const polluted = await send('PATCH /presets/coder', '{"__proto__":{"polluted":1},"seed":1}');
  assertLike(polluted, [200, /no limit holds here/]);
  assert.equal(Reflect.get({}, 'polluted'), undefined);
  assert.deepEqual(control.reported, []);
});

test('a roll-out is compared with what it would replace, and promoted in one call', async () => {
  const control = await begun();
  await call(control, 'POST /presets/coder/rollout', { version: 2, percent: 10 });
  const add = (id: string, change: Parameters<typeof fallbackRecord>[0]): void =>
    control.generations.add(fallbackRecord({ id, at: Date.now() + 1_000, ...change }));
  for (let index = 0; index < 4; index++)
    add(`gen-a${index}`, { presetVersion: 3, latencyMs: 100 * (index + 1) });
  add('gen-b1', { presetVersion: 2, latencyMs: 40, ending: 'failed' });
  add('gen-b2', { presetVersion: 2, latencyMs: 50, served: { position: 0, model: 'a/b', provider: 'c' } });
  add('gen-old', { presetVersion: 3, at: 0 });
  const { body } = await call(control, 'GET /presets/coder/rollout');
  assertLike(body, {
    rollout: { version: 2, base: 3, percent: 10 },
    base: {
      version: 3,
      requests: 4,
      partial: false,
      error_rate: 0,
      fallback_rate: 1,
      p50_ms: 200,
      p95_ms: 400,
      usd_per_request: 0.00123,
    },
    next: { version: 2, requests: 2, error_rate: 0.5, fallback_rate: 0.5, p50_ms: 50, p95_ms: 50 },
  });
  const { body: promoted } = await call(control, 'POST /presets/coder/rollout/promote', {});
  assertLike(promoted, {
    object: { version: 2 },
    changes: [{ kind: 'preset' }, { kind: 'rollout', action: 'archived' }],
  });
});

test('the description has every config as the document has it, and its examples fit', async () => {
  const control = testControl();
  const { body } = await call(control, 'GET /openapi.json');
  const { components, paths } = body as {
    components: { schemas: Record<string, object> };
    paths: Record<string, Record<string, { requestBody?: { content: Record<string, { schema: unknown }> } }>>;
  };
  const put = paths['/api/admin/presets/{name}']?.['put']?.requestBody?.content['application/json']?.schema;
  assertLike(put, {
    required: ['config'],
    properties: { config: { $ref: '#/components/schemas/PresetConfig' } },
  });
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'openapi', components });
  const fits = (name: string, value: unknown): boolean =>
    ajv.validate({ $ref: `openapi#/components/schemas/${name}` }, value);
  assert.ok(fits('PresetConfig', { models: ['a/b'], parameters: { deep: [{ er: null }] } }));
  assert.equal(fits('PresetConfig', { modles: [] }), false);
  assert.ok(fits('ProviderConfig', deepseek));
  assert.equal(fits('ProviderConfig', { wire: 'openai' }), false);
  assert.ok(fits('KeyConfig', { key: '0123456789abcdef' }), 'its name stands in the path');
  for (const name of ['Model', 'Workspace', 'Alert', 'Gateway'])
    assert.ok(components.schemas[`${name}Config`], name);
});
