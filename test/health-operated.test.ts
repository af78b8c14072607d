/** What happened to the endpoints, as operators are told it, and what they do about it: pause, resume, reset. */
import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import { forgetEvents, insertEvents, readEvents } from '../src/adapters/events.ts';
import { openPauses } from '../src/adapters/pauses.ts';
import { migrations } from '../src/adapters/schema.ts';
import type { View } from '../src/control/api-views.ts';
import type * as schemas from '../src/control/health-schemas.ts';
import type { GatewayEvent } from '../src/core/event.ts';
import { emulatedChain, startTestGateway, temporaryFolder, type TestGateway } from './support/gateway.ts';
import { runCli, spawnGateway } from './support/process.ts';
import { snapshotOf } from './support/virtual-world.ts';

const primary = 'deepseek/deepseek-v4-pro';
const ask = { model: '@preset/coder', messages: [{ role: 'user', content: 'hi' }] };
const positionOf = async (gateway: TestGateway): Promise<string | null> =>
  (await gateway.post(ask)).headers.get('x-spillway-position');

async function admin(
  gateway: TestGateway,
  method: string,
  path: string,
  body?: object,
): Promise<{ readonly status: number; readonly body: unknown }> {
  const response = await fetch(`${gateway.url}/api/admin/${path}`, {
    method,
    headers: { authorization: `Bearer ${gateway.adminKey}`, 'content-type': 'application/json' },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  return { status: response.status, body: await response.json() };
}

/** The events that are kept, oldest first, once there are so many: they are committed a moment later. */
async function kept(gateway: TestGateway, count: number): Promise<readonly string[]> {
  for (let tries = 0; ; tries++) {
    const { body } = await admin(gateway, 'GET', 'events');
    const { events } = body as View<typeof schemas.eventsAnswer>;
    const told = events.map(({ kind, subject, why }) => `${kind} ${subject} ${why}`).reverse();
    if (told.length >= count || tries > 200) return told;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test('an outage is one opening and one closing, however many requests meet it', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  for (const kind of ['out_of_credit', 'rate_limit'] as const) {
    gateway.emulator?.setFault({ model: primary, kind });
    await Promise.all(Array.from({ length: 10 }, () => gateway.post(ask)));
    for (let turn = 0; turn < 5; turn++) assert.equal(await positionOf(gateway), '1');
  }
  gateway.emulator?.clearFaults();
  const expected = [
    'breaker_opened provider/deepseek quota',
    'breaker_closed provider/deepseek reset',
    `breaker_opened endpoint/${primary}@deepseek rate_limit`,
    `breaker_closed endpoint/${primary}@deepseek reset`,
  ];
  assert.deepEqual(await kept(gateway, 4), expected);
  assert.deepEqual(
    gateway.events.map(({ kind, subject, why }) => `${kind} ${subject} ${why}`),
    expected,
    'what is logged',
  );
  const later = await admin(gateway, 'GET', `events?since=${new Date(Date.now() + 60_000).toISOString()}`);
  assert.deepEqual(later.body, { events: [] });
});

test('a share of a limit that was reached is an event', async (t) => {
  const gateway = await startTestGateway(
    t,
    `limits: [{ requests: 2, per: day, warn: [50] }]\n${emulatedChain}`,
  );
  await gateway.post(ask);
  const [event = ''] = await kept(gateway, 1);
  assert.match(event, /^limit gateway 50 %: /);
});

test('paused: left out with the reason, listed, and asked again when it is resumed', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  const until = new Date(Date.now() + 7_200_000).toISOString();
  for (const subject of ['provider/deepseek', `model/${primary}`, `endpoint/${primary}@deepseek`]) {
    const paused = await admin(gateway, 'POST', 'pauses', { subject, until, reason: 'maintenance' });
    assert.partialDeepStrictEqual(paused.body, { pause: { subject, until, reason: 'maintenance' } });
    const response = await gateway.post(ask);
    assert.equal(response.headers.get('x-spillway-skipped'), `${primary}@deepseek:paused`);
    const listed = await admin(gateway, 'GET', 'status');
    assert.partialDeepStrictEqual(listed.body, { pauses: [{ subject, until }], breakers: [] });
    const plan = await admin(gateway, 'POST', 'explain', { request: ask });
    assert.partialDeepStrictEqual(plan.body, { skipped: [{ reason: 'paused', until }] });
    const resumed = await admin(gateway, 'DELETE', `pauses?subject=${encodeURIComponent(subject)}`);
    assert.deepEqual(resumed.body, { subject, resumed: true, breakers_reset: 0 });
    assert.equal(await positionOf(gateway), '0');
  }
});

test('everything is paused: nothing is called, and the client is told when to come back', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  const until = new Date(Date.now() + 600_000).toISOString();
  for (const subject of ['provider/deepseek', 'provider/anthropic'])
    await admin(gateway, 'POST', 'pauses', { subject, until, reason: 'x' });
  const refused = await gateway.post(ask);
  assert.equal(refused.status, 502);
  const wait = Number(refused.headers.get('retry-after'));
  assert.ok(wait > 500 && wait <= 600);
  assert.equal(gateway.emulator?.bill().total.requests, 0);
});

test('resume resets the breakers of what it names: a provider’s credential and endpoints, or one endpoint', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  gateway.emulator?.setFault({ model: primary, kind: 'out_of_credit', times: 1 });
  assert.equal(await positionOf(gateway), '1');
  assert.equal(await positionOf(gateway), '1', 'the fault is over, the breaker is not');
  const other = await admin(gateway, 'DELETE', 'pauses?subject=provider/anthropic');
  assert.partialDeepStrictEqual(other.body, { resumed: false, breakers_reset: 0 });
  const reset = await admin(gateway, 'DELETE', 'pauses?subject=provider/deepseek');
  assert.partialDeepStrictEqual(reset.body, { resumed: false, breakers_reset: 1 });
  assert.equal(await positionOf(gateway), '0');
});

test('a subject that does not exist would pause nothing: it is refused, with the nearest name', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  const until = new Date(Date.now() + 600_000).toISOString();
  const tell = async (subject: string, more: object = {}): Promise<string> => {
    const { status, body } = await admin(gateway, 'POST', 'pauses', { subject, until, reason: 'x', ...more });
    return `${status} ${(body as { error: { message: string } }).error.message}`;
  };
  assert.match(await tell('provider/deepsek'), /^404 .*did you mean provider\/deepseek\?/);
  assert.match(await tell('deepseek'), /^400 not a subject/);
  assert.match(await tell('provider/deepseek', { until: '2020-01-01T00:00:00Z' }), /^400 .* is past/);
});

function emptyDatabase(): DatabaseSync {
  const database = new DatabaseSync(':memory:');
  for (const step of migrations) database.exec(step);
  return database;
}

test('a pause ends by itself, once, at the moment that was said', () => {
  let now = 1_000;
  const told: GatewayEvent[] = [];
  const database = emptyDatabase();
  const open = () => openPauses({ database, now: () => now, changed: (event) => void told.push(event) });
  const snapshot = snapshotOf(emulatedChain);
  const [endpoint] = snapshot.endpoints.get(primary) ?? [];
  assert.ok(endpoint);
  open().add({ subject: 'provider/deepseek', at: now, until: 5_000, reason: 'night', author: 'ann' });
  const pauses = open();
  now = 4_999;
  assert.deepEqual(pauses.rest(endpoint), { reason: 'paused', why: 'ann: night', until: 5_000 });
  now = 5_000;
  assert.equal(pauses.rest(endpoint), undefined);
  assert.deepEqual(pauses.list(), []);
  assert.deepEqual(open().list(), []);
  assert.deepEqual(
    told.map(({ at, kind }) => [at, kind]),
    [
      [1_000, 'paused'],
      [5_000, 'resumed'],
    ],
  );
});

test('a pause that is over fails no request, though the database cannot be written', () => {
  let now = 1_000;
  const database = emptyDatabase();
  const pauses = openPauses({ database, now: () => now, changed: () => undefined });
  const [endpoint] = snapshotOf(emulatedChain).endpoints.get(primary) ?? [];
  assert.ok(endpoint);
  pauses.add({ subject: 'provider/deepseek', at: now, until: 5_000, reason: 'night', author: 'ann' });
  database.close();
  now = 5_000;
  assert.equal(pauses.rest(endpoint), undefined);
});

test('events are read from a moment on, newest first, and forgotten by age', () => {
  const database = emptyDatabase();
  const event = (at: number): GatewayEvent => ({ at, kind: 'limit', subject: 'gateway', why: 'w' });
  insertEvents(database, [1, 2, 3, 4].map(event));
  const at = (from: number, most: number): readonly number[] =>
    readEvents(database, from, most).map((one) => one.at);
  assert.deepEqual(at(2, 10), [4, 3, 2]);
  assert.deepEqual(at(2, 2), [4, 3]);
  forgetEvents(database, 3);
  assert.deepEqual(at(0, 10), [4, 3]);
});

test('pause, resume and events on the command line; a restart does not end a pause', async (t) => {
  const dataDir = temporaryFolder(t);
  const env = { SPILLWAY_DATA_DIR: dataDir };
  const run = async (...args: string[]): Promise<string> => {
    const { code, out, err } = await runCli(args, env);
    assert.equal(code, 0, `${args.join(' ')}: ${err}`);
    return out + err;
  };
  const gateway = await spawnGateway(t, { dataDir });
  const subject = 'provider/emulator-deepseek';
  assert.match(await run('pause', subject, '--for', '2h', '--reason', 'maintenance'), /left alone until 20/);
  assert.match(await run('ask', 'coder', 'hello'), /position 1 FALLBACK/);
  assert.match(
    await run('status'),
    /left alone\n +provider\/emulator-deepseek +paused +until 20.*maintenance/,
  );
  gateway.child.kill('SIGTERM');
  await gateway.ended;
  assert.match(gateway.output(), /"level":"info","event":"paused","subject":"provider\/emulator-deepseek"/);

  await spawnGateway(t, { dataDir });
  assert.match(await run('ask', 'coder', 'hello'), /position 1 FALLBACK/);
  assert.match(await run('resume', subject), /its pause ended/);
  assert.match(await run('ask', 'coder', 'hello'), /position 0 primary/);
  assert.match(await run('resume', subject), /nothing was paused or open/);
  const events = await run('events', '--since', '1h');
  assert.match(
    events,
    /resumed +provider\/emulator-deepseek[\s\S]*paused +provider\/emulator-deepseek.*maintenance/,
  );
  const json = JSON.parse(await run('events', '--json')) as { events: { kind: string }[] };
  assert.deepEqual(
    json.events.map(({ kind }) => kind),
    ['resumed', 'paused'],
  );
  assert.equal((await runCli(['pause', subject, '--reason', 'x'], env)).code, 2);
  assert.equal((await runCli(['pause', subject, '--for', '2h'], env)).code, 2);
});
