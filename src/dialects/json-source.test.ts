import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { JsonFault } from './json-scan.ts';
import { bytesOf, readSource, splice, valueOf, type Edits } from './json-source.ts';

const spliced = (text: string, edits: Edits): string =>
  Buffer.concat(splice(readSource(Buffer.from(text)), edits)).toString();

const rows: readonly {
  readonly name: string;
  readonly body: string;
  readonly edits: Record<string, string | undefined>;
  readonly out: string;
}[] = [
  {
    name: 'replaces in place',
    body: '{"model":"a","x":1}',
    edits: { model: '"b"' },
    out: '{"model":"b","x":1}',
  },
  {
    name: 'keeps the bytes of the rest',
    body: '{ "model" : "a" , "messages" : [ 1,  2 ] }',
    edits: { model: '"b"' },
    out: '{"model":"b","messages" : [ 1,  2 ]}',
  },
  { name: 'drops the first', body: '{"a":1,"b":2,"c":3}', edits: { a: undefined }, out: '{"b":2,"c":3}' },
  { name: 'drops the middle', body: '{"a":1,"b":2,"c":3}', edits: { b: undefined }, out: '{"a":1,"c":3}' },
  { name: 'drops the last', body: '{"a":1,"b":2,"c":3}', edits: { c: undefined }, out: '{"a":1,"b":2}' },
  { name: 'drops all', body: '{"a":1}', edits: { a: undefined }, out: '{}' },
  { name: 'adds', body: '{"a":1}', edits: { z: '9' }, out: '{"a":1,"z":9}' },
  { name: 'adds to nothing', body: ' {} ', edits: { z: '9' }, out: '{"z":9}' },
  {
    name: 'is not fooled by nested keys',
    body: '{"a":{"model":"x"},"model":"y"}',
    edits: { model: '"b"' },
    out: '{"a":{"model":"x"},"model":"b"}',
  },
  {
    name: 'is not fooled by quotes in strings',
    body: '{"a":"\\"model\\":\\\\","model":"y"}',
    edits: { model: '"b"' },
    out: '{"a":"\\"model\\":\\\\","model":"b"}',
  },
];

for (const { name, body, edits, out } of rows) {
  test(`splice ${name}`, () => assert.equal(spliced(body, new Map(Object.entries(edits))), out));
}

test('a body without edits is one slice of the bytes that came in', () => {
  const body = Buffer.from(`{"model":"a","messages":[${'"x",'.repeat(50_000)}1]}`);
  const pieces = splice(readSource(body), new Map([['model', '"b"']]));
  assert.ok(pieces.some((piece) => piece.buffer === body.buffer && piece.length > 200_000));
});

// Most parsers keep the last of two equal keys: what is checked here must be what a provider reads.
test('a repeated or escaped key is read as JSON.parse reads it', () => {
  for (const body of ['{"model":"a","model":"b"}', '{"model":"a","\\u006dodel":"b"}']) {
    assert.equal(valueOf(readSource(Buffer.from(body)), 'model'), 'b');
  }
});

const broken = [
  '',
  '[]',
  '"x"',
  '{',
  '{"a"',
  '{"a":',
  '{"a":1',
  '{"a":1,}',
  '{"a":tru}',
  '{"a":01}',
  '{"a":[1}',
  '{"a":"x',
  '{"a":"x\\"}',
  '{"a":1}x',
  '{a:1}',
  '{"a":1 "b":2}',
  `{"a":${'['.repeat(600)}`,
];

for (const body of broken) {
  test(`is refused: ${body.slice(0, 20)}`, () =>
    assert.throws(() => readSource(Buffer.from(body)), JsonFault));
}

test('whatever JSON.stringify writes is taken apart and put together again', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), fc.boolean(), (object, spaced) => {
      const body = Buffer.from(JSON.stringify(object, null, spaced ? 2 : 0));
      const source = readSource(body);
      for (const key of source.members.keys())
        assert.doesNotThrow(() => JSON.parse(String(bytesOf(source, key))));
      assert.deepEqual(
        JSON.parse(Buffer.concat(splice(source, new Map())).toString()),
        JSON.parse(body.toString()),
      );
    }),
    { numRuns: 500 },
  );
});

test('dropping and replacing any members equals doing so to the parsed object', () => {
  fc.assert(
    fc.property(
      fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), fc.jsonValue({ maxDepth: 2 })),
      fc.dictionary(fc.stringMatching(/^[a-z]{1,3}$/), fc.option(fc.jsonValue({ maxDepth: 1 }))),
      (object, changes) => {
        const edits = new Map(
          Object.entries(changes).map(([key, value]) => [
            key,
            value === null ? undefined : JSON.stringify(value),
          ]),
        );
        const expected: Record<string, unknown> = { ...object };
        for (const [key, value] of Object.entries(changes)) {
          if (value === null) delete expected[key];
          else expected[key] = value;
        }
        const out = spliced(JSON.stringify(object), edits);
        assert.deepEqual(JSON.parse(out), JSON.parse(JSON.stringify(expected)));
      },
    ),
    { numRuns: 500 },
  );
});

test('of a repeated key only what is read is sent', () => {
  assert.equal(spliced('{"model":"a","x":1,"model":"b"}', new Map()), '{"model":"b","x":1}');
});

test('long strings end where JSON says, whatever backslashes stand before the quote', () => {
  fc.assert(
    fc.property(fc.nat(12), fc.nat(200), (backslashes, length) => {
      const text = `${'x'.repeat(length)}${'\\'.repeat(backslashes)}"${'\\'.repeat(backslashes)}`;
      const source = readSource(Buffer.from(JSON.stringify({ a: text, b: 1 })));
      assert.equal(valueOf(source, 'a'), text);
      assert.equal(valueOf(source, 'b'), 1);
    }),
    { numRuns: 1_000 },
  );
});

test('however long a string is and wherever it lies in memory, it ends where JSON says', () => {
  const piece = fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('\\', '"', '\n', '–', 'x', 'say "no"', '\\\\"') },
    fc.integer({ min: 1, max: 1_300 }).map((length) => 'y'.repeat(length)),
  );
  const text = fc.array(piece, { maxLength: 30 }).map((pieces) => pieces.join(''));
  fc.assert(
    fc.property(text, text, fc.nat(7), (a, b, shift) => {
      const json = Buffer.from(JSON.stringify({ messages: [{ a, b }, a], tail: b }));
      const body = Buffer.alloc(json.length + shift).subarray(shift);
      json.copy(body);
      for (const checked of [false, true]) {
        const source = readSource(body, checked);
        assert.deepEqual(valueOf(source, 'messages'), [{ a, b }, a]);
        assert.equal(valueOf(source, 'tail'), b);
      }
      assert.throws(() => readSource(body.subarray(0, -2 - JSON.stringify(b).length / 2)), JsonFault);
    }),
    { numRuns: 300 },
  );
});

// Small bodies are checked instead of parsed: what is let through must be what every parser takes.
test('a checked body is taken if, and only if, JSON.parse takes it', () => {
  const parses = (text: string): boolean => {
    try {
      JSON.parse(text);
      return true;
    } catch {
      return false;
    }
  };
  const taken = (text: string): boolean => {
    try {
      readSource(Buffer.from(text), true);
      return true;
    } catch (error) {
      assert.ok(error instanceof JsonFault, String(error));
      return false;
    }
  };
  const marks = Array.from('{}[],:"\\u/bfnrt01e.+-E \n\t\u0001é');
  const change = fc.record({
    at: fc.nat(400),
    out: fc.nat(2),
    put: fc.string({
      unit: fc.constantFrom(...marks, 'true', 'null'),
      maxLength: 2,
    }),
  });
  fc.assert(
    fc.property(
      fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 3 }),
      fc.array(change, { maxLength: 2 }),
      fc.boolean(),
      (object, changes, spaced) => {
        const text = changes.reduce(
          (before, { at, out, put }) => {
            const place = at % (before.length + 1);
            return `${before.slice(0, place)}${put}${before.slice(place + out)}`;
          },
          JSON.stringify(object, null, spaced ? 2 : 0),
        );
        const expected = parses(text) && /^\s*\{/.test(text);
        assert.equal(taken(text), expected, JSON.stringify(text));
      },
    ),
    { numRuns: 5_000 },
  );
});
