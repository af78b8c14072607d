import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { listen, type Refusal } from './server.ts';

const refusal: Refusal = ({ status, message }) => ({ status, headers: {}, body: Buffer.from(message) });

test('a client that sends its head drop by drop is told so and cut off; others are served meanwhile', async (t) => {
  const server = await listen({
    host: '127.0.0.1',
    port: 0,
    refusal,
    headersTimeout: 400,
    route: (_request, _response, reply) => {
      reply.head(200, {});
      reply.end('served');
    },
  });
  t.after(() => server.drain(0));
  const slow = connect(server.port, '127.0.0.1');
  slow.write('GET / HTTP/1.1\r\nhost: localhost\r\n');
  const drip = setInterval(() => slow.write('x: y\r\n'), 50);
  slow.on('error', () => undefined);
  const answer = new Promise<string>((resolve) => {
    let text = '';
    slow.on('data', (chunk) => (text += chunk.toString()));
    slow.on('close', () => resolve(text));
  });
  assert.equal(await (await fetch(`http://127.0.0.1:${server.port}/`)).text(), 'served');
  assert.match(await answer, /^HTTP\/1\.1 408 .*did not arrive in time/s);
  clearInterval(drip);
});

test('draining waits for what runs, then tells it to stop', async () => {
  const told: string[] = [];
  const server = await listen({
    host: '127.0.0.1',
    port: 0,
    refusal,
    route: (_request, _response, reply) => {
      reply.head(200, {});
      reply.write('begun ');
      reply.gone((why) => {
        told.push(why);
        reply.end('stopped');
      });
    },
  });
  const response = await fetch(`http://127.0.0.1:${server.port}/`);
  assert.equal(server.active(), 1);
  await Promise.all([server.drain(50), server.drain(50)]);
  assert.equal(await response.text(), 'begun stopped');
  assert.deepEqual(told, ['shutdown']);
  await assert.rejects(fetch(`http://127.0.0.1:${server.port}/`));
});
