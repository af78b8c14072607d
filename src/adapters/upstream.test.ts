import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import type { UpstreamCall, UpstreamSink } from '../ports.ts';
import { httpUpstream } from './upstream.ts';

async function serverOf(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const call = (url: string): UpstreamCall => ({
  method: 'POST',
  url,
  model: 'm',
  headers: { authorization: 'Bearer secret' },
  body: [Buffer.from('{'), Buffer.from('}')],
});

/** Records what an exchange tells, in order. */
function listener(): { readonly sink: UpstreamSink; readonly told: string[]; readonly over: Promise<void> } {
  const told: string[] = [];
  let finish: () => void = () => undefined;
  const over = new Promise<void>((resolve) => (finish = resolve));
  const end = (what: string): void => {
    told.push(what);
    finish();
  };
  return {
    told,
    over,
    sink: {
      connected: () => told.push('connected'),
      head: (status) => told.push(`head ${status}`),
      data: (chunk) => told.push(`data ${chunk.toString()}`),
      end: () => end('end'),
      broken: ({ kind }) => end(`broken ${kind}`),
    },
  };
}

test('an exchange tells connected, head, data, end; slices arrive as one body', async (t) => {
  const bodies: string[] = [];
  const url = await serverOf(t, (request, response) => {
    request.on('data', (chunk: Buffer) => bodies.push(chunk.toString()));
    request.on('end', () => response.end('hi'));
  });
  const upstream = httpUpstream();
  t.after(() => upstream.close());
  const { sink, told, over } = listener();
  upstream.send(call(url), sink);
  assert.deepEqual(told, [], 'never before send has returned');
  await over;
  assert.deepEqual(told, ['connected', 'head 200', 'data hi', 'end']);
  assert.equal(bodies.join(''), '{}');
});

test('a redirect is an answer like any other: credentials do not follow it', async (t) => {
  let followed = 0;
  const elsewhere = await serverOf(t, (_request, response) => {
    followed += 1;
    response.end();
  });
  const url = await serverOf(t, (_request, response) =>
    response.writeHead(307, { location: elsewhere }).end(),
  );
  const upstream = httpUpstream();
  t.after(() => upstream.close());
  const { sink, told, over } = listener();
  upstream.send(call(url), sink);
  await over;
  assert.deepEqual(told, ['connected', 'head 307', 'end']);
  assert.equal(followed, 0);
});

test('connections are kept and used again', async (t) => {
  const sockets = new Set<unknown>();
  const url = await serverOf(t, (request, response) => {
    sockets.add(request.socket);
    request.resume().on('end', () => response.end());
  });
  const upstream = httpUpstream();
  t.after(() => upstream.close());
  for (let i = 0; i < 5; i++) {
    const { sink, over } = listener();
    upstream.send(call(url), sink);
    await over;
  }
  // The second call may begin before the first connection is marked free.
  assert.ok(sockets.size <= 2, `${sockets.size} connections for five calls`);
});

test('what was never sent is unreachable, what broke off later is a reset', async (t) => {
  const url = await serverOf(t, (request) => request.socket.destroy());
  const upstream = httpUpstream();
  t.after(() => upstream.close());
  const refused = listener();
  // Port 1 is reserved; nobody listens there.
  upstream.send(call('http://127.0.0.1:1'), refused.sink);
  await refused.over;
  assert.deepEqual(refused.told, ['broken unreachable']);
  const reset = listener();
  upstream.send(call(url), reset.sink);
  await reset.over;
  assert.deepEqual(reset.told, ['connected', 'broken reset']);
});

test('a cancelled exchange closes its connection and tells nothing more', async (t) => {
  let closed: () => void = () => undefined;
  const left = new Promise<void>((resolve) => (closed = resolve));
  const url = await serverOf(t, (_request, response) => {
    response.write('begun');
    response.on('close', () => closed());
  });
  const upstream = httpUpstream();
  t.after(() => upstream.close());
  const { sink, told } = listener();
  let come: () => void = () => undefined;
  const first = new Promise<void>((resolve) => (come = resolve));
  const data = (chunk: Buffer): void => {
    sink.data(chunk);
    come();
  };
  const exchange = upstream.send(call(url), { ...sink, data });
  await first;
  exchange.cancel();
  await left;
  assert.deepEqual(told, ['connected', 'head 200', 'data begun']);
});
