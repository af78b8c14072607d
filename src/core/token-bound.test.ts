import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { countTokens as cl100k } from 'gpt-tokenizer/encoding/cl100k_base';
import { countTokens as o200k } from 'gpt-tokenizer/encoding/o200k_base';
import type { Needs } from './ask.ts';
import { foreignBytes, promptBoundAt, tokenBound, type Reader } from './token-bound.ts';

const at = (slug: string, context?: number): Reader => ({
  model: { slug },
  ...(context === undefined ? {} : { context }),
});

const needs = (bytes: number, beside = 16, images = 0): Needs => ({
  tools: false,
  vision: images > 0,
  pdf: false,
  audio: false,
  jsonSchema: false,
  reasoning: false,
  promptTokens: bytes / 4,
  promptBound: bytes + beside,
  beside,
  images,
  answers: 1,
  openRouterOnly: [],
  later: { unbounded: undefined, cacheWrites: '5m' },
});

/** 4,000 bytes that are 1,000 tokens, 30 bytes of them in another script, and 16 tokens of framing. */
const rows: readonly (readonly [slug: string, bound: number, why: string])[] = [
  ['openai/gpt-4o', 1_016, 'o200k itself'],
  ['openai/gpt-5.4-mini', 1_016, 'o200k itself'],
  ['openai/o3', 1_016, 'o200k itself'],
  ['openai/gpt-4.1', 1_016, 'o200k itself, not GPT-4'],
  ['openai/gpt-4', 1_546, 'cl100k'],
  ['openai/gpt-4-turbo', 1_546, 'cl100k'],
  ['openai/text-embedding-3-small', 1_546, 'cl100k'],
  ['openai/gpt-6-sol', 4_016, 'nobody knows: a token per byte'],
  ['openai/gpt-4omega', 4_016, 'nobody knows'],
  ['anthropic/claude-sonnet-4.6', 1_546, "Claude's older vocabulary"],
  ['anthropic/claude-haiku-4.5', 1_546, "Claude's older vocabulary"],
  ['anthropic/claude-opus-4.7', 2_046, 'the newer one'],
  ['anthropic/claude-sonnet-5', 2_046, 'the newer one'],
  ['deepseek/deepseek-v4-pro', 1_546, 'measured'],
  ['x-ai/grok-4', 2_046, 'measured, far off'],
  ['somebody/unknown', 4_016, 'nobody knows'],
];

for (const [slug, bound, why] of rows)
  test(`${slug}: at most ${bound} tokens (${why})`, () =>
    assert.equal(tokenBound({ tokens: 1_000, foreignBytes: 30 }, at(slug), needs(4_000)), bound));

test('a count never raises the bound above a token per byte', () => {
  const tokens = fc.integer({ min: 0, max: 5_000 });
  fc.assert(
    fc.property(tokens, tokens, tokens, fc.constantFrom(...rows), (count, foreign, bytes, [slug]) =>
      assert.ok(
        tokenBound({ tokens: count, foreignBytes: foreign }, at(slug), needs(bytes)) <=
          promptBoundAt(at(slug), needs(bytes)),
      ),
    ),
  );
});

test('an image that a model charges more for is held as such', () => {
  assert.equal(promptBoundAt(at('openai/gpt-4o-mini'), needs(100, 5_016, 1)), 5_116 + 2_833 + 8 * 5_667);
  assert.equal(promptBoundAt(at('openai/gpt-4o'), needs(100, 5_016, 1)), 5_116);
  assert.equal(
    tokenBound({ tokens: 10, foreignBytes: 0 }, at('openai/gpt-4o-mini'), needs(100, 5_016, 1)),
    5_026 + 2_833 + 8 * 5_667,
  );
});

/** Words of many languages and scripts, and what stands between them. */
const words = fc.constantFrom(
  'The quick brown fox ',
  'Größenänderungen ',
  'déjà vu ',
  'değişikliği ',
  'người Việt ',
  'zażółć gęślą ',
  'привет мир ',
  '中文没有标点',
  '日本語の文',
  'ગુજરાતી ',
  'தமிழ் ',
  'العربية ',
  '한국어 ',
  '😀👩‍👩‍👧',
  '∑∞≠ ',
  'const x = (a) => a + 1;\n',
  '{"type":"object"}',
  '    return null;\n',
  '“quoted” — so ',
  '1234567 ',
);

test('the factor and the foreign bytes bound another vocabulary, in any script', () => {
  fc.assert(
    fc.property(fc.array(words, { minLength: 10, maxLength: 60 }), (parts) => {
      const text = parts.join('');
      const counted = { tokens: o200k(text), foreignBytes: foreignBytes(Buffer.from(text)) };
      const bound = tokenBound(counted, at('openai/gpt-4'), needs(Buffer.byteLength(text), 0));
      assert.ok(bound >= cl100k(text), `${bound} < ${cl100k(text)}: ${text}`);
    }),
    { numRuns: 500 },
  );
});

test('foreign are the bytes of characters outside Latin script', () => {
  const table: readonly (readonly [text: string, bytes: number])[] = [
    ['plain', 0],
    ['éÿĀɏ', 0],
    ['ế', 0],
    ['“—…”', 0],
    ['ɐ', 2],
    ['я', 2],
    ['中a', 3],
    ['😀', 4],
    ['a\u0301', 2],
    ['ꙮ∑', 6],
  ];
  for (const [text, bytes] of table) assert.equal(foreignBytes(Buffer.from(text)), bytes, text);
});

test('a document that comes along is bounded by all that the model can read', () => {
  const withDocument: Needs = { ...needs(100), pdf: true };
  assert.equal(promptBoundAt(at('anthropic/claude-haiku-4.5', 200_000), withDocument), 200_000);
  assert.equal(
    tokenBound({ tokens: 10, foreignBytes: 0 }, at('openai/gpt-4o', 128_000), withDocument),
    128_000,
  );
});
