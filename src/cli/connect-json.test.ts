import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import type { JsonObject } from '../core/snapshot.ts';
import { mergeJson, stringAt } from './connect-json.ts';

const addition = { env: { URL: 'http://gw', DEEP: { a: 1 } }, model: 'm' };

describe('members are put into a JSON text, and nothing else of it moves', () => {
  const table: readonly (readonly [what: string, before: string, after: string])[] = [
    [
      'no file',
      '',
      '{\n  "env": {\n    "URL": "http://gw",\n    "DEEP": {\n      "a": 1\n    }\n  },\n  "model": "m"\n}\n',
    ],
    [
      'an empty object on one line',
      '{ }\n',
      '{\n  "env": {\n    "URL": "http://gw",\n    "DEEP": {\n      "a": 1\n    }\n  },\n  "model": "m"\n}\n',
    ],
    [
      'an empty object on two lines',
      '{\n}',
      '{\n  "env": {\n    "URL": "http://gw",\n    "DEEP": {\n      "a": 1\n    }\n  },\n  "model": "m"\n}',
    ],
    [
      'other keys, their order, their numbers and their way of writing lists',
      '{\n  "allow": ["a", {"b": [1.0, 12345678901234567890]}],\n  "env": {\n    "OTHER": "}, {",\n    "URL": "old"\n  },\n  "model": "m",\n  "last": "\\u0041 \\" ]"\n}\n',
      '{\n  "allow": ["a", {"b": [1.0, 12345678901234567890]}],\n  "env": {\n    "OTHER": "}, {",\n    "URL": "http://gw",\n    "DEEP": {\n      "a": 1\n    }\n  },\n  "model": "m",\n  "last": "\\u0041 \\" ]"\n}\n',
    ],
    [
      'tabs and the line ends of Windows',
      '{\r\n\t"env": {\r\n\t\t"URL": "http://gw"\r\n\t},\r\n\t"model": "n"\r\n}\r\n',
      '{\r\n\t"env": {\r\n\t\t"URL": "http://gw",\r\n\t\t"DEEP": {\r\n\t\t\t"a": 1\r\n\t\t}\r\n\t},\r\n\t"model": "m"\r\n}\r\n',
    ],
    [
      'everything on one line',
      '{"x":[],"env":{"DEEP":{"b":2}}}',
      '{"x":[],"env":{"DEEP":{"b":2,\n      "a": 1\n    },\n    "URL": "http://gw"\n  },\n  "model": "m"\n}',
    ],
    [
      'a name written with an escape',
      '{"env":{"\\u0055RL":"old","DEEP":{"a":1}},"model":"m"}',
      '{"env":{"\\u0055RL":"http://gw","DEEP":{"a":1}},"model":"m"}',
    ],
  ];
  for (const [what, before, after] of table) {
    test(what, () => {
      const order = what === 'everything on one line' ? { env: { DEEP: { a: 1 }, URL: 'http://gw' } } : {};
      const members = { ...addition, ...order };
      assert.equal(mergeJson(before, members, 'f'), after);
      assert.equal(mergeJson(after, members, 'f'), after, 'a second time changes something');
    });
  }
});

describe('what would destroy something is refused', () => {
  const table: readonly (readonly [before: string, says: RegExp])[] = [
    ['{\n  // mine\n  "a": 1\n}', /^f is not plain JSON \(comments\?.*\) and is left alone/],
    ['{"a": 1,}', /is not plain JSON/],
    ['[]', /does not hold a JSON object/],
    ['"text"', /does not hold a JSON object/],
    ['{"env": "x"}', /env is no object/],
    ['{"env": {"DEEP": [1]}}', /env\.DEEP is no object/],
    ['{"model": {"name": "x"}}', /model is an object/],
  ];
  for (const [before, says] of table) {
    test(JSON.stringify(before), () =>
      assert.throws(() => mergeJson(before, addition, 'f'), { message: says }),
    );
  }
});

test('whatever the text, the result holds both, and what was there stays in its order', () => {
  const value = fc.jsonValue({ maxDepth: 3 }).map((any) => any as JsonObject[string]);
  const texts = fc.tuple(fc.dictionary(fc.string(), value), fc.constantFrom(undefined, 2, '\t'));
  fc.assert(
    fc.property(texts, fc.dictionary(fc.string(), fc.string()), ([object, space], strings) => {
      const { nested: _, ...before } = object;
      const merged = mergeJson(JSON.stringify(before, undefined, space), { nested: strings }, 'f');
      const expected = JSON.parse(JSON.stringify({ ...before, nested: strings })) as unknown;
      assert.deepEqual(JSON.parse(merged), expected);
      assert.deepEqual(Object.keys(JSON.parse(merged) as object), Object.keys(expected as object));
    }),
    { numRuns: 200 },
  );
});

test('a string is found by its names, and anything else is not', () => {
  const text = '{"a": {"b": "c", "d": 1}}';
  assert.equal(stringAt(text, ['a', 'b']), 'c');
  for (const names of [['a'], ['a', 'd'], ['a', 'x', 'y'], ['toString'], ['a', 'b', 'length']])
    assert.equal(stringAt(text, names), undefined);
  assert.equal(stringAt('no JSON', ['a']), undefined);
});
