/** How the process starts, stops and dies, seen from outside. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { key, temporaryFolder } from './support/gateway.ts';
import { runCli, spawnGateway, type GatewayProcess } from './support/process.ts';
import { completion, json, startUpstream, type Answer, type TestUpstream } from './support/upstream.ts';

const chunk = (text: string, finish: string | null = null): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content: text }, finish_reason: finish }] })}\n\n`;

/** A stream of `count` words, one every `everyMs`. */
function words(count: number, everyMs: number): Answer {
  return (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    let sent = 0;
    const timer = setInterval(() => {
      sent += 1;
      response.write(chunk(`w${sent} `, sent === count ? 'stop' : null));
      if (sent < count) return;
      clearInterval(timer);
      response.end('data: [DONE]\n\n');
    }, everyMs);
    response.on('close', () => clearInterval(timer));
  };
}

type Setting = {
  readonly gateway: GatewayProcess;
  readonly upstream: TestUpstream;
  readonly dataDir: string;
  readonly document: string;
};

async function start(t: TestContext, answer: Answer, env: Record<string, string> = {}): Promise<Setting> {
  const upstream = await startUpstream(t, answer);
  const dataDir = temporaryFolder(t);
  const document = join(dataDir, 'document.yaml');
  writeFileSync(
    document,
    `
providers: { up: { wire: openai-chat, base_url: '${upstream.url}', api_key: 'file:${join(dataDir, 'provider-key')}' } }
models: { acme/m: { context: 100000, endpoints: [{ provider: up, model: m, price: { input: 1, output: 2 } }] } }
presets: { p: { models: [acme/m] } }
keys: [{ name: test, key: '${key}' }]
`,
  );
  writeFileSync(join(dataDir, 'provider-key'), 'provider-key-one\n');
  const gateway = await spawnGateway(t, { dataDir, args: ['--config', document], env });
  return { gateway, upstream, dataDir, document };
}

function post(gateway: GatewayProcess, stream: boolean): Promise<Response> {
  return fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: '@preset/p', stream, messages: [{ role: 'user', content: 'hi' }] }),
  });
}

test('TERM under 200 streams: none is cut; new requests are told to come again; the exit is clean', async (t) => {
  const { gateway, upstream } = await start(t, words(20, 100));
  const streams = Array.from({ length: 200 }, async () => await (await post(gateway, true)).text());
  while (upstream.asked.length < 200) await sleep(10);
  gateway.child.kill('SIGTERM');
  await sleep(150);
  const refused = await post(gateway, false);
  assert.deepEqual([refused.status, refused.headers.get('retry-after')], [503, '1']);
  assert.equal((await fetch(`${gateway.url}/readyz`)).status, 503);
  assert.equal((await fetch(`${gateway.url}/healthz`)).status, 200);
  for (const text of await Promise.all(streams)) {
    assert.ok(text.includes('w20 ') && text.endsWith('data: [DONE]\n\n'));
    assert.equal(text.includes('"error"'), false);
  }
  assert.equal(await gateway.ended, 0);
});

test('what is still running when the time to drain is over ends with an error event, not politely', async (t) => {
  const { gateway } = await start(t, words(1_000, 50), { SPILLWAY_DRAIN: '300ms' });
  const response = await post(gateway, true);
  let text = '';
  const reading = (async () => {
    for await (const piece of response.body ?? []) text += Buffer.from(piece as Uint8Array).toString();
  })();
  gateway.child.kill('SIGTERM');
  await assert.rejects(reading, 'the connection does not end cleanly');
  const events = text.trim().split('\n\n');
  const last = JSON.parse(events.at(-1)?.slice(6) ?? '') as {
    error: { type: string };
    choices: { finish_reason: string }[];
  };
  assert.equal(last.error.type, 'draining');
  assert.equal(last.choices[0]?.finish_reason, 'error');
  assert.equal(await gateway.ended, 0);
});

test('kill -9 under load: settings and every finished record are there, nothing is corrupt', async (t) => {
  const { gateway, dataDir, document } = await start(t, json(200, completion('ok')));
  const finished: string[] = [];
  let going = true;
  const clients = Array.from({ length: 16 }, async () => {
    while (going) {
      const response = await post(gateway, false).catch(() => undefined);
      const body = await response?.text().catch(() => undefined);
      if (response && body !== undefined && body.endsWith('}'))
        finished.push(response.headers.get('x-generation-id') ?? '');
      else return;
    }
  });
  while (finished.length < 400) await sleep(5);
  gateway.child.kill('SIGKILL');
  going = false;
  await Promise.all(clients);
  assert.equal(await gateway.ended, 'SIGKILL');
  const again = await spawnGateway(t, { dataDir });
  for (const id of finished) {
    const { status } = await fetch(`${again.url}/v1/generation?id=${id}`, {
      headers: { authorization: `Bearer ${key}` },
    });
    assert.equal(status, 200, `${id} of ${finished.length}`);
  }
  assert.equal(
    (await post(again, false)).status,
    200,
    'keys, presets and providers are there without the document',
  );
  assert.equal(again.output().includes('emulated'), false, 'no demo is mixed in');
  const database = new DatabaseSync(join(dataDir, 'spillway.db'), { readOnly: true });
  assert.deepEqual({ ...database.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });
  database.close();
  assert.ok(existsSync(document));
});

test('a second process on the same data directory names the holder and leaves it alone', async (t) => {
  const { gateway, dataDir } = await start(t, json(200, completion('ok')));
  const second = await runCli(['serve'], { SPILLWAY_DATA_DIR: dataDir, PORT: '0' });
  assert.equal(second.code, 1);
  assert.match(second.err, new RegExp(`in use by process ${gateway.child.pid}\\b`));
  assert.equal((await post(gateway, false)).status, 200);
});

test('a port in use, a bad environment and a bad document are one clear sentence each', async (t) => {
  const { gateway, dataDir } = await start(t, json(200, completion('ok')));
  const other = temporaryFolder(t);
  const port = new URL(gateway.url).port;
  const inUse = await runCli(['serve'], { SPILLWAY_DATA_DIR: other, PORT: port });
  assert.deepEqual(
    [inUse.code, inUse.err],
    [
      1,
      `spillway: port ${port} on 127.0.0.1 is in use: stop what listens there, or set PORT to another one\n`,
    ],
  );
  const bad = await runCli(['serve'], { SPILLWAY_DATA_DIR: other, PORT: 'http' });
  assert.deepEqual(
    [bad.code, bad.err],
    [2, 'spillway: PORT must be a port number, 0 to 65535, not "http"\n'],
  );
  writeFileSync(join(dataDir, 'bad.yaml'), 'presets: { p: { models: [anthropic/claude-haiku-4] } }\n');
  const document = await runCli(['serve', '--config', join(dataDir, 'bad.yaml')], {
    SPILLWAY_DATA_DIR: other,
    PORT: '0',
  });
  assert.equal(document.code, 2);
  assert.match(document.err, /bad\.yaml:1:\d+ error presets\.p\.models\[0\]: .*anthropic\/claude-haiku-4\.5/);
});

test('a backup is taken while the gateway runs, and serves as data', async (t) => {
  const { gateway, dataDir } = await start(t, json(200, completion('ok')));
  const id = (await post(gateway, false)).headers.get('x-generation-id') ?? '';
  const folder = temporaryFolder(t);
  const file = join(folder, 'spillway.db');
  await sleep(300);
  const { code, err } = await runCli(['backup', file], { SPILLWAY_DATA_DIR: dataDir });
  assert.equal(code, 0, err);
  assert.equal(statSync(file).mode & 0o777, 0o600);
  const copy = await spawnGateway(t, { dataDir: folder });
  assert.equal(
    (await fetch(`${copy.url}/v1/generation?id=${id}`, { headers: { authorization: `Bearer ${key}` } }))
      .status,
    200,
  );
});

test('HUP reads file: references again', async (t) => {
  const { gateway, upstream, dataDir } = await start(t, json(200, completion('ok')));
  await post(gateway, false);
  writeFileSync(join(dataDir, 'provider-key'), 'provider-key-two\n');
  gateway.child.kill('SIGHUP');
  while (!gateway.output().includes('read again')) await sleep(10);
  await post(gateway, false);
  assert.deepEqual(
    upstream.asked.map(({ headers }) => headers.authorization),
    ['Bearer provider-key-one', 'Bearer provider-key-two'],
  );
});

test('secrets are the owner’s alone, and no key stands in the data in clear', async (t) => {
  const { gateway, dataDir } = await start(t, json(200, completion('ok')));
  await post(gateway, false);
  for (const name of ['local.json', 'credentials.json', 'secret', 'spillway.db'])
    assert.equal(statSync(join(dataDir, name)).mode & 0o077, 0, name);
  gateway.child.kill('SIGTERM');
  assert.equal(await gateway.ended, 0);
  assert.equal(readFileSync(join(dataDir, 'spillway.db')).includes(key), false);
  assert.equal(existsSync(join(dataDir, 'local.json')), false);
});
