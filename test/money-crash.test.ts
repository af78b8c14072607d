/**
 * Money survives `kill -9`: a real gateway is killed in the middle of streams, failovers and departures, again and
 * again on the same data, and after each start its books are held against what the providers billed. The providers
 * live in this process, so they outlive it. SPILLWAY_TEST_KILLS says how often (default 6).
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { loadCatalogue } from '../src/catalog/load.ts';
import { fromUsd } from '../src/core/money.ts';
import { limitCost, type AttemptRecord, type GenerationRecord } from '../src/core/record.ts';
import { startEmulator, type Emulator, type FaultKind } from '../src/emulator/emulator.ts';
import { temporaryFolder } from './support/gateway.ts';
import { spawnGateway, type GatewayProcess } from './support/process.ts';

const kills = Number(process.env['SPILLWAY_TEST_KILLS'] ?? 6);
const clients = 24;
/** USD, in all: the first key runs into its own after some kills, the other limits are never reached. */
const limits = { gateway: 50, workspace: 40, preset: 30, premium: 20, tight: 0.4, key: 20 };
const keys = ['sk-crash-tight-0123456789', 'sk-crash-roomy-0123456789'] as const;
const models = ['deepseek/deepseek-v4-pro', 'anthropic/claude-haiku-4.5', 'anthropic/claude-sonnet-4.6'];
const faults: readonly FaultKind[] = [
  'rate_limit',
  'server_error',
  'cut',
  'error_after_content',
  'reset',
  'error_in_stream',
];

const document = (port: number): string => `
limits: [{ usd: ${limits.gateway}, per: total }]
providers:
  deepseek: { wire: openai-chat, base_url: 'http://127.0.0.1:${port}/deepseek/v1' }
  anthropic: { wire: anthropic, base_url: 'http://127.0.0.1:${port}/anthropic/v1' }
workspaces: { default: { limits: [{ usd: ${limits.workspace}, per: total }] } }
presets:
  p:
    models: [${models.join(', ')}]
    limits: [{ usd: ${limits.preset}, per: total }, { premium_usd: ${limits.premium}, per: total }]
keys:
  - { name: tight, key: '${keys[0]}', limits: [{ usd: ${limits.tight}, per: total, min_output: 16 }] }
  - { name: roomy, key: '${keys[1]}', limits: [{ usd: ${limits.key}, per: total }] }
`;

type Counter = {
  readonly counter: string;
  readonly spent: number;
  readonly leased: number;
  readonly lost: number;
};
type Books = { readonly counters: readonly Counter[]; readonly records: readonly GenerationRecord[] };

function readBooks(dataDir: string): Books {
  const database = new DatabaseSync(join(dataDir, 'spillway.db'), { readOnly: true });
  try {
    assert.deepEqual({ ...database.prepare('PRAGMA integrity_check').get() }, { integrity_check: 'ok' });
    const counters = database.prepare('SELECT counter, spent, leased, lost FROM budgets').all();
    const records = database.prepare('SELECT record FROM generations').all();
    return {
      counters: counters as unknown as readonly Counter[],
      records: records.map((row) => JSON.parse(String(row['record'])) as GenerationRecord),
    };
  } finally {
    database.close();
  }
}

/** Asks until told to stop; some leave in the middle. Returns the ids of answers that came whole. */
async function client(gateway: GatewayProcess, going: { on: boolean }, finished: string[]): Promise<void> {
  while (going.on) {
    const leaves = Math.random() < 0.2 ? AbortSignal.timeout(1 + Math.floor(Math.random() * 60)) : null;
    const stream = Math.random() < 0.6;
    try {
      const response = await fetch(`${gateway.url}/v1/chat/completions`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${keys[Math.random() < 0.5 ? 0 : 1]}`,
          'content-type': 'application/json',
        },
        body: JSON.stringify({
          model: '@preset/p',
          stream,
          max_tokens: 20 + Math.floor(Math.random() * 300),
          messages: [{ role: 'user', content: `tell me ${'more '.repeat(Math.random() * 200)}` }],
        }),
        signal: leaves,
      });
      const text = await response.text();
      if (response.ok && (stream ? text.endsWith('data: [DONE]\n\n') : text.endsWith('}')))
        finished.push(response.headers.get('x-generation-id') ?? '');
      else await sleep(5);
    } catch {
      await sleep(5);
    }
  }
}

/** Something is always about to fail. */
async function trouble(emulator: Emulator, going: { on: boolean }): Promise<void> {
  while (going.on) {
    const pick = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)] as T;
    emulator.setFault({ model: pick(models), kind: pick(faults), times: 1 + Math.floor(Math.random() * 4) });
    await sleep(10);
  }
}

async function killUnderLoad(gateway: GatewayProcess, emulator: Emulator): Promise<readonly string[]> {
  const going = { on: true };
  const finished: string[] = [];
  const all = Array.from({ length: clients }, () => client(gateway, going, finished));
  const faulty = trouble(emulator, going);
  // On a slow machine a process may need seconds before it serves: a kill before that shows nothing.
  while (finished.length < 8) await sleep(10);
  await sleep(Math.random() * 500);
  gateway.child.kill('SIGKILL');
  assert.equal(await gateway.ended, 'SIGKILL');
  going.on = false;
  await Promise.all([...all, faulty]);
  // What was cut off is entered in the providers' books when they notice.
  await sleep(50);
  return finished;
}

/** Nano-USD: no request of these clients holds more at any of the models. */
const largest = fromUsd(0.02);

type Judged = { readonly books: Books; readonly before: Books; readonly emulator: Emulator };

/** What was journalled is true to the nano-dollar, and counters are the sum of it and of what was lost. */
function judge({ books, before, emulator }: Judged): void {
  const { charges, total } = emulator.bill();
  const attempts = books.records.flatMap((record) => record.attempts.map((attempt) => ({ record, attempt })));
  for (const { attempt } of attempts) {
    const charge = charges[attempt.upstreamId ?? ''];
    if (!charge) continue;
    if (attempt.basis === 'measured') assert.equal(attempt.cost, charge.cost, attempt.id);
    assert.ok(limitCost(attempt) >= charge.cost, `${attempt.id}: ${charge.cost} was billed`);
  }
  const ceilings: Readonly<Record<string, number>> = {
    'gateway usd/total @0': limits.gateway,
    'workspace default usd/total @0': limits.workspace,
    'preset default/p usd/total @0': limits.preset,
    'preset default/p premium_usd/total @0': limits.premium,
    'key default/tight usd/total @0': limits.tight,
    'key default/roomy usd/total @0': limits.key,
  };
  assert.deepEqual(books.counters.map(({ counter }) => counter).sort(), Object.keys(ceilings).sort());
  for (const { attempt } of attempts)
    assert.ok((attempt.worst ?? 0) <= largest, `${attempt.id} held ${attempt.worst}`);
  for (const { counter, spent, leased, lost } of books.counters) {
    const limit = fromUsd(ceilings[counter] ?? 0);
    assert.ok(spent >= 0 && lost >= 0 && spent >= lost, `${counter}: ${spent}, ${lost} lost`);
    assert.equal(leased, 0, `${counter}: a new process has leased nothing yet`);
    assert.ok(spent <= limit, `${counter}: ${spent} of ${limit}`);
    const lostNow = lost - (before.counters.find((each) => each.counter === counter)?.lost ?? 0);
    const most = clients * largest + Math.max(limit / 100, largest);
    assert.ok(lostNow <= most, `${counter}: one kill cost ${lostNow}, more than ${most}`);
    if (counter.includes('premium')) continue;
    const own = attempts.filter(({ record }) => isOf(counter, record)).map(({ attempt }) => attempt);
    assert.equal(spent - lost, sum(own), `${counter}: each attempt is counted once`);
    if (counter.startsWith('gateway'))
      assert.ok(spent >= total.cost, `${spent} is counted, ${total.cost} was billed`);
  }
  const premium = books.records.reduce(
    (all, record) => all + (record.premium ? Math.max(0, record.premium.price + record.premium.cache) : 0),
    0,
  );
  const counted = books.counters.find(({ counter }) => counter.includes('premium'));
  assert.ok(
    (counted?.spent ?? 0) - (counted?.lost ?? 0) >= premium,
    'premium counts at least what is recorded',
  );
}

function isOf(counter: string, { key }: GenerationRecord): boolean {
  return !counter.startsWith('key ') || counter.startsWith(`key default/${key} `);
}

function sum(attempts: readonly AttemptRecord[]): number {
  return attempts.reduce((all, attempt) => all + limitCost(attempt), 0);
}

async function start(t: TestContext): Promise<{ dataDir: string; args: string[]; emulator: Emulator }> {
  const emulator = await startEmulator({
    catalogue: loadCatalogue(),
    tokensPerSecond: 1_500,
    firstTokenMs: 5,
  });
  t.after(() => emulator.close());
  const dataDir = temporaryFolder(t);
  const file = join(dataDir, 'document.yaml');
  writeFileSync(file, document(emulator.port));
  return { dataDir, args: ['--config', file], emulator };
}

test(`${kills} kills under load: the books are true to the nano-dollar, and nothing is spent twice`, async (t) => {
  const { dataDir, args, emulator } = await start(t);
  let before: Books = { counters: [], records: [] };
  let gateway = await spawnGateway(t, { dataDir, args });
  const finished: string[] = [];
  for (let killed = 0; killed < kills; killed++) {
    finished.push(...(await killUnderLoad(gateway, emulator)));
    gateway = await spawnGateway(t, { dataDir, args });
    const books = readBooks(dataDir);
    judge({ books, before, emulator });
    const known = new Set(books.records.map(({ id }) => id));
    assert.deepEqual(
      finished.filter((id) => !known.has(id)),
      [],
      'who had his answer has his record',
    );
    before = books;
  }
  const { total } = emulator.bill();
  assert.ok(total.requests > kills * 5 && total.cost > 0, 'there was load');
  for (const { counter, spent, lost } of before.counters) t.diagnostic(`${counter}: ${spent}, ${lost} lost`);
  t.diagnostic(`${before.records.length} records, ${finished.length} whole answers, billed ${total.cost}`);
});
