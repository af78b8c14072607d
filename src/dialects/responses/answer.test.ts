/** Answers of the Responses wire as parts: streamed and whole, as providers really sent them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsShared, readShared } from '../../../test/support/shared.ts';
import { fold, type Part } from '../../core/conversation.ts';
import { BadAnswer } from '../dialect.ts';
import { SseReader } from '../sse.ts';
import { readResponsesAnswer, ResponsesReader } from './answer.ts';

/** What a stream says, given in pieces of `size` bytes. */
function readStream(bytes: Buffer, size: number): { parts: Part[]; last: boolean; errors: string[] } {
  const sse = new SseReader();
  const reader = new ResponsesReader();
  const read = { parts: [] as Part[], last: false, errors: [] as string[] };
  for (let at = 0; at < bytes.length; at += size)
    for (const event of sse.push(bytes.subarray(at, at + size))) {
      const { parts, last, error } = reader.read(event);
      read.parts.push(...parts);
      read.last ||= last;
      if (error) read.errors.push(error.body);
    }
  return read;
}

/** `abridged`: some deltas were left out when it was recorded. */
const recorded: readonly {
  readonly name: string;
  readonly blocks: readonly string[];
  readonly abridged?: boolean;
}[] = [
  { name: 'openai-responses/openai-custom-tool.1', blocks: ['call write_sql'] },
  { name: 'openai-responses/openai-phase.1', blocks: ['text', 'text'], abridged: true },
  { name: 'openai-responses/openai-web-search-tool.1', blocks: ['text'] },
  { name: 'openai-responses/programmatic-tool-calling.1', blocks: ['thinking', 'call getInventory'] },
  { name: 'openai-responses/github-copilot-id-rotation.1', blocks: ['thinking', 'text'] },
  { name: 'open-responses/lmstudio-basic.1', blocks: ['text'] },
  { name: 'open-responses/lmstudio-tool-call.1', blocks: ['thinking', 'text', 'call weather'] },
  { name: 'open-responses/openai-pdf-input-file.1', blocks: ['text'] },
];

for (const { name, blocks, abridged } of recorded) {
  const path = `data/fixtures/wire/${name}.sse`;
  test(
    `the stream ${name} is read the same at any chunk size, and as its own end says`,
    needsShared(path),
    () => {
      const bytes = readShared(path);
      const whole = readStream(bytes, Infinity);
      assert.equal(whole.last, true);
      assert.deepEqual(whole.errors, []);
      for (const size of [1, 7, 64]) assert.deepEqual(readStream(bytes, size), whole);

      const answer = fold(whole.parts);
      const kinds = answer.blocks.map((block) => (block.type === 'call' ? `call ${block.name}` : block.type));
      assert.deepEqual(kinds, blocks);
      assert.ok(answer.usage && answer.usage.input > 0);
      assert.equal(answer.finish, blocks.some((kind) => kind.startsWith('call')) ? 'tool_calls' : 'stop');

      const end = terminal(bytes);
      if (abridged === true) return;
      const told = fold(readResponsesAnswer(Buffer.from(JSON.stringify(end))));
      assert.deepEqual(withoutProofs(told.blocks), withoutProofs(answer.blocks));
      assert.deepEqual(told.usage, answer.usage);
    },
  );
}

function terminal(bytes: Buffer): { output: unknown[] } {
  const line =
    bytes
      .toString()
      .split('\n')
      .find((one) => one.includes('"type":"response.completed"')) ?? '';
  return (JSON.parse(line.slice(line.indexOf('{'))) as { response: { output: unknown[] } }).response;
}

/** Encrypted content and ids are written anew in each event. */
function withoutProofs(blocks: readonly object[]): unknown {
  return blocks.map((block) => ({ ...block, signature: undefined, id: undefined }));
}

const reasoning = 'data/fixtures/wire/openai-responses/openai-reasoning-encrypted-content.1.sse';
test('a thought carries its encrypted content and the id of its item', needsShared(reasoning), () => {
  const [thought, call] = fold(readStream(readShared(reasoning), 64).parts).blocks;
  assert.equal(thought?.type, 'thinking');
  assert.ok(thought?.type === 'thinking' && thought.text.length > 0);
  assert.match((thought.type === 'thinking' && thought.signature) || '', /^gAAAA/);
  assert.match((thought.type === 'thinking' && thought.id) || '', /^rs_/);
  assert.equal(call?.type, 'call');
});

const failed = 'data/fixtures/wire/openai-responses/openai-error.1.sse';
test('an error inside a 200 is told in the shape of an error body', needsShared(failed), () => {
  const { errors } = readStream(readShared(failed), 7);
  for (const body of errors)
    assert.equal((JSON.parse(body) as { error: { code: string } }).error.code, 'insufficient_quota');
  assert.equal(errors.length, 2);
});

test('a flat error event, as OpenAI specifies it, is told in the same shape', () => {
  const event = { type: 'error', code: 'server_error', message: 'boom', param: null, sequence_number: 1 };
  const { error } = new ResponsesReader().read({ data: Buffer.from(JSON.stringify(event)) });
  assert.deepEqual(JSON.parse(error?.body ?? ''), {
    error: { code: 'server_error', message: 'boom', param: null },
  });
});

type Ending = { readonly response: object; readonly finish: string; readonly raw: string };
const message = { type: 'message', content: [{ type: 'output_text', text: 'a' }] };
const endings: readonly Ending[] = [
  { response: { status: 'completed', output: [message] }, finish: 'stop', raw: 'completed' },
  { response: { output: [message] }, finish: 'stop', raw: 'completed' },
  {
    response: {
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      output: [message],
    },
    finish: 'length',
    raw: 'max_output_tokens',
  },
  {
    response: { status: 'incomplete', incomplete_details: { reason: 'content_filter' }, output: [message] },
    finish: 'content_filter',
    raw: 'content_filter',
  },
  {
    response: {
      status: 'completed',
      output: [message, { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' }],
    },
    finish: 'tool_calls',
    raw: 'completed',
  },
];

test('the status of a whole answer becomes the finish reason', () => {
  for (const { response, finish, raw } of endings) {
    const answer = fold(readResponsesAnswer(Buffer.from(JSON.stringify(response))));
    assert.deepEqual([answer.finish, answer.nativeFinish], [finish, raw]);
  }
});

test('what is no answer is a broken answer', () => {
  for (const body of ['', '[]', '{}', '{"output":null}', '{"status":"failed","output":[]}'])
    assert.throws(() => readResponsesAnswer(Buffer.from(body)), BadAnswer, body);
});

test('tokens are told in disjoint buckets: cached ones are inside the input, reasoning inside the output', () => {
  const usage = {
    input_tokens: 100,
    input_tokens_details: { cached_tokens: 60 },
    output_tokens: 50,
    output_tokens_details: { reasoning_tokens: 20 },
  };
  const answer = fold(readResponsesAnswer(Buffer.from(JSON.stringify({ output: [message], usage }))));
  assert.deepEqual(answer.usage, { input: 40, cacheRead: 60, output: 30, reasoning: 20 });
});
