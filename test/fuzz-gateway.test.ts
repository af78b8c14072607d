/**
 * Bodies that no client should send, over real sockets to a real gateway: every one is answered in the envelope of
 * its dialect, no promise of ours is broken (the test gateway fails on any), and normal requests are served afterwards.
 */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { brotliCompressSync, gzipSync, zstdCompressSync } from 'node:zlib';
import fc from 'fast-check';
import type { Api } from '../src/core/ask.ts';
import { wrongEnvelope } from './support/envelopes.ts';
import { key, startTestGateway, type TestGateway } from './support/gateway.ts';
import { textOf, treeOf } from './support/json-tree.ts';
import { mutated, mutations } from './support/mutations.ts';
import { smallBodies } from './support/seed-bodies.ts';

/** The same bodies in every run; a failure prints the seed and the path to its smallest case. */
const seed = 20_261_124;

const routes: Readonly<Record<Api, string>> = {
  chat: '/chat/completions',
  responses: '/responses',
  messages: '/messages',
  embeddings: '/embeddings',
};

/** A preset for each wire: `p` goes over all of them, for embeddings there is a model. */
const document = `
providers:
  deepseek: { wire: openai-chat, base_url: 'emulator://deepseek/v1' }
  anthropic: { wire: anthropic, base_url: 'emulator://anthropic/v1' }
  google: { wire: gemini, base_url: 'emulator://google/v1beta' }
  openai: { wire: openai-responses, base_url: 'emulator://openai/v1' }
  vectors: { wire: openai-chat, base_url: 'emulator://openai/v1', catalog: openai }
presets:
  openai-chat: { models: [deepseek/deepseek-v4-pro] }
  anthropic: { models: [anthropic/claude-haiku-4.5] }
  gemini: { models: [google/gemini-3-flash-preview] }
  openai-responses: { models: [openai/gpt-5.4-mini], system_prompt: Watch birds. }
keys: [{ name: test, key: '${key}' }]
`;

const models = ['openai-chat', 'anthropic', 'gemini', 'openai-responses'].map((wire) => `@preset/${wire}`);

type Answered = { readonly status: number; readonly headers: Headers; readonly text: string };

async function send(
  gateway: TestGateway,
  route: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
): Promise<Answered> {
  const response = await fetch(`${gateway.base}${route}`, {
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json', ...headers },
    body,
  });
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Served, or refused in the dialect's own envelope; never `internal`, and never a provider that broke off. */
function checkAnswer(api: Api, { status, headers, text }: Answered): void {
  if (headers.get('content-type')?.startsWith('text/event-stream') === true) {
    assert.equal(status, 200);
    assert.match(text, /\[DONE\]|message_stop|response\.(completed|incomplete|failed)|"error"/);
    return;
  }
  const body = JSON.parse(text) as unknown;
  if (status === 200) return;
  assert.equal(wrongEnvelope(api, body), undefined, text);
  assert.ok(status >= 400 && status < 500, `${status}: ${text}`);
}

async function checkAlive(gateway: TestGateway): Promise<void> {
  for (const model of models) {
    const { status, text } = await send(
      gateway,
      '/chat/completions',
      JSON.stringify({ model, messages: [{ role: 'user', content: 'still there?' }] }),
    );
    assert.equal(status, 200, `${model}: ${text}`);
  }
}

test('bodies with one of everything, changed, to every wire', async (t) => {
  const gateway = await startTestGateway(t, document);
  const apis = Object.entries(smallBodies);
  const property = fc.asyncProperty(
    fc.constantFrom(...apis),
    fc.constantFrom(...models),
    mutations,
    fc.boolean(),
    async ([name, body], preset, list, counted) => {
      const api = name as Api;
      const model = api === 'embeddings' ? 'openai/text-embedding-3-small' : preset;
      const text = textOf(mutated(treeOf({ ...body, model }), list));
      const route = api === 'messages' && counted ? '/messages/count_tokens' : routes[api];
      checkAnswer(api, await send(gateway, route, text));
    },
  );
  await fc.assert(property, { seed, numRuns: 300 });
  await checkAlive(gateway);
});

const megabytes = (count: number, of: string): string => of.repeat((count * 1024 * 1024) / of.length);
const said = (content: string): string =>
  `{"model":"@preset/anthropic","max_tokens":9,"messages":[{"role":"user","content":${content}}]}`;
const bomb = `${'['.repeat(2_000_000)}${']'.repeat(2_000_000)}`;

/** Bytes as they may come from a broken client, a hostile one, or a proxy in between; all for the Messages route. */
const raw: Readonly<Record<string, { readonly body: Buffer; readonly status: number }>> = {
  'a string of 10 MB': { body: Buffer.from(said(`"${megabytes(10, 'long text ')}"`)), status: 400 },
  '10 MB of quotes': { body: Buffer.from(said(`"${megabytes(10, '\\"')}"`)), status: 400 },
  '10 MB of backslashes': { body: Buffer.from(said(`"${megabytes(10, '\\\\')}`)), status: 400 },
  'a key of 10 MB': { body: Buffer.from(`{"${megabytes(10, 'key')}":1}`), status: 400 },
  'a hundred thousand keys': {
    body: Buffer.from(`{${Array.from({ length: 100_000 }, (_, at) => `"k${at}":0`).join()}}`),
    status: 400,
  },
  'the same key a hundred thousand times': {
    body: Buffer.from(`{${Array.from({ length: 100_000 }, () => '"model":0').join()}}`),
    status: 400,
  },
  'two million brackets': { body: Buffer.from(said(bomb)), status: 400 },
  'two million brackets and nothing else': { body: Buffer.from(bomb), status: 400 },
  'brackets that nobody closes': { body: Buffer.from('['.repeat(4_000_000)), status: 400 },
  'deep nesting below a key that comes twice': {
    body: Buffer.from(
      `{"model":"a","model":"b","toJSON":1,"messages":${'['.repeat(15_000)}${']'.repeat(15_000)}}`,
    ),
    status: 400,
  },
  'JSON cut short': { body: Buffer.from(said('"hi"')).subarray(0, -9), status: 400 },
  'large JSON cut short': {
    body: Buffer.from(said(`"${megabytes(1, 'long text ')}"`)).subarray(0, -2),
    status: 400,
  },
  'large JSON that is broken deep inside': {
    body: Buffer.from(said(`[{"type":"tool_use","id":"${'i'.repeat(70)}"},{"x":${'y'.repeat(40_000)}}]`)),
    status: 400,
  },
  'a byte order mark': { body: Buffer.from(`\ufeff${said('"hi"')}`), status: 200 },
  'a byte order mark before much': {
    body: Buffer.from(`\ufeff${said(`"${'hi '.repeat(20_000)}"`)}`),
    status: 200,
  },
  'UTF-16': { body: Buffer.from(said('"hi"'), 'utf16le'), status: 400 },
  'bytes that are no UTF-8': {
    body: Buffer.concat([
      Buffer.from(said('"')).subarray(0, -3),
      Buffer.from([0xff, 0xc0, 0x80, 0xed, 0xa0, 0x80]),
      Buffer.from('"}]}'),
    ]),
    status: 200,
  },
  nothing: { body: Buffer.alloc(0), status: 400 },
  'a null byte': { body: Buffer.from([0]), status: 400 },
  null: { body: Buffer.from('null'), status: 400 },
};

test('bytes that are hardly JSON, plain and compressed', async (t) => {
  const gateway = await startTestGateway(t, document);
  for (const [name, { body, status }] of Object.entries(raw))
    for (const [encoding, bytes] of [
      ['identity', body],
      ['gzip', gzipSync(body)],
    ] as const) {
      const answered = await send(gateway, '/messages', bytes, { 'content-encoding': encoding });
      assert.equal(answered.status, status, `${name}, ${encoding}: ${answered.text.slice(0, 300)}`);
      checkAnswer('messages', answered);
    }
  await checkAlive(gateway);
});

test('encodings that are none, and compressed bodies that are cut', async (t) => {
  const gateway = await startTestGateway(t, document);
  const body = Buffer.from(said('"hi"'));
  const cut = (bytes: Buffer): Buffer => bytes.subarray(0, -5);
  const rows: readonly (readonly [string, Buffer, number])[] = [
    ['constructor', body, 415],
    ['__proto__', body, 415],
    ['gzip, gzip', body, 415],
    ['gzip', cut(gzipSync(body)), 400],
    ['br', cut(brotliCompressSync(body)), 400],
    ['zstd', cut(zstdCompressSync(body)), 400],
    ['zstd', gzipSync(body), 400],
  ];
  for (const [encoding, bytes, status] of rows) {
    const answered = await send(gateway, '/messages', bytes, { 'content-encoding': encoding });
    assert.equal(answered.status, status, `${encoding}: ${answered.text}`);
    checkAnswer('messages', answered);
  }
  await checkAlive(gateway);
});

/** Sends bytes over a bare socket; resolves with what came back when the connection closed. */
function bare(gateway: TestGateway, bytes: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(gateway.port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });
}

test('framing that does not fit what comes', async (t) => {
  const gateway = await startTestGateway(t, document);
  const head = `POST /v1/messages HTTP/1.1\r\nhost: localhost\r\nx-api-key: ${key}\r\nconnection: close\r\n`;
  const rows: readonly (readonly [string, string, RegExp])[] = [
    [
      'a chunk size that is no number',
      'transfer-encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n',
      /^HTTP\/1\.1 400 /,
    ],
    ['two lengths', 'content-length: 2\r\ncontent-length: 3\r\n\r\n{}', /^HTTP\/1\.1 400 /],
    [
      'a length and chunks',
      'content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      /^HTTP\/1\.1 400 /,
    ],
    ['a negative length', 'content-length: -1\r\n\r\n{}', /^HTTP\/1\.1 400 /],
    ['a length beyond all measure', `content-length: ${2 ** 60}\r\n\r\n{}`, /^HTTP\/1\.1 413 /],
  ];
  for (const [name, rest, expected] of rows) assert.match(await bare(gateway, head + rest), expected, name);
  await checkAlive(gateway);
});
