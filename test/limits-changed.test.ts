/** Limits that change while requests run: what is spent stays spent, what runs ends as it began, the next one is asked anew. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { LimitView } from '../src/control/limit-views.ts';
import { key, startTestGateway, type TestGateway } from './support/gateway.ts';

/** A request holds $0.01 and some. */
const document = (own: string): string => `
providers: { deepseek: { wire: openai-chat, base_url: 'emulator://deepseek/v1' } }
models: { acme/a: { endpoints: [{ provider: deepseek, model: a, price: { input: 1, output: 10 } }], context: 90000 } }
presets: { p: { models: [acme/a], limits: [${own}] } }
keys: [{ name: ci, key: '${key}' }]
`;

const ask = (gateway: TestGateway): Promise<Response> =>
  gateway.post({
    model: '@preset/p',
    stream: true,
    max_tokens: 1_000,
    messages: [{ role: 'user', content: 'hello' }],
  });

async function limitsOf(gateway: TestGateway): Promise<readonly LimitView[]> {
  const headers = { authorization: `Bearer ${gateway.adminKey}` };
  const response = await fetch(`${gateway.url}/api/admin/limits`, { headers });
  return ((await response.json()) as { limits: LimitView[] }).limits;
}

async function change(gateway: TestGateway, own: string): Promise<void> {
  const actor = { name: 'test', local: true, role: 'owner' as const };
  const { outcome } = await gateway.configuration.apply({ text: document(own), actor });
  assert.equal(outcome, 'applied');
}

/** Starts a request under `before`, changes the limits to `after` while it runs, and lets it end well. */
async function changeMidway(t: TestContext, before: string, after: string): Promise<TestGateway> {
  const gateway = await startTestGateway(t, document(before));
  gateway.emulator?.setFault({ model: '*', kind: 'slow', delayMs: 0, tokensPerSecond: 100 });
  const running = await ask(gateway);
  assert.equal(running.status, 200);
  await change(gateway, after);
  gateway.emulator?.clearFaults();
  assert.match(await running.text(), /\[DONE\]/);
  const [limit] = await limitsOf(gateway);
  const spent = gateway.records().reduce((sum, { cost }) => sum + cost, 0) / 1e9;
  if (limit) assert.deepEqual([limit.spent, limit.held], [spent, 0], 'all that was spent, and nothing held');
  return gateway;
}

const roomy = '{ usd: 1, per: day, min_output: 1000 }';

test('lowered below what is held: it ends well and is counted, the next is refused', async (t) => {
  const gateway = await changeMidway(t, roomy, '{ usd: 0.0001, per: day, min_output: 1000 }');
  assert.equal((await ask(gateway)).status, 402);
  assert.equal(
    (await limitsOf(gateway))[0]?.share,
    (100 * Math.floor(((await limitsOf(gateway))[0]?.spent ?? 0) * 1e6)) / 100,
  );
});

test('taken away and brought back: what was spent before and since is remembered', async (t) => {
  const gateway = await changeMidway(t, roomy, '');
  assert.deepEqual(await limitsOf(gateway), []);
  await change(gateway, roomy);
  const [limit] = await limitsOf(gateway);
  assert.equal(limit?.spent, gateway.lastRecord().cost / 1e9);
});

test('from observing to refusing: what was only observed counts', async (t) => {
  const gateway = await changeMidway(
    t,
    '{ usd: 0.0102, per: day, mode: observe }',
    '{ usd: 0.0102, per: day, min_output: 1000 }',
  );
  assert.equal((await ask(gateway)).status, 402);
});

test('from refusing to observing: nothing is refused any more, and all of it is counted', async (t) => {
  const gateway = await changeMidway(
    t,
    '{ usd: 0.0102, per: day, min_output: 1000 }',
    '{ usd: 0.0102, per: day, mode: observe }',
  );
  for (let turn = 0; turn < 3; turn++) {
    const answer = await ask(gateway);
    assert.equal(answer.status, 200);
    await answer.text();
  }
  const spent = gateway.records().reduce((sum, { cost }) => sum + cost, 0) / 1e9;
  const [limit] = await limitsOf(gateway);
  assert.equal(limit?.spent, Number(spent.toFixed(9)));
});

test('raised in the document: the next request is served', async (t) => {
  const gateway = await startTestGateway(t, document('{ usd: 0.001, per: day, min_output: 1000 }'));
  assert.equal((await ask(gateway)).status, 402);
  await change(gateway, roomy);
  assert.equal((await ask(gateway)).status, 200);
});

test('to another window or unit: that counter begins with what it knows, and refuses by itself', async (t) => {
  const gateway = await startTestGateway(t, document(roomy));
  await (await ask(gateway)).text();
  await change(gateway, '{ requests: 1, per: month }');
  await (await ask(gateway)).text();
  assert.equal((await ask(gateway)).status, 429);
  await change(gateway, roomy);
  assert.equal((await limitsOf(gateway))[0]?.spent, (gateway.records()[0]?.cost ?? 0) / 1e9);
});

test('a price that is taken away under a budget: the document is refused, and the old one stays', async (t) => {
  const gateway = await startTestGateway(t, document(roomy));
  const text = document(roomy).replace(', price: { input: 1, output: 10 }', '');
  const result = await gateway.configuration.apply({
    text,
    actor: { name: 'test', local: true, role: 'owner' as const },
  });
  assert.equal(result.outcome, 'invalid');
  assert.match(
    result.findings.map(({ message }) => message).join(),
    /has no known price, and a limit holds for it: \$1\.00 per day \(presets\.p\.limits\[0\]\)/,
  );
  assert.equal((await ask(gateway)).status, 200);
});
