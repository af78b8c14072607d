/** Every recorded stream, cut at every byte, for clients of every dialect: what they get never depends on the cuts. */
import assert from 'node:assert/strict';
import { existsSync, globSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { test } from 'node:test';
import type { Wire } from '../src/core/catalog.ts';
import { textOf, type Answer } from '../src/core/conversation.ts';
import {
  conversing,
  dialectNames,
  eventsIn,
  plainest,
  plainly,
  readStream,
  tell,
} from './support/crossing.ts';
import { key } from './support/gateway.ts';
import { startPair } from './support/pair.ts';
import { needsShared, readShared, sharedPath } from './support/shared.ts';
import { sse } from './support/upstream.ts';

const folder = 'data/fixtures/wire';

/** Whose recordings are on which wire; all others are chat completions. */
const wiresOf: Readonly<Record<string, Wire>> = {
  anthropic: 'anthropic',
  google: 'gemini',
  'openai-responses': 'openai-responses',
  'open-responses': 'openai-responses',
};

const recordings = existsSync(sharedPath(folder))
  ? globSync('*/*.sse', { cwd: sharedPath(folder) }).sort()
  : [];

test('there are recordings of every wire', needsShared(folder), () => {
  assert.ok(recordings.length > 40);
  const seen = new Set(recordings.map(wireOf));
  assert.deepEqual([...seen].sort(), ['anthropic', 'gemini', 'openai-chat', 'openai-responses']);
});

function wireOf(recording: string): Wire {
  return wiresOf[dirname(recording)] ?? 'openai-chat';
}

/** Streams up to so many bytes are cut in two at every place; all are also fed byte by byte. */
const small = 3_000;

/** An error in the stream, and an event that lacks its last bracket. */
const broken: ReadonlySet<string> = new Set([
  'openai-responses/openai-error.1.sse',
  'openai-responses/parallel-tool-call-wrapper.1.sse',
]);

for (const recording of recordings) {
  const bytes = readShared(`${folder}/${recording}`);
  const wire = wireOf(recording);
  for (const dialect of dialectNames)
    test(`${recording} for a client of ${dialect}: the same answer, wherever it is cut`, () => {
      const whole = tell(plainly(dialect, wire), eventsIn([bytes]));
      assert.ok(whole.finished || whole.error !== undefined, 'it came to an end');
      const single = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
      assert.deepEqual(tell(plainly(dialect, wire), eventsIn(single)), whole);
      for (let at = 1; bytes.length <= small && at < bytes.length; at++) {
        const halves = [bytes.subarray(0, at), bytes.subarray(at)];
        assert.deepEqual(tell(plainly(dialect, wire), eventsIn(halves)), whole, `cut at ${at}`);
      }
    });
}

/** What every dialect can tell of an answer. */
function essence({ blocks, finish }: Answer): unknown {
  const thought = blocks.map((block) => (block.type === 'thinking' ? block.text : '')).join('');
  const calls = blocks.flatMap((block) =>
    block.type === 'call' ? [[block.id, block.name, JSON.parse(block.arguments || '{}')]] : [],
  );
  return { text: textOf(blocks), thought, calls, finish };
}

for (const recording of recordings) {
  const events = eventsIn([readShared(`${folder}/${recording}`)]);
  const wire = wireOf(recording);
  for (const dialect of dialectNames)
    test(`${recording} for a client of ${dialect} says what the provider said`, () => {
      const { raw, error } = tell(plainly(dialect, wire), events);
      assert.equal(error !== undefined, broken.has(recording), String(error));
      if (error !== undefined) return;
      const seen = readStream(conversing[dialect].sameWire, eventsIn([Buffer.from(raw)]));
      assert.deepEqual(essence(seen), essence(readStream(wire, events)));
    });
}

const paths = { chat: '/chat/completions', responses: '/responses', messages: '/messages' } as const;

/** One of each wire, through a running gateway. */
const sample = [
  'mistral/mistral-incremental-tool-call.sse',
  'openai-responses/openai-custom-tool.1.sse',
  'anthropic/anthropic-tool-no-args.sse',
  'google/google-tool-call.sse',
];

for (const recording of sample) {
  const path = `${folder}/${recording}`;
  test(`${basename(recording)} reaches every client the same, byte by byte`, needsShared(path), async (t) => {
    const bytes = readShared(path);
    const { gateway, first } = await startPair(t, sse(bytes), { wire: wireOf(recording) });
    for (const dialect of dialectNames) {
      const seen = [];
      for (const size of [Infinity, 1]) {
        first.answer(sse(bytes, size));
        const response = await fetch(gateway.base + paths[dialect], {
          method: 'POST',
          headers: { authorization: `Bearer ${key}` },
          body: JSON.stringify({ ...plainest[dialect], model: '@preset/p', stream: true }),
        });
        assert.equal(response.headers.get('x-spillway-position'), '0');
        seen.push(withoutIdsAndTimes(await response.text(), response.headers.get('x-generation-id') ?? ''));
      }
      assert.equal(seen[1], seen[0]);
      assert.match(seen[0] ?? '', /"cost":/);
    }
  });
}

function withoutIdsAndTimes(raw: string, generation: string): string {
  const id = generation.replace('gen-', '');
  return raw
    .replaceAll(id, 'ID')
    .replaceAll(id.replaceAll(/[^a-zA-Z0-9]/g, ''), 'ID')
    .replaceAll(/"(created|created_at)":\d+/g, '"$1":0');
}
