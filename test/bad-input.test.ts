/** What is wrong with a request is said clearly, in the dialect's envelope, and the server lives. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { emulatedChain, key, startTestGateway, type TestGateway } from './support/gateway.ts';

const good = { model: '@preset/coder', messages: [{ role: 'user', content: 'hello' }] };

const document = `${emulatedChain}
  - { name: off, key: sk-disabled-0123456789, disabled: true }
  - { name: old, key: sk-expired-0123456789, expires: '2020-01-01' }
  - { name: narrow, key: sk-narrow-0123456789, presets: [other] }
`.replace(
  'presets:\n',
  'presets:\n  other: { models: [anthropic/claude-haiku-4.5] }\n  gone: { models: [anthropic/claude-haiku-4.5], disabled: true }\n  fixed: { models: [anthropic/claude-haiku-4.5], locked: [models] }\n',
);

type Row = {
  readonly body: unknown;
  readonly status: number;
  readonly type: string;
  readonly says: RegExp;
  readonly headers?: Record<string, string>;
};

const rows: Readonly<Record<string, Row>> = {
  'malformed JSON': {
    body: '{"model": "@preset/coder", "messages": [',
    status: 400,
    type: 'invalid_json',
    says: /not valid JSON/,
  },
  'an empty body': { body: '', status: 400, type: 'invalid_json', says: /JSON/ },
  'an array': { body: '[]', status: 400, type: 'invalid_json', says: /must be a JSON object/ },
  'no messages': {
    body: { model: '@preset/coder' },
    status: 400,
    type: 'invalid_request',
    says: /"messages" is missing/,
  },
  'messages of a wrong type': {
    body: { ...good, messages: 'hi' },
    status: 400,
    type: 'invalid_request',
    says: /"messages" must be an array/,
  },
  'no messages in the array': {
    body: { ...good, messages: [] },
    status: 400,
    type: 'invalid_request',
    says: /"messages" is empty/,
  },
  'no model': {
    body: { messages: good.messages },
    status: 400,
    type: 'invalid_request',
    says: /"model" is missing/,
  },
  'a model of a wrong type': {
    body: { ...good, model: 7 },
    status: 400,
    type: 'invalid_request',
    says: /"model" must be a name/,
  },
  'a stream of a wrong type': {
    body: { ...good, stream: 'yes' },
    status: 400,
    type: 'invalid_request',
    says: /"stream" must be true or false/,
  },
  'a negative cap': {
    body: { ...good, max_tokens: -1 },
    status: 400,
    type: 'invalid_request',
    says: /"max_tokens" must be a whole number/,
  },
  'an unknown preset': {
    body: { ...good, model: '@preset/nope' },
    status: 404,
    type: 'preset_not_found',
    says: /no preset "nope"/,
  },
  'a preset by a wrong field type': {
    body: { ...good, preset: {} },
    status: 400,
    type: 'invalid_request',
    says: /"preset" must be a name/,
  },
  'an unknown version': {
    body: { ...good, model: '@preset/coder@9' },
    status: 404,
    type: 'preset_version_not_found',
    says: /no version 9/,
  },
  'a disabled preset': {
    body: { ...good, model: '@preset/gone' },
    status: 404,
    type: 'preset_disabled',
    says: /gone is disabled/,
  },
  'a preset without its prefix': {
    body: { ...good, model: 'coder' },
    status: 404,
    type: 'model_not_found',
    says: /"@preset\/coder"/,
  },
  'an unknown model': {
    body: { ...good, model: 'anthropic/claude-haiku-4' },
    status: 404,
    type: 'model_not_found',
    says: /Did you mean "anthropic\/claude-haiku-4\.5"/,
  },
  'a model nobody configured serves': {
    body: { ...good, model: 'openai/gpt-5.5' },
    status: 404,
    type: 'model_not_found',
    says: /no configured provider serves it/,
  },
  'a model beside locked ones': {
    body: { ...good, model: 'anthropic/claude-sonnet-4.6@preset/fixed' },
    status: 403,
    type: 'models_locked',
    says: /locked/,
  },
  'a preset the key may not use': {
    body: good,
    headers: { authorization: 'Bearer sk-narrow-0123456789' },
    status: 403,
    type: 'preset_not_allowed',
    says: /may use: other/,
  },
  'a plain model for a key of presets': {
    body: { ...good, model: 'anthropic/claude-haiku-4.5' },
    headers: { authorization: 'Bearer sk-narrow-0123456789' },
    status: 403,
    type: 'model_not_allowed',
    says: /meant for presets/,
  },
  'no key': {
    body: good,
    headers: { authorization: '' },
    status: 401,
    type: 'missing_key',
    says: /Authorization: Bearer/,
  },
  'an unknown key': {
    body: good,
    headers: { authorization: 'Bearer sk-wrong-0123456789' },
    status: 401,
    type: 'invalid_key',
    says: /not known/,
  },
  'a disabled key': {
    body: good,
    headers: { authorization: 'Bearer sk-disabled-0123456789' },
    status: 401,
    type: 'key_disabled',
    says: /off is disabled/,
  },
  'an expired key': {
    body: good,
    headers: { authorization: 'Bearer sk-expired-0123456789' },
    status: 401,
    type: 'key_expired',
    says: /expired on 2020-01-0/,
  },
  'a wrong content type': {
    body: 'model=x',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    status: 415,
    type: 'unsupported_content_type',
    says: /application\/json/,
  },
  'a wrong content encoding': {
    body: good,
    headers: { 'content-encoding': 'lzma' },
    status: 415,
    type: 'unsupported_encoding',
    says: /gzip/,
  },
  'a broken encoding': {
    body: good,
    headers: { 'content-encoding': 'gzip' },
    status: 400,
    type: 'invalid_request',
    says: /cannot be decoded/,
  },
  'a huge prompt': {
    body: { ...good, model: '@preset/other', messages: [{ role: 'user', content: 'x'.repeat(3_000_000) }] },
    status: 400,
    type: 'context_length_exceeded',
    says: /too long for every model/,
  },
};

test('each mistake has its status, its code and a sentence that names the fix', async (t) => {
  const gateway = await startTestGateway(t, document);
  for (const [name, { body, status, type, says, headers }] of Object.entries(rows)) {
    const response = await gateway.post(body, headers);
    const { error } = (await response.json()) as { error: { code: number; type: string; message: string } };
    assert.deepEqual([response.status, error.code, error.type], [status, status, type], name);
    assert.match(error.message, says, name);
    assert.equal(response.headers.get('x-should-retry'), 'false', name);
    assert.match(response.headers.get('x-generation-id') ?? '', /^gen-/, name);
    assert.equal(gateway.lastRecord().problem, type, name);
    assert.deepEqual(gateway.lastRecord().attempts, [], `${name}: nothing was called`);
  }
  assert.equal((await gateway.post(good)).status, 200);
});

test('bodies may come compressed', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  const body = Buffer.from(JSON.stringify(good));
  for (const [encoding, bytes] of [
    ['gzip', gzipSync(body)],
    ['br', brotliCompressSync(body)],
    ['zstd', zstdCompressSync(body)],
  ] as const) {
    const response = await fetch(`${gateway.base}/chat/completions`, {
      method: 'POST',
      body: bytes,
      headers: {
        authorization: `Bearer ${key}`,
        'content-type': 'application/json',
        'content-encoding': encoding,
      },
    });
    assert.equal(response.status, 200, encoding);
  }
});

test('65 MB are refused, announced or not, and so is a bomb', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  const post = async (
    body: Buffer | ReadableStream,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; type: string }> => {
    const response = await fetch(`${gateway.base}/chat/completions`, {
      method: 'POST',
      body,
      duplex: 'half',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    });
    return {
      status: response.status,
      type: ((await response.json()) as { error: { type: string } }).error.type,
    };
  };
  const large = Buffer.alloc(65 * 1024 * 1024, 'x');
  const expected = { status: 413, type: 'body_too_large' };
  assert.deepEqual(await post(large), expected);
  assert.deepEqual(await post(new Blob([large]).stream()), expected);
  assert.deepEqual(
    await post(gzipSync(Buffer.alloc(200 * 1024 * 1024)), { 'content-encoding': 'gzip' }),
    expected,
  );
  assert.equal((await gateway.post(good)).status, 200);
});

/** Sends bytes over a bare socket; resolves with everything that came back when the connection closed. */
function raw(gateway: TestGateway, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(gateway.port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

test('what is not HTTP, or too much of it, is answered and closed', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  assert.match(await raw(gateway, 'hello\r\n\r\n'), /^HTTP\/1\.1 400 .*well-formed/s);
  assert.match(
    await raw(gateway, `GET / HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`),
    /^HTTP\/1\.1 431 /,
  );
  assert.match(
    await raw(
      gateway,
      'GET /v1/responses HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade\r\nupgrade: websocket\r\n\r\n',
    ),
    /^HTTP\/1\.1 426 /,
  );
  assert.equal((await gateway.post(good)).status, 200);
});

test('a foreign Host header is refused on loopback', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  assert.match(
    await raw(gateway, 'GET /v1/models HTTP/1.1\r\nhost: evil.example\r\nconnection: close\r\n\r\n'),
    /^HTTP\/1\.1 400 .*names another machine/s,
  );
});

test('a body that breaks off is recorded as such and costs nothing', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  const socket = connect(gateway.port, '127.0.0.1', () => {
    socket.write(
      `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer ${key}\r\ncontent-type: application/json\r\ncontent-length: 1000\r\n\r\n{"model":`,
    );
    setTimeout(() => socket.destroy(), 50);
  });
  for (let tries = 0; gateway.records().length === 0 && tries < 100; tries++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  assert.deepEqual(gateway.lastRecord().attempts, []);
  assert.equal((await gateway.post(good)).status, 200);
});

test('routes: what is there, what is not, and what comes later', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  const get = async (path: string, init: RequestInit = {}): Promise<number> =>
    (await fetch(`${gateway.url}${path}`, { headers: { authorization: `Bearer ${key}` }, ...init })).status;
  assert.equal(await get('/api/v1/models'), 200);
  assert.equal(await get('/v1/models/anthropic/claude-haiku-4.5'), 200);
  assert.equal(await get('/v1/models/anthropic%2Fclaude-haiku-4.5/endpoints'), 200);
  assert.equal(await get('/v1/models/nobody/nothing'), 404);
  assert.equal(await get('/v1/chat/completions'), 405);
  assert.equal(await get('/v1/nothing'), 404);
  assert.equal(await get('/v1/models', { headers: {} }), 401);
  assert.equal(await get('/', { method: 'HEAD' }), 200);
  assert.equal(await get('/api/hello', { method: 'HEAD' }), 200);
  assert.equal(await get('/healthz'), 200);
  assert.equal(await get('/readyz'), 200);
  assert.equal(await get('/api/admin/status', { headers: {} }), 401);
  assert.equal(await get('/api/admin/status'), 401, 'an inference key opens no control plane');
  assert.equal(await get('/'), 200);
});

test('the memory for bodies is given back: more than fits at once is served in turn', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  const body = JSON.stringify({
    ...good,
    messages: [{ role: 'user', content: 'x'.repeat(60 * 1024 * 1024) }],
  });
  for (let turn = 0; turn < 10; turn++) {
    const response = await gateway.post(body);
    assert.equal(response.status, 400, `${turn}: ${await response.text()}`);
  }
});

test('an upgrade that is no WebSocket is ignored, as HTTP allows', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  assert.match(
    await raw(
      gateway,
      'GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: Upgrade, HTTP2-Settings, close\r\nupgrade: h2c\r\nhttp2-settings: AA\r\n\r\n',
    ),
    /^HTTP\/1\.1 200 /,
  );
});
