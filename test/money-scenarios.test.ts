/** Days on which money is short, through a real gateway, against what the emulated providers bill. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromUsd } from '../src/core/money.ts';
import { key, startTestGateway } from './support/gateway.ts';

const agents = 12;
/** A turn of 100,000 tokens, as the emulator counts them: four bytes each. */
const turn = {
  model: '@preset/coder',
  max_tokens: 32_000,
  messages: [{ role: 'user', content: 'The repository. '.repeat(25_000) }],
};

test('twelve agents share a key with $5 a day: all are answered, though their holds do not fit at once', async (t) => {
  const gateway = await startTestGateway(
    t,
    `
providers:
  deepseek: { wire: openai-chat, base_url: 'emulator://deepseek/v1' }
  anthropic: { wire: anthropic, base_url: 'emulator://anthropic/v1' }
presets:
  coder: { models: [deepseek/deepseek-v4-pro, anthropic/claude-haiku-4.5, anthropic/claude-sonnet-4.6] }
keys: [{ name: ci, key: '${key}', limits: [{ usd: 5, per: day }] }]`,
  );
  gateway.emulator?.setFault({ model: 'deepseek/deepseek-v4-pro', kind: 'overloaded' });
  const answers = await Promise.all(Array.from({ length: agents }, () => gateway.post(turn)));
  const statuses = answers.map(({ status }) => status);
  assert.deepEqual(
    statuses,
    answers.map(() => 200),
  );
  const served = gateway.records().map(({ attempts }) => attempts.at(-1));
  assert.deepEqual(
    served.map((attempt) => attempt?.model),
    answers.map(() => 'anthropic/claude-haiku-4.5'),
  );
  const held = served.reduce((sum, attempt) => sum + (attempt?.worst ?? 0), 0);
  assert.ok(held > fromUsd(5), 'together they would have held more than there is');
  const billed = gateway.emulator?.bill().total.cost;
  const counted = gateway.records().reduce((sum, { cost }) => sum + cost, 0);
  assert.equal(counted, billed);
  assert.ok(counted > fromUsd(1.2) && counted < fromUsd(5), `${counted} nano-USD`);
});

test('where a token for each byte would be too much the prompt is counted: twelve agents at a dearer model', async (t) => {
  const gateway = await startTestGateway(
    t,
    `
providers: { anthropic: { wire: anthropic, base_url: 'emulator://anthropic/v1' } }
presets: { coder: { models: [anthropic/claude-sonnet-4.6] } }
keys: [{ name: ci, key: '${key}', limits: [{ usd: 5, per: day }] }]`,
  );
  const answers = await Promise.all(Array.from({ length: agents }, () => gateway.post(turn)));
  assert.deepEqual(
    answers.map(({ status }) => status),
    answers.map(() => 200),
  );
  const billed = gateway.emulator?.bill().total.cost ?? 0;
  assert.deepEqual(
    gateway.records().filter(({ attempts }) => attempts.some(({ overrun }) => overrun)),
    [],
  );
  assert.ok(billed > fromUsd(3.6) && billed <= fromUsd(5), `${billed} nano-USD`);
});
