import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { capturedShell } from '../../test/support/captured-shell.ts';
import { host } from '../../test/support/control-host.ts';
import { chooseGateway, connectAdmin, parseLocalFile, type LocalFile } from './gateway.ts';

const local: LocalFile = { url: 'http://127.0.0.1:7400', token: 'tok', pid: 1, inferenceKey: 'sk-own' };

describe('which gateway, and with which keys', () => {
  const table: readonly (readonly [
    name: string,
    env: Record<string, string>,
    file: LocalFile | undefined,
    expected: object,
  ])[] = [
    ['nothing known', {}, undefined, { url: 'http://127.0.0.1:7400' }],
    ['another port', { PORT: '7500' }, undefined, { url: 'http://127.0.0.1:7500' }],
    ['the local file', {}, local, { url: local.url, adminKey: 'tok', inferenceKey: 'sk-own' }],
    [
      'the environment wins',
      { SPILLWAY_ADMIN_KEY: 'spw-1', SPILLWAY_KEY: 'sk-1' },
      local,
      { url: local.url, adminKey: 'spw-1', inferenceKey: 'sk-1' },
    ],
    [
      'local secrets stay at home',
      { SPILLWAY_URL: 'https://far.example/v1/' },
      local,
      { url: 'https://far.example' },
    ],
    [
      'the same gateway by its address',
      { SPILLWAY_URL: 'http://127.0.0.1:7400/' },
      local,
      { url: local.url, adminKey: 'tok', inferenceKey: 'sk-own' },
    ],
  ];
  for (const [name, env, file, expected] of table) {
    test(name, () => assert.deepEqual(chooseGateway(env, file), expected));
  }

  for (const url of ['7400', 'ftp://host', 'localhost:7400']) {
    test(`SPILLWAY_URL=${url} is refused`, () => {
      assert.throws(() => chooseGateway({ SPILLWAY_URL: url }, undefined), /not a web address/);
    });
  }

  test('a local file must be whole and must not point elsewhere', () => {
    assert.deepEqual(parseLocalFile(JSON.stringify(local), 'f'), local);
    assert.throws(() => parseLocalFile('{"url":', 'f'), /f is damaged/);
    assert.throws(() => parseLocalFile('{"url":"http://127.0.0.1:1"}', 'f'), /f is damaged/);
    assert.throws(
      () => parseLocalFile('{"url":"http://evil.example","token":"t"}', 'f'),
      /points to another machine/,
    );
  });
});

describe('talking to it', () => {
  test('nobody answers: the sentence says how to start one', async () => {
    const gone = await host(() => new Response());
    await gone.close();
    const admin = await connectAdmin(capturedShell({ env: { SPILLWAY_URL: gone.url } }));
    await assert.rejects(admin.call('GET', 'status'), {
      message: `no gateway answers at ${gone.url}: start one with \`npm start\`, or set SPILLWAY_URL`,
    });
  });

  test('the local file gives address and token', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'spillway-'));
    after(() => rm(folder, { recursive: true }));
    const server = await host((request) => Response.json({ seen: request.headers.get('authorization') }));
    after(() => server.close());
    await writeFile(join(folder, 'local.json'), JSON.stringify({ ...local, url: server.url }));
    const admin = await connectAdmin(capturedShell({ env: { SPILLWAY_DATA_DIR: folder } }));
    assert.deepEqual(await admin.call('GET', 'status'), { seen: 'Bearer tok' });
  });

  const refusals: readonly (readonly [name: string, answer: () => Response, says: RegExp])[] = [
    [
      'its own sentence',
      () => Response.json({ error: { message: 'no such key', path: 'name' } }, { status: 404 }),
      /^name: no such key$/,
    ],
    [
      'a wrong key',
      () => Response.json({}, { status: 401 }),
      /does not accept this admin key: check SPILLWAY_ADMIN_KEY/,
    ],
    [
      'something else answers',
      () => new Response('<h1>hi</h1>', { status: 404 }),
      /answered 404; is that a Spillway gateway\?/,
    ],
  ];
  for (const [name, answer, says] of refusals) {
    test(name, async () => {
      const server = await host(answer);
      const admin = await connectAdmin(
        capturedShell({ env: { SPILLWAY_URL: server.url, SPILLWAY_ADMIN_KEY: 'spw-x' } }),
      );
      await assert.rejects(admin.call('GET', 'status'), { message: says });
      await server.close();
    });
  }

  test('no key at all: the sentence says where one comes from', async () => {
    const server = await host(() => Response.json({}, { status: 401 }));
    const admin = await connectAdmin(capturedShell({ env: { SPILLWAY_URL: server.url } }));
    await assert.rejects(admin.call('GET', 'status'), {
      message: /wants an admin key: set SPILLWAY_ADMIN_KEY, or SPILLWAY_DATA_DIR/,
    });
    await server.close();
  });
});
