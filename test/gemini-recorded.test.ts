/** What Google really sent, read at every chunk boundary, and through a running gateway as the upstream. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fold, type Answer } from '../src/core/conversation.ts';
import { GeminiReader, readGeminiAnswer } from '../src/dialects/gemini/answer.ts';
import { SseReader } from '../src/dialects/sse.ts';
import { needsShared, readShared } from './support/shared.ts';

const folder = 'data/fixtures/wire/google';

/** What each recording says: text, thoughts, calls, tokens of input, output and reasoning, and how many signatures. */
type Row = {
  readonly text?: RegExp;
  readonly thought?: RegExp;
  readonly calls?: readonly string[];
  readonly tokens: readonly [input: number, output: number, reasoning: number];
};

const streams: Readonly<Record<string, Row>> = {
  'google-text': { text: /^There are \*\*3\*\* "r"s/, tokens: [9, 23, 185] },
  'google-reasoning': { text: /st\*\*r\*\*awbe\*\*rr\*\*y\.$/, tokens: [9, 29, 256] },
  'google-reasoning-gemini3': { text: /St\*\*r\*\*awbe\*\*rr\*\*y$/, tokens: [9, 23, 302] },
  'google-tool-call': { calls: ['weather {"location":"San Francisco"}'], tokens: [29, 15, 45] },
  'google-tool-call-gemini3': { calls: ['weather {"location":"San Francisco"}'], tokens: [29, 15, 804] },
  'google-stream-tool-call-arguments': {
    calls: ['getWeather {"location":"Boston"}', 'getWeather {"location":"San Francisco"}'],
    tokens: [26, 23, 132],
  },
  'google-stream-no-args-tool-call': {
    thought: /^\*\*Processing User Requests/,
    calls: ['read_theme {}', 'read_screen {"id":"A"}', 'read_screen {"id":"B"}', 'read_screen {"id":"C"}'],
    tokens: [249, 58, 183],
  },
  'google-stream-tool-call-array-arguments-missing-terminal-function-call': {
    calls: [
      'writeItems {"operations":[{"action":"add","description":"Fresh red apple","itemid":"apple_001","price":0.5},{"action":"add","description":"Ripe yellow banana","itemid":"banana_001","price":0.3}]}',
    ],
    tokens: [54, 74, 121],
  },
};

const wholes: Readonly<Record<string, Row>> = {
  'google-text': { text: /^There are \*\*3\*\* r's/, tokens: [9, 28, 244] },
  'google-reasoning': { text: /^There are \*\*3\*\* "r"s/, tokens: [9, 29, 282] },
  'google-tool-call': { calls: ['weather {"location":"San Francisco"}'], tokens: [29, 15, 893] },
  'google-tool-call-gemini3': { calls: ['weather {"location":"San Francisco"}'], tokens: [29, 15, 1801] },
};

function check(answer: Answer, { text, thought, calls = [], tokens: [input, output, reasoning] }: Row): void {
  const of = (type: 'text' | 'thinking'): string =>
    answer.blocks.map((block) => (block.type === type ? block.text : '')).join('');
  assert.match(of('text'), text ?? /^$/);
  assert.match(of('thinking'), thought ?? /^$/);
  const called = answer.blocks.filter((block) => block.type === 'call');
  assert.deepEqual(
    called.map(({ name, arguments: json }) => `${name} ${json}`),
    calls,
  );
  assert.equal(new Set(called.map(({ id }) => id)).size, calls.length);
  assert.ok(
    answer.blocks.some((block) => block.type !== 'text' && block.signature !== undefined),
    'its signature was lost',
  );
  assert.equal(answer.finish, calls.length > 0 ? 'tool_calls' : 'stop');
  assert.deepEqual(answer.usage, { input, output, reasoning });
}

function readIn(bytes: Buffer, sizes: number): Answer {
  const [sse, reader] = [new SseReader(), new GeminiReader()];
  const parts = [];
  for (let at = 0; at < bytes.length; at += sizes)
    for (const event of sse.push(bytes.subarray(at, at + sizes))) parts.push(...reader.read(event).parts);
  const rest = sse.end();
  if (rest) parts.push(...reader.read(rest).parts);
  return fold(parts);
}

for (const [name, row] of Object.entries(streams)) {
  const path = `${folder}/${name}.sse`;
  test(`the stream ${name} is read the same, however it is cut`, needsShared(path), () => {
    const bytes = readShared(path);
    const expected = readIn(bytes, bytes.length);
    check(expected, row);
    for (const size of [1, 7, 64, 1_000]) assert.deepEqual(readIn(bytes, size), expected, `${size} bytes`);
  });
}

for (const [name, row] of Object.entries(wholes)) {
  const path = `${folder}/${name}.json`;
  test(`the answer ${name} is read`, needsShared(path), () =>
    check(fold(readGeminiAnswer(readShared(path))), row),
  );
}
