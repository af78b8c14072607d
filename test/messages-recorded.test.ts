/** What Anthropic really sent: passed on, and read into parts and written again, whatever the chunk boundaries. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import { fold, type Answer, type Part } from '../src/core/conversation.ts';
import type { StreamTranslator } from '../src/dialects/dialect.ts';
import { AnthropicReader, readAnthropicAnswer } from '../src/dialects/messages/answer.ts';
import { MessagesPass, passAnswer } from '../src/dialects/messages/pass.ts';
import { messagesAnswer, MessagesWriter } from '../src/dialects/messages/write.ts';
import { SseReader, type SseEvent } from '../src/dialects/sse.ts';
import { bill, identity } from './support/messages.ts';
import { needsShared, readShared, sharedPath } from './support/shared.ts';

const folder = 'data/fixtures/wire/anthropic';
const names = existsSync(sharedPath(folder)) ? readdirSync(sharedPath(folder)) : [];

test('there are recordings', needsShared(folder), () => {
  assert.ok(names.length > 20);
});

function split(bytes: Buffer, size: number): SseEvent[] {
  const reader = new SseReader();
  const events: SseEvent[] = [];
  for (let at = 0; at < bytes.length; at += size) events.push(...reader.push(bytes.subarray(at, at + size)));
  const rest = reader.end();
  return rest ? [...events, rest] : events;
}

/** What the client gets, and what was known of it at the first content. */
function run(translator: StreamTranslator, events: readonly SseEvent[]): { raw: Buffer; early: string } {
  const out: Buffer[] = [];
  let early: string | undefined;
  for (const event of events) {
    const step = translator.event(event);
    assert.equal(step.error, undefined);
    if (step.content) early ??= Buffer.concat(out).toString();
    if (step.out) out.push(Buffer.from(step.out));
    if (step.last) break;
  }
  assert.ok(translator.finished(), 'the stream is complete');
  return { raw: Buffer.concat([...out, translator.closing(bill)]), early: early ?? '' };
}

function foldStream(events: readonly SseEvent[]): Answer {
  const reader = new AnthropicReader();
  const parts: Part[] = [];
  for (const event of events) {
    const read = reader.read(event);
    parts.push(...read.parts);
    if (read.last) break;
  }
  return fold(parts);
}

type Event = {
  type: string;
  index?: number;
  message?: Record<string, unknown>;
  usage?: Record<string, unknown>;
};

function parsed(raw: Buffer): Event[] {
  return split(raw, Infinity).map(({ name, data }) => {
    const event = JSON.parse(data.toString()) as Event;
    assert.equal(name, event.type, 'the frame is named after its event');
    return event;
  });
}

/** The order that the dialect promises: one message, blocks opened and closed one after the other, then its end. */
function assertOrder(events: readonly Event[]): void {
  let open: number | undefined;
  let next = 0;
  for (const { type, index } of events) {
    if (type === 'content_block_start') {
      assert.equal(open, undefined, 'one block at a time');
      assert.equal(index, next++);
      open = index;
    } else if (type === 'content_block_delta') assert.equal(index, open);
    else if (type === 'content_block_stop') {
      assert.equal(index, open);
      open = undefined;
    }
  }
  const types = events.map(({ type }) => type).filter((type) => type !== 'ping');
  assert.equal(types[0], 'message_start');
  assert.equal(types.filter((type) => type === 'message_start').length, 1);
  assert.deepEqual(types.slice(-2), ['message_delta', 'message_stop']);
  assert.equal(open, undefined);
}

/** Everything but what is ours: the model's name, the cost. */
function theirs({ message, usage, ...event }: Event): unknown {
  const { cost: _cost, is_byok: _byok, cost_details: _details, spillway: _spillway, ...own } = usage ?? {};
  const { model: _model, ...rest } = message ?? {};
  return { ...event, ...(message ? { message: rest } : {}), ...(usage ? { usage: own } : {}) };
}

for (const file of names.filter((name) => name.endsWith('.sse'))) {
  const bytes = readShared(`${folder}/${file}`);
  const stop = bytes.toString().indexOf('"message_stop"');
  const first = split(bytes, Infinity);
  const sent = first
    .slice(0, 1 + first.findIndex(({ data }) => data.toString().startsWith('{"type":"message_stop"')))
    .map(({ data }) => JSON.parse(data.toString()) as Event);
  test(`${file} passes, whatever the chunk boundaries`, () => {
    assert.ok(stop > 0 && sent.length > 2);
    for (const size of [1, 7, Infinity]) {
      const { raw, early } = run(new MessagesPass(identity), split(bytes, size));
      const seen = parsed(raw);
      assert.deepEqual(seen.map(theirs), sent.map(theirs));
      assert.equal(seen[0]?.message?.['model'], 'acme/one');
      assert.equal(seen.at(-2)?.usage?.['cost'], 0.001);
      assert.equal(
        early.includes('content_block_delta'),
        false,
        'nothing of the answer came before it was content',
      );
    }
  });

  test(`${file} read and written again says the same`, () => {
    const writer = new MessagesWriter(identity, new AnthropicReader());
    const { raw } = run(writer, split(bytes, 7));
    assertOrder(parsed(raw));
    const [before, after] = [foldStream(first), foldStream(split(raw, Infinity))];
    assert.deepEqual(after.blocks, before.blocks);
    assert.equal(after.finish, before.finish);
    const signed = before.blocks.flatMap((block) => (block.type === 'thinking' ? [block.signature] : []));
    assert.deepEqual(writer.facts().signatures, signed);
  });
}

for (const file of names.filter((name) => name.endsWith('.json'))) {
  const body = readShared(`${folder}/${file}`);
  test(`${file} passes with only model and usage touched, and is the same when written again`, () => {
    const compose = (answer: ReturnType<typeof passAnswer>): Record<string, unknown> =>
      JSON.parse(Buffer.concat(answer.compose(bill)).toString()) as Record<string, unknown>;
    const { model, usage, ...rest } = compose(passAnswer(body, identity));
    const { model: _model, usage: own, ...expected } = JSON.parse(body.toString()) as Record<string, unknown>;
    assert.deepEqual(rest, expected);
    assert.equal(model, 'acme/one');
    assert.partialDeepStrictEqual(usage, { ...(own as object), cost: 0.001, spillway: { position: 0 } });
    const again = compose(messagesAnswer(readAnthropicAnswer(body), identity));
    const read = fold(readAnthropicAnswer(Buffer.from(JSON.stringify(again))));
    assert.deepEqual(read.blocks, fold(readAnthropicAnswer(body)).blocks);
  });
}
