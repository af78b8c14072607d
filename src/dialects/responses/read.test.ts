/** What is read from a Responses request, and what is refused with its path. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Refused } from '../../core/problem.ts';
import type { JsonObject } from '../../core/snapshot.ts';
import { readResponses } from './read.ts';

function read(body: JsonObject): ReturnType<typeof readResponses> {
  return readResponses(Buffer.from(JSON.stringify(body)));
}

test('parameters are read under the names that presets use', () => {
  const ask = read({
    model: '@preset/coder',
    input: 'hi',
    max_output_tokens: 50,
    temperature: 0.1,
    reasoning: { effort: 'low' },
    text: { format: { type: 'json_schema', name: 'n', schema: {} }, verbosity: 'low' },
    metadata: { task: 'x', user_id: 'u' },
    stream: true,
  });
  assert.equal(ask.model, '@preset/coder');
  assert.equal(ask.outputCap, 50);
  assert.deepEqual([ask.stream, ask.user, ask.tags], [true, 'u', { task: 'x' }]);
  const { temperature, reasoning_effort, verbosity, max_tokens } = ask.parameters;
  assert.deepEqual([temperature, reasoning_effort, verbosity, max_tokens], [0.1, 'low', 'low', 50]);
  assert.ok('response_format' in ask.parameters);
  assert.deepEqual([ask.needs.jsonSchema, ask.needs.reasoning], [true, true]);
});

test('a summary alone does not ask for a model that thinks: agents send it to all of them', () => {
  assert.equal(read({ model: 'm', input: 'hi', reasoning: { summary: 'auto' } }).needs.reasoning, false);
  assert.equal(read({ model: 'm', input: 'hi', reasoning: { effort: 'none' } }).needs.reasoning, false);
});

test('media is seen in messages and in the output of tools, and its bytes are no text', () => {
  const image = { type: 'input_image', image_url: `data:image/png;base64,${'A'.repeat(100_000)}` };
  const file = { type: 'input_file', file_data: 'data:application/pdf;base64,AAAA' };
  const { needs } = read({
    model: 'm',
    input: [
      { role: 'user', content: [{ type: 'input_text', text: 'look' }, image] },
      { type: 'function_call_output', call_id: 'c', output: [image, file] },
    ],
  });
  assert.deepEqual([needs.vision, needs.pdf, needs.audio], [true, true, false]);
  assert.ok(needs.promptBound > 10_000 && needs.promptBound < 11_000, `two images: ${needs.promptBound}`);
});

test('the bound counts every byte of text that a provider may read', () => {
  const long = 'x'.repeat(1_000);
  const tools = [{ type: 'function', name: 'f', description: long }];
  const bare = read({ model: 'm', input: 'hi' }).needs.promptBound;
  for (const more of [{ instructions: long }, { tools }, { text: { format: { type: 'text', long } } }])
    assert.ok(read({ model: 'm', input: 'hi', ...more }).needs.promptBound >= bare + 1_000);
});

const refused: readonly (readonly [string, JsonObject, RegExp, string])[] = [
  ['no input', { model: 'm' }, /"input" is missing/, 'input'],
  ['empty input', { model: 'm', input: [] }, /"input" is empty/, 'input'],
  ['input of the wrong kind', { model: 'm', input: 7 }, /must be a text or an array/, 'input'],
  [
    'a stored answer',
    { model: 'm', input: 'x', previous_response_id: 'resp_1' },
    /whole conversation in "input"/,
    'previous_response_id',
  ],
  [
    'a stored conversation',
    { model: 'm', input: 'x', conversation: 'conv_1' },
    /whole conversation/,
    'conversation',
  ],
  ['a cap of no tokens', { model: 'm', input: 'x', max_output_tokens: 0 }, /1 or more/, 'max_output_tokens'],
  ['a model that is no name', { model: 7, input: 'x' }, /"model" must be a name/, 'model'],
  ['a stream that is no flag', { model: 'm', input: 'x', stream: 'yes' }, /true or false/, 'stream'],
];

for (const [name, body, message, param] of refused)
  test(`refused by name: ${name}`, () => {
    assert.throws(
      () => read(body),
      (error) =>
        error instanceof Refused &&
        error.problem.code === 'invalid_request' &&
        error.problem.status === 400 &&
        error.problem.param === param &&
        message.test(error.message),
    );
  });

test('what is no JSON is said to be none', () => {
  for (const body of ['', '{', '[]', '{"input":"x","tools":[}', '{"input":"x" "model":"m"}'])
    assert.throws(
      () => readResponses(Buffer.from(body)),
      (error) => error instanceof Refused && error.problem.code === 'invalid_json',
      body,
    );
});

test('null counts as absent, and unknown keys are no trouble', () => {
  const ask = read({
    model: 'm',
    input: 'x',
    previous_response_id: null,
    max_output_tokens: null,
    novelty: [1],
  });
  assert.equal(ask.outputCap, undefined);
});
