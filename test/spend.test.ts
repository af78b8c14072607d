/** Money through a real gateway: what the roll-up says is what the attempts cost, and each key sees its own. */
import assert from 'node:assert/strict';
import { copyFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { test, type TestContext } from 'node:test';
import { OpenRouter } from '@openrouter/sdk';
import type * as schemas from '../src/control/api-spend-schemas.ts';
import type { View } from '../src/control/api-views.ts';
import { exactUsd } from '../src/core/money.ts';
import type { AttemptRecord, GenerationRecord } from '../src/core/record.ts';
import {
  emulatedChain,
  key,
  startTestGateway,
  temporaryFolder,
  type TestGateway,
} from './support/gateway.ts';
import { runCli, spawnGateway, type GatewayProcess } from './support/process.ts';
import { completion, json, startUpstream } from './support/upstream.ts';

type SpendView = View<typeof schemas.spendAnswer>;

const otherKey = 'sk-other-0123456789abcdef';
const limitedKey = 'sk-limited-0123456789abcdef';
const document = `${emulatedChain}
  - { name: other, key: '${otherKey}' }
  - name: limited
    key: '${limitedKey}'
    limits: [{ usd: 100, per: month }, { usd: 2, per: day }, { usd: 1, per: hour, mode: observe }, { usd: 0.5, per: day, each: user }, { usd: 0.1, per: request }, { requests: 9, per: day }]
`;

const adminHeaders = { authorization: 'Bearer spw-test-0123456789abcdef' };

async function spendOf({ url }: TestGateway, query: string): Promise<SpendView> {
  const response = await fetch(`${url}/api/admin/spend?${query}`, { headers: adminHeaders });
  assert.equal(response.status, 200);
  return (await response.json()) as SpendView;
}

/** Resolves when every generation that ended has been committed. */
async function committed(gateway: TestGateway): Promise<void> {
  const requests = gateway.records().length;
  while ((await spendOf(gateway, 'days=2')).total.requests < requests) await sleep(20);
}

const ask = (more: object = {}): object => ({
  model: '@preset/coder',
  messages: [{ role: 'user', content: 'write 40 words' }],
  ...more,
});

/** Exact dollars of a figure, added up over attempts. */
function total(records: readonly GenerationRecord[], figure: (attempt: AttemptRecord) => number): string {
  const amounts = records.flatMap(({ attempts }) => attempts.map((attempt) => BigInt(figure(attempt))));
  return exactUsd(amounts.reduce((sum, amount) => sum + amount, 0n));
}

const unmeasured = ({ carried, unmeasured }: AttemptRecord): number => carried ?? unmeasured ?? 0;

/** Fallbacks, failures of every kind, a stream that breaks, a client that leaves, a refusal; with tags and users. */
async function aBusyHour(gateway: TestGateway): Promise<void> {
  const read = async (body: object, headers: Record<string, string> = {}): Promise<void> => {
    await (await gateway.post(body, headers)).text().catch(() => undefined);
  };
  const primary = 'deepseek/deepseek-v4-pro';
  await read(ask({ user: 'ann' }), { 'x-spillway-tags': 'customer=acme, feature=search' });
  await read(ask({ stream: true }), { 'x-spillway-tags': 'customer=beta' });
  for (const kind of ['rate_limit', 'stall', 'cut', 'error_after_content', 'stall_mid_stream'] as const) {
    gateway.emulator?.setFault({ model: primary, kind });
    await read(ask(), { 'x-spillway-tags': 'customer=acme' });
    await read(ask({ stream: true, user: 'bob' }));
  }
  gateway.emulator?.setFault({ model: primary, kind: 'slow', delayMs: 0, tokensPerSecond: 20 });
  const leaving = await gateway.post(ask({ stream: true }));
  const reader = leaving.body?.getReader();
  await reader?.read();
  await reader?.cancel();
  while (!gateway.records().some(({ ending }) => ending === 'client_gone')) await sleep(10);
  gateway.emulator?.setFault({ model: '*', kind: 'server_error' });
  await read(ask());
  await read(ask({ model: '@preset/nobody' }));
  await committed(gateway);
}

test('every grouping adds up to the attempts, to the nano-dollar, and its rows are what really served', async (t) => {
  const gateway = await startTestGateway(t, document);
  await aBusyHour(gateway);
  const records = gateway.records();
  const attempts = records.flatMap((record) => record.attempts);
  const of = (basis: string) => (attempt: AttemptRecord) => (attempt.basis === basis ? attempt.cost : 0);
  const lost = attempts.filter(({ outcome }) => outcome !== 'ok');
  assert.ok(lost.length >= 8 && lost.some((one) => unmeasured(one) > 0), 'the hour was not busy enough');
  const groupings = 'workspace preset version position model provider key user tag tag:customer day month';
  for (const by of [...groupings.split(' '), 'workspace,tag', 'preset,model,day']) {
    const { total: sums, rows, overlapping } = await spendOf(gateway, `days=2&by=${by}`);
    assert.partialDeepStrictEqual(
      sums,
      {
        spend_usd: total(records, (attempt) => attempt.cost + unmeasured(attempt)),
        settled_usd: total(records, of('measured')),
        estimated_usd: total(records, of('estimated')),
        unmeasured_usd: total(records, unmeasured),
        failed_usd: total(records, (one) => (one.outcome === 'ok' ? 0 : one.cost + unmeasured(one))),
        requests: records.length,
        fallbacks: records.filter(({ served }) => (served?.position ?? 0) > 0).length,
        attempts: attempts.length,
      },
      by,
    );
    assert.equal(overlapping, by.endsWith('tag'), by);
    const requests = rows.reduce((sum, row) => sum + row.requests, 0);
    assert.equal(requests, records.length + (overlapping ? 1 : 0), `${by}: one generation has two tags`);
  }

  const rowsBy = async (query: string): Promise<ReadonlyMap<string, number>> => {
    const { rows } = await spendOf(gateway, `days=2&${query}`);
    return new Map(rows.map(({ group, requests }) => [group.join(), requests]));
  };
  assert.equal((await rowsBy('by=tag')).get('feature=search'), 1);
  assert.equal((await rowsBy('by=tag:customer')).get('acme'), 6);
  assert.equal((await rowsBy('by=user')).get('bob'), 5);
  const counted = (fits: (record: GenerationRecord) => boolean): number => records.filter(fits).length;
  const positions = await rowsBy('by=model,position&preset=coder');
  for (const [model, position] of [
    ['deepseek/deepseek-v4-pro', 0],
    ['anthropic/claude-haiku-4.5', 1],
  ] as const)
    assert.equal(
      positions.get(`${model},${position}`),
      counted(({ served }) => served?.model === model && served.position === position),
    );
  assert.deepEqual([...(await rowsBy('by=version&user=ann'))], [['coder@1', 1]]);
});

test('a key is told its own usage, what its strictest limit leaves, and nothing of others', async (t) => {
  const gateway = await startTestGateway(t, document);
  const keyOf = async (bearer: string, base = '/v1'): Promise<Record<string, unknown>> => {
    const response = await fetch(`${gateway.url}${base}/key`, {
      headers: { authorization: `Bearer ${bearer}` },
    });
    assert.equal(response.status, 200);
    return ((await response.json()) as { data: Record<string, unknown> }).data;
  };
  await (await gateway.post(ask(), { authorization: `Bearer ${limitedKey}` })).text();
  const usage = gateway.lastRecord().cost / 1e9;
  assert.ok(usage > 0);
  await (await gateway.post(ask())).text();
  await (await gateway.post(ask())).text();
  await committed(gateway);
  assert.partialDeepStrictEqual(await keyOf(limitedKey), {
    label: 'limited',
    usage,
    usage_daily: usage,
    usage_weekly: usage,
    usage_monthly: usage,
    limit: 2,
    limit_remaining: Number((2 - usage).toFixed(9)),
    limit_reset: 'daily',
    is_free_tier: false,
    expires_at: null,
  });
  const unlimited = { usage: 0, limit: null, limit_remaining: null, limit_reset: null };
  assert.partialDeepStrictEqual(await keyOf(otherKey, '/api/v1'), { label: 'other', ...unlimited });
  assert.notEqual((await keyOf(key))['usage'], usage);
  const nobody = await fetch(`${gateway.url}/v1/key`, {
    headers: { authorization: 'Bearer sk-nobody-000000000' },
  });
  assert.equal(nobody.status, 401);
});

test('@openrouter/sdk reads the key in its strict schema', async (t) => {
  const gateway = await startTestGateway(t, document);
  const client = new OpenRouter({
    serverURL: `${gateway.url}/api/v1`,
    apiKey: limitedKey,
    retryConfig: { strategy: 'none' },
  });
  const { data } = await client.apiKeys.getCurrentKeyMetadata();
  assert.deepEqual(
    [data.label, data.limit, data.limitRemaining, data.limitReset],
    ['limited', 2, 2, 'daily'],
  );
});

/** Requests and exact dollars of all generations in the database, added up from their records. */
function recorded(dataDir: string): { readonly requests: number; readonly spend: string } {
  const database = new DatabaseSync(join(dataDir, 'spillway.db'), { readOnly: true });
  const rows = database.prepare('SELECT record FROM generations').all();
  database.close();
  const records = rows.map(({ record }) => JSON.parse(String(record)) as GenerationRecord);
  return {
    requests: records.length,
    spend: total(records, (attempt) => attempt.cost + unmeasured(attempt)),
  };
}

/** The same of the roll-up, as the command line tells it. */
async function reported(dataDir: string): Promise<{ readonly requests: number; readonly spend: string }> {
  const { out, err } = await runCli(['spend', '--days', '2', '--json'], { SPILLWAY_DATA_DIR: dataDir });
  assert.equal(err, '');
  const { total: sums } = JSON.parse(out) as SpendView;
  return { requests: sums.requests, spend: sums.spend_usd };
}

/** Sends requests until so many were answered, then kills the gateway among those in flight. */
async function killUnderLoad({ url, child, ended }: GatewayProcess): Promise<void> {
  let answered = 0;
  const clients = Array.from({ length: 8 }, async () => {
    for (;;) {
      const response = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: '@preset/p', messages: [{ role: 'user', content: 'hi' }] }),
      }).catch(() => undefined);
      if (response === undefined || (await response.text().catch(() => undefined)) === undefined) return;
      answered += 1;
    }
  });
  while (answered < 150) await sleep(5);
  child.kill('SIGKILL');
  await ended;
  await Promise.all(clients);
}

async function startPriced(t: TestContext, dataDir: string): Promise<() => Promise<GatewayProcess>> {
  const upstream = await startUpstream(t, json(200, completion('ok')));
  const file = join(dataDir, 'document.yaml');
  writeFileSync(
    file,
    `
providers: { up: { wire: openai-chat, base_url: '${upstream.url}' } }
models: { acme/m: { context: 100000, endpoints: [{ provider: up, model: m, price: { input: 1.001, output: 2 } }] } }
presets: { p: { models: [acme/m] } }
keys: [{ name: test, key: '${key}' }]
`,
  );
  return () => spawnGateway(t, { dataDir, args: ['--config', file] });
}

test('kill -9 under load, and a journal that is read twice: nothing is lost and nothing doubles', async (t) => {
  const dataDir = temporaryFolder(t);
  const start = await startPriced(t, dataDir);
  await killUnderLoad(await start());
  const left = readdirSync(dataDir).filter((name) => name.endsWith('.ndjson'));
  assert.ok(left.length > 0, 'the killed process left a journal');
  for (const name of left) copyFileSync(join(dataDir, name), join(dataDir, `${name}.copy`));
  const second = await start();
  const first = await reported(dataDir);
  assert.deepEqual(first, recorded(dataDir));
  assert.ok(first.requests >= 150 && first.spend !== exactUsd(0n));
  second.child.kill('SIGTERM');
  await second.ended;
  // As if the process had died between the commit and the end of the file.
  for (const name of left) copyFileSync(join(dataDir, `${name}.copy`), join(dataDir, name));
  const third = await start();
  assert.deepEqual(await reported(dataDir), first);
  await killUnderLoad(third);
  await start();
  const more = await reported(dataDir);
  assert.deepEqual(more, recorded(dataDir));
  assert.ok(more.requests > first.requests);
});
