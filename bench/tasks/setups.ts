/** The ways to configure the same four tasks: one preset for all, or one for each, chosen by rules. */
import { snapshotOf } from '../money/document.ts';
import { keyHash } from '../money/world.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';

/** USD per million tokens: list prices of November 2026, DeepSeek's off-peak. */
export type Price = {
  readonly input: number;
  readonly output: number;
  readonly cache_read: number;
  readonly cache_write?: number;
};

/** Model → its provider and price. `context` is the catalogue's. */
export const offers: Readonly<Record<string, { readonly provider: string; readonly price: Price }>> = {
  'deepseek/deepseek-v4-pro': {
    provider: 'deepseek',
    price: { input: 0.66, output: 1.98, cache_read: 0.022 },
  },
  'deepseek/deepseek-v4-flash': {
    provider: 'deepseek',
    price: { input: 0.22, output: 0.66, cache_read: 0.007 },
  },
  'anthropic/claude-haiku-4.5': {
    provider: 'anthropic',
    price: { input: 1, output: 5, cache_read: 0.1, cache_write: 1.25 },
  },
  'anthropic/claude-sonnet-4.6': {
    provider: 'anthropic',
    price: { input: 3, output: 15, cache_read: 0.3, cache_write: 3.75 },
  },
  'google/gemini-3.1-flash-lite': {
    provider: 'google',
    price: { input: 0.25, output: 1.5, cache_read: 0.025 },
  },
};

const brief = 'deepseek/deepseek-v4-pro, anthropic/claude-haiku-4.5, anthropic/claude-sonnet-4.6';
const lite = 'google/gemini-3.1-flash-lite';

/** The model that every chain begins with, and that goes down. */
export const primary = 'deepseek/deepseek-v4-pro';

const rules = `
  auto:
    route:
      - { when: { task: [chat, complete, explore] }, preset: light }
      - { preset: agent }`;

export type Setup = { readonly name: string; readonly words: string; readonly presets: string };

/** The first is what the others are compared with. */
export const setups: readonly [Setup, ...Setup[]] = [
  {
    name: 'one preset',
    words: "the brief's chain for every task",
    presets: `\n  auto: { models: [${brief}] }`,
  },
  {
    name: 'by task',
    words: 'the same primary for all; light tasks fall back to a small model first',
    presets: `${rules}\n  agent: { models: [${brief}] }\n  light: { models: [${primary}, ${lite}, anthropic/claude-haiku-4.5] }`,
  },
  {
    name: 'by task, light',
    words: 'light tasks have a small primary of another provider, too, which does not go down',
    presets: `${rules}\n  agent: { models: [${brief}] }\n  light: { models: [${lite}, deepseek/deepseek-v4-flash] }`,
  },
  {
    name: 'cheaper first',
    words: 'no routing: one preset whose first fallback is the small model, for agents as well',
    presets: `\n  auto: { models: [${primary}, ${lite}, anthropic/claude-haiku-4.5, anthropic/claude-sonnet-4.6] }`,
  },
];

export function snapshotFor({ presets }: Setup): Snapshot {
  const providers = [...new Set(Object.values(offers).map(({ provider }) => provider))].map(
    (name) => `\n  ${name}: { wire: openai-chat, base_url: 'https://${name}.example/v1' }`,
  );
  const models = Object.entries(offers).map(
    ([model, { provider, price }]) =>
      `\n  ${model}: { endpoints: [{ provider: ${provider}, model: ${model}, price: ${JSON.stringify(price)} }] }`,
  );
  return snapshotOf(
    `providers:${providers.join('')}\nmodels:${models.join('')}\npresets:${presets}\nkeys: [{ name: bench, key: '${keyHash}' }]`,
  );
}
