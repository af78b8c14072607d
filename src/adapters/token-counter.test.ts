import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { test, type TestContext } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { countTokens } from 'gpt-tokenizer/encoding/o200k_base';
import { createTokenCounter, type CounterOptions, type ThreadedCounter } from './token-counter.ts';

const size = 100_000;
const filled = (bit: string): string => bit.repeat(Math.ceil(size / bit.length)).slice(0, size);
const english = (salt: string): string =>
  filled(`The ${salt} gateway keeps what it promised, and says so when it could not. `);

function counter(t: TestContext, options: Partial<CounterOptions> = {}): ThreadedCounter {
  const made = createTokenCounter(options);
  t.after(() => made.close());
  return made;
}

/** Ms of the quickest of three counts, each of a text never seen before, and the last count. */
async function timed(
  tokens: ThreadedCounter,
  text: (salt: string) => string,
): Promise<{ readonly ms: number; readonly count: number }> {
  let ms = Infinity;
  let count = 0;
  for (const salt of ['one', 'two', 'six']) {
    const piece = Buffer.from(text(salt));
    const began = performance.now();
    count = (await tokens.count([piece])) ?? -1;
    ms = Math.min(ms, performance.now() - began);
  }
  return { ms, count };
}

/** Bytes without order, the same in every run. */
function dice(length: number): Buffer {
  const blocks = Array.from({ length: Math.ceil(length / 32) }, (_, place) =>
    createHash('sha256').update(`${place}`).digest(),
  );
  return Buffer.concat(blocks).subarray(0, length);
}

const hostile: readonly (readonly [what: string, text: (salt: string) => string])[] = [
  ['one letter', (salt) => salt + filled('a')],
  ['Chinese without a stop', (salt) => salt + filled('的中文没有标点')],
  ['emoji', (salt) => salt + filled('👩‍👩‍👧😀')],
  ['base64', (salt) => salt + dice(size).toString('base64').slice(0, size)],
  ['spaces', (salt) => salt + filled(' ')],
  ['line ends and slashes', (salt) => `${salt}!${filled('/\n')}`],
  ['backslashes', (salt) => salt + filled('\\')],
  ['marks upon a letter', (salt) => salt + filled('\u0301')],
  ['bytes that are no text', (salt) => salt + dice(size).toString('latin1')],
  ['runs that are just short enough', (salt) => salt + filled(`${'x'.repeat(127)} `)],
];

test('hostile text is counted about as fast as plain text, and never above a token per byte', async (t) => {
  const tokens = counter(t, { withinMs: 60_000 });
  await tokens.count([Buffer.from('warm')]);
  const plain = await timed(tokens, english);
  for (const [what, text] of hostile) {
    const { ms, count } = await timed(tokens, text);
    const start = text('six').slice(0, 400);
    assert.ok(ms < 40 * Math.max(plain.ms, 1), `${what}: ${(ms / plain.ms).toFixed(1)} times plain English`);
    assert.ok(count >= countTokens(start), `${what}: not even its beginning is covered`);
    assert.ok(count <= Buffer.byteLength(text('six')), what);
  }
});

test('invalid UTF-8 is at most a token per byte', async (t) => {
  const bytes = dice(size);
  const count = await counter(t).count([bytes]);
  assert.ok(count !== undefined && count <= size && count > size / 4);
});

test('plain English is counted within half a percent, and pieces add up', async (t) => {
  const tokens = counter(t);
  const text = english('old');
  const truth = countTokens(text);
  const [count = 0, twice = 0] = await Promise.all([
    tokens.count([Buffer.from(text)]),
    tokens.count([Buffer.from(text), Buffer.from(text)]),
  ]);
  assert.ok(count >= truth && count < truth * 1.005, `${count} for ${truth}`);
  assert.equal(twice, 2 * count);
  assert.equal(await tokens.count([]), 0);
});

test('a part of a larger buffer is counted by itself', async (t) => {
  const body = Buffer.from(`{"messages":"hello","rest":"${english('new')}"}`);
  assert.ok(((await counter(t).count([body.subarray(12, 19)])) ?? 99) < 10);
  assert.equal(body.subarray(12, 19).toString(), '"hello"', 'and is still there');
});

test('what was counted before is remembered: only what is appended takes time', async (t) => {
  const tokens = counter(t, { withinMs: 60_000 });
  await tokens.count([Buffer.from('warm')]);
  const prompt = Array.from({ length: 8 }, (_, place) => dice(size).toString('base64') + english(`${place}`));
  const began = performance.now();
  const first = await tokens.count([Buffer.from(prompt.join(' '))]);
  const between = performance.now();
  const second = await tokens.count([Buffer.from(`${prompt.join(' ')} and one thing more`)]);
  const ended = performance.now();
  assert.ok(first !== undefined && second !== undefined && second > first && second < first + 20);
  assert.ok(ended - between < (between - began) / 2);
});

/** Threads begun while the test runs. */
function threads(t: TestContext): readonly Worker[] {
  const begun: Worker[] = [];
  const watch = (worker: Worker): void => void begun.push(worker);
  process.on('worker', watch);
  t.after(() => process.off('worker', watch));
  return begun;
}

test('there is no thread until the first count, and one for all of them', async (t) => {
  const begun = threads(t);
  const tokens = counter(t);
  assert.equal(begun.length, 0);
  await Promise.all([1, 2, 3].map(() => tokens.count([Buffer.from('hello')])));
  assert.equal(begun.length, 1);
});

test('too large, too many, too late: unknown, and the next count is answered', async (t) => {
  const hello = [Buffer.from('hello')];
  assert.equal(await counter(t, { maxBytes: 4 }).count(hello), undefined, 'too large');

  const narrow = counter(t, { maxWaiting: 1 });
  const [, , third] = await Promise.all([1, 2, 3].map(() => narrow.count(hello)));
  assert.equal(third, undefined, 'one is counted, one waits, the third finds no room');
  assert.equal(await narrow.count(hello), 1);

  const hasty = counter(t, { withinMs: 10_000, startMs: -9_999 });
  assert.equal(await hasty.count(hello), undefined, 'the vocabulary is still being loaded');
  let later: number | undefined;
  while (later === undefined) later = await hasty.count(hello);
  assert.equal(later, 1);
});

test('a thread that dies leaves its counts unknown, and another takes its place', async (t) => {
  const begun = threads(t);
  const tokens = counter(t);
  const counts = Promise.all([1, 2].map(() => tokens.count([Buffer.from(english('lost'))])));
  await nextTurn();
  await begun[0]?.terminate();
  assert.deepEqual(await counts, [undefined, undefined]);
  assert.equal(await tokens.count([Buffer.from('hello')]), 1);
  assert.equal(begun.length, 2);
});

test('closing answers what is under way, and starts nothing more', async (t) => {
  const begun = threads(t);
  const tokens = createTokenCounter();
  const pending = tokens.count([Buffer.from('hello')]);
  await tokens.close();
  assert.equal(await pending, undefined);
  assert.equal(await tokens.count([Buffer.from('hello')]), undefined);
  assert.equal(begun.length, 1);
});

test('a process may end without closing it', () => {
  const script = `
    const { createTokenCounter } = await import(${JSON.stringify(new URL('token-counter.ts', import.meta.url))});
    process.stdout.write(String(await createTokenCounter().count([Buffer.from('hello')])));`;
  const { status, stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.deepEqual({ status, stdout }, { status: 0, stdout: '1' });
});
