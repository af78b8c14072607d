/** A gateway whose preset `p` is a chain of two models, each at an upstream that answers as the test says. */
import type { TestContext } from 'node:test';
import { key, startTestGateway, type TestGateway } from './gateway.ts';
import { completion, json, startUpstream, type Answer, type TestUpstream } from './upstream.ts';

export type Pair = {
  readonly gateway: TestGateway;
  readonly first: TestUpstream;
  readonly second: TestUpstream;
};

/** Starts it: `first` answers for position 0 (on the chat wire unless `wire` says otherwise), the second always well. */
export async function startPair(
  t: TestContext,
  first: Answer,
  options: { wire?: string; preset?: string } = {},
): Promise<Pair> {
  const one = await startUpstream(t, first);
  const two = await startUpstream(t, json(200, completion('from the second')));
  const gateway = await startTestGateway(
    t,
    `
providers:
  one: { wire: ${options.wire ?? 'openai-chat'}, base_url: '${one.url}', api_key: provider-secret-1 }
  two: { wire: openai-chat, base_url: '${two.url}', api_key: provider-secret-2 }
models:
  acme/one: { context: 100000, max_output: 8000, features: [tools, vision, json_schema], endpoints: [{ provider: one, model: one-raw, price: { input: 1, output: 2, cache_read: 0.1 } }] }
  acme/two: { context: 100000, max_output: 8000, features: [tools, vision, json_schema], endpoints: [{ provider: two, model: two-raw, price: { input: 10, output: 20 } }] }
presets:
  p: { models: [acme/one, acme/two], failover: { timeouts: { first_token: 500ms, idle: 500ms } }${options.preset ?? ''} }
keys: [{ name: test, key: '${key}' }]
`,
  );
  return { gateway, first: one, second: two };
}

export const ask = { model: '@preset/p', messages: [{ role: 'user', content: 'hi' }] };
