import assert from 'node:assert/strict';
import { test } from 'node:test';
import { needsShared, readShared } from '../../test/support/shared.ts';
import { SseReader } from './sse.ts';

type Plain = { name?: string; data: string };

/** All events of `bytes`, given in chunks cut at `cuts`. */
function read(bytes: Buffer, cuts: readonly number[] = []): Plain[] {
  const reader = new SseReader();
  const edges = [0, ...cuts, bytes.length];
  const events = edges.slice(1).flatMap((end, index) => reader.push(bytes.subarray(edges[index], end)));
  const last = reader.end();
  return [...events, ...(last ? [last] : [])].map(({ name, data }) => ({
    ...(name === undefined ? {} : { name }),
    data: data.toString(),
  }));
}

const rows: readonly (readonly [name: string, text: string, events: readonly Plain[]])[] = [
  ['one event', 'data: a\n\n', [{ data: 'a' }]],
  ['no space after the colon', 'data:a\n\n', [{ data: 'a' }]],
  ['CRLF', 'data: a\r\n\r\ndata: b\r\n\r\n', [{ data: 'a' }, { data: 'b' }]],
  ['several data lines are one payload', 'data: a\ndata: b\n\n', [{ data: 'a\nb' }]],
  ['a named event', 'event: ping\ndata: {}\n\n', [{ name: 'ping', data: '{}' }]],
  ['comments and unknown fields are skipped', ': hello\nid: 1\nretry: 5\ndata: a\n\n', [{ data: 'a' }]],
  ['a name without data is nothing, and is forgotten', 'event: x\n\ndata: a\n\n', [{ data: 'a' }]],
  ['a byte order mark', '\uFEFFdata: a\n\n', [{ data: 'a' }]],
  ['an event whose blank line never came', 'data: a', [{ data: 'a' }]],
  ['an empty payload is no event', 'data:\n\ndata: a\n\n', [{ data: 'a' }]],
  ['nothing', '', []],
];

for (const [name, text, events] of rows) {
  test(`reads ${name}, wherever the bytes are cut`, () => {
    const bytes = Buffer.from(text);
    assert.deepEqual(read(bytes), events);
    for (let cut = 0; cut <= bytes.length; cut++)
      assert.deepEqual(read(bytes, [cut]), events, `cut at ${cut}`);
  });
}

test(
  'a recorded stream reads the same, cut at every byte',
  needsShared('data/fixtures/errors/sse200-crlf-and-multiline.sse'),
  () => {
    const bytes = readShared('data/fixtures/errors/sse200-crlf-and-multiline.sse');
    const whole = read(bytes);
    assert.equal(whole.length, 3);
    assert.match(whole[0]?.data ?? '', /Hi ✓/);
    for (let cut = 0; cut <= bytes.length; cut++) assert.deepEqual(read(bytes, [cut]), whole);
    assert.deepEqual(read(bytes, [...bytes.keys()]), whole);
  },
);

test('an event without end is refused before it fills the memory', () => {
  const reader = new SseReader();
  assert.throws(() => {
    for (let i = 0; i < 20; i++) reader.push(Buffer.alloc(1024 * 1024, 'x'));
  }, RangeError);
  const lines = new SseReader();
  const line = Buffer.from(`data: ${'x'.repeat(1024 * 1024)}\n`);
  assert.throws(() => {
    for (let i = 0; i < 20; i++) lines.push(line);
  }, RangeError);
});
