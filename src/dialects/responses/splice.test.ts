/** The request on its own wire: the client's bytes, and only the keys that are ours are changed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { outgoing, type Given } from '../../../test/support/responses.ts';
import type { Wire } from '../../core/catalog.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import { code } from '../table.ts';
import { responsesDialect } from './dialect.ts';
import { spliceResponses } from './splice.ts';

function sent(body: JsonObject | string, given?: Given): string {
  return Buffer.concat(spliceResponses(outgoing(body, given))).toString();
}

function parsed(body: JsonObject, given?: Given): JsonObject {
  return JSON.parse(sent(body, given)) as JsonObject;
}

test('all bytes pass but those of the keys that are ours', () => {
  const input = '[ {"role":"user",  "content":"caf\\u00e9 \\ud83d\\ude00"} ]';
  const body = `{"model":"@preset/p", "input":${input}, "store" : false, "novel":{"a": 1},"provider":{"only":["x"]}}`;
  assert.equal(
    sent(body),
    `{"model":"raw-1","input":${input}, "store" : false, "novel":{"a": 1},"max_output_tokens":1000}`,
  );
});

type Case = {
  readonly name: string;
  readonly body: JsonObject;
  readonly given: Given;
  readonly key: string;
  readonly expected: JsonValue | undefined;
};
const merges: readonly Case[] = [
  {
    name: 'an effort of the preset joins the reasoning of the request',
    body: { reasoning: { summary: 'auto' } },
    given: { merged: { set: { reasoning_effort: 'low' } } },
    key: 'reasoning',
    expected: { summary: 'auto', effort: 'low' },
  },
  {
    name: 'a format of the preset is told as this API has it',
    body: { text: { verbosity: 'low' } },
    given: {
      merged: { set: { response_format: { type: 'json_schema', json_schema: { name: 'n', schema: {} } } } },
    },
    key: 'text',
    expected: { format: { type: 'json_schema', name: 'n', schema: {} }, verbosity: 'low' },
  },
  {
    name: 'a locked format of the request goes',
    body: { text: { format: { type: 'json_object' } } },
    given: { merged: { drop: ['response_format'] } },
    key: 'text',
    expected: undefined,
  },
  {
    name: 'a tool choice of the preset is told as this API has it',
    body: {},
    given: { merged: { set: { tool_choice: { type: 'function', function: { name: 'f' } } } } },
    key: 'tool_choice',
    expected: { type: 'function', name: 'f' },
  },
  {
    name: 'a parameter that this API lacks is not sent',
    body: {},
    given: { merged: { set: { stop: ['x'] } } },
    key: 'stop',
    expected: undefined,
  },
  {
    name: 'the prompt of the preset stands before the instructions',
    body: { instructions: 'be "brief"' },
    given: { preset: { systemPrompt: 'Be careful.', tools: [] } },
    key: 'instructions',
    expected: 'Be careful.\n\nbe "brief"',
  },
  {
    name: 'the prompt of the preset is the instructions where there are none',
    body: { instructions: null },
    given: { preset: { systemPrompt: 'Be careful.', tools: [] } },
    key: 'instructions',
    expected: 'Be careful.',
  },
  {
    name: 'tools are united by name, those of the request winning',
    body: { tools: [{ type: 'function', name: 'f', own: true }, { type: 'web_search' }] },
    given: {
      preset: {
        tools: [
          { type: 'function', function: { name: 'f', parameters: {} } },
          { type: 'function', function: { name: 'g', parameters: {} } },
        ],
      },
    },
    key: 'tools',
    expected: [
      { type: 'function', name: 'f', own: true },
      { type: 'function', name: 'g', parameters: {}, strict: false },
      { type: 'web_search' },
    ],
  },
];

for (const { name, body, given, key, expected } of merges)
  test(name, () => {
    assert.deepEqual(parsed({ model: 'm', input: 'hi', ...body }, given)[key], expected);
  });

const thought = { type: 'reasoning', id: 'rs_1', summary: [], encrypted_content: 'gAAA' };
const user = { role: 'user', content: 'hi' };
const inputs: readonly { readonly item: JsonObject; readonly proof: string }[] = [
  { item: thought, proof: 'gAAA' },
  { item: { type: 'reasoning', summary: [], encrypted_content: 'gAAA' }, proof: 'gAAA' },
  { item: { type: 'reasoning', id: 'rs_1', summary: [] }, proof: 'rs_1' },
  { item: { type: 'item_reference', id: 'msg_1' }, proof: 'msg_1' },
  { item: { type: 'compaction', encrypted_content: 'gBBB' }, proof: 'gBBB' },
];

for (const { item, proof } of inputs)
  test(`${JSON.stringify(item)} goes only where ${proof} is known`, () => {
    const body = { model: 'm', input: [user, item] };
    assert.deepEqual(parsed(body)['input'], [user]);
    assert.deepEqual(parsed(body, { kept: [proof] })['input'], [user, item]);
  });

test('a thought without proof or id is text like any other, and stays', () => {
  const item = { type: 'reasoning', summary: [{ type: 'summary_text', text: 'hm' }] };
  assert.deepEqual(parsed({ model: 'm', input: [item] })['input'], [item]);
});

test('ids of calls that OpenAI would refuse are renamed, the call and its output alike', () => {
  const long = 'c'.repeat(65);
  const call = { type: 'function_call', call_id: long, name: 'f', arguments: '{}' };
  const output = { type: 'function_call_output', call_id: long, output: 'ok' };
  const [first, second] = parsed({ model: 'm', input: [call, output] })['input'] as readonly JsonObject[];
  assert.match(JSON.stringify(first?.['call_id']), /^"[a-z0-9]{24}"$/);
  assert.equal(first?.['call_id'], second?.['call_id']);
});

/** A preset's parameters → those of them that are named as dropped, on this wire and on another. */
const parameters: readonly (readonly [JsonObject, readonly string[], readonly string[]])[] = [
  [{ temperature: 1, reasoning_effort: 'low', verbosity: 'low', tool_choice: 'auto' }, [], []],
  [
    { seed: 1, presence_penalty: 0.1, frequency_penalty: 0.1 },
    ['seed', 'presence_penalty', 'frequency_penalty'],
    [],
  ],
  [{ stop: ['x'], top_k: 3 }, ['stop', 'top_k'], ['top_k']],
  [{ logit_bias: { '1': 2 } }, ['logit_bias'], ['logit_bias']],
];

for (const [set, here, there] of parameters)
  test(`a preset's ${Object.keys(set).join(', ')}`, () => {
    const named = (wire: Wire): readonly string[] =>
      code(responsesDialect, outgoing({ input: 'hi' }, { wire, merged: { set } })).warnings.map(
        (warning) => /"(\w+)"/.exec(warning)?.[1] ?? warning,
      );
    assert.deepEqual(named('openai-responses').toSorted(), here.toSorted());
    assert.deepEqual(named('openai-chat').toSorted(), there.toSorted());
  });
