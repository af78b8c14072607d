import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fold, type Part } from '../../core/conversation.ts';
import type { Nano } from '../../core/money.ts';
import { BadAnswer, type Bill } from '../dialect.ts';
import { SseReader } from '../sse.ts';
import { AnthropicReader, readAnthropicAnswer } from './answer.ts';
import { messagesAnswer, MessagesWriter } from './write.ts';

const identity = { generation: 'gen-1', model: 'acme/one', created: 1, answers: 1 };
const bill: Bill = {
  usage: { input: 10, cacheRead: 4, output: 5, reasoning: 2 },
  basis: 'measured',
  cost: 3_000_000 as Nano,
  upstreamCost: 2_000_000 as Nano,
  promptCost: 0 as Nano,
  unmeasured: 0 as Nano,
  spillway: {},
};

/** Writes the parts, one for each event of a made-up wire. */
function written(parts: readonly Part[]): { raw: string; error: boolean } {
  const left = [...parts];
  const writer = new MessagesWriter(identity, {
    read: () => ({ parts: left.splice(0, 1), last: left.length === 0 }),
  });
  let raw = '';
  for (const _part of parts) {
    const step = writer.event({ data: Buffer.alloc(0) });
    raw += Buffer.from(step.out ?? []).toString();
    if (step.error) return { raw, error: true };
  }
  return { raw: raw + Buffer.from(writer.closing(bill)).toString(), error: false };
}

function readBack(raw: string): readonly Part[] {
  const reader = new AnthropicReader();
  return new SseReader().push(Buffer.from(raw)).flatMap((event) => reader.read(event).parts);
}

const finish: Part = { type: 'finish', reason: 'stop', raw: 'stop' };

test('calls that a provider streams at the same time come one after the other, whole', () => {
  const { raw } = written([
    { type: 'call', index: 0, id: 'a', name: 'x' },
    { type: 'call', index: 1, id: 'b', name: 'y' },
    { type: 'arguments', index: 1, json: '{"q":' },
    { type: 'arguments', index: 0, json: '{"p":1}' },
    { type: 'arguments', index: 1, json: '2}' },
    finish,
  ]);
  assert.deepEqual(
    fold(readBack(raw)).blocks.map((block) =>
      block.type === 'call' ? [block.id, block.arguments] : block.type,
    ),
    [
      ['a', '{"p":1}'],
      ['b', '{"q":2}'],
    ],
  );
  const order = [...raw.matchAll(/^event: content_block_(\w+)/gm)].map(([, what]) => what);
  assert.deepEqual(order, ['start', 'delta', 'stop', 'start', 'delta', 'stop']);
  assert.ok(raw.includes('"stop_reason":"tool_use"'), 'whatever the provider called the end');
});

test('the end carries tokens in Anthropic’s buckets and the cost of all attempts', () => {
  const { raw } = written([{ type: 'text', text: 'hi' }, finish]);
  const end = /event: message_delta\ndata: (.*)\n/.exec(raw)?.[1] ?? '{}';
  assert.partialDeepStrictEqual(JSON.parse(end), {
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: {
      input_tokens: 10,
      cache_read_input_tokens: 4,
      output_tokens: 7,
      output_tokens_details: { thinking_tokens: 2 },
      cost: 0.003,
      cost_details: { upstream_inference_cost: 0.002, failed_attempts_cost: 0.001 },
    },
  });
  assert.ok(raw.endsWith('event: message_stop\ndata: {"type":"message_stop"}\n\n'));
});

test('an answer that its provider ended with an error does not look finished', () => {
  const parts: Part[] = [
    { type: 'text', text: 'half' },
    { type: 'finish', reason: 'error', raw: 'error' },
  ];
  const { raw, error } = written(parts);
  assert.deepEqual([error, raw.includes('message_delta')], [true, false]);
  assert.throws(() => messagesAnswer(parts, identity), BadAnswer);
});

const text = fc.string({ minLength: 1, maxLength: 5 });
const thought = fc
  .tuple(text, fc.option(text))
  .map(([said, signature]): Part[] => [
    { type: 'break' },
    { type: 'thinking', text: said },
    ...(signature === null ? [] : [{ type: 'signature', signature } as const]),
  ]);
const block = fc.oneof(
  text.map((said): Part[] => [{ type: 'break' }, { type: 'text', text: said }]),
  thought,
  text.map((data): Part[] => [{ type: 'redacted', data }]),
  fc.integer().map((value): Part[] => [
    { type: 'call', index: value, id: `id${value}`, name: 'x' },
    { type: 'arguments', index: value, json: JSON.stringify({ value }) },
  ]),
);

test('any answer, streamed or whole, reads back as it was', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(block, { selector: (parts) => JSON.stringify(parts), maxLength: 6 }),
      (blocks) => {
        const parts: Part[] = [...blocks.flat(), finish];
        const expected = fold(parts).blocks;
        assert.deepEqual(fold(readBack(written(parts).raw)).blocks, expected);
        const whole = Buffer.concat(messagesAnswer(parts, identity).compose(bill));
        assert.deepEqual(fold(readAnthropicAnswer(whole)).blocks, expected);
      },
    ),
  );
});
