/** The emulator against what was recorded: the frames of real vendors, and the requests of real clients. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { after, before, beforeEach, test } from 'node:test';
import { startEmulator, type Emulator } from './emulator.ts';
import { dict, list, parse, text } from './json.ts';

const data = new URL('../../../shared/data/', import.meta.url);
const skip = existsSync(data) ? false : `no recordings at ${data.pathname}`;

let emulator: Emulator;
before(async () => {
  const catalogue = { models: new Map(), aliases: new Map(), date: '2026-01-01' };
  emulator = await startEmulator({ catalogue, tokensPerSecond: Infinity, firstTokenMs: 0 });
});
after(() => emulator.close());
beforeEach(() => emulator.clearFaults());

async function post(path: string, body: unknown): Promise<{ status: number; body: string }> {
  const headers = { 'anthropic-version': '2023-06-01' };
  const url = emulator.originFor('', '') + path;
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  return { status: response.status, body: await response.text() };
}

function recorded(folder: string, filter: RegExp): readonly string[] {
  const names = readdirSync(new URL(`fixtures/${folder}/`, data)).filter((name) => filter.test(name));
  assert.ok(names.length > 0, folder);
  return names.map((name) => readFileSync(new URL(`fixtures/${folder}/${name}`, data), 'utf8'));
}

/** Every path of keys in a JSON value that leads to something, e.g. `choices[].delta.content:string`. */
function shapes(value: unknown, path = ''): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item) => shapes(item, `${path}[]`));
  if (typeof value !== 'object' || value === null)
    return [`${path}:${value === null ? 'null' : typeof value}`];
  // Tool arguments have the shape of the tool, not of the wire.
  return Object.entries(value).flatMap(([key, item]) =>
    key === 'input' || key === 'args' ? [] : shapes(item, `${path}.${key}`),
  );
}

/** The shapes of the data of each frame; the frame's `type` stands before those of typed events. */
function frameShapes(stream: string): ReadonlySet<string> {
  const frames = stream
    .split('\n')
    .flatMap((line) => (line.startsWith('data: {') ? [dict(parse(line.slice(6)))] : []));
  return new Set(frames.flatMap((frame) => shapes(frame).map((shape) => text(frame['type']) + shape)));
}

const tools = { type: 'object', properties: { city: { type: 'string' } } };
const question = [{ role: 'user', content: 'What is the weather in Lisbon?' }];
const openaiTool = { type: 'function', function: { name: 'weather', parameters: tools } };
const anthropicTool = { name: 'weather', input_schema: tools };

/** What the emulator is asked, and the recordings that its answer is held against. */
const rows: readonly { path: string; streamPath?: string; folder: string; more: object }[] = [
  {
    path: '/deepseek/v1/chat/completions',
    folder: 'wire/deepseek',
    more: { tools: [openaiTool], reasoning_effort: 'high' },
  },
  { path: '/openai/v1/chat/completions', folder: 'wire/openai-chat', more: {} },
  {
    path: '/anthropic/v1/messages',
    folder: 'wire/anthropic',
    more: { tools: [anthropicTool], thinking: { type: 'enabled' }, max_tokens: 900 },
  },
  ...[{}, { tools: [{ type: 'function', name: 'weather', parameters: tools }] }].map((more) => ({
    path: '/openai/v1/responses',
    folder: 'wire/openai-responses',
    more: { input: question, reasoning: { effort: 'high', summary: 'auto' }, ...more },
  })),
  ...[{}, { tools: [{ functionDeclarations: [{ name: 'weather', parametersJsonSchema: tools }] }] }].map(
    (more) => ({
      path: '/google/v1beta/models/m:generateContent',
      streamPath: '/google/v1beta/models/m:streamGenerateContent?alt=sse',
      folder: 'wire/google',
      more: {
        contents: [{ role: 'user', parts: [{ text: 'What is the weather in Lisbon?' }] }],
        generationConfig: { thinkingConfig: { thinkingLevel: 'high' } },
        ...more,
      },
    }),
  ),
];

for (const [at, { path, streamPath = path, folder, more }] of rows.entries()) {
  test(`frames and bodies have no field that ${folder} does not have (${at + 1})`, { skip }, async () => {
    const request = { model: 'm', messages: question, ...more };
    const streamed = await post(streamPath, {
      ...request,
      stream: true,
      stream_options: { include_usage: true },
    });
    const frames = new Set(recorded(folder, /\.sse$/).flatMap((stream) => [...frameShapes(stream)]));
    assert.deepEqual(
      [...frameShapes(streamed.body)].filter((shape) => !frames.has(shape)),
      [],
    );
    const whole = await post(path, request);
    const bodies = new Set(recorded(folder, /\.json$/).flatMap((body) => shapes(parse(body))));
    assert.deepEqual(
      shapes(parse(whole.body)).filter((shape) => !bodies.has(shape)),
      [],
    );
  });
}

test('error bodies have the shapes of those that were recorded', { skip }, async () => {
  const faults = [
    ['/anthropic/v1/messages', 'overloaded', /^anthropic-529/],
    ['/anthropic/v1/messages', 'out_of_credit', /^anthropic-(400|529)/],
    ['/deepseek/v1/chat/completions', 'out_of_credit', /^deepseek-402/],
    ['/openai/v1/chat/completions', 'out_of_credit', /^openai-429-insufficient/],
    ['/openai/v1/chat/completions', 'rate_limit', /^openai-429-tpm/],
    ['/openai/v1/responses', 'out_of_credit', /^openai-429-insufficient/],
  ] as const;
  for (const [path, kind, file] of faults) {
    emulator.setFault({ model: '*', kind });
    const seen = await post(path, { model: 'm', messages: question, input: question, max_tokens: 9 });
    const recordings = recorded('errors', file).map((source) => dict(parse(source)));
    assert.ok(
      recordings.some(({ status }) => status === seen.status),
      kind,
    );
    const known = new Set(recordings.flatMap(({ body }) => shapes(body)));
    assert.deepEqual(
      shapes(parse(seen.body)).filter((shape) => !known.has(shape)),
      [],
      kind,
    );
  }
});

test('what real clients send is answered', { skip }, async () => {
  let answered = 0;
  for (const name of readdirSync(new URL('requests/', data)).filter((name) => name.endsWith('.json'))) {
    const file = dict(parse(readFileSync(new URL(`requests/${name}`, data), 'utf8')));
    for (const { url, body } of list(file['requests']).map(dict)) {
      const route = /\/v1(\/chat\/completions|\/messages|\/responses)(\?|$)/.exec(text(url))?.[1];
      if (!route) continue;
      const seen = await post(`/vendor/v1${route}`, body);
      assert.equal(seen.status, 200, `${name}: ${seen.body}`);
      assert.match(
        seen.body,
        dict(body)['stream']
          ? /\[DONE\]|message_stop|response\.completed/
          : /"finish_reason":"|"stop_reason":"|"status":"completed"/,
      );
      answered++;
    }
  }
  assert.ok(answered > 10);
});
