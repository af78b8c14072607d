/**
 * A key with $5 a day, twelve agents that each ask for a turn of 100,000 tokens at the same moment, and the brief's
 * chain on a day on which its primary is overloaded. There is money for all of them, but not for all their holds.
 */
import { outcomeOf, type Outcome } from './cell.ts';
import { snapshotOf } from './document.ts';
import type { PolicyName } from './policies.ts';
import { keyHash, MoneyWorld, promptOf } from './world.ts';

export const agents = 12;
const promptTokens = 100_000;
const bytesPerToken = 4;
/** USD. */
const cap = 5;

const document = `
providers:
  deepseek: { wire: openai-chat, base_url: 'https://deepseek.example/v1' }
  anthropic: { wire: openai-chat, base_url: 'https://anthropic.example/v1' }
presets:
  coder: { models: [deepseek/deepseek-v4-pro, anthropic/claude-haiku-4.5, anthropic/claude-sonnet-4.6] }
keys: [{ name: bench, key: '${keyHash}', limits: [{ usd: ${cap}, per: day }] }]`;

/** Nano-USD per token. */
const prices = {
  'deepseek-v4-pro': { input: 660, output: 1_980 },
  'claude-haiku-4-5': { input: 1_000, output: 5_000 },
  'claude-sonnet-4-6': { input: 3_000, output: 15_000 },
};

/** Every agent asks once. */
export async function playAgents(policy: PolicyName, seed: number): Promise<Outcome> {
  const world = new MoneyWorld({
    snapshot: snapshotOf(document),
    policy,
    cap: cap * 1e9,
    seed,
    provider: {
      prices,
      failing: { model: 'deepseek-v4-pro', share: 1 },
      // An agent's turn puts out a few hundred tokens, whatever it allows.
      tokens: (_most, dice) => dice.whole(200, 900),
      slowestMs: 500,
    },
  });
  const content = promptOf(promptTokens * bytesPerToken);
  const body = {
    model: '@preset/coder',
    stream: true,
    max_tokens: 32_000,
    messages: [{ role: 'user', content }],
  };
  await world.run(Array.from({ length: agents }, async () => void (await world.ask(body))));
  return { ...outcomeOf(world), policy, cap: cap * 1e9 };
}
