/** Limits through a real gateway: what is refused and how it is said, what is clamped, what serves instead, what waits. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { key, startTestGateway, type TestGateway } from './support/gateway.ts';
import { connected, snapshotOf, virtualKeyHash, visit } from './support/virtual-world.ts';

/** Dollars per million tokens; a chat request of this test is bounded by some hundred tokens. */
const models = `
  acme/cheap:
    endpoints: [{ provider: deepseek, model: deepseek-v4-pro, price: { input: 1, output: 10 } }]
    context: 200000
    max_output: 8000
    features: [tools]
  acme/dear:
    endpoints: [{ provider: anthropic, model: claude-sonnet-4-6, price: { input: 20, output: 200 } }]
    context: 200000
    max_output: 8000
    features: [tools]
`;

type Limits = {
  readonly preset?: string;
  readonly key?: string;
  readonly workspace?: string;
  readonly gateway?: string;
  readonly failover?: string;
};

const document = ({
  preset = '',
  key: own = '',
  workspace = '',
  gateway = '',
  failover = '',
}: Limits): string => `
limits: [${gateway}]
providers:
  deepseek: { wire: openai-chat, base_url: 'emulator://deepseek/v1' }
  anthropic: { wire: anthropic, base_url: 'emulator://anthropic/v1' }
models: ${models}
workspaces: { default: { contact: '#ai-platform', limits: [${workspace}] } }
presets:
  p: { models: [acme/cheap, acme/dear], failover: { ${failover} }, limits: [${preset}] }
keys: [{ name: ci, key: '${key}', limits: [${own}] }]
`;

type Answer = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: {
    readonly error?: {
      readonly message: string;
      readonly type: string;
      readonly metadata: { readonly limit?: Record<string, unknown>; readonly previous_errors?: unknown[] };
    };
    readonly usage?: { readonly cost: number; readonly spillway: { readonly warnings?: readonly string[] } };
  };
};

async function ask(gateway: TestGateway, fields: Record<string, unknown> = {}): Promise<Answer> {
  const response = await gateway.post({
    model: '@preset/p',
    max_tokens: 1_000,
    messages: [{ role: 'user', content: 'hello' }],
    ...fields,
  });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Answer['body'],
  };
}

const start = (t: TestContext, limits: Limits): Promise<TestGateway> => startTestGateway(t, document(limits));

test('an exhausted budget refuses with who, what, when and whom to ask; the official clients do not retry', async (t) => {
  const gateway = await start(t, { key: '{ usd: 0.0102, per: day, min_output: 1000 }' });
  assert.equal((await ask(gateway)).status, 200);
  const refused = await ask(gateway);
  assert.equal(refused.status, 402);
  assert.equal(refused.headers.get('x-should-retry'), 'false');
  assert.equal(refused.headers.get('retry-after'), null);
  assert.match(
    refused.body.error?.message ?? '',
    /^Key ci has spent \$0\.00\d+ of \$0\.0102 today \(UTC\); resets in .*\. Ask #ai-platform\.$/,
  );
  assert.equal(refused.body.error?.type, 'limit_exhausted');
  const limit = refused.body.error?.metadata.limit;
  assert.partialDeepStrictEqual(limit, {
    scope: 'key',
    name: 'ci',
    unit: 'usd',
    per: 'day',
    limit: 0.0102,
    held: 0,
    contact: '#ai-platform',
  });
  assert.equal(
    refused.headers.get('x-spillway-skipped'),
    'acme/cheap@deepseek:budget,acme/dear@anthropic:budget',
  );
});

test('a fallback that the budget cannot pay is left out, and the refusal has the earlier failure', async (t) => {
  const gateway = await start(t, { preset: '{ usd: 0.05, per: day, min_output: 1000 }' });
  gateway.emulator?.setFault({ model: 'deepseek/deepseek-v4-pro', kind: 'rate_limit' });
  const refused = await ask(gateway);
  assert.equal(refused.status, 402);
  assert.equal(refused.headers.get('x-spillway-attempts'), 'acme/cheap@deepseek:rate_limit');
  assert.equal(refused.headers.get('x-spillway-skipped'), 'acme/dear@anthropic:budget');
  assert.equal(refused.body.error?.metadata.previous_errors?.length, 1);
});

test('a premium limit stops what costs extra, never the primary', async (t) => {
  const gateway = await start(t, { preset: '{ premium_usd: 0, per: hour }' });
  assert.equal((await ask(gateway)).headers.get('x-spillway-position'), '0');
  gateway.emulator?.setFault({ model: 'deepseek/deepseek-v4-pro', kind: 'server_error' });
  const refused = await ask(gateway);
  assert.equal(refused.status, 402);
  assert.match(
    refused.body.error?.message ?? '',
    /^Preset p has spent \$0\.00 of \$0\.00 on what failover costs extra/,
  );
  gateway.emulator?.clearFaults();
  assert.equal((await ask(gateway)).headers.get('x-spillway-position'), '0');
});

test('when less fits than was asked for, the answer is capped and the cap is told', async (t) => {
  const gateway = await start(t, { key: '{ usd: 0.005, per: day, min_output: 100 }' });
  const answer = await ask(gateway);
  assert.equal(answer.status, 200);
  assert.match(
    (answer.body.usage?.spillway.warnings ?? []).join(),
    /the output cap was lowered from 1000 to \d+ tokens: more does not fit the limits/,
  );
});

test('a limit for each request bounds all its attempts together', async (t) => {
  const gateway = await start(t, { preset: '{ usd: 0.012, per: request, min_output: 1000 }' });
  assert.equal((await ask(gateway)).status, 200);
  gateway.emulator?.setFault({ model: 'deepseek/deepseek-v4-pro', kind: 'server_error' });
  const refused = await ask(gateway);
  assert.equal(refused.headers.get('x-spillway-skipped'), 'acme/dear@anthropic:budget');
  assert.equal(refused.status, 402);
});

test('one counter for each user', async (t) => {
  const gateway = await start(t, { preset: '{ usd: 0.0102, per: day, each: user, min_output: 1000 }' });
  assert.equal((await ask(gateway, { user: 'ann' })).status, 200);
  const refused = await ask(gateway, { user: 'ann' });
  assert.equal(refused.status, 402);
  assert.match(refused.body.error?.message ?? '', /^Preset p, user ann, has spent/);
  assert.equal((await ask(gateway, { user: 'bob' })).status, 200);
});

test('requests, tokens and requests at once are limited by the same ledger', async (t) => {
  const requests = await start(t, { workspace: '{ requests: 1, per: month }' });
  assert.equal((await ask(requests)).status, 200);
  const refused = await ask(requests);
  assert.equal(refused.status, 429);
  assert.equal(refused.headers.get('x-should-retry'), 'false');
  assert.match(
    refused.body.error?.message ?? '',
    /^Workspace default has made 1 request of 1 request this month/,
  );
  const tokens = await start(t, { gateway: '{ tokens: 3000, per: day, min_output: 1000 }' });
  assert.equal((await ask(tokens)).status, 200);
  assert.equal((await ask(tokens, { max_tokens: 8_000 })).status, 200);
});

test('a limit that only observes refuses nothing, and says what it would have refused', async (t) => {
  const gateway = await start(t, { preset: '{ usd: 0.000001, per: day, mode: observe }' });
  const answer = await ask(gateway);
  assert.equal(answer.status, 200);
  assert.match(
    (answer.body.usage?.spillway.warnings ?? []).join(),
    /^observed: would have been refused\. Preset p/,
  );
});

test('near its limit a preset is served by the models it names for that', async (t) => {
  const gateway = await start(t, {
    preset: '{ usd: 0.02, per: day, min_output: 10, downgrade: { at: 1, to: [acme/dear] } }',
  });
  assert.equal((await ask(gateway)).headers.get('x-spillway-model'), 'acme/cheap');
  const downgraded = await ask(gateway, { max_tokens: 50 });
  assert.equal(downgraded.headers.get('x-spillway-model'), 'acme/dear');
  assert.equal(downgraded.headers.get('x-spillway-position'), '1');
  assert.match(
    (downgraded.body.usage?.spillway.warnings ?? []).join(),
    /^downgraded at 1 %: Preset p has spent/,
  );
  const raised = await fetch(`${gateway.url}/api/admin/limits/raise`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      scope: 'preset/p',
      by_usd: 100,
      until: new Date(Date.now() + 3_600_000).toISOString(),
      reason: 'a test',
    }),
  });
  assert.equal(raised.status, 200, await raised.text());
  const raisedAnswer = await ask(gateway, { max_tokens: 50 });
  assert.equal(raisedAnswer.headers.get('x-spillway-model'), 'acme/cheap', 'a share of what is lent, too');
});

test('a downgrade obeys the floor; where it leaves nobody, the chain goes on', async (t) => {
  const tiered = document({
    preset: '{ usd: 0.02, per: day, downgrade: { at: 1, to: [acme/dear] }, min_output: 10 }',
  })
    .replace('  acme/cheap:', '  acme/cheap:\n    tier: strong')
    .replace('  acme/dear:', '  acme/dear:\n    tier: small')
    .replace('failover: {  }', 'floor: { tier: standard }');
  const gateway = await startTestGateway(t, tiered);
  for (let sent = 0; sent < 2; sent++) {
    const answer = await ask(gateway, { max_tokens: 50 });
    assert.equal(answer.headers.get('x-spillway-model'), 'acme/cheap');
    assert.deepEqual(answer.body.usage?.spillway.warnings ?? [], []);
  }
});

test('what others hold is waited for: twelve at once on a limit that admits three are all answered', async (t) => {
  const gateway = await start(t, { key: '{ usd: 0.04, per: day, min_output: 1000 }' });
  const answers = await Promise.all(Array.from({ length: 12 }, () => ask(gateway)));
  assert.deepEqual(
    answers.map(({ status }) => status),
    answers.map(() => 200),
  );
});

test('what others hold is waited for, up to ten seconds, then 429 limit_busy', async () => {
  const limited = snapshotOf(`
providers: { up: { wire: openai-chat, base_url: 'https://up.example/v1' } }
models: { acme/a: { context: 100000, endpoints: [{ provider: up, model: a, price: { input: 1, output: 2 } }] } }
presets: { p: { models: [acme/a], limits: [{ concurrent: 1 }] } }
keys: [{ name: test, key: '${virtualKeyHash}' }]`);
  const ask = { model: '@preset/p', messages: [{ role: 'user', content: 'hi' }] };
  const first = visit(limited, ask, [[connected]]);
  const second = first.another(ask);
  await first.clock.advance(9_999);
  assert.equal(second.records.length, 0);
  await first.clock.advance(1);
  assert.equal(second.records[0]?.problem, 'limit_busy');
  const third = first.another(ask);
  await first.clock.advance(5_000);
  first.depart('client');
  await first.clock.advance(1);
  assert.equal(third.calls.length, 2, 'sent when the first was gone');
});

test('what has no bound of its cost is refused by name under a limit in dollars, and only there', async (t) => {
  const remote = {
    messages: [{ role: 'user', content: [{ type: 'file', file: { file_id: 'file-1' } }] }],
  };
  const sound = {
    messages: [
      { role: 'user', content: [{ type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } }] },
    ],
  };
  const searching = { model: 'acme/cheap', tools: [{ type: 'web_search' }] };
  const limited = await startTestGateway(
    t,
    document({ key: '{ usd: 100, per: day }' }).replaceAll(
      'features: [tools]',
      'features: [tools, pdf, audio]',
    ),
  );
  for (const [part, fields] of [
    ['messages[0].content[0]', remote],
    ['messages[0].content[0]', sound],
    ['tools[0]', searching],
  ] as const) {
    const refused = await ask(limited, fields);
    assert.equal(refused.status, 400, part);
    assert.equal(refused.body.error?.type, 'cost_unbounded');
    assert.ok(refused.body.error?.message.includes(part), refused.body.error?.message);
  }
  // Another wire does not get the provider's own tools, so nothing is unbounded there.
  const crossing = await ask(limited, { ...searching, model: 'acme/dear' });
  assert.equal(crossing.status, 200);
});

test('a document that comes along is held at all that the model can read', async (t) => {
  const gateway = await startTestGateway(
    t,
    document({ key: '{ usd: 1, per: day, min_output: 1000 }' }).replaceAll(
      'features: [tools]',
      'features: [tools, pdf]',
    ),
  );
  const file = { filename: 'a.pdf', file_data: `data:application/pdf;base64,${'AAAA'.repeat(100)}` };
  const answer = await ask(gateway, {
    messages: [
      {
        role: 'user',
        content: [
          { type: 'file', file },
          { type: 'text', text: 'what?' },
        ],
      },
    ],
  });
  assert.equal(answer.status, 200);
  // 200,000 tokens at $1 per million, and 1,000 at $10.
  assert.equal(gateway.lastRecord().attempts[0]?.worst, 210_000_000);
});

test('a limit that is new counts what was spent in its window before; one that is raised or lowered goes on', async (t) => {
  const gateway = await start(t, {});
  for (let sent = 0; sent < 3; sent++) assert.equal((await ask(gateway)).status, 200);
  const spent = gateway.records().reduce((sum, { cost }) => sum + cost, 0);
  // The roll-up knows of them once they are committed.
  await new Promise((resolve) => setTimeout(resolve, 400));
  const apply = async (limits: Limits): Promise<void> => {
    const { outcome } = await gateway.configuration.apply({
      text: document(limits),
      actor: { name: 'test', local: true, role: 'owner' as const },
      message: 'limits',
    });
    assert.equal(outcome, 'applied');
  };
  await apply({ key: `{ usd: ${(spent + 1) / 1e9}, per: day }`, preset: `{ requests: 4, per: day }` });
  const refused = await ask(gateway);
  assert.equal(refused.status, 402);
  assert.equal(refused.body.error?.metadata.limit?.['spent'], spent / 1e9);
  await apply({ key: '{ usd: 1, per: day }', preset: `{ requests: 5, per: day }` });
  // The refused one was a request, too.
  assert.equal((await ask(gateway)).status, 200);
  assert.equal((await ask(gateway)).status, 429);
});
