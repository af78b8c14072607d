/** What goes wrong before a request is understood is told in the envelope of its route's dialect all the same. */
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import type { Api } from '../src/core/ask.ts';
import { wrongEnvelope } from './support/envelopes.ts';
import { emulatedChain, key, startTestGateway, type TestGateway } from './support/gateway.ts';
import { startPair } from './support/pair.ts';

const routes: Readonly<Record<Api, string>> = {
  chat: '/v1/chat/completions',
  responses: '/v1/responses',
  messages: '/api/v1/messages',
  embeddings: '/v1/embeddings',
};

/** A request as it goes over the wire; what it leaves out is that of a good one. */
type Request = {
  readonly method?: string;
  /** After the route. */
  readonly below?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
};

const socketUpgrade = { connection: 'Upgrade', upgrade: 'websocket', 'sec-websocket-key': 'x' };

const rows: Readonly<Record<string, { readonly request: Request; readonly status: number }>> = {
  'another method': { request: { method: 'GET' }, status: 405 },
  'a method nobody knows': { request: { method: 'PURGE' }, status: 405 },
  'a route below it': { request: { method: 'GET', below: '/nothing' }, status: 404 },
  'a POST below it': { request: { below: '/nothing' }, status: 404 },
  'no key': { request: { headers: { 'x-api-key': '' } }, status: 401 },
  'an unknown key': { request: { headers: { 'x-api-key': 'sk-unknown-0123456789' } }, status: 401 },
  'a body that is no JSON': { request: { body: 'hello' }, status: 400 },
  'an unknown encoding': { request: { headers: { 'content-encoding': 'lzma' } }, status: 415 },
  'another content type': { request: { headers: { 'content-type': 'text/html' } }, status: 415 },
  'a body that is too large': { request: { headers: { 'content-length': '999999999' } }, status: 413 },
  'a foreign host': { request: { headers: { host: 'evil.example' } }, status: 400 },
  'a WebSocket': { request: { method: 'GET', headers: socketUpgrade }, status: 426 },
  'headers that are too large': { request: { headers: { x: 'y'.repeat(40_000) } }, status: 431 },
  'a broken header': { request: { headers: { 'broken header': 'x' } }, status: 400 },
};

/** Sends it over a bare socket: no client would send most of these. */
function send(
  gateway: TestGateway,
  route: string,
  { method = 'POST', below = '', headers = {}, body = '{}' }: Request,
): Promise<{ readonly status: number; readonly head: string; readonly body: unknown }> {
  const all = {
    host: 'localhost',
    connection: 'close',
    'content-type': 'application/json',
    'x-api-key': key,
    'content-length': String(body.length),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(gateway.port, '127.0.0.1', () =>
      socket.write(`${method} ${route}${below} HTTP/1.1\r\n${lines.join('')}\r\n${body}`),
    );
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('error', reject);
    socket.on('close', () => {
      const [head = '', told = ''] = text.split('\r\n\r\n', 2);
      resolve({ status: Number(head.slice(9, 12)), head, body: JSON.parse(told) });
    });
  });
}

for (const [name, { request, status }] of Object.entries(rows))
  test(name, async (t) => {
    const gateway = await startTestGateway(t, emulatedChain);
    for (const [api, route] of Object.entries(routes) as [Api, string][]) {
      const answered = await send(gateway, route, request);
      assert.equal(answered.status, status, `${api}: ${answered.head}`);
      assert.equal(wrongEnvelope(api, answered.body), undefined, api);
      assert.match(answered.head, api === 'messages' ? /\r\nrequest-id: gen-/ : /\r\n(x-)?request-id: gen-/);
      assert.match(answered.head, /\r\nx-should-retry: false/);
    }
  });

test('a gateway that is shutting down', async (t) => {
  let finish = (): void => undefined;
  const { gateway, first } = await startPair(t, (response) => {
    finish = () => response.destroy();
  });
  const running = gateway.post({ model: 'acme/one', messages: [{ role: 'user', content: 'hi' }] });
  while (first.asked.length === 0) await new Promise((go) => setTimeout(go, 5));
  const stopped = gateway.stop(10_000);
  for (const [api, route] of Object.entries(routes) as [Api, string][]) {
    const answered = await send(gateway, route, {});
    assert.equal(answered.status, 503, api);
    assert.equal(wrongEnvelope(api, answered.body), undefined, api);
    assert.match(answered.head, /\r\nretry-after: 1/);
  }
  finish();
  await running;
  await stopped;
});

test('a list of models for an Anthropic client is refused as Anthropic would', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  const get = async (headers: Record<string, string>): Promise<unknown> =>
    (await fetch(`${gateway.base}/models`, { headers })).json();
  assert.equal(wrongEnvelope('messages', await get({ 'anthropic-version': '2023-06-01' })), undefined);
  assert.equal(wrongEnvelope('chat', await get({})), undefined);
});

test('the official clients raise the exception that fits, with the id of the request', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  const anthropic = new Anthropic({ baseURL: gateway.url, apiKey: key, maxRetries: 0 });
  const openai = new OpenAI({ baseURL: gateway.base, apiKey: key, maxRetries: 0 });
  const stranger = new Anthropic({ baseURL: gateway.url, apiKey: 'sk-unknown-0123456789', maxRetries: 0 });
  await assert.rejects(
    () => anthropic.messages.batches.list().then((page) => page.data),
    (error) =>
      error instanceof Anthropic.NotFoundError &&
      error.type === 'not_found_error' &&
      error.requestID?.startsWith('gen-') === true,
  );
  await assert.rejects(
    () => stranger.models.list().then((page) => page.data),
    (error) => error instanceof Anthropic.AuthenticationError && error.requestID?.startsWith('gen-') === true,
  );
  await assert.rejects(
    () => openai.responses.retrieve('resp_1'),
    (error) =>
      error instanceof OpenAI.NotFoundError &&
      error.code === 'route_not_found' &&
      error.requestID?.startsWith('gen-') === true,
  );
});
