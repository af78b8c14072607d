/** Conversations that go on in a virtual world, at a preset of two models, and what became of each turn. */
import assert from 'node:assert/strict';
import type { GenerationRecord } from '../../src/core/record.ts';
import {
  answers,
  refuses,
  snapshotOf,
  virtualKeyHash,
  type Respond,
  type Script,
  type Visit,
} from './virtual-world.ts';

export const document = (more = '', chain = 'acme/a, acme/b'): string => `
providers:
  up: { wire: openai-chat, base_url: 'https://up.example/v1' }
  other: { wire: openai-chat, base_url: 'https://other.example/v1' }
models:
  acme/a: { tier: strong, context: 100000, endpoints: [{ provider: up, model: a, price: { input: 1, output: 2, cache_read: 0.1 } }] }
  acme/b: { tier: standard, context: 100000, endpoints: [{ provider: other, model: b, price: { input: 10, output: 20, cache_read: 1 } }] }
  acme/c: { tier: standard, context: 100000, endpoints: [{ provider: other, model: c, price: { input: 10, output: 20, cache_read: 1 } }] }
presets:
  p: { models: [${chain}] ${more} }
keys: [{ name: test, key: '${virtualKeyHash}' }]
`;
export const pair = snapshotOf(document());

/** Some 2,000 tokens. */
export const long = { role: 'user', content: 'Mend the build, please. '.repeat(400) };
export const turn = (session: string, more: object = {}): object => ({
  model: '@preset/p',
  session_id: session,
  max_tokens: 100,
  messages: [long],
  ...more,
});
export const answer = (prompt: number, read: number): Script =>
  answers({
    id: 'u',
    model: 'x',
    choices: [{ index: 0, message: { role: 'assistant', content: 'yes' }, finish_reason: 'stop' }],
    usage: {
      prompt_tokens: prompt,
      completion_tokens: 10,
      prompt_tokens_details: { cached_tokens: read },
    },
  });
export const good = answer(2_000, 0);
export const down = refuses(1, 500);

/** Primary `a` is what `trouble` says at a moment; everybody else is well. */
export const primary =
  (trouble: (at: number) => Script | undefined): Respond =>
  ({ model }, at) =>
    (model === 'a' ? trouble(at) : undefined) ?? good;

export function recordOf(seen: Visit | undefined): GenerationRecord {
  const record = seen?.records[0];
  assert.ok(record, 'it has not ended');
  return record;
}

export const told = (seen: Visit): readonly string[] => {
  const { attempts, skipped } = recordOf(seen);
  return [
    ...attempts.map(({ model, outcome }) => `${model}:${outcome}`),
    ...skipped.map(({ endpoint, reason }) => `${endpoint}:${reason}`),
  ];
};

export const minute = 60_000;
export const atA = ['acme/a:ok'];
export const stays = ['acme/b:ok', 'acme/a@up:stay'];
export const moved = ['acme/a:server_error', 'acme/a:server_error', 'acme/b:ok'];
