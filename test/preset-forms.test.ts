/** The ways to name a preset, in each dialect; and the preset's tools beside the request's. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emulatedChain, key, startTestGateway } from './support/gateway.ts';
import { json, startUpstream } from './support/upstream.ts';

const messages = [{ role: 'user', content: 'hi' }];
const dialects: Readonly<Record<string, object>> = {
  'chat/completions': { messages },
  messages: { messages, max_tokens: 20 },
  responses: { input: 'hi' },
};
const fallback = 'anthropic/claude-haiku-4.5';
const forms: readonly (readonly [form: object, serves: string])[] = [
  [{ model: '@preset/coder' }, 'deepseek/deepseek-v4-pro'],
  [{ model: fallback, preset: 'coder' }, fallback],
  [{ model: `${fallback}@preset/coder` }, fallback],
];

test('a preset is named in three ways, in every dialect; a model named beside it comes first', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  for (const [path, body] of Object.entries(dialects))
    for (const [form, serves] of forms) {
      const response = await fetch(`${gateway.base}/${path}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({ ...body, ...form }),
      });
      await response.text();
      const { headers } = response;
      assert.deepEqual(
        [response.status, headers.get('x-spillway-preset'), headers.get('x-spillway-model')],
        [200, 'coder@1', serves],
        `${path} ${JSON.stringify(form)}`,
      );
    }
});

test('tools of preset and request are united by name: the request’s replaces, the others follow in order', async (t) => {
  const up = await startUpstream(t, json(200, { choices: [] }));
  const tool = (name: string, description: string): object => ({
    type: 'function',
    function: { name, description },
  });
  const document = {
    providers: { own: { wire: 'openai-chat', base_url: up.url } },
    models: { 'acme/own': { endpoints: [{ provider: 'own', model: 'own' }], features: ['tools'] } },
    presets: { p: { models: ['acme/own'], tools: [tool('a', 'of the preset'), tool('b', 'of the preset')] } },
    keys: [{ name: 'test', key }],
  };
  const gateway = await startTestGateway(t, JSON.stringify(document));
  const tools = [tool('c', 'of the request'), tool('b', 'of the request')];
  await (await gateway.post({ model: '@preset/p', messages, tools })).text();
  const sent = JSON.parse(String(up.asked[0]?.body)) as { tools: unknown };
  assert.deepEqual(sent.tools, [
    tool('a', 'of the preset'),
    tool('b', 'of the request'),
    tool('c', 'of the request'),
  ]);
});
