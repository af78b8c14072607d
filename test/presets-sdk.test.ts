/** OpenRouter's own SDK, unmodified: every call that it has for presets, against a running gateway. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OpenRouter } from '@openrouter/sdk';
import { emulatedChain, key, startTestGateway, type TestGateway } from './support/gateway.ts';

const document = emulatedChain.replace("key: 'sk-", "write_presets: true, key: 'sk-");

const clientOf = ({ url }: TestGateway): OpenRouter =>
  new OpenRouter({ serverURL: `${url}/api/v1`, apiKey: key, retryConfig: { strategy: 'none' } });

const model = 'anthropic/claude-haiku-4.5';
const hi = { role: 'user' as const, content: 'hi' };

test('@openrouter/sdk: requests of each API become versions, which are listed, read and called', async (t) => {
  const client = clientOf(await startTestGateway(t, document));
  const { presets } = client;
  const chat = await presets.createPresetsChatCompletions({
    slug: 'mine',
    chatRequest: { model, messages: [{ role: 'system', content: 'Be brief.' }, hi], temperature: 0.5 },
  });
  assert.deepEqual(
    [chat.data.slug, chat.data.status, chat.data.designatedVersion?.systemPrompt],
    ['mine', 'active', 'Be brief.'],
  );
  await presets.createPresetsMessages({
    slug: 'mine',
    messagesRequest: { model, maxTokens: 50, system: 'Be kind.', messages: [hi] },
  });
  const last = await presets.createPresetsResponses({
    slug: 'mine',
    responsesRequest: { model, instructions: 'Be quick.', input: 'hi' },
  });
  assert.equal(last.data.designatedVersion?.version, 3);

  const { data } = await presets.get({ slug: 'mine' });
  assert.deepEqual(data, last.data);
  const versions: (readonly [number | undefined, string | null | undefined])[] = [];
  for await (const { result } of await presets.listVersions({ slug: 'mine', limit: 2 }))
    versions.push(...result.data.map((one) => [one?.version, one?.systemPrompt] as const));
  assert.deepEqual(versions, [
    [1, 'Be brief.'],
    [2, 'Be kind.'],
    [3, 'Be quick.'],
  ]);
  const second = await presets.getVersion({ slug: 'mine', version: '2' });
  assert.deepEqual([second.data?.version, second.data?.config], [2, { models: [model], max_tokens: 50 }]);

  const slugs: string[] = [];
  for await (const { result } of await presets.list({ limit: 1 }))
    slugs.push(...result.data.map(({ slug }) => slug));
  assert.deepEqual(slugs, ['mine', 'coder']);

  const answer = await client.chat.send({ chatRequest: { model: '@preset/mine', messages: [hi] } });
  assert.ok('choices' in answer && answer.choices.length > 0);
  assert.match(JSON.stringify(await client.models.list()), /@preset\/mine/);
});

test('@openrouter/sdk: refusals raise its typed errors', async (t) => {
  const { presets } = clientOf(await startTestGateway(t, document));
  const status = (code: number) => (error: unknown) =>
    error instanceof Error && 'statusCode' in error && error.statusCode === code;
  await assert.rejects(presets.get({ slug: 'nope' }), status(404));
  await assert.rejects(presets.getVersion({ slug: 'coder', version: '9' }), status(404));
  await assert.rejects(
    presets.createPresetsChatCompletions({ slug: 'x', chatRequest: { model: 'no/such', messages: [hi] } }),
    status(400),
  );
  const reading = clientOf(await startTestGateway(t, emulatedChain)).presets;
  await assert.rejects(
    reading.createPresetsChatCompletions({ slug: 'x', chatRequest: { model, messages: [hi] } }),
    status(403),
  );
});
