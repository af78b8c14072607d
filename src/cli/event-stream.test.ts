import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { eventData } from './event-stream.ts';

const text =
  ': beat\n\nevent: x\ndata: {"a":1}\n\ndata: grüße 🌊\r\n\r\ndata: two\ndata: lines\n\ndata:[DONE]\n\ndata: unfinished';
const expected = ['{"a":1}', 'grüße 🌊', 'two\nlines', '[DONE]'];

async function* pieces(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  let from = 0;
  for (const cut of [...cuts, bytes.length]) {
    yield bytes.subarray(from, cut);
    from = cut;
  }
}

async function all(source: AsyncIterable<string>): Promise<string[]> {
  const found: string[] = [];
  for await (const each of source) found.push(each);
  return found;
}

test('events are the same wherever the bytes are cut', async () => {
  const bytes = new TextEncoder().encode(text);
  const cuts = fc
    .uniqueArray(fc.integer({ min: 0, max: bytes.length }))
    .map((list) => list.toSorted((a, b) => a - b));
  await fc.assert(
    fc.asyncProperty(cuts, async (at) => {
      assert.deepEqual(await all(eventData(pieces(bytes, at))), expected);
    }),
    { numRuns: 50 },
  );
});
