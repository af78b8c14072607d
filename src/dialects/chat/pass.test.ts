/** Whole answers of the same wire: what is taken, and what counts as the endpoint's failure. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { BadAnswer } from '../dialect.ts';
import { passAnswer } from './pass.ts';

const identity = { generation: 'gen-1', model: 'acme/m', created: 1, answers: 1 };
const choices = '"choices":[{"index":0,"message":{"content":"hi"},"finish_reason":"length"}]';
const usage = '"usage":{"prompt_tokens":3,"completion_tokens":2}';

describe('a whole answer', () => {
  const good: Readonly<Record<string, string>> = {
    'in a line': `{"id":"u-1",${choices},${usage}}`,
    'behind a byte order mark': `\ufeff{"id":"u-1",${choices},${usage}}`,
    'with members that nobody here knows': `{"id":"u-1",${choices},"extra":{"a":[1,null]},${usage}}`,
    'whose member came twice: the last counts, as for every parser': `{"id":"u-0","id":"u-1",${choices},${usage}}`,
  };
  for (const [name, text] of Object.entries(good))
    test(`${name} tells its facts`, () => {
      const { upstreamId, usage: counted, finish } = passAnswer(Buffer.from(text), identity).facts;
      assert.deepEqual([upstreamId, counted, finish], ['u-1', { input: 3, output: 2 }, 'length']);
    });

  const bad: Readonly<Record<string, readonly [text: string, says: RegExp]>> = {
    'that is cut': [`{"id":"u-1",${choices},"usage":{"prompt`, /broken/],
    'that is broken deep inside a member that nobody reads': [
      `{"id":"u-1",${choices},"extra":{"a":tru},${usage}}`,
      /not valid JSON/,
    ],
    'that is broken inside its choices': [`{"id":"u-1","choices":[{"message":{"a" 1}}]}`, /not valid JSON/],
    'without choices': [`{"id":"u-1",${usage}}`, /no choices/],
    'with choices that are none': ['{"choices":[null,1]}', /no choices/],
    'that is no object': [`[${choices.length}]`, /must be a JSON object/],
  };
  for (const [name, [text, says]] of Object.entries(bad))
    test(`${name} is the endpoint's failure`, () =>
      assert.throws(
        () => passAnswer(Buffer.from(text), identity),
        (error) => error instanceof BadAnswer && says.test(error.message),
      ));
});
