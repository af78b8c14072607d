/** Responses in, Responses out: what is changed in passing, and what is learned from it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsShared, readShared } from '../../../test/support/shared.ts';
import type { Nano } from '../../core/money.ts';
import type { JsonObject } from '../../core/snapshot.ts';
import { BadAnswer, type Bill, type Step } from '../dialect.ts';
import { SseReader } from '../sse.ts';
import { passAnswer, ResponsesPass } from './pass.ts';

const identity = { generation: 'gen-1', model: 'acme/one', created: 7, answers: 1 };
const bill: Bill = {
  usage: { input: 1, output: 1 },
  basis: 'measured',
  cost: 1_000 as Nano,
  upstreamCost: 1_000 as Nano,
  promptCost: 0 as Nano,
  unmeasured: 0 as Nano,
  spillway: {},
};

/** Everything the client gets of a stream that comes in pieces of `size` bytes. */
function passed(bytes: Buffer, size: number): { out: string; pass: ResponsesPass } {
  const sse = new SseReader();
  const pass = new ResponsesPass(identity);
  const outs: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size)
    for (const event of sse.push(bytes.subarray(at, at + size))) {
      const { out } = pass.event(event);
      if (out) outs.push(out);
    }
  return { out: Buffer.concat([...outs, pass.closing(bill)]).toString(), pass };
}

const recorded = 'data/fixtures/wire/openai-responses/programmatic-tool-calling.1.sse';
test('a stream is the same for the client at any chunk size', needsShared(recorded), () => {
  const bytes = readShared(recorded);
  const { out, pass } = passed(bytes, Infinity);
  for (const size of [1, 7, 64]) assert.equal(passed(bytes, size).out, out);
  const { finish, nativeFinish, usage, signatures, upstreamId, answerId } = pass.facts();
  assert.deepEqual([finish, nativeFinish, upstreamId], ['tool_calls', 'completed', answerId]);
  assert.ok(usage && usage.input > 0);
  assert.equal(signatures?.length, 2, 'the encrypted content of the item, and anew at the end');
});

test('of an event only the name of the model is written anew, and other events not at all', () => {
  const delta = '{"type" : "response.output_text.delta", "delta":"caf\\u00e9", "x":  1}';
  const created = (model: string): string =>
    `{"type":"response.created","response":{"id" : "r\\u00e9","model":${model},"x":  [1, 2]}}`;
  const frames = (model: string): string =>
    `event: response.created\ndata: ${created(model)}\n\ndata: ${delta}\n\n`;
  assert.equal(passed(Buffer.from(frames('"raw"')), Infinity).out, frames('"acme/one"'));
});

function step(event: JsonObject, pass = new ResponsesPass(identity)): Step {
  return pass.event({ data: Buffer.from(JSON.stringify(event)) });
}

const opened = (type: string): JsonObject => ({ type: 'response.output_item.added', item: { type } });
const contents: readonly (readonly [string, JsonObject, boolean])[] = [
  ['the beginning', { type: 'response.created', response: { id: 'r' } }, false],
  ['progress', { type: 'response.in_progress', response: { id: 'r' } }, false],
  ['an empty message', opened('message'), false],
  ['an empty thought', opened('reasoning'), false],
  ['an empty part', { type: 'response.content_part.added', part: {} }, false],
  ['a sign of life', { type: 'keepalive' }, false],
  ['text', { type: 'response.output_text.delta', delta: 'a' }, true],
  ['a thought', { type: 'response.reasoning_summary_text.delta', delta: 'a' }, true],
  ['a call', opened('function_call'), true],
  ['a hosted call', opened('web_search_call'), true],
  ['the end', { type: 'response.completed', response: { status: 'completed' } }, true],
];
for (const [name, event, content] of contents)
  test(`${name} is ${content ? '' : 'no '}output of the model`, () => {
    assert.equal(step(event).content, content);
  });

test('an error is told and not passed on; a terminal event is held back', () => {
  const failed = { type: 'response.failed', response: { error: { code: 'server_error', message: 'm' } } };
  assert.deepEqual(step(failed).error?.body, '{"error":{"code":"server_error","message":"m"}}');
  const pass = new ResponsesPass(identity);
  const end = step(
    {
      type: 'response.incomplete',
      response: { incomplete_details: { reason: 'max_output_tokens' }, status: 'incomplete' },
    },
    pass,
  );
  assert.deepEqual([end.out, end.last, pass.finished()], [undefined, true, true]);
  assert.equal(pass.facts().finish, 'length');
  const told = JSON.parse(Buffer.from(pass.closing(bill)).toString().slice(6)) as {
    response: { usage: JsonObject };
  };
  assert.equal(told.response.usage['cost'], 0.000001);
});

test('ids of items prove where they are at home only if the provider has stored them', () => {
  for (const store of [true, false]) {
    const pass = new ResponsesPass(identity);
    step({ type: 'response.created', response: { id: 'r', store } }, pass);
    step({ type: 'response.output_item.done', item: { type: 'message', id: 'msg_1' } }, pass);
    assert.deepEqual(pass.facts().signatures, store ? ['msg_1'] : undefined);
    const body = Buffer.from(JSON.stringify({ store, output: [{ type: 'message', id: 'msg_1' }] }));
    assert.deepEqual(passAnswer(body, identity).facts.signatures, store ? ['msg_1'] : undefined);
  }
});

test('what is no answer is a broken answer, and a failed one says why', () => {
  const error = { code: 'rate_limit_exceeded', message: 'slow down' };
  const failed = Buffer.from(JSON.stringify({ status: 'failed', output: [], error }));
  assert.throws(
    () => passAnswer(failed, identity),
    (thrown) => thrown instanceof BadAnswer && thrown.reply?.body === JSON.stringify({ error }),
  );
  for (const body of ['{}', '[]', 'x', '{"output":"a"}'])
    assert.throws(() => passAnswer(Buffer.from(body), identity), BadAnswer, body);
  assert.throws(() => new ResponsesPass(identity).event({ data: Buffer.from('{"type"') }), BadAnswer);
});
