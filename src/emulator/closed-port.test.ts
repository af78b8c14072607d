import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { test } from 'node:test';
import { keepClosedPort } from './closed-port.ts';

test('the port refuses connections, and nobody else can be given it until it is released', async () => {
  const closed = await keepClosedPort();
  const { port } = closed;
  await assert.rejects(once(connect(port, '127.0.0.1'), 'connect'), { code: 'ECONNREFUSED' });
  await assert.rejects(once(createServer().listen(port, '127.0.0.1'), 'listening'), { code: 'EADDRINUSE' });
  closed.release();
});
