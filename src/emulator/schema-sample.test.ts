import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { z } from 'zod';
import type { Dict } from './json.ts';
import { sample } from './schema-sample.ts';

/** Schemas of the subset that vendors accept for strict output. */
const { schema } = fc.letrec<{ schema: Dict; leaf: Dict; node: Dict }>((tie) => ({
  schema: fc.oneof({ depthSize: 'small', withCrossShrink: true }, tie('leaf'), tie('node')),
  leaf: fc.oneof(
    fc.constantFrom<Dict>({ type: 'boolean' }, { type: 'null' }, { const: 7 }, { enum: ['red', 'green', 3] }),
    fc.record({
      type: fc.constant('string'),
      minLength: fc.nat(20),
      maxLength: fc.integer({ min: 20, max: 99 }),
    }),
    fc
      .constantFrom('date', 'date-time', 'email', 'uri', 'uuid')
      .map((format) => ({ type: 'string', format })),
    fc.tuple(fc.integer({ min: -50, max: 50 }), fc.nat(9)).map(([minimum, span]) => ({
      type: 'integer',
      minimum,
      maximum: minimum + span,
    })),
    fc
      .integer({ min: -9, max: 9 })
      .map((least) => ({ type: 'integer', exclusiveMinimum: least, multipleOf: 5 })),
    fc
      .double({ min: -9, max: 9, noNaN: true })
      .map((least) => ({ type: 'number', exclusiveMinimum: least, maximum: 10 })),
  ),
  node: fc.oneof(
    fc.record({ type: fc.constant('array'), items: tie('schema'), minItems: fc.nat(3) }),
    fc.dictionary(fc.stringMatching(/^[a-z]{1,6}$/), tie('schema'), { maxKeys: 4 }).map((properties) => ({
      type: 'object',
      properties,
      required: Object.keys(properties).filter((_, index) => index % 2 === 0),
      additionalProperties: false,
    })),
    fc.array(tie('schema'), { minLength: 1, maxLength: 3 }).map((anyOf) => ({ anyOf })),
  ),
}));

test('the sample satisfies the schema', () => {
  fc.assert(
    fc.property(schema, fc.string(), (given, hint) => {
      const checked = z.fromJSONSchema(given).safeParse(sample(given, hint));
      assert.ok(checked.success, JSON.stringify([given, sample(given, hint), checked.error?.issues]));
    }),
  );
});

test('strings and enums take up what the user wrote', () => {
  const schema: Dict = {
    type: 'object',
    properties: { city: { type: 'string' }, unit: { enum: ['celsius', 'fahrenheit'] } },
  };
  const rows: readonly (readonly [string, object])[] = [
    ['What is the weather in San Francisco, in fahrenheit?', { city: 'San Francisco', unit: 'fahrenheit' }],
    ['Weather for "old town"', { city: 'old town', unit: 'celsius' }],
    ['weather please', { city: 'example city', unit: 'celsius' }],
  ];
  for (const [hint, expected] of rows) assert.deepEqual(sample(schema, hint), expected);
});

test('references, folded parts and recursion are followed and come to an end', () => {
  const tree: Dict = {
    $defs: {
      node: {
        type: 'object',
        properties: { name: { const: 'n' }, next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } },
        required: ['name', 'next'],
      },
    },
    allOf: [
      { $ref: '#/$defs/node' },
      { properties: { extra: { type: ['integer', 'null'] } }, required: ['extra'] },
    ],
  };
  const made = JSON.stringify(sample(tree, ''));
  assert.match(made, /^\{"name":"n","next":\{"name":"n",.*"next":null/);
  assert.match(made, /"extra":1\}$/);
});
