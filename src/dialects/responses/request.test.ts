/** Conversations as requests of the Responses API: nothing said is lost on the way there and back. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { endpointOf, outgoing } from '../../../test/support/responses.ts';
import type { AssistantBlock, Conversation, Turn } from '../../core/conversation.ts';
import type { JsonObject } from '../../core/snapshot.ts';
import { responsesDialect } from './dialect.ts';
import { writeResponses } from './request.ts';

const endpoint = endpointOf('openai-responses');
const bare: Conversation = {
  turns: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }],
  tools: [],
  sampling: {},
  stop: [],
  maxOutput: 1_000,
  stream: false,
  warnings: [],
};

test('nothing is left for the provider to store, and thoughts come back encrypted', () => {
  const { body } = writeResponses(bare, endpoint);
  assert.deepEqual(
    [body['store'], body['include'], body['max_output_tokens']],
    [false, ['reasoning.encrypted_content'], 1_000],
  );
  const plain = writeResponses(bare, { ...endpoint, features: new Set() }).body;
  assert.equal('include' in plain, false, 'models that do not think refuse to be asked');
});

test('functions say that they are not strict, for here they would be', () => {
  const tools = [{ name: 'f', schema: { type: 'object' } }];
  const { body } = writeResponses({ ...bare, tools, toolChoice: { tool: 'f' } }, endpoint);
  assert.deepEqual(body['tools'], [
    { type: 'function', name: 'f', parameters: { type: 'object' }, strict: false },
  ]);
  assert.deepEqual(body['tool_choice'], { type: 'function', name: 'f' });
});

test('what this API has no parameter for is named', () => {
  const sampling = { topK: 1, seed: 2, presencePenalty: 0.1, frequencyPenalty: 0.2 };
  const { warnings } = writeResponses({ ...bare, sampling, stop: ['x'] }, endpoint);
  for (const name of ['stop', 'top_k', 'seed', 'presence_penalty', 'frequency_penalty'])
    assert.equal(warnings.filter((warning) => warning.startsWith(`"${name}"`)).length, 1, name);
  assert.equal(warnings.length, 5);
});

test('a conversation of system messages alone still has an input', () => {
  const turns: Turn[] = ['a', 'b'].map((text) => ({ role: 'system', content: [{ type: 'text', text }] }));
  const { body } = writeResponses({ ...bare, turns }, endpoint);
  assert.equal(body['instructions'], 'a');
  assert.deepEqual(body['input'], [
    { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'b' }] },
  ]);
});

test('the result of a failed tool says so, with its media', () => {
  const image = { kind: 'url', url: 'https://a.test/x.png' } as const;
  const turns: Turn[] = [{ role: 'tool', callId: 'c', failed: true, content: [{ type: 'image', image }] }];
  const [item] = writeResponses({ ...bare, turns }, endpoint).body['input'] as readonly JsonObject[];
  assert.deepEqual(item?.['output'], [
    { type: 'input_text', text: 'Error: ' },
    { type: 'input_image', image_url: image.url, detail: 'auto' },
  ]);
});

const text = fc.string({ minLength: 1, maxLength: 12 });
const textBlock = text.map((one) => ({ type: 'text' as const, text: one }));
const call = fc.record({
  type: fc.constant('call' as const),
  id: text,
  name: fc.constantFrom('f', 'g'),
  arguments: text,
});
const thought = fc.record({
  type: fc.constant('thinking' as const),
  text,
  signature: text,
  id: text.map((id) => `rs_${id}`),
});
/** Thinking comes before what it led to. */
const said: fc.Arbitrary<readonly AssistantBlock[]> = fc
  .tuple(fc.array(fc.oneof(textBlock, thought, call), { maxLength: 3 }), fc.oneof(textBlock, call))
  .map(([before, last]) => [...before, last]);
const turn: fc.Arbitrary<Turn> = fc.oneof(
  fc.record({
    role: fc.constant('user' as const),
    content: fc.array(textBlock, { minLength: 1, maxLength: 3 }),
  }),
  fc.record({
    role: fc.constant('assistant' as const),
    content: said,
  }),
  fc.record({ role: fc.constant('tool' as const), callId: text, content: textBlock.map((one) => [one]) }),
);

/** Neighbouring turns of the assistant are one turn when read again. */
function joined(turns: readonly Turn[]): readonly Turn[] {
  return turns.reduce<Turn[]>((list, one) => {
    const last = list.at(-1);
    if (last?.role !== 'assistant' || one.role !== 'assistant') return [...list, one];
    return [...list.slice(0, -1), { role: 'assistant', content: [...last.content, ...one.content] }];
  }, []);
}

/** Without the null prototypes of generated records. */
function plain(turns: readonly Turn[]): unknown {
  return JSON.parse(JSON.stringify(turns));
}

test('reasoning that led to nothing is not sent: the provider refuses it', () => {
  const thought: AssistantBlock = { type: 'thinking', text: 'hm', signature: 'e' };
  const turns: Turn[] = [
    { role: 'assistant', content: [thought, { type: 'text', text: 'a' }, thought] },
    { role: 'user', content: [{ type: 'text', text: 'b' }] },
  ];
  const items = writeResponses({ ...bare, turns }, endpoint).body['input'] as readonly JsonObject[];
  assert.deepEqual(
    items.map(({ type, role }) => role ?? type),
    ['reasoning', 'assistant', 'user'],
  );
});

test('any conversation is the same after it was written and read again', () => {
  fc.assert(
    fc.property(fc.array(turn, { minLength: 1, maxLength: 6 }), text, (turns, system) => {
      const opening: Turn = { role: 'system', content: [{ type: 'text', text: system }] };
      const { body, warnings } = writeResponses({ ...bare, turns: [opening, ...turns] }, endpoint);
      const again = responsesDialect.conversation(outgoing(body));
      assert.deepEqual(plain(again.turns), plain([opening, ...joined(turns)]));
      assert.deepEqual([...warnings, ...again.warnings], []);
    }),
  );
});
