/** Answers of other wires, told as the Responses API tells them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fold, type Part } from '../../core/conversation.ts';
import { asObject, asText } from '../../core/json.ts';
import type { Nano } from '../../core/money.ts';
import type { JsonObject } from '../../core/snapshot.ts';
import type { Bill, PartReader } from '../dialect.ts';
import { SseReader } from '../sse.ts';
import { readResponsesAnswer, ResponsesReader } from './answer.ts';
import { responsesAnswer, ResponsesWriter, type Asked } from './write.ts';

const identity = { generation: 'gen-1', model: 'acme/one', created: 7, answers: 1 };
const bill: Bill = {
  usage: { input: 10, cacheRead: 5, output: 3, reasoning: 2 },
  basis: 'measured',
  cost: 2_000 as Nano,
  upstreamCost: 2_000 as Nano,
  promptCost: 0 as Nano,
  unmeasured: 0 as Nano,
  spillway: { position: 1 },
  metadata: { strategy: 'chain' },
};

/** One event for each part, as if the foreign wire said them one by one. */
function streamed(parts: readonly Part[], asked?: Asked): { writer: ResponsesWriter; events: JsonObject[] } {
  const queue = [...parts];
  const reader: PartReader = {
    read: () => {
      const next = queue.shift();
      return { parts: next ? [next] : [], last: queue.length === 0 };
    },
  };
  const writer = new ResponsesWriter(identity, reader, asked);
  const outs = parts.map(() => writer.event({ data: Buffer.alloc(0) }).out ?? Buffer.alloc(0));
  const sse = new SseReader();
  const events = sse.push(Buffer.concat([...outs, writer.closing(bill)])).map(({ name, data }) => {
    const event = JSON.parse(data.toString()) as JsonObject;
    assert.equal(event['type'], name, 'the name of the frame is the type of the event');
    return event;
  });
  return { writer, events };
}

function own(place: unknown): readonly string[] {
  return typeof place === 'number' ? [String(place)] : [];
}

function whole(parts: readonly Part[], asked?: Asked): JsonObject {
  const pieces = responsesAnswer(parts, identity, asked).compose(bill);
  return JSON.parse(Buffer.concat(pieces).toString()) as JsonObject;
}

const conversationOfAll: readonly Part[] = [
  { type: 'start', id: 'up-1' },
  { type: 'thinking', text: 'I look' },
  { type: 'thinking', text: ' first' },
  { type: 'signature', signature: 'sig' },
  { type: 'text', text: 'Let me ' },
  { type: 'text', text: 'see.' },
  { type: 'call', index: 0, id: 'c1', name: 'read' },
  { type: 'arguments', index: 0, json: '{"path":' },
  { type: 'call', index: 1, id: 'c2', name: 'list' },
  { type: 'arguments', index: 0, json: '"a"}' },
  { type: 'usage', usage: bill.usage, raw: null },
  { type: 'finish', reason: 'tool_calls', raw: 'tool_use' },
];

test('the events come in the order of the API, numbered without a gap', () => {
  const { events } = streamed(conversationOfAll);
  assert.deepEqual(
    events.map((event) => event['sequence_number']),
    events.map((_event, index) => index),
  );
  assert.deepEqual(
    events.map((event) => [asText(event['type']).slice(9), ...own(event['output_index'])].join(' ')),
    [
      'created',
      'in_progress',
      'output_item.added 0',
      'reasoning_summary_part.added 0',
      'reasoning_summary_text.delta 0',
      'reasoning_summary_text.delta 0',
      'reasoning_summary_text.done 0',
      'reasoning_summary_part.done 0',
      'output_item.done 0',
      'output_item.added 1',
      'content_part.added 1',
      'output_text.delta 1',
      'output_text.delta 1',
      'output_text.done 1',
      'content_part.done 1',
      'output_item.done 1',
      'output_item.added 2',
      'function_call_arguments.delta 2',
      'output_item.added 3',
      'function_call_arguments.delta 2',
      'function_call_arguments.done 2',
      'output_item.done 2',
      'function_call_arguments.done 3',
      'output_item.done 3',
      'completed',
    ],
  );
});

test('the last event has the whole answer and what it cost; a call without arguments has an empty object', () => {
  const last = streamed(conversationOfAll).events.at(-1)?.['response'] as JsonObject;
  assert.deepEqual(last['output'], [
    {
      id: 'rs_1_0',
      type: 'reasoning',
      summary: [{ type: 'summary_text', text: 'I look first' }],
      encrypted_content: 'sig',
    },
    {
      id: 'msg_1_1',
      type: 'message',
      status: 'completed',
      role: 'assistant',
      content: [{ type: 'output_text', text: 'Let me see.', annotations: [], logprobs: [] }],
    },
    {
      type: 'function_call',
      status: 'completed',
      id: 'fc_1_2',
      call_id: 'c1',
      name: 'read',
      arguments: '{"path":"a"}',
    },
    {
      type: 'function_call',
      status: 'completed',
      id: 'fc_1_3',
      call_id: 'c2',
      name: 'list',
      arguments: '{}',
    },
  ]);
  const usage = last['usage'] as JsonObject;
  assert.deepEqual(
    [usage['input_tokens'], usage['output_tokens'], usage['total_tokens'], usage['cost']],
    [15, 5, 20, 0.000002],
  );
  assert.deepEqual(usage['input_tokens_details'], { cached_tokens: 5, cache_write_tokens: 0 });
  assert.deepEqual(usage['output_tokens_details'], { reasoning_tokens: 2 });
  assert.deepEqual(usage['spillway'], { position: 1 });
  assert.deepEqual([last['id'], last['model'], last['status']], ['resp_1', 'acme/one', 'completed']);
});

test('a stream and a whole answer of the same parts are the same response', () => {
  const last = streamed(conversationOfAll).events.at(-1);
  const { openrouter_metadata: metadata, ...response } = whole(conversationOfAll);
  assert.deepEqual(last?.['response'], response);
  assert.deepEqual([metadata, last?.['openrouter_metadata']], [bill.metadata, bill.metadata]);
});

test('only what the model wrote commits to an endpoint', () => {
  const content = (part: Part): boolean => {
    const writer = new ResponsesWriter(identity, { read: () => ({ parts: [part], last: false }) });
    return writer.event({ data: Buffer.alloc(0) }).content;
  };
  for (const part of conversationOfAll)
    assert.equal(content(part), !['start', 'usage', 'signature'].includes(part.type), part.type);
});

const cuts = [
  { reason: 'length', why: 'max_output_tokens' },
  { reason: 'content_filter', why: 'content_filter' },
] as const;
for (const { reason, why } of cuts)
  test(`an answer that ends by ${reason} is incomplete, and so is its last item`, () => {
    const parts: Part[] = [
      { type: 'text', text: 'half' },
      { type: 'finish', reason, raw: 'raw' },
    ];
    const last = streamed(parts).events.at(-1);
    assert.equal(last?.['type'], 'response.incomplete');
    const response = last?.['response'] as JsonObject;
    assert.deepEqual(response['incomplete_details'], { reason: why });
    assert.equal((response['output'] as JsonObject[])[0]?.['status'], 'incomplete');
    assert.deepEqual({ ...response, openrouter_metadata: bill.metadata }, whole(parts));
  });

test('calls of freeform and namespaced tools are told under the names that the client gave them', () => {
  const asked: Asked = {
    request: { temperature: 0.5 },
    names: new Map([
      ['patch', { name: 'patch', freeform: true }],
      ['files__read', { name: 'read', namespace: 'files', freeform: false }],
    ]),
  };
  const parts: Part[] = [
    { type: 'call', index: 0, id: 'c1', name: 'patch' },
    { type: 'arguments', index: 0, json: '{"input":"*** Beg' },
    { type: 'arguments', index: 0, json: 'in"}' },
    { type: 'call', index: 1, id: 'c2', name: 'files__read' },
    { type: 'arguments', index: 1, json: '{}' },
    { type: 'finish', reason: 'tool_calls', raw: 'tool_calls' },
  ];
  const { events } = streamed(parts, asked);
  const response = events.at(-1)?.['response'] as JsonObject;
  assert.deepEqual(response['output'], [
    {
      type: 'custom_tool_call',
      status: 'completed',
      id: 'ctc_1_0',
      call_id: 'c1',
      name: 'patch',
      input: '*** Begin',
    },
    {
      type: 'function_call',
      status: 'completed',
      id: 'fc_1_1',
      call_id: 'c2',
      name: 'read',
      namespace: 'files',
      arguments: '{}',
    },
  ]);
  assert.equal(response['temperature'], 0.5, 'settings are told back');
  const input = events.filter((event) => asText(event['type']).includes('custom_tool_call_input'));
  assert.deepEqual(
    input.map((event) => event['delta'] ?? event['input']),
    ['*** Begin', '*** Begin'],
  );
  assert.deepEqual({ ...response, openrouter_metadata: bill.metadata }, whole(parts, asked));
});

test('thinking that only its issuer can read is kept apart from a signature, and remembered as it was', () => {
  const parts: Part[] = [
    { type: 'redacted', data: 'secret' },
    { type: 'text', text: 'done' },
    { type: 'finish', reason: 'stop', raw: 'end_turn' },
  ];
  const { writer, events } = streamed(parts);
  assert.deepEqual(writer.facts().signatures, ['secret']);
  const response = asObject(events.at(-1)?.['response']);
  const [item] = response['output'] as JsonObject[];
  assert.equal(item?.['encrypted_content'], 'redacted:secret');
});

const text = fc.string({ minLength: 1, maxLength: 8, unit: 'binary' }).filter((one) => one.isWellFormed());
/** Blocks one after the other, each in one or more pieces; a call's arguments are whatever the model wrote. */
const blocks = fc.array(
  fc.oneof(
    fc
      .array(text, { minLength: 1, maxLength: 3 })
      .map((pieces) => pieces.map((one) => ({ type: 'text' as const, text: one }))),
    fc
      .tuple(fc.array(text, { minLength: 1, maxLength: 3 }), fc.option(text, { nil: undefined }))
      .map(([pieces, signature]): Part[] => [
        { type: 'break' },
        ...pieces.map((one) => ({ type: 'thinking' as const, text: one })),
        ...(signature === undefined ? [] : [{ type: 'signature' as const, signature }]),
      ]),
    fc
      .tuple(text, fc.array(text, { minLength: 1, maxLength: 3 }))
      .map(([id, pieces]): Part[] => [
        { type: 'call', index: 0, id, name: 'f' },
        ...pieces.map((json) => ({ type: 'arguments' as const, index: 0, json })),
      ]),
  ),
  { maxLength: 6 },
);

test('any answer is the same after it was written and read again, streamed or whole', () => {
  fc.assert(
    fc.property(blocks, (made) => {
      const said = made.flatMap((block, index) =>
        block.map((part) => ('index' in part ? { ...part, index } : part)),
      );
      const finish = said.some(({ type }) => type === 'call') ? ('tool_calls' as const) : ('stop' as const);
      const parts: Part[] = [...said, { type: 'finish', reason: finish, raw: 'completed' }];
      const reader = new ResponsesReader();
      const events = streamed(parts).events;
      const back = events.flatMap((event) => [
        ...reader.read({ data: Buffer.from(JSON.stringify(event)) }).parts,
      ]);
      const bare = (list: readonly Part[]): unknown =>
        fold(list).blocks.map((block) => (block.type === 'thinking' ? { ...block, id: undefined } : block));
      const expected = fold(parts).blocks.map((block) =>
        block.type === 'thinking' ? { ...block, id: undefined } : block,
      );
      const signed = (list: unknown): unknown => JSON.parse(JSON.stringify(list));
      assert.deepEqual(signed(bare(back)), signed(expected));
      const again = readResponsesAnswer(Buffer.from(JSON.stringify(whole(parts))));
      assert.deepEqual(signed(bare(again)), signed(expected));
      assert.equal(fold(back).finish, finish);
    }),
    { numRuns: 200 },
  );
});
