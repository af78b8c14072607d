/** `explain` against a running gateway says for each step whether its worst case fits the limits as they stand. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { ExplanationView } from '../src/control/api-views.ts';
import { key, startTestGateway, type TestGateway } from './support/gateway.ts';

const document = (preset: string, own = ''): string => `
providers: { deepseek: { wire: openai-chat, base_url: 'emulator://deepseek/v1' } }
models:
  acme/cheap: { endpoints: [{ provider: deepseek, model: deepseek-v4-pro, price: { input: 1, output: 10 } }], context: 90000 }
  acme/dear: { endpoints: [{ provider: deepseek, model: deepseek-v4-pro, price: { input: 20, output: 200 } }], context: 90000 }
presets: { p: { models: [acme/cheap, acme/dear], limits: [${preset}] } }
keys: [{ name: ci, key: '${key}', limits: [${own}] }]
`;

const request = { model: '@preset/p', max_tokens: 1_000, messages: [{ role: 'user', content: 'hello' }] };

async function explain(gateway: TestGateway, fields: object = {}): Promise<ExplanationView> {
  const response = await fetch(`${gateway.url}/api/admin/explain`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ request, ...fields }),
  });
  return (await response.json()) as ExplanationView;
}

const verdicts = ({ steps }: ExplanationView): readonly (string | undefined)[] =>
  steps.map(({ limits }) => limits?.verdict);

const start = (t: TestContext, preset: string, own = ''): Promise<TestGateway> =>
  startTestGateway(t, document(preset, own));

test('without limits there is nothing to say', async (t) => {
  assert.deepEqual(verdicts(await explain(await start(t, ''))), [undefined, undefined]);
});

test('what fits, and which limit would refuse the fallback', async (t) => {
  const plan = await explain(await start(t, '{ usd: 0.05, per: day, min_output: 1000 }'));
  assert.deepEqual(verdicts(plan), ['fits', 'refused']);
  const { code, message } = plan.steps[1]?.limits ?? {};
  assert.equal(code, 'limit_exhausted');
  assert.match(
    message ?? '',
    /^Preset p has spent \$0\.00 of \$0\.05 today \(UTC\), and this request may cost \$0\.2\d*; /,
  );
});

test('a premium limit lets the primary pass and refuses the dearer fallback', async (t) => {
  assert.deepEqual(verdicts(await explain(await start(t, '{ premium_usd: 0, per: hour }'))), [
    'fits',
    'refused',
  ]);
});

test('what would be shortened is what the request really gets', async (t) => {
  const gateway = await start(t, '{ usd: 0.005, per: day, min_output: 100 }');
  const [first] = (await explain(gateway)).steps;
  assert.equal(first?.limits?.verdict, 'shortened');
  const answer = await gateway.post(request);
  const { usage } = (await answer.json()) as { usage: { spillway: { warnings: string[] } } };
  assert.ok(usage.spillway.warnings.join().includes(`from 1000 to ${first.limits.output_cap} tokens`));
});

test('what others hold is waited for', async (t) => {
  const gateway = await start(t, '{ usd: 0.015, per: day, min_output: 1000 }');
  gateway.emulator?.setFault({ model: '*', kind: 'slow', delayMs: 2_000 });
  const running = gateway.post(request);
  for (let turn = 0; turn < 500 && verdicts(await explain(gateway))[0] !== 'waits'; turn++)
    await new Promise((resolve) => setTimeout(resolve, 10));
  const { code, message } = (await explain(gateway)).steps[0]?.limits ?? {};
  assert.equal(code, 'limit_busy');
  assert.match(message ?? '', /holds \$0\.01\d* for requests in flight/);
  const longer = await explain(gateway, { request: { ...request, max_tokens: 8_000 } });
  assert.equal(verdicts(longer)[0], 'waits', 'shortened, it would fit when they have ended');
  await (await running).text();
  assert.equal(verdicts(await explain(gateway))[0], 'fits');
});

test('a key brings its own limits, and what it may use', async (t) => {
  const gateway = await start(
    t,
    '',
    '{ requests: 1, per: month }, { usd: 0.001, per: total, min_output: 1000 }',
  );
  assert.deepEqual(verdicts(await explain(gateway)), [undefined, undefined]);
  assert.deepEqual(verdicts(await explain(gateway, { key: 'ci' })), ['refused', 'refused']);
  await gateway.post(request);
  assert.equal((await explain(gateway, { key: 'ci' })).problem?.code, 'rate_limited');
  assert.partialDeepStrictEqual(await explain(gateway, { key: 'cj' }), {
    error: { path: 'key', message: 'there is no key "cj"; did you mean ci?' },
  });
});

test('explaining counts and holds nothing', async (t) => {
  const gateway = await start(t, '{ requests: 2, per: month }, { usd: 0.025, per: day, min_output: 1000 }');
  for (let turn = 0; turn < 5; turn++) assert.equal(verdicts(await explain(gateway))[0], 'fits');
  for (let turn = 0; turn < 2; turn++) assert.equal((await gateway.post(request)).status, 200);
});
