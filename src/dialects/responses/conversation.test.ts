/** Requests of the Responses API as conversations: what is carried, what is named as lost, what is refused. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { outgoing } from '../../../test/support/responses.ts';
import type { Conversation } from '../../core/conversation.ts';
import { Refused } from '../../core/problem.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import { chatWire } from '../chat/wire.ts';
import { code } from '../table.ts';
import { responsesDialect } from './dialect.ts';
import { readResponsesAnswer } from './answer.ts';

function read(body: JsonObject): Conversation {
  return responsesDialect.conversation(outgoing({ model: 'm', input: 'hi', ...body }));
}

test('what the preset adds crosses too, under whatever name this API has for it', () => {
  const conversation = responsesDialect.conversation(
    outgoing(
      { model: 'm', input: 'hi', instructions: 'Mine.' },
      {
        merged: {
          set: { stop: ['x'], seed: 3, reasoning_effort: 'low', response_format: { type: 'json_object' } },
        },
        preset: { systemPrompt: 'Yours.', tools: [{ type: 'function', function: { name: 'f' } }] },
      },
    ),
  );
  assert.deepEqual(conversation.turns[0], {
    role: 'system',
    content: [{ type: 'text', text: 'Yours.\n\nMine.' }],
  });
  assert.deepEqual([conversation.stop, conversation.sampling.seed], [['x'], 3]);
  assert.deepEqual([conversation.thinking?.effort, conversation.format?.type], ['low', 'json']);
  assert.deepEqual(
    conversation.tools.map(({ name }) => name),
    ['f'],
  );
});

const told: readonly (readonly [string, JsonObject, RegExp | undefined])[] = [
  ['work in the background', { background: true }, /"background" cannot be carried/],
  ['no work in the background', { background: false }, undefined],
  ['a bound on hosted calls', { max_tool_calls: 3 }, /"max_tool_calls"/],
  ['an unknown key', { novelty: 1 }, /"novelty"/],
  ['the default truncation', { truncation: 'disabled' }, undefined],
  ['storing the answer', { store: true, include: ['reasoning.encrypted_content'] }, undefined],
  ['a hosted tool', { tools: [{ type: 'mcp', server_label: 's' }] }, /the tool "mcp"/],
  [
    'a choice of a hosted tool',
    { tool_choice: { type: 'file_search' } },
    /"tool_choice" names "file_search"/,
  ],
  ['an unknown item', { input: [{ type: 'compaction', encrypted_content: 'x' }] }, /"compaction"/],
  ['a reference', { input: [{ type: 'item_reference', id: 'msg_1' }] }, /given by its id alone/],
  [
    'a stored file',
    { input: [{ role: 'user', content: [{ type: 'input_file', file_id: 'f' }] }] },
    /a file given by its id/,
  ],
  ['an unknown part', { input: [{ role: 'user', content: [{ type: 'hologram' }] }] }, /"hologram"/],
];

for (const [name, body, warning] of told)
  test(`${warning ? 'named as lost' : 'no loss'}: ${name}`, () => {
    const { warnings } = read(body);
    assert.equal(warnings.length, warning ? 1 : 0, warnings.join('; '));
    if (warning) assert.match(warnings[0] ?? '', warning);
  });

const refused: readonly (readonly [string, JsonObject])[] = [
  ['input[0]', { input: [7] }],
  ['input[0].role', { input: [{ role: 'narrator', content: 'x' }] }],
  [
    'input[1].content',
    {
      input: [
        { role: 'user', content: 'x' },
        { role: 'user', content: { a: 1 } },
      ],
    },
  ],
  ['input[0].content[0].text', { input: [{ role: 'user', content: [{ type: 'input_text', text: 3 }] }] }],
  [
    'input[0].content[0].image_url',
    { input: [{ role: 'user', content: [{ type: 'input_image', image_url: 'file:///x' }] }] },
  ],
  ['input[0].call_id', { input: [{ type: 'function_call', name: 'f', arguments: '{}' }] }],
  ['input[0].name', { input: [{ type: 'function_call', call_id: 'c', arguments: '{}' }] }],
  ['text.format.schema', { text: { format: { type: 'json_schema', name: 'n' } } }],
  ['prompt', { prompt: { id: 'pmpt_1' } }],
];

for (const [path, body] of refused)
  test(`refused by its path: ${path}`, () => {
    assert.throws(
      () => read(body),
      (error) => error instanceof Refused && error.problem.status === 400 && error.problem.param === path,
    );
  });

test('calls of the tools that clients run themselves are told as calls, where something answers them', () => {
  const { turns } = read({
    input: [
      {
        type: 'local_shell_call',
        id: 'lsh_1',
        call_id: 'c1',
        status: 'completed',
        action: { command: ['ls'] },
      },
      { type: 'local_shell_call_output', call_id: 'c1', output: 'a.txt' },
      { type: 'shell_call', call_id: 'c2', action: {} },
    ],
  });
  assert.deepEqual(turns, [
    {
      role: 'assistant',
      content: [{ type: 'call', id: 'c1', name: 'local_shell', arguments: '{"action":{"command":["ls"]}}' }],
    },
    { role: 'tool', callId: 'c1', content: [{ type: 'text', text: 'a.txt' }] },
  ]);
});

test('what a client says back of an answer written here is what the model had said', () => {
  const request = {
    model: 'm',
    input: 'hi',
    tools: [
      { type: 'custom', name: 'patch' },
      { type: 'namespace', name: 'files', tools: [{ type: 'function', name: 'read' }] },
    ],
  };
  const calls = [
    { id: 'c1', type: 'function', function: { name: 'patch', arguments: '{"input":"*** Begin"}' } },
    { id: 'c2', type: 'function', function: { name: 'files__read', arguments: '{"a":1}' } },
  ];
  const message = { role: 'assistant', content: 'Let me.', reasoning_content: 'hm', tool_calls: calls };
  const answer = { id: 'x', choices: [{ index: 0, message, finish_reason: 'tool_calls' }] };
  const identity = { generation: 'gen-1', model: 'a/b', created: 7, answers: 1 };
  const parts = chatWire.readWhole(Buffer.from(JSON.stringify(answer)));
  const bill = {
    usage: { input: 1, output: 1 },
    basis: 'measured',
    cost: 0,
    upstreamCost: 0,
    promptCost: 0,
    unmeasured: 0,
    spillway: {},
  } as unknown as Parameters<ReturnType<typeof responsesDialect.writeWhole>['compose']>[0];
  const bytes = responsesDialect.writeWhole(parts, identity, outgoing(request)).compose(bill);
  const { output } = JSON.parse(Buffer.concat(bytes).toString()) as { output: readonly JsonValue[] };
  assert.deepEqual(
    output.map((item) => [
      (item as JsonObject)['type'],
      (item as JsonObject)['name'],
      (item as JsonObject)['namespace'],
    ]),
    [
      ['reasoning', undefined, undefined],
      ['message', undefined, undefined],
      ['custom_tool_call', 'patch', undefined],
      ['function_call', 'read', 'files'],
    ],
  );
  const [, said] = read({ ...request, input: [{ role: 'user', content: 'hi' }, ...output] }).turns;
  const told = chatWire.request({ ...read(request), turns: said ? [said] : [] }, outgoing(request).endpoint);
  assert.deepEqual(told.body['messages'], [{ role: 'assistant', content: 'Let me.', tool_calls: calls }]);
  assert.ok(readResponsesAnswer(Buffer.concat(bytes)).length > 0);
});

const key = fc.constantFrom(
  ...'model input tools tool_choice text reasoning instructions include stream type role content call_id name output'.split(
    ' ',
  ),
  ...'encrypted_content id format schema metadata user provider namespace summary image_url max_output_tokens'.split(
    ' ',
  ),
);
const leaf = fc.constantFrom(null, true, 0, -1, 1e308, '', 'x', '\ud800');
const word = fc.constantFrom(
  ...'user message function_call function_call_output reasoning namespace custom function input_image'.split(
    ' ',
  ),
  ...'item_reference json_schema local_shell_call local_shell_call_output allowed_tools'.split(' '),
);
const { tree } = fc.letrec((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small' },
    leaf,
    word,
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(key, tie('tree'), { maxKeys: 6 }),
  ),
}));

test('any JSON is carried, on every wire, or refused with a status of the caller', () => {
  const preset = { systemPrompt: 's', tools: [{ type: 'function', function: { name: 'f' } }] };
  let carried = 0;
  fc.assert(
    fc.property(fc.dictionary(key, tree, { maxKeys: 8 }), (more) => {
      const body = JSON.stringify({ model: 'm', input: [{ role: 'user', content: 'x' }], ...more });
      try {
        for (const wire of ['openai-chat', 'anthropic', 'openai-responses'] as const)
          code(responsesDialect, outgoing(body, { wire, preset }));
        carried += 1;
      } catch (error) {
        assert.ok(error instanceof Refused && error.problem.status === 400, String(error));
      }
    }),
    { numRuns: 1_000 },
  );
  assert.ok(carried > 50, `only ${carried} were carried`);
});

test('broken JSON deep in a large body is refused when it must be read, and not before', () => {
  const long = 'x'.repeat(40_000);
  const out = outgoing(`{"model":"m","input":[{"role":"user","content":"${long}"},{"type":"reasoning",}]}`);
  const refusal = (error: unknown): boolean =>
    error instanceof Refused && error.problem.code === 'invalid_json';
  assert.throws(() => responsesDialect.conversation(out), refusal);
  assert.throws(() => responsesDialect.splice(out), refusal);
});
