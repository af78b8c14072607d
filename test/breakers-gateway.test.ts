/** Breakers in a real gateway: what the client, the record, `status` and `explain` say of them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ExplanationView, StatusView } from '../src/control/api-views.ts';
import { planLines } from '../src/cli/print-plan.ts';
import { statusLines } from '../src/cli/status.ts';
import { emulatedChain, startTestGateway, type TestGateway } from './support/gateway.ts';

const primary = 'deepseek/deepseek-v4-pro';
const ask = { model: '@preset/coder', messages: [{ role: 'user', content: 'hi' }] };

async function admin<T>(gateway: TestGateway, path: string, body?: unknown): Promise<T> {
  const response = await fetch(`${gateway.url}/api/admin/${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${gateway.adminKey}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  assert.equal(response.status, 200, path);
  return (await response.json()) as T;
}

const plain = (_style: string, text: string): string => text;

test('an open breaker stands in the headers, the record, status and explain', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  gateway.emulator?.setFault({ model: primary, kind: 'rate_limit', retryAfter: 120 });
  const first = await gateway.post(ask);
  assert.match(first.headers.get('x-spillway-attempts') ?? '', /rate_limit,.*:ok$/);
  const second = await gateway.post(ask);
  assert.equal(second.headers.get('x-spillway-attempts'), 'anthropic/claude-haiku-4.5@anthropic:ok');
  assert.equal(second.headers.get('x-spillway-skipped'), `${primary}@deepseek:breaker`);
  assert.equal(second.headers.get('x-spillway-fallback'), 'true');
  assert.deepEqual(gateway.lastRecord().skipped, [
    { endpoint: `${primary}@deepseek`, reason: 'breaker', why: 'rate_limit' },
  ]);

  const status = await admin<StatusView>(gateway, 'status');
  assert.partialDeepStrictEqual(status.breakers, [
    { subject: `endpoint/${primary}@deepseek`, state: 'open', why: 'rate_limit' },
  ]);
  const [breaker] = status.breakers;
  const until = breaker?.until ?? '';
  assert.equal(Date.parse(until) - Date.parse(breaker?.since ?? ''), 120_000);
  assert.match(
    statusLines(status, gateway.url, plain).join('\n'),
    /left alone\n +endpoint\/deepseek.* rate_limit +until 20/,
  );

  const plan = await admin<ExplanationView>(gateway, 'explain', { request: ask });
  assert.partialDeepStrictEqual(plan.skipped, [{ reason: 'breaker', why: 'rate_limit', until }]);
  assert.match(planLines(plan, plain).join('\n'), /breaker +rate_limit until 20/);
  assert.deepEqual(
    plan.steps.map(({ position }) => position),
    [1, 2],
  );
});

test('everybody is rate-limited: explain says what the client is told', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  gateway.emulator?.setFault({ model: '*', kind: 'rate_limit', retryAfter: 60 });
  await gateway.post(ask);
  const refused = await gateway.post(ask);
  assert.equal(refused.status, 429);
  const wait = Number(refused.headers.get('retry-after'));
  assert.ok(wait > 0 && wait <= 60);
  assert.equal(gateway.lastRecord().attempts.length, 0);
  const plan = await admin<ExplanationView>(gateway, 'explain', { request: ask });
  assert.equal(plan.problem?.code, 'upstream_rate_limited');

  gateway.emulator?.setFault({ model: '*', kind: 'server_error' });
  for (let turn = 0; turn < 3; turn++) await gateway.post(ask);
  const guess = await admin<ExplanationView>(gateway, 'explain', { request: ask });
  assert.equal(guess.steps.length, 1);
  assert.match(guess.warnings.join(), /every endpoint rests: .* is asked all the same/);
});
