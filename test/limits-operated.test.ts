/** What an operator sees of limits and does about them through the control plane of a real gateway. */
import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { join } from 'node:path';
import { openDatabase } from '../src/adapters/database.ts';
import type { LimitView, LoanView, ReleaseView } from '../src/control/limit-views.ts';
import { key, startTestGateway, temporaryFolder, type TestGateway } from './support/gateway.ts';

/** A request of this test holds $0.01 and some, and costs a tenth of a cent. */
const document = `
limits: [{ usd: 100, per: month }, { requests: 1000, per: day }]
providers:
  deepseek: { wire: openai-chat, base_url: 'emulator://deepseek/v1', limits: [{ tokens: 1000000, per: day }] }
models:
  acme/cheap:
    endpoints: [{ provider: deepseek, model: deepseek-v4-pro, price: { input: 1, output: 10 } }]
    context: 200000
    max_output: 8000
    limits: [{ usd: 50, per: week, mode: observe }]
workspaces:
  default: { contact: '#ai-platform', limits: [{ concurrent: 50 }] }
  search: { presets: { p: { models: [acme/cheap], limits: [{ usd: 7, per: day }] } } }
presets:
  p:
    models: [acme/cheap]
    limits:
      - { usd: 10, per: day, warn: [50, 90], downgrade: { at: 95, to: [acme/cheap] } }
      - { usd: 90, per: month }
      - { premium_usd: 1, per: hour }
      - { usd: 2, per: request }
      - { usd: 1, per: day, each: user }
  free: { models: [acme/cheap] }
keys:
  - { name: ci, key: '${key}', limits: [{ usd: 0.0102, per: day, min_output: 1000 }] }
`;

type Answer<T> = { readonly status: number; readonly body: T };
type Refusal = {
  readonly error: { readonly code: string; readonly message: string; readonly path?: string };
};

async function call<T>(gateway: TestGateway, line: string, body?: unknown): Promise<Answer<T>> {
  const [method = 'GET', path = ''] = line.split(' ');
  const response = await fetch(`${gateway.url}/api/admin/${path}`, {
    method,
    headers: { authorization: `Bearer ${gateway.adminKey}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, body: (await response.json()) as T };
}

async function limitsOf(gateway: TestGateway, query = ''): Promise<readonly LimitView[]> {
  const { body } = await call<{ limits: LimitView[] }>(gateway, `GET limits${query}`);
  return body.limits;
}

const ask = (gateway: TestGateway, fields: object = {}): Promise<Response> =>
  gateway.post({
    model: '@preset/p',
    max_tokens: 1_000,
    messages: [{ role: 'user', content: 'hello' }],
    ...fields,
  });

const start = (t: TestContext, env: Record<string, string> = {}): Promise<TestGateway> =>
  startTestGateway(t, document, env);

const tomorrow = (): string => new Date(Date.now() + 86_400_000).toISOString();
const loan = (fields: object = {}): object => ({
  scope: 'key/ci',
  by_usd: 1,
  until: tomorrow(),
  reason: 'release week',
  ...fields,
});

describe('the list of limits', () => {
  test('has every limit of the configuration, whoever has used it or not', async (t) => {
    const limits = await limitsOf(await start(t));
    const rows = limits.map(({ address, workspace = '', unit, per = '', each = '', mode }) =>
      [address, workspace, unit, per, each, mode].join(' ').replaceAll(/ +/g, ' '),
    );
    assert.deepEqual(rows.sort(), [
      'gateway requests day enforce',
      'gateway usd month enforce',
      'key/ci default usd day enforce',
      'model/acme/cheap usd week observe',
      'preset/p default premium_usd hour enforce',
      'preset/p default usd day enforce',
      'preset/p default usd day user enforce',
      'preset/p default usd month enforce',
      'preset/p default usd request enforce',
      'preset/p search usd day enforce',
      'provider/deepseek tokens day enforce',
      'workspace/default concurrent enforce',
    ]);
  });

  test('tells what is spent and left, when it resets, whom to ask; the fullest stands first', async (t) => {
    const gateway = await start(t);
    assert.equal((await ask(gateway)).status, 200);
    const spent = gateway.lastRecord().cost / 1e9;
    const [first] = await limitsOf(gateway);
    assert.ok(first);
    assert.equal(first.address, 'key/ci');
    assert.partialDeepStrictEqual(first, {
      spent,
      held: 0,
      lost: 0,
      limit: 0.0102,
      loans: 0,
      contact: '#ai-platform',
    });
    assert.ok(Math.abs(first.remaining - (0.0102 - spent)) < 1e-9);
    assert.ok(Math.abs(first.share - (spent * 100) / 0.0102) < 0.02);
    assert.match(first.resets_at ?? '', /T00:00:00\.000Z$/);
    const [day] = await limitsOf(gateway, '?scope=preset/p');
    assert.partialDeepStrictEqual(day, { each: 'user', counters: [{ each: 'key ci', spent }] });
    const provider = await limitsOf(gateway, '?scope=provider');
    assert.ok((provider[0]?.spent ?? 0) > 10, 'tokens');
    const [observed] = await limitsOf(gateway, '?scope=model/acme/cheap');
    assert.partialDeepStrictEqual(observed, { mode: 'observe', spent });
  });

  test('of a limit with one counter for each it lists the largest and counts the rest', async (t) => {
    const gateway = await start(t);
    await call(gateway, 'POST limits/raise', loan());
    const users = Array.from({ length: 23 }, (_, index) => `user-${index}`);
    for (const user of users) await ask(gateway, { user });
    await ask(gateway, { user: 'user-7' });
    const each = (await limitsOf(gateway, '?scope=preset/p')).find((limit) => limit.each === 'user');
    assert.equal(each?.counters?.length, 20);
    assert.equal(each.more_counters, 3);
    assert.equal(each.counters[0]?.each, 'user user-7');
    assert.equal(each.spent, each.counters[0].spent);
  });

  test('is filtered by kind, scope and workspace, and comes in pages', async (t) => {
    const gateway = await start(t);
    const addresses = async (query: string): Promise<string> =>
      (await limitsOf(gateway, query)).map(({ address }) => address).join();
    assert.equal(await addresses('?scope=gateway'), 'gateway,gateway');
    assert.equal(await addresses('?workspace=search'), 'preset/p');
    assert.equal(await addresses('?scope=preset/p&workspace=search'), 'preset/p');
    assert.equal(await addresses('?scope=preset/free'), '');
    const { body } = await call<{ limits: LimitView[]; total: number }>(
      gateway,
      'GET limits?limit=5&offset=10',
    );
    assert.deepEqual([body.limits.length, body.total], [2, 12]);
  });

  test('shows after a restart what the store knows, before anybody asks', async (t) => {
    const folder = temporaryFolder(t);
    const first = await start(t, { SPILLWAY_DATA_DIR: folder });
    assert.equal((await ask(first)).status, 200);
    await call(first, 'POST limits/raise', loan());
    const before = await limitsOf(first, '?scope=key/ci');
    await first.stop(1_000);
    const again = await start(t, { SPILLWAY_DATA_DIR: folder });
    assert.deepEqual(await limitsOf(again, '?scope=key/ci'), before);
    assert.equal(before[0]?.loans, 1);
    assert.equal((await ask(again)).status, 200, 'the loan survived');
    await again.stop(0);
  });
});

describe('a loan', () => {
  test('serves the next request, stands in the list, and ends by itself', async (t) => {
    const gateway = await start(t);
    await ask(gateway);
    assert.equal((await ask(gateway)).status, 402);
    const until = new Date(Date.now() + 1_500).toISOString();
    const raised = await call<{ loan: LoanView; limit: LimitView }>(
      gateway,
      'POST limits/raise',
      loan({ by_usd: 0.05, until }),
    );
    assert.equal(raised.status, 200);
    assert.partialDeepStrictEqual(raised.body, {
      loan: {
        id: 1,
        address: 'key/ci',
        per: 'day',
        amount_usd: 0.05,
        until,
        reason: 'release week',
        running: true,
      },
      limit: { limit: 0.0102, loans: 0.05 },
    });
    assert.equal((await ask(gateway)).status, 200);
    for (let turn = 0; turn < 500 && Date.now() <= Date.parse(until); turn++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal((await ask(gateway)).status, 402);
    const [limit] = await limitsOf(gateway, '?scope=key/ci');
    assert.equal(limit?.loans, 0);
    const past = await call<{ loans: LoanView[] }>(gateway, 'GET limits/loans');
    assert.partialDeepStrictEqual(past.body.loans, [
      { id: 1, running: false, author: raised.body.loan.author },
    ]);
  });

  test('lets in at once those who wait for what others hold', async (t) => {
    const gateway = await start(t);
    gateway.emulator?.setFault({ model: '*', kind: 'slow', delayMs: 3_000 });
    const first = ask(gateway, { stream: true });
    await until(async () => (await limitsOf(gateway, '?scope=key/ci'))[0]?.held !== 0);
    const second = ask(gateway, { stream: true });
    await until(
      async () =>
        (await call<{ counts: { in_flight: number } }>(gateway, 'GET status')).body.counts.in_flight >= 2,
    );
    await call(gateway, 'POST limits/raise', loan());
    await until(async () => ((await limitsOf(gateway, '?scope=key/ci'))[0]?.held ?? 0) > 0.02);
    gateway.emulator?.clearFaults();
    for (const answer of await Promise.all([first, second])) {
      assert.equal(answer.status, 200);
      await answer.text();
    }
  });

  test('is ended early by whoever lowers the limit again', async (t) => {
    const gateway = await start(t);
    await call(gateway, 'POST limits/raise', loan());
    await call(gateway, 'POST limits/raise', loan({ by_usd: 2 }));
    assert.equal((await limitsOf(gateway, '?scope=key/ci'))[0]?.loans, 3);
    const one = await call<{ ended: LoanView[] }>(gateway, 'POST limits/lower', { scope: 'key/ci', loan: 1 });
    assert.partialDeepStrictEqual(one.body.ended, [{ id: 1, running: false, ended_why: 'no longer needed' }]);
    assert.equal((await limitsOf(gateway, '?scope=key/ci'))[0]?.loans, 2);
    await call(gateway, 'POST limits/lower', { scope: 'key/ci', reason: 'a mistake' });
    assert.equal((await limitsOf(gateway, '?scope=key/ci'))[0]?.loans, 0);
    const past = await call<{ loans: LoanView[] }>(gateway, 'GET limits/loans');
    assert.partialDeepStrictEqual(past.body.loans, [{ id: 2, ended_why: 'a mistake' }, { id: 1 }]);
  });

  test('goes to the limit that is meant, and to no other', async (t) => {
    const gateway = await start(t);
    const lent = async (): Promise<string> =>
      (await limitsOf(gateway))
        .filter(({ loans }) => loans > 0)
        .map(({ address, workspace, unit, per, each, loans }) =>
          [address, workspace, unit, per, each, loans].join(' '),
        )
        .sort()
        .join('; ');
    const wishes: readonly (readonly [object, string])[] = [
      [{ scope: 'preset/p', per: 'day' }, 'preset/p default usd day  1'],
      [{ scope: 'preset/p', per: 'day', each: 'user' }, 'preset/p default usd day user 1'],
      [{ scope: 'preset/p', unit: 'premium_usd' }, 'preset/p default premium_usd hour  1'],
      [{ scope: 'preset/p', workspace: 'search' }, 'preset/p search usd day  1'],
      [{ scope: 'gateway' }, 'gateway  usd month  1'],
    ];
    for (const [wish, where] of wishes) {
      assert.equal((await call(gateway, 'POST limits/raise', loan(wish))).status, 200, where);
      assert.equal(await lent(), where);
      await call(gateway, 'POST limits/lower', {
        workspace: 'default',
        ...wish,
        unit: undefined,
        per: undefined,
        each: undefined,
      });
    }
  });

  test('to all together lifts no limit of each user', async (t) => {
    const own = '{ usd: 0.001, per: day }, { usd: 0.001, per: day, each: user }';
    const gateway = await startTestGateway(
      t,
      document.replace('{ usd: 0.0102, per: day, min_output: 1000 }', own),
    );
    await call(gateway, 'POST limits/raise', loan());
    assert.match(await (await ask(gateway)).text(), /Key ci, key ci, has spent/);
    await call(gateway, 'POST limits/raise', loan({ each: 'user' }));
    assert.equal((await ask(gateway)).status, 200);
  });

  const mistakes: readonly (readonly [object, number, string, RegExp])[] = [
    [{ scope: 'key/cj' }, 404, 'scope', /^there is no key "cj"; did you mean key\/ci\?$/],
    [{ scope: 'kye/ci' }, 404, 'scope', /did you mean key\/ci\?/],
    [{ scope: 'ci' }, 404, 'scope', /write gateway, workspace\/NAME, key\/NAME/],
    [{ scope: 'key' }, 404, 'scope', /which key\? write key\/NAME/],
    [{ scope: 'preset/p', workspace: 'serach' }, 404, 'workspace', /there is no workspace "serach"/],
    [{ scope: 'preset/free' }, 400, 'scope', /preset\/free has no limit in dollars .* to raise$/],
    [{ scope: 'workspace/default' }, 400, 'scope', /has no limit in dollars/],
    [{ scope: 'model/acme/cheap' }, 400, 'scope', /has no limit in dollars over a window that refuses/],
    [{ unit: 'premium_usd' }, 400, 'scope', /no limit on premium .* \(it has \$0\.0102 per day\)/],
    [
      { scope: 'preset/p' },
      400,
      'per',
      /several limits: say which of \$10\.00 per day; \$90\.00 per month; \$1\.00 per day for each user$/,
    ],
    [{ per: 'month' }, 400, 'per', /key\/ci has no such limit; it has \$0\.0102 per day/],
    [{ scope: 'preset/p', per: 'request' }, 400, 'per', /no such limit/],
    [{ each: 'user' }, 400, 'each', /no such limit/],
    [{ by_usd: 0 }, 400, 'by_usd', /an amount in dollars above 0/],
    [{ by_usd: -5 }, 400, 'by_usd', /an amount in dollars above 0/],
    [{ by_usd: 'much' }, 400, 'by_usd', /an amount in dollars above 0/],
    [{ by_usd: 1e9 }, 400, 'by_usd', /at most 9,000,000/],
    [{ by_usd: 9_000_000 }, 400, 'by_usd', /would lift the limit above \$9,000,000/],
    [{ until: '2020-01-01T00:00:00Z' }, 400, 'until', /is past: it is \d{4}-/],
    [{ until: 'tomorrow' }, 400, 'until', /ISO 8601/],
    [
      { until: '2999-01-01T00:00:00Z' },
      400,
      'until',
      /more than a year away: for good, change the limit in the document/,
    ],
    [{ reason: ' ' }, 400, 'reason', /say why/],
    [{ amount: 5 }, 400, '', /unknown field "amount"/],
  ];
  test('is refused with the field and the fix when something is wrong with it; nothing is lent then', async (t) => {
    const gateway = await start(t);
    for (const [fields, status, path, says] of mistakes) {
      const answer = await call<Refusal>(gateway, 'POST limits/raise', loan(fields));
      const shown = JSON.stringify(fields);
      assert.equal(answer.status, status, shown);
      assert.match(answer.body.error.message, says, shown);
      assert.equal(answer.body.error.path ?? '', path, shown);
    }
    const { body } = await call<{ loans: LoanView[] }>(gateway, 'GET limits/loans');
    assert.deepEqual(body.loans, []);
    const none = await call<Refusal>(gateway, 'POST limits/lower', { scope: 'key/ci' });
    assert.deepEqual([none.status, none.body.error.message], [404, 'no loan runs on key/ci']);
  });
});

describe('what a crash had counted', () => {
  /** Leases as a killed process leaves them behind. */
  function crashed(folder: string, leases: Readonly<Record<string, number>>): void {
    const database = openDatabase(join(folder, 'spillway.db'));
    const insert = database.prepare('INSERT INTO budgets (counter, ends, leased) VALUES (?, ?, ?)');
    for (const [counter, leased] of Object.entries(leases))
      insert.run(counter, Number(counter.split('@')[1]) + day, leased);
    database.close();
  }
  const day = 86_400_000;
  const today = Math.floor(Date.now() / day) * day;

  test('counts until an operator releases it: of that scope, in memory and in the store', async (t) => {
    const folder = temporaryFolder(t);
    crashed(folder, {
      [`key default/ci usd/day @${today}`]: 10_000_000,
      [`preset default/p usd/day @${today}`]: 3_000_000,
      [`preset default/p usd/day each user user ann @${today}`]: 2_000_000,
      [`preset default/p usd/day each user user ann @${today - day}`]: 9,
      [`preset search/p usd/day @${today}`]: 4_000_000,
    });
    const gateway = await start(t, { SPILLWAY_DATA_DIR: folder });
    const lost = async (scope: string): Promise<readonly number[]> =>
      (await limitsOf(gateway, `?scope=${scope}`)).map((limit) => limit.lost).filter((usd) => usd > 0);
    assert.deepEqual(await lost('key/ci'), [0.01]);
    assert.equal((await ask(gateway, { user: 'ann' })).status, 402, 'it counts as spent');
    const release = (scope: string): Promise<Answer<{ released: ReleaseView[] }>> =>
      call(gateway, 'POST limits/release', { scope, reason: 'the provider billed nothing' });
    const { body } = await release('key/ci');
    assert.partialDeepStrictEqual(body.released, [
      { address: 'key/ci', unit: 'usd', per: 'day', amount: 0.01, reason: 'the provider billed nothing' },
    ]);
    assert.deepEqual(await lost('key/ci'), []);
    assert.deepEqual(
      (await lost('preset/p')).toSorted((a, b) => a - b),
      [0.002, 0.003],
      'others keep theirs',
    );
    assert.equal((await ask(gateway, { user: 'ann' })).status, 200);
    assert.deepEqual((await release('key/ci')).body.released, [], 'once');
    const both = await release('preset/p');
    assert.deepEqual(
      both.body.released.map(({ each, counter, amount }) => [each, counter, amount]),
      [
        [undefined, undefined, 0.003],
        ['user', 'user ann', 0.002],
      ],
    );
    await gateway.stop(1_000);
    const again = await start(t, { SPILLWAY_DATA_DIR: folder });
    const [limit] = await limitsOf(again, '?scope=key/ci');
    assert.ok(limit && limit.lost === 0 && limit.spent < 0.01, 'released in the store too');
    const past = await call<{ releases: ReleaseView[] }>(again, 'GET limits/loans');
    assert.equal(past.body.releases.length, 3);
    await again.stop(0);
  });
});

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let turn = 0; turn < 500 && !(await holds()); turn++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  assert.ok(await holds());
}
