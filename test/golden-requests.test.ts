/** Every inbound dialect to every wire, topic by topic: a pair that lacks a case, or an expectation, fails here. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Wire } from '../src/core/catalog.ts';
import { key, startTestGateway } from './support/gateway.ts';
import { wireNames } from './support/crossing.ts';
import { casesIn, inbound, requestOf, type GoldenRequest, type Inbound } from './support/golden.ts';

/** What a request can be about. */
const topics = [
  'text',
  'system',
  'media',
  'tools',
  'tool-choice',
  'json-schema',
  'stop',
  'thinking',
  'signatures',
  'cache',
  'logprobs',
  'uncarried',
];

/** Embeddings are no conversation: where they cannot be translated to, their cases say so by name. */
const topicsOf: Readonly<Record<Inbound, readonly string[]>> = {
  chat: topics,
  responses: topics,
  messages: topics,
  embeddings: ['text', 'tokens'],
};
for (const dialect of Object.keys(inbound) as Inbound[]) {
  const cases = casesIn<GoldenRequest>(`requests/${dialect}`);
  for (const topic of topicsOf[dialect])
    test(`requests of ${dialect}: there is a case about ${topic}, for every wire`, () => {
      const found = cases.filter((one) => one.topic === topic);
      assert.ok(found.length > 0);
      for (const { file, golden } of found) {
        assert.deepEqual(Object.keys(golden.expected).sort(), [...wireNames].sort(), file);
        const unsupported = Object.values(golden.expected).filter((one) => 'unsupported' in one);
        assert.ok(dialect === 'embeddings' || unsupported.length === 0, 'every conversation can cross');
      }
    });

  for (const { file, golden } of cases)
    for (const wire of wireNames)
      test(`${file} → ${wire}: ${golden.about}`, () => {
        assert.deepEqual(requestOf(dialect, golden, wire), golden.expected[wire]);
      });
}

test('the plan leaves out every wire that embeddings cannot be translated to', async (t) => {
  const provider = (wire: Wire): string =>
    `  ${wire}: { wire: ${wire}, base_url: 'emulator://google/${wire === 'gemini' ? 'v1beta' : 'v1'}', catalog: google }`;
  const gateway = await startTestGateway(
    t,
    `providers:\n${wireNames.map(provider).join('\n')}\nkeys: [{ name: test, key: '${key}' }]\n`,
  );
  const model = 'google/gemini-embedding-001';
  const response = await fetch(`${gateway.base}/embeddings`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}` },
    body: JSON.stringify({ model, input: 'a text' }),
  });
  assert.equal(response.status, 200);
  const text = casesIn<GoldenRequest>('requests/embeddings').find(({ topic }) => topic === 'text');
  const unsupported = wireNames.filter((wire) => 'unsupported' in (text?.golden.expected[wire] ?? {}));
  assert.deepEqual(unsupported, ['openai-responses', 'anthropic']);
  assert.deepEqual(
    gateway.lastRecord().skipped,
    unsupported.map((wire) => ({ endpoint: `${model}@${wire}`, reason: 'wire' })),
  );
});
