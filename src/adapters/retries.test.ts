import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryRetries } from './retries.ts';

const body = (text: string): Buffer => Buffer.from(text);

test('what was served is forgotten, with all that failed before it, and nothing else is', () => {
  const retries = memoryRetries(() => 0);
  for (const id of ['gen-1', 'gen-2']) retries.note('a', body('hello'), id);
  retries.note('a', body('other'), 'gen-3');
  retries.forget('a', body('HELLO'));
  retries.forget('b', body('hello'));
  assert.equal(retries.of('a', body('hello')), 'gen-2');
  retries.forget('a', body('hello'));
  assert.deepEqual([retries.of('a', body('hello')), retries.of('a', body('other'))], [undefined, 'gen-3']);
  retries.note('a', body('hello'), 'gen-4');
  assert.equal(retries.of('a', body('hello')), 'gen-4');
});

test('the latest of the same body by the same caller, within two minutes', () => {
  let now = 0;
  const retries = memoryRetries(() => now);
  assert.equal(retries.of('a', body('hello')), undefined);
  retries.note('a', body('hello'), 'gen-1');
  retries.note('a', body('hello'), 'gen-2');
  now = 60_000;
  retries.note('a', body('other'), 'gen-3');
  assert.deepEqual(
    [retries.of('a', body('hello')), retries.of('b', body('hello')), retries.of('a', body('HELLO'))],
    ['gen-2', undefined, undefined],
  );
  now = 120_000;
  assert.equal(retries.of('a', body('hello')), undefined, 'its time is over');
  assert.equal(retries.of('a', body('other')), 'gen-3');
});

test('what is kept is bounded, for a caller and in all', () => {
  const retries = memoryRetries(() => 0);
  for (let n = 0; n < 100; n++) retries.note('a', body(`body ${n}`), `gen-${n}`);
  assert.deepEqual(
    [retries.of('a', body('body 0')), retries.of('a', body('body 99'))],
    [undefined, 'gen-99'],
  );
  for (let n = 0; n < 10_000; n++) retries.note(`caller ${n}`, body('x'), `gen-${n}`);
  assert.deepEqual(
    [retries.of('a', body('body 99')), retries.of('caller 9999', body('x'))],
    [undefined, 'gen-9999'],
  );
});
