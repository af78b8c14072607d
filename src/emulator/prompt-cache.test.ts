import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Segment } from './ask.ts';
import { fiveMinutes, oneHour, promptCache } from './prompt-cache.ts';
import { countTokens } from './tokens.ts';

/** A segment of exactly so many tokens, told apart by its letter. */
const part = (letter: string, tokens: number, cacheFor?: number): Segment => {
  const text = letter.repeat(tokens * 4);
  return { text, tokens: countTokens(text), ...(cacheFor ? { cacheFor } : {}) };
};

const place = 'vendor/model';

test('implicit: a conversation that grows reads the blocks of what was said before', () => {
  const cache = promptCache();
  const first = [part('s', 1_500), part('u', 20)];
  assert.deepEqual(cache.implicit(place, first, 0), {
    input: 1_520,
    cacheRead: 0,
    cacheWrite: 0,
    cacheWrite1h: 0,
  });
  const grown = cache.implicit(place, [...first, part('a', 200), part('v', 20)], 1);
  assert.equal(grown.cacheRead, 1_408, 'eleven blocks of 128 are whole');
  assert.equal(grown.input + grown.cacheRead, 1_740);
});

test('implicit: short beginnings, other places, other beginnings and old ones are not read', () => {
  const cache = promptCache();
  const prompt = [part('s', 2_000)];
  cache.implicit(place, [part('x', 1_000)], 0);
  cache.implicit(place, prompt, 0);
  assert.equal(cache.implicit(place, [part('x', 1_000)], 1).cacheRead, 0);
  assert.equal(cache.implicit('vendor/other', prompt, 1).cacheRead, 0);
  assert.equal(cache.implicit(place, [part('y', 1), ...prompt], 1).cacheRead, 0);
  assert.equal(cache.implicit(place, prompt, fiveMinutes - 1).cacheRead, 1_920);
  assert.equal(cache.implicit(place, prompt, 3 * fiveMinutes).cacheRead, 0);
});

test('implicit: at least one token of a known prompt is read afresh', () => {
  const cache = promptCache();
  const prompt = [part('s', 1_280)];
  cache.implicit(place, prompt, 0);
  assert.deepEqual(cache.implicit(place, prompt, 1), {
    input: 128,
    cacheRead: 1_152,
    cacheWrite: 0,
    cacheWrite1h: 0,
  });
});

test('marked: without a mark nothing is cached', () => {
  const cache = promptCache();
  const prompt = [part('s', 5_000)];
  for (const at of [0, 1]) {
    assert.deepEqual(cache.marked(place, prompt, at), {
      input: 5_000,
      cacheRead: 0,
      cacheWrite: 0,
      cacheWrite1h: 0,
    });
  }
});

test('marked: the first request writes up to the mark, the next reads it and writes what is new', () => {
  const cache = promptCache();
  const system = part('s', 2_000, fiveMinutes);
  const first = cache.marked(place, [system, part('u', 100)], 0);
  assert.deepEqual(first, { input: 100, cacheRead: 0, cacheWrite: 2_000, cacheWrite1h: 0 });
  const next = cache.marked(
    place,
    [part('s', 2_000), part('u', 100), part('a', 50), part('v', 30, fiveMinutes)],
    1,
  );
  assert.deepEqual(next, { input: 0, cacheRead: 2_000, cacheWrite: 180, cacheWrite1h: 0 }, 'the mark moved');
});

test('marked: each mark has its own lifetime, and reading prolongs it', () => {
  const cache = promptCache();
  const prompt = [part('t', 1_100, oneHour), part('s', 1_000, fiveMinutes), part('u', 10)];
  assert.deepEqual(cache.marked(place, prompt, 0), {
    input: 10,
    cacheRead: 0,
    cacheWrite: 1_000,
    cacheWrite1h: 1_100,
  });
  assert.equal(cache.marked(place, prompt, fiveMinutes - 1).cacheRead, 2_100);
  assert.equal(cache.marked(place, prompt, 2 * fiveMinutes - 2).cacheRead, 2_100, 'prolonged');
  assert.deepEqual(cache.marked(place, prompt, 4 * fiveMinutes), {
    input: 10,
    cacheRead: 1_100,
    cacheWrite: 1_000,
    cacheWrite1h: 0,
  });
});

test('marked: beginnings that are too short, or written too many blocks ago, are not read', () => {
  const cache = promptCache();
  assert.equal(cache.marked(place, [part('s', 1_000, fiveMinutes)], 0).cacheWrite, 0);
  cache.marked(place, [part('s', 2_000, fiveMinutes)], 0);
  const steps = (count: number): readonly Segment[] => Array.from({ length: count }, () => part('u', 1));
  const read = (blocks: number): number =>
    cache.marked(place, [part('s', 2_000), ...steps(blocks - 1), part('v', 1, fiveMinutes)], 1).cacheRead;
  assert.equal(read(21), 0);
  assert.equal(read(20), 2_000);
});
