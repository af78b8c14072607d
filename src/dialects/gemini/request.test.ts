/** What a chat request becomes for Gemini: one file per case in test/golden/gemini, the request beside the expectation. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Feature } from '../../core/catalog.ts';
import { fold, type AssistantBlock, type Conversation, type Turn } from '../../core/conversation.ts';
import type { Endpoint, JsonObject } from '../../core/snapshot.ts';
import { readConversation } from '../chat/conversation.ts';
import { readGeminiAnswer } from './answer.ts';
import { writeGemini } from './request.ts';
import { geminiWire } from './wire.ts';

type Case = {
  readonly model: string;
  readonly features: readonly Feature[];
  readonly maxOutput: number;
  readonly chat: JsonObject;
  readonly gemini: JsonObject;
  readonly warnings: readonly string[];
};

const folder = new URL('../../../test/golden/gemini/', import.meta.url);

function endpoint(model: string, features: readonly Feature[]): Endpoint {
  return {
    id: `google/${model}@google`,
    model: { slug: `google/${model}`, name: model, features, offers: [] },
    provider: {
      name: 'google',
      wire: 'gemini',
      baseUrl: 'https://gemini.test/v1beta',
      credentials: [],
      auth: { header: 'x-goog-api-key', scheme: '' },
      headers: {},
      catalog: 'google',
      data: {},
    },
    providerModel: model,
    wire: 'gemini',
    features: new Set(features),
  };
}

for (const file of readdirSync(folder).filter((name) => name.endsWith('.json'))) {
  const expected = JSON.parse(readFileSync(new URL(file, folder), 'utf8')) as Case;
  test(`chat → gemini: ${file.replace('.json', '').replaceAll('-', ' ')}`, () => {
    const conversation = readConversation(expected.chat, expected.maxOutput);
    const { body, warnings } = writeGemini(conversation, endpoint(expected.model, expected.features));
    assert.deepEqual(body, expected.gemini);
    assert.deepEqual([...conversation.warnings, ...warnings], expected.warnings);
  });
}

const plain: Conversation = {
  turns: [],
  tools: [],
  sampling: {},
  stop: [],
  maxOutput: 100,
  stream: false,
  warnings: [],
};

function contentsOf(turns: readonly Turn[], model: string): unknown {
  return writeGemini({ ...plain, turns }, endpoint(model, ['tools', 'reasoning'])).body['contents'];
}

test('signatures come back where they were: on the call, on the thought, on the text', () => {
  const turns: readonly Turn[] = [
    { role: 'user', content: [{ type: 'text', text: 'Go' }] },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', text: 'First look.', signature: 'A' },
        { type: 'text', text: 'So:' },
        { type: 'call', id: 'c1', name: 'look', arguments: '{}', signature: 'B' },
        { type: 'call', id: 'c2', name: 'look', arguments: '{}' },
      ],
    },
    { role: 'tool', callId: 'c1', content: [], failed: true },
    { role: 'tool', callId: 'c2', content: [{ type: 'text', text: 'fine' }] },
    {
      role: 'assistant',
      content: [
        { type: 'text', text: 'Done.' },
        { type: 'thinking', text: '', signature: 'C' },
        { type: 'thinking', text: 'nobody can prove it' },
      ],
    },
  ];
  assert.deepEqual(contentsOf(turns, 'gemini-3-pro-preview'), [
    { role: 'user', parts: [{ text: 'Go' }] },
    {
      role: 'model',
      parts: [
        { text: 'First look.', thought: true, thoughtSignature: 'A' },
        { text: 'So:' },
        { functionCall: { id: 'c1', name: 'look', args: {} }, thoughtSignature: 'B' },
        { functionCall: { id: 'c2', name: 'look', args: {} } },
      ],
    },
    {
      role: 'user',
      parts: [
        { functionResponse: { id: 'c1', name: 'look', response: { error: '' } } },
        { functionResponse: { id: 'c2', name: 'look', response: { output: 'fine' } } },
      ],
    },
    { role: 'model', parts: [{ text: 'Done.' }, { text: '', thoughtSignature: 'C' }] },
  ]);
});

test('a call gets its signature back, though the client could only keep it as that of a thought', () => {
  const answer = {
    candidates: [
      {
        content: { parts: [{ functionCall: { name: 'look', args: {} }, thoughtSignature: 'S' }] },
        finishReason: 'STOP',
      },
    ],
    responseId: 'r',
  };
  const { blocks } = fold(readGeminiAnswer(Buffer.from(JSON.stringify(answer))));
  const kept = blocks.map((block): AssistantBlock => {
    if (block.type !== 'call') return block;
    const { signature: _lost, ...call } = block;
    return call;
  });
  for (const content of [blocks, kept]) {
    const turns: readonly Turn[] = [
      { role: 'user', content: [{ type: 'text', text: 'Look.' }] },
      { role: 'assistant', content },
      { role: 'tool', callId: 'call_r_0', content: [] },
    ];
    assert.deepEqual((contentsOf(turns, 'gemini-3-pro-preview') as readonly JsonObject[])[1], {
      role: 'model',
      parts: [{ functionCall: { id: 'call_r_0', name: 'look', args: {} }, thoughtSignature: 'S' }],
    });
  }
});

test('an image in a result stands inside it from the third generation on, beside it before', () => {
  const image = { inlineData: { mimeType: 'image/png', data: 'AA==' } };
  const turns: readonly Turn[] = [
    { role: 'assistant', content: [{ type: 'call', id: 'c', name: 'see', arguments: '' }] },
    {
      role: 'tool',
      callId: 'c',
      content: [{ type: 'image', image: { kind: 'base64', mediaType: 'image/png', data: 'AA==' } }],
    },
  ];
  const result = { id: 'c', name: 'see', response: { output: '' } };
  const last = (model: string): unknown =>
    (contentsOf(turns, model) as readonly { parts: unknown }[]).at(-1)?.parts;
  assert.deepEqual(last('gemini-3-pro-preview'), [{ functionResponse: { ...result, parts: [image] } }]);
  assert.deepEqual(last('gemini-2.5-pro'), [{ functionResponse: result }, image]);
});

test('every call of any conversation has its result in the very next content, by id and name', () => {
  const call = fc.record({ name: fc.stringMatching(/^[a-z]{1,8}$/), result: fc.string() });
  const exchange = fc.record({ said: fc.string(), calls: fc.array(call, { maxLength: 4 }) });
  fc.assert(
    fc.property(fc.array(exchange, { minLength: 1, maxLength: 6 }), (exchanges) => {
      const turns = exchanges.flatMap(({ said, calls }, at): Turn[] => [
        { role: 'user', content: [{ type: 'text', text: `q${said}` }] },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: said },
            ...calls.map(({ name }, n) => ({
              type: 'call' as const,
              id: `${at}/${n}`,
              name,
              arguments: '{"a":1}',
            })),
          ],
        },
        ...calls.map(({ result }, n): Turn => ({
          role: 'tool',
          callId: `${at}/${n}`,
          content: [{ type: 'text', text: result }],
        })),
      ]);
      type Written = { role: string; parts: Record<string, { id: string; name: string }>[] };
      const contents = contentsOf(turns, 'gemini-2.5-flash') as readonly Written[];
      const of = (content: Written | undefined, key: string): unknown =>
        (content?.parts ?? []).flatMap((part) => {
          const found = part[key];
          return found ? [`${found.id} ${found.name}`] : [];
        });
      for (const [at, content] of contents.entries()) {
        assert.ok(content.parts.length > 0);
        if (content.role !== 'model') continue;
        assert.deepEqual(of(contents[at + 1], 'functionResponse'), of(content, 'functionCall'));
      }
      assert.equal(
        contents.flatMap((content) => of(content, 'functionCall')).length,
        exchanges.flatMap(({ calls }) => calls).length,
      );
    }),
  );
});

test('the model and whether to stream stand in the path', () => {
  const at = endpoint('gemini-2.5-flash', []);
  assert.equal(geminiWire.address(at, false).path, '/models/gemini-2.5-flash:generateContent');
  assert.equal(geminiWire.address(at, true).path, '/models/gemini-2.5-flash:streamGenerateContent?alt=sse');
});
