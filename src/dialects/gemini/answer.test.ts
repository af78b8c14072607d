/** What Gemini answers, read into parts: recorded streams at every boundary, calls in pieces, refusals, failures. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { classify } from '../../core/failure.ts';
import { fold, type Answer, type Part } from '../../core/conversation.ts';
import type { JsonObject } from '../../core/snapshot.ts';
import { BadAnswer, type ReadEvent } from '../dialect.ts';
import { SseReader } from '../sse.ts';
import { GeminiReader, readGeminiAnswer } from './answer.ts';

/** Reads events, each given as an object, as one stream. */
function readAll(events: readonly JsonObject[]): readonly ReadEvent[] {
  const reader = new GeminiReader();
  return events.map((event) => reader.read({ data: Buffer.from(JSON.stringify(event)) }));
}

function foldAll(events: readonly JsonObject[]): Answer {
  return fold(readAll(events).flatMap(({ parts }) => parts));
}

function whole(answer: JsonObject): readonly Part[] {
  return readGeminiAnswer(Buffer.from(JSON.stringify(answer)));
}

const candidate = (parts: readonly JsonObject[], more: JsonObject = {}): JsonObject => ({
  candidates: [{ content: { role: 'model', parts }, index: 0, ...more }],
  responseId: 'r',
});

const finishes = [
  ['STOP', 'stop'],
  ['MAX_TOKENS', 'length'],
  ['SAFETY', 'content_filter'],
  ['RECITATION', 'content_filter'],
  ['PROHIBITED_CONTENT', 'content_filter'],
  ['MALFORMED_FUNCTION_CALL', 'error'],
  ['SOMETHING_NEW', 'stop'],
] as const;

for (const [raw, unified] of finishes) {
  test(`${raw} after content is ${unified}`, () => {
    const { finish, nativeFinish } = foldAll([candidate([{ text: 'a' }], { finishReason: raw })]);
    assert.deepEqual([finish, nativeFinish], [unified, raw]);
  });
}

test('what comes behind the finish belongs to no answer', () => {
  const { blocks } = foldAll([
    candidate([{ text: 'a' }], { finishReason: 'STOP' }),
    candidate([{ text: 'b' }]),
  ]);
  assert.deepEqual(blocks, [{ type: 'text', text: 'a' }]);
});

test('STOP of an answer that calls is tool_calls, and ids are made where none came', () => {
  const { finish, blocks } = foldAll([
    candidate([{ functionCall: { name: 'look', args: { at: 1 } }, thoughtSignature: 'S' }]),
    candidate([{ functionCall: { name: 'look', id: 'own', args: {} } }], { finishReason: 'STOP' }),
  ]);
  assert.equal(finish, 'tool_calls');
  assert.deepEqual(blocks, [
    { type: 'thinking', text: '', signature: 'S' },
    { type: 'call', id: 'call_r_0', name: 'look', signature: 'S', arguments: '{"at":1}' },
    { type: 'call', id: 'own', name: 'look', arguments: '{}' },
  ]);
});

test('tokens are counted in disjoint buckets', () => {
  const usageMetadata = {
    promptTokenCount: 100,
    cachedContentTokenCount: 60,
    toolUsePromptTokenCount: 7,
    candidatesTokenCount: 20,
    thoughtsTokenCount: 30,
  };
  const { usage } = fold(whole({ ...candidate([{ text: 'a' }], { finishReason: 'STOP' }), usageMetadata }));
  assert.deepEqual(usage, { input: 47, cacheRead: 60, output: 20, reasoning: 30 });
});

test('log probabilities are told as chat completions writes them', () => {
  const logprobsResult = {
    chosenCandidates: [{ token: 'a', logProbability: -0.5 }],
    topCandidates: [{ candidates: [{ token: 'a', logProbability: -0.5 }] }],
  };
  const { blocks } = fold(whole(candidate([{ text: 'a' }], { finishReason: 'STOP', logprobsResult })));
  const one = { token: 'a', logprob: -0.5, bytes: [97] };
  assert.deepEqual(blocks, [{ type: 'text', text: 'a', logprobs: [{ ...one, top_logprobs: [one] }] }]);
});

const sent = { callerKeys: new Set<string>(), translated: true, secrets: [] };
const blocked = { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' }, responseId: 'r' };

test('a blocked prompt is a refusal on content, streamed or whole', () => {
  const [event] = readAll([blocked]);
  assert.ok(event?.error);
  assert.equal(classify(event.error, sent, 0).class, 'moderation');
  assert.throws(
    () => whole(blocked),
    (error) => error instanceof BadAnswer && error.reply?.body === event.error?.body,
  );
});

test('an answer that the model could not finish fails over while nothing was told', () => {
  const broken = candidate([], { finishReason: 'MALFORMED_FUNCTION_CALL' });
  const [event] = readAll([broken]);
  assert.ok(event?.error);
  assert.equal(classify(event.error, sent, 0).class, 'server_error');
});

test('an error inside a stream is reported with its own body', () => {
  const error = { error: { code: 503, status: 'UNAVAILABLE', message: 'The model is overloaded.' } };
  const [, event] = readAll([candidate([{ text: 'a' }]), error]);
  assert.ok(event?.error);
  assert.equal(classify(event.error, sent, 0).class, 'overloaded');
});

for (const [name, body] of [
  ['no candidates', '{}'],
  ['a candidate without an end', '{"candidates":[{"content":{"parts":[{"text":"a"}]}}]}'],
  ['no JSON', 'oops'],
  ['a list', '[]'],
] as const) {
  test(`${name}: no answer`, () =>
    assert.throws(
      () => readGeminiAnswer(Buffer.from(body)),
      (error) => error instanceof BadAnswer,
    ));
}

const pieces = (...partialArgs: JsonObject[]): JsonObject =>
  candidate([{ functionCall: { partialArgs, willContinue: true } }]);

test('arguments in pieces are put together, whatever they are', () => {
  const { blocks } = foldAll([
    candidate([{ functionCall: { name: 'put', willContinue: true } }]),
    pieces({ jsonPath: '$.list[0].name', stringValue: 'app', willContinue: true }),
    pieces({ jsonPath: '$.list[0].name', stringValue: 'le' }, { jsonPath: '$.list[0].n', numberValue: 0 }),
    pieces({ jsonPath: "$['odd key']", boolValue: false }, { jsonPath: '$.none', nullValue: 'NULL_VALUE' }),
    pieces({ jsonPath: '$.__proto__.x', stringValue: 'y' }, { jsonPath: 'nonsense', numberValue: 1 }),
    candidate([{ functionCall: {} }], { finishReason: 'STOP' }),
  ]);
  const [call] = blocks;
  assert.ok(call?.type === 'call');
  assert.equal(
    call.arguments,
    '{"list":[{"name":"apple","n":0}],"odd key":false,"none":null,"__proto__":{"x":"y"}}',
  );
  assert.equal(({} as Record<string, unknown>)['x'], undefined);
});

test('a streamed answer and the same answer whole fold to the same', () => {
  const text = fc.record({ text: fc.string({ minLength: 1 }), thought: fc.boolean() });
  const call = fc.record({
    name: fc.stringMatching(/^[a-z]{1,6}$/),
    args: fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), fc.oneof(fc.string(), fc.integer(), fc.boolean())),
    inPieces: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(fc.oneof(text, call), { minLength: 1, maxLength: 6 }), (items) => {
      const parts = items.map((item) =>
        'text' in item ? { ...item } : { functionCall: { name: item.name, args: item.args } },
      );
      const events = items.flatMap((item) => ('text' in item ? textEvents(item) : callEvents(item)));
      const end = candidate([{ text: '' }], { finishReason: 'STOP' });
      assert.deepEqual(foldAll([...events, end]), fold(whole(candidate(parts, { finishReason: 'STOP' }))));
    }),
  );
});

/** One event for each character. */
function textEvents({ text, thought }: { text: string; thought: boolean }): readonly JsonObject[] {
  return Array.from(text, (piece) => candidate([{ text: piece, thought }]));
}

type GeneratedCall = { name: string; args: Record<string, string | number | boolean>; inPieces: boolean };

function callEvents({ name, args, inPieces }: GeneratedCall): readonly JsonObject[] {
  if (!inPieces) return [candidate([{ functionCall: { name, args } }])];
  const types = { string: 'stringValue', number: 'numberValue', boolean: 'boolValue' };
  return [
    candidate([{ functionCall: { name, willContinue: true } }]),
    ...Object.entries(args).map(([key, value]) =>
      pieces({ jsonPath: `$.${key}`, [types[typeof value as keyof typeof types]]: value }),
    ),
    candidate([{ functionCall: {} }]),
  ];
}

test('the reader does not care how the bytes of a stream are cut', () => {
  const events = [
    candidate([{ text: 'Grüße — 你好' }]),
    candidate([{ functionCall: { name: 'look', args: { city: 'Zürich' } } }], { finishReason: 'STOP' }),
  ];
  const bytes = Buffer.from(events.map((event) => `data: ${JSON.stringify(event)}\r\n\r\n`).join(''));
  const expected = foldAll(events);
  for (let cut = 0; cut <= bytes.length; cut++) {
    const [sse, reader] = [new SseReader(), new GeminiReader()];
    const read = [bytes.subarray(0, cut), bytes.subarray(cut)].flatMap((chunk) => sse.push(chunk));
    assert.deepEqual(fold(read.flatMap((event) => reader.read(event).parts)), expected);
  }
});
