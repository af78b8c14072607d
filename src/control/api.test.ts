import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fallbackRecord } from '../../test/support/in-memory-control.ts';
import { localKey, remoteKey, testControl, type TestControl } from '../../test/support/control-host.ts';

type Answer = { readonly status: number; readonly body: unknown; readonly headers: Headers };

/** One request. A string body is sent as it stands, anything else as JSON; without a key nobody is known. */
async function call(
  control: TestControl,
  line: string,
  body?: unknown,
  key: string = localKey,
): Promise<Answer> {
  const [method = 'GET', path = ''] = line.split(' ');
  const request = new Request(`http://gateway.test/api/admin${path}`, {
    method,
    headers: {
      'content-type': 'application/json',
      ...(key === '' ? {} : { authorization: `Bearer ${key}` }),
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const response = await control.fetch(request);
  const text = await response.text();
  const json = response.headers.get('content-type')?.startsWith('application/json');
  return { status: response.status, body: json ? JSON.parse(text) : text, headers: response.headers };
}

const document = JSON.stringify({
  presets: { coder: ['deepseek/deepseek-v4-pro', 'anthropic/claude-haiku-4.5'] },
});

describe('who may ask', () => {
  test('every operation but the OpenAPI document wants an admin key', async () => {
    const control = testControl();
    const openApi = await call(control, 'GET /openapi.json', undefined, '');
    assert.equal(openApi.status, 200);
    const { paths } = openApi.body as { paths: Record<string, Record<string, unknown>> };
    const operations = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map(
        (method) => `${method.toUpperCase()} ${path.replace('/api/admin', '').replace(/\{\w+\}/, 'x')}`,
      ),
    );
    assert.ok(operations.length >= 18, `only ${operations.length} operations are documented`);
    for (const line of operations) {
      const answer = await call(control, line, line.startsWith('GET') ? undefined : {}, '');
      assert.equal(answer.status, 401, line);
      assert.partialDeepStrictEqual(answer.body, { error: { code: 'unauthorized' } }, line);
    }
  });

  test('a backup is for the local operator alone', async () => {
    const control = testControl();
    const answer = await call(control, 'POST /backup', { file: '/srv/backups/copy.db' }, remoteKey);
    assert.equal(answer.status, 403);
    assert.deepEqual(control.backups, []);
  });
});

describe('bad input is refused with the field and the fix', () => {
  const long = 'x'.repeat(17 * 1024 * 1024);
  const table: readonly (readonly [
    line: string,
    body: unknown,
    status: number,
    code: string,
    says: RegExp,
    path?: string,
  ])[] = [
    ['POST /apply', '{"text":', 400, 'invalid_json', /not JSON/],
    ['POST /apply', {}, 400, 'invalid_request', /string/, 'text'],
    ['POST /apply', { text: '{}', dryrun: true }, 400, 'invalid_request', /did you mean "dry_run"/],
    ['POST /apply', { text: '{}', force: 'yes' }, 400, 'invalid_request', /boolean/, 'force'],
    ['POST /apply', { text: long }, 413, 'body_too_large', /16 MB/],
    ['POST /check', { document: '{}' }, 400, 'invalid_request', /unknown field "document"; there is text/],
    ['GET /revisions?limit=0', undefined, 400, 'invalid_request', /1/, 'limit'],
    ['GET /revisions?last=3', undefined, 400, 'invalid_request', /unknown field "last"/],
    ['POST /keys', { name: '' }, 400, 'invalid_request', /1/, 'name'],
    ['POST /keys', { name: 'ci', expires_at: 'tomorrow' }, 400, 'invalid_request', /datetime/i, 'expires_at'],
    ['POST /keys', { name: 'ci', preset: ['coder'] }, 400, 'invalid_request', /did you mean "presets"/],
    ['POST /keys/nobody/disable', undefined, 404, 'not_found', /nobody/],
    ['POST /keys/nobody/enable', undefined, 404, 'not_found', /nobody/],
    ['DELETE /keys/nobody', undefined, 404, 'not_found', /nobody/],
    ['GET /generations?limit=many', undefined, 400, 'invalid_request', /number/i, 'limit'],
    ['GET /generations/gen-0', undefined, 404, 'not_found', /gen-0/],
    ['GET /spend?mont=2026-11', undefined, 400, 'invalid_request', /did you mean "month"/],
    ['GET /spend?by=modle', undefined, 400, 'invalid_request', /did you mean model/, 'by'],
    ['GET /spend?month=November', undefined, 400, 'invalid_request', /written like 2026-11/],
    ['GET /spend?days=0', undefined, 400, 'invalid_request', /1/, 'days'],
    ['POST /explain', {}, 400, 'invalid_request', /record|object/i, 'request'],
    [
      'PUT /emulator/faults',
      { model: '*', kind: 'earthquake' },
      400,
      'invalid_request',
      /rate_limit/,
      'kind',
    ],
    [
      'PUT /emulator/faults',
      { model: 'deepseek/deepseek-v4-prp', kind: 'stall' },
      400,
      'invalid_request',
      /did you mean deepseek\/deepseek-v4-pro/,
      'model',
    ],
    [
      'PUT /emulator/faults',
      { model: 'anthropic/claude-haiku-4.5', kind: 'stall' },
      400,
      'invalid_request',
      /no emulated provider serves/,
      'model',
    ],
    ['PUT /emulator/faults', { model: '*', kind: 'stall', times: 0 }, 400, 'invalid_request', /0/, 'times'],
    ['DELETE /emulator/faults?models=x', undefined, 400, 'invalid_request', /did you mean "model"/],
    ['POST /backup', { file: 'copy.db' }, 400, 'invalid_request', /absolute/, 'file'],
    ['POST /backup', { file: '/nowhere/copy.db' }, 400, 'invalid_request', /ENOENT/, 'file'],
    ['GET /generation', undefined, 404, 'not_found', /openapi\.json/],
    ['POST /status', {}, 404, 'not_found', /no such operation/],
  ];
  for (const [line, body, status, code, says, path] of table) {
    const shown = JSON.stringify(body)?.slice(0, 60) ?? '';
    test(`${line} ${shown} → ${status}`, async () => {
      const answer = await call(testControl(), line, body);
      assert.equal(answer.status, status);
      const { error } = answer.body as { error: { code: string; message: string; path?: string } };
      assert.equal(error.code, code);
      assert.match(error.message, says);
      assert.equal(error.path, path);
    });
  }

  test('a body that is not declared as JSON', async () => {
    const request = new Request('http://gateway.test/api/admin/apply', {
      method: 'POST',
      headers: { authorization: `Bearer ${localKey}`, 'content-type': 'text/yaml' },
      body: 'presets: {}',
    });
    const response = await testControl().fetch(request);
    assert.equal(response.status, 415);
  });

  test('without an emulator its operations say so', async () => {
    const control = testControl({ emulator: false });
    const lines = ['GET /emulator/faults', 'DELETE /emulator/faults', 'GET /emulator/bill'];
    for (const line of lines) {
      const answer = await call(control, line);
      assert.equal(answer.status, 409, line);
      assert.partialDeepStrictEqual(answer.body, { error: { code: 'emulator_off' } });
    }
    const armed = await call(control, 'PUT /emulator/faults', { model: '*', kind: 'stall' });
    assert.equal(armed.status, 409);
  });

  test('our own bug is reported, and the caller learns nothing of it', async () => {
    const control = testControl();
    const answer = await call(control, 'POST /backup', { file: '/bug/copy.db' });
    assert.equal(answer.status, 500);
    assert.doesNotMatch(JSON.stringify(answer.body), /secret/);
    assert.equal(control.reported.length, 1);
  });
});

describe('documents', () => {
  test('apply: applied, then unchanged', async () => {
    const control = testControl();
    const first = await call(control, 'POST /apply', { text: document, message: 'first' });
    assert.equal(first.status, 200);
    assert.partialDeepStrictEqual(first.body, {
      outcome: 'applied',
      dry_run: false,
      revision: 1,
      changes: [{ kind: 'preset', name: 'coder', action: 'created', version: 1 }],
    });
    const again = await call(control, 'POST /apply', { text: document });
    assert.partialDeepStrictEqual(again.body, { changes: [{ action: 'unchanged' }] });
    const history = await call(control, 'GET /revisions?limit=1');
    assert.partialDeepStrictEqual(history.body, {
      revisions: [{ revision: 2, author: 'operator', message: '' }],
    });
  });

  test('apply: not valid is 422, edited since is 409; neither applies anything', async () => {
    const control = testControl();
    const invalid = await call(control, 'POST /apply', { text: 'presets' });
    assert.equal(invalid.status, 422);
    assert.partialDeepStrictEqual(invalid.body, {
      outcome: 'invalid',
      error: {
        code: 'invalid_document',
        message: 'the document is not valid (1 error); nothing was applied',
      },
    });
    await call(control, 'POST /apply', { text: document });
    control.configuration.edit('coder', ['anthropic/claude-haiku-4.5']);
    const changed = JSON.stringify({ presets: { coder: ['deepseek/deepseek-v4-pro', 'a/b'] } });
    const conflict = await call(control, 'POST /apply', { text: changed });
    assert.equal(conflict.status, 409);
    assert.partialDeepStrictEqual(conflict.body, {
      outcome: 'conflict',
      conflicts: [{ name: 'coder' }],
      error: { code: 'conflict' },
    });
    assert.match(control.configuration.export(), /\["anthropic\/claude-haiku-4.5"\]/);
    const forced = await call(control, 'POST /apply', { text: changed, force: true });
    assert.equal(forced.status, 200);
  });

  test('a dry run and a check change nothing', async () => {
    const control = testControl();
    const dry = await call(control, 'POST /apply', { text: document, dry_run: true });
    assert.partialDeepStrictEqual(dry.body, {
      outcome: 'applied',
      dry_run: true,
      changes: [{ action: 'created' }],
    });
    const checked = await call(control, 'POST /check', { text: '{"presets":{"solo":["a/b"]}}' });
    assert.partialDeepStrictEqual(checked.body, {
      valid: true,
      findings: [{ level: 'warning', path: 'presets.solo' }],
    });
    const broken = await call(control, 'POST /check', { text: 'nonsense' });
    assert.partialDeepStrictEqual(broken.body, { valid: false });
    assert.equal(control.configuration.snapshot().revision, 0);
  });

  test('export is the document itself', async () => {
    const control = testControl();
    await call(control, 'POST /apply', { text: document });
    const answer = await call(control, 'GET /export');
    assert.equal(answer.headers.get('content-type'), 'text/yaml; charset=utf-8');
    assert.equal(answer.body, control.configuration.export());
  });
});

test('keys: made with a secret shown once, disabled, enabled, removed', async () => {
  const control = testControl();
  const wanted = { name: 'ci bot', presets: ['coder'], expires_at: '2027-01-31T00:00:00Z' };
  const made = await call(control, 'POST /keys', wanted);
  const { secret } = made.body as { secret: string };
  assert.match(secret, /^sk-/);
  assert.partialDeepStrictEqual(made.body, {
    key: { name: 'ci bot', disabled: false, expires_at: '2027-01-31T00:00:00.000Z' },
  });
  const twice = await call(control, 'POST /keys', wanted);
  assert.equal(twice.status, 409);
  const disabled = await call(control, 'POST /keys/ci%20bot/disable');
  assert.partialDeepStrictEqual(disabled.body, { key: { disabled: true } });
  const enabled = await call(control, 'POST /keys/ci%20bot/enable');
  assert.partialDeepStrictEqual(enabled.body, { key: { disabled: false } });
  const listed = await call(control, 'GET /keys');
  assert.doesNotMatch(JSON.stringify(listed.body), new RegExp(secret));
  assert.deepEqual((await call(control, 'DELETE /keys/ci%20bot')).body, { removed: 'ci bot' });
  assert.deepEqual((await call(control, 'GET /keys')).body, { keys: [] });
});

test('generations: listed newest first, found by id, in dollars and ISO times', async () => {
  const control = testControl();
  control.generations.add(fallbackRecord({ id: 'gen-1' }));
  control.generations.add(fallbackRecord({ id: 'gen-2' }));
  const listed = await call(control, 'GET /generations?limit=1');
  assert.partialDeepStrictEqual(listed.body, { generations: [{ id: 'gen-2' }] });
  const found = await call(control, 'GET /generations/gen-1');
  assert.partialDeepStrictEqual(found.body, {
    generation: {
      id: 'gen-1',
      at: '2026-11-24T12:03:04.000Z',
      fallback: true,
      cost_usd: 0.00123,
      primary_cost_usd: 0.000424,
      cost_multiplier: 2.9,
      tokens: { input: 800, cache_read: 12, output: 100, reasoning: 20 },
      tags: { customerId: 'acme' },
      attempts: [
        { outcome: 'rate_limit', cost_usd: 0 },
        { outcome: 'ok', upstream_id: 'msg_1', worst_usd: 0.009 },
      ],
    },
  });
});

test('spend: grouped, exact dollars as text, and described in OpenAPI', async () => {
  const control = testControl();
  control.generations.add(fallbackRecord({ id: 'gen-1' }));
  const answer = await call(control, 'GET /spend?month=2026-11&by=model,tag:customerId');
  const group = ['anthropic/claude-haiku-4.5', 'acme'];
  assert.partialDeepStrictEqual(answer.body, {
    from: '2026-11-01',
    to: '2026-11-30',
    by: ['model', 'tag:customerId'],
    rows: [{ group, spend_usd: '0.001230000', requests: 1, fallback_share: 1, tokens: { input: 800 } }, {}],
    rows_left_out: 0,
    overlapping: false,
    total: { spend_usd: '0.001230000', attempts: 2 },
  });
  const { body } = await call(control, 'GET /openapi.json');
  assert.partialDeepStrictEqual(body, {
    paths: { '/api/admin/spend': { get: { tags: ['spend'] } } },
    components: { schemas: { SpendRow: { properties: { settled_usd: { type: 'string' } } } } },
  });
});

test('the emulator: broken by alias, listed, mended; its bill', async () => {
  const control = testControl();
  const armed = await call(control, 'PUT /emulator/faults', {
    model: 'deepseek-v4-pro',
    kind: 'rate_limit',
    retry_after: 7,
  });
  const fault = { model: 'deepseek/deepseek-v4-pro', kind: 'rate_limit', retry_after: 7 };
  assert.deepEqual(armed.body, { fault });
  assert.deepEqual(control.faults.faults(), [{ model: fault.model, kind: 'rate_limit', retryAfter: 7 }]);
  assert.deepEqual((await call(control, 'GET /emulator/faults')).body, { faults: [fault] });
  assert.deepEqual((await call(control, 'DELETE /emulator/faults?model=deepseek-v4-pro')).body, {
    cleared: 1,
  });
  assert.deepEqual((await call(control, 'DELETE /emulator/faults')).body, { cleared: 0 });
  const bill = await call(control, 'GET /emulator/bill');
  assert.partialDeepStrictEqual(bill.body, {
    total: { requests: 1, cost_usd: 0.000049 },
    models: { 'deepseek/deepseek-v4-pro': { tokens: { input: 100, output: 10 } } },
  });
});

test('status tells providers, presets and counts, and never a password in an address', async () => {
  const control = testControl();
  await call(control, 'POST /apply', { text: document });
  control.faults.setFault({ model: '*', kind: 'stall' });
  const answer = await call(control, 'GET /status');
  assert.partialDeepStrictEqual(answer.body, {
    version: '0.1.0',
    revision: 1,
    providers: [
      { name: 'emulator-deepseek', base_url: 'emulator://deepseek/v1', models: 1 },
      { name: 'anthropic', base_url: 'https://anthropic.example/v1', models: 1 },
    ],
    presets: [
      {
        workspace: 'default',
        name: 'coder',
        version: 1,
        chain: ['deepseek/deepseek-v4-pro', 'anthropic/claude-haiku-4.5'],
      },
    ],
    counts: { models: 2, generations: 12, fallbacks: 3, failed: 1 },
    notes: ['the credential of anthropic is missing'],
    emulator: { faults: [{ model: '*', kind: 'stall' }] },
  });
  assert.doesNotMatch(JSON.stringify(answer.body), /hunter2/);
});

test('explain hands the request over and answers in dollars', async () => {
  const answer = await call(testControl(), 'POST /explain', { request: { model: '@preset/coder' } });
  assert.partialDeepStrictEqual(answer.body, {
    requested: '@preset/coder',
    warnings: ['workspace default'],
    steps: [
      { position: 0, worst_usd: 0.0123, output_cap: 16_384 },
      { position: 1, multiplier: 6.75 },
    ],
  });
});

test('a backup goes to the absolute path that was asked for', async () => {
  const control = testControl();
  assert.deepEqual((await call(control, 'POST /backup', { file: '/srv/backups/copy.db' })).body, {
    file: '/srv/backups/copy.db',
  });
  assert.deepEqual(control.backups, ['/srv/backups/copy.db']);
});

test('a gateway that stops ends its streams and opens no more', async () => {
  const control = testControl();
  control.close();
  const answer = await call(control, 'GET /generations/stream');
  assert.equal(answer.status, 503);
  assert.partialDeepStrictEqual(answer.body, { error: { code: 'draining' } });
});

test('answers are not kept by caches', async () => {
  const answer = await call(testControl(), 'GET /keys');
  assert.equal(answer.headers.get('cache-control'), 'no-store');
});
