import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AnswerReader, type Answer } from './answer-reader.ts';

const whole = 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello';
const chunked =
  'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n';
const empty = 'HTTP/1.1 204 No Content\r\ncontent-length: 0\r\n\r\n';

/** Reads the text in pieces of this many bytes. */
function read(text: string, size: number): { answers: Answer[]; parts: string[]; unfinished: string } {
  const answers: Answer[] = [];
  const parts: string[] = [];
  const reader = new AnswerReader({
    whole: (answer) => answers.push(answer),
    part: (part) => parts.push(part),
  });
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) reader.push(bytes.subarray(at, at + size));
  return { answers, parts, unfinished: reader.unfinished() };
}

describe('reading answers off a connection', () => {
  for (const size of [1, 7, 1_000]) {
    test(`one after the other, in pieces of ${size} bytes`, () => {
      const { answers, parts } = read(whole + chunked + empty + whole, size);
      assert.deepEqual(
        answers.map(({ status, body }) => [status, body]),
        [
          [200, 'hello'],
          [200, 'abc0123456789abcdef'],
          [204, ''],
          [200, 'hello'],
        ],
      );
      assert.deepEqual(parts, ['abc', '0123456789abcdef']);
    });
  }

  test('an answer whose end cannot be known is refused', () => {
    assert.throws(() => read('HTTP/1.1 200 OK\r\n\r\nhello', 1_000), /without content-length/);
    assert.throws(
      () => read('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n', 1_000),
      /without a size/,
    );
  });

  test('a cut answer is not an answer', () => {
    assert.equal(read(whole.slice(0, -1), 1_000).answers.length, 0);
    const cut = read(chunked.slice(0, -5), 1_000);
    assert.equal(cut.answers.length, 0);
    assert.match(cut.unfinished, /^http\/1\.1 200 ok[^]*abc0123456789abcdef/);
    assert.equal(read(whole, 1_000).unfinished, '');
  });
});
