import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { cutStably, guardedTokens, jsonTokens, sumOfPieces } from './token-guard.ts';

/** The truth on inputs short enough to ask for it. Text that looks like a special token is plain text. */
const truth = (text: string): number => countTokens(text, { disallowedSpecial: new Set() });
const bytes = (text: string): Uint8Array => Buffer.from(text);
const boundOf = (text: string): number =>
  sumOfPieces(bytes(text), (piece) => jsonTokens(Buffer.from(piece).toString(), truth)) ?? 0;

/** Bits of what requests are made of; joined, they make runs of every kind and every mixture. */
const bits = fc.constantFrom(
  'a',
  'The ',
  'quick',
  ' brown',
  'é',
  '中文',
  '的',
  'ไทย',
  'हिन्दी',
  '😀',
  '👩‍👩‍👧',
  '\u0301',
  '_',
  '0',
  '1234567',
  ' ',
  '\n',
  '\r\n',
  '\t',
  '/',
  '!',
  '==',
  '{',
  '"',
  '\\n',
  '\\"',
  '\\u4f60',
  '\\ud83d\\ude00',
  '\\\\',
  "'s",
  '<|endoftext|>',
  '\\newcommand',
  '\\nabla',
  'QUJDREVGRw',
  'x'.repeat(40),
  '中'.repeat(40),
  ' '.repeat(70),
);
const texts = fc.array(bits, { maxLength: 60 }).map((parts) => parts.join(''));
const runs = fc.array(fc.tuple(bits, fc.integer({ min: 1, max: 200 })), { maxLength: 6 }).map((parts) =>
  parts
    .map(([bit, times]) => bit.repeat(times))
    .join('')
    .slice(0, 1_000),
);

test('the guarded count is never below the true one, nor far above a token per byte', () => {
  fc.assert(
    fc.property(fc.oneof(texts, runs, fc.string({ unit: 'binary' })), (text) => {
      const guarded = guardedTokens(text, truth);
      assert.ok(guarded >= truth(text), `${guarded} < ${truth(text)}`);
      assert.ok(guarded <= Buffer.byteLength(text) * (1 + 4 / 129));
    }),
    { numRuns: 600 },
  );
});

test('text without long runs is counted exactly', () => {
  fc.assert(
    fc.property(fc.lorem({ maxCount: 100 }), (text) => assert.equal(guardedTokens(text, truth), truth(text))),
  );
});

test('JSON is bounded both as written and as meant', () => {
  const rows: readonly (readonly [meant: string, why: string])[] = [
    ['\response\request\framework'.repeat(20), 'written, \\r and esponse are one word; meant, they are none'],
    ['\n\n\n\n\n\n\n\n\n\n\n\n', 'meant, line ends are one token; written, they are many'],
    ['\u0000\u0001\u001f', 'six bytes are written for one'],
    ['"quoted" \\ / back', 'quotes'],
  ];
  for (const [text, why] of rows) {
    const written = JSON.stringify(text);
    const bound = jsonTokens(written, truth);
    assert.ok(bound >= truth(written) && bound >= truth(text), why);
    assert.ok(bound <= bytes(written).length, why);
  }
  fc.assert(
    fc.property(fc.oneof(texts, runs, fc.string({ unit: 'binary' })), (text) => {
      const bound = jsonTokens(JSON.stringify({ role: 'user', content: text }), truth);
      assert.ok(bound >= truth(text), `${bound} < ${truth(text)}`);
    }),
    { numRuns: 500 },
  );
});

/** Long enough to be cut, of the same bits, with no run so long that the true count takes minutes. */
const long = fc
  .tuple(fc.array(texts, { minLength: 1, maxLength: 8 }), fc.integer({ min: 10_000, max: 20_000 }))
  .map(([parts, length]) => {
    const text = `${parts.map((part) => part.slice(0, 300)).join(' . ')} . `;
    return text.repeat(Math.ceil(length / text.length)).slice(0, length);
  });

test('the sum over the pieces is never below the count of the whole, nor above a token per byte', () => {
  fc.assert(
    fc.property(long, (text) => {
      const bound = boundOf(text);
      assert.ok(bound >= truth(text), `${bound} < ${truth(text)}`);
      assert.ok(bound <= bytes(text).length);
    }),
    { numRuns: 100 },
  );
});

test('every cut is paid for, and nothing is known before all pieces are', () => {
  const cut = cutStably(bytes('word '.repeat(10_000))).length;
  assert.ok(cut > 5);
  assert.equal(
    sumOfPieces(bytes('word '.repeat(10_000)), () => 10),
    10 * cut + 4 * (cut - 1),
  );
  let asked = 0;
  assert.equal(
    sumOfPieces(bytes('word '.repeat(10_000)), () => (++asked < cut ? 1 : undefined)),
    undefined,
  );
});

test('what is appended leaves all pieces but the last as they were', () => {
  fc.assert(
    fc.property(long, texts, (text, more) => {
      const before = cutStably(bytes(text));
      const after = cutStably(bytes(text + more));
      assert.deepEqual(after.slice(0, before.length - 1), before.slice(0, -1));
      assert.equal(Buffer.concat(before).toString(), Buffer.from(bytes(text)).toString());
      assert.ok(before.every(({ length }) => length <= 8_192));
      if (text.isWellFormed())
        for (const piece of before) assert.ok(Buffer.from(piece).toString().isWellFormed());
    }),
    { numRuns: 100 },
  );
});

test('no piece ends within a character', () => {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for (const text of ['中', '😀', 'é', 'a中😀é'])
    for (const piece of cutStably(bytes(text.repeat(10_000)))) decoder.decode(piece);
});
