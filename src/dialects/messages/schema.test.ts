/** What Anthropic would refuse of a schema, and what it is sent instead. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { JsonObject } from '../../core/snapshot.ts';
import { heldSchema } from './schema.ts';

const rows: Readonly<Record<string, readonly [JsonObject, JsonObject]>> = {
  'objects are closed, however deep': [
    {
      type: 'object',
      properties: { a: { type: 'array', items: { type: 'object', additionalProperties: true } } },
    },
    {
      type: 'object',
      properties: { a: { type: 'array', items: { type: 'object', additionalProperties: false } } },
      additionalProperties: false,
    },
  ],
  'bounds are described': [
    { type: 'integer', description: 'Age.', minimum: 1, maximum: 9 },
    { type: 'integer', description: 'Age. (minimum: 1, maximum: 9)' },
  ],
  'a format that is not known is described, one that is stays': [
    {
      anyOf: [
        { type: 'string', format: 'color' },
        { type: 'string', format: 'date' },
      ],
    },
    {
      anyOf: [
        { type: 'string', description: '(format: "color")' },
        { type: 'string', format: 'date' },
      ],
    },
  ],
  'one of them is any of them': [
    { oneOf: [{ $ref: '#/$defs/a' }, { type: 'null' }], $defs: { a: { type: 'object' } } },
    {
      anyOf: [{ $ref: '#/$defs/a' }, { type: 'null' }],
      $defs: { a: { type: 'object', additionalProperties: false } },
    },
  ],
  'a property may have the name of a keyword': [
    { type: 'object', properties: { minimum: { type: 'number' } }, additionalProperties: false },
    { type: 'object', properties: { minimum: { type: 'number' } }, additionalProperties: false },
  ],
  'an array may be demanded not to be empty, but no more': [
    { type: 'array', minItems: 2, items: { type: 'array', minItems: 1 } },
    { type: 'array', items: { type: 'array', minItems: 1 }, description: '(minItems: 2)' },
  ],
};

for (const [name, [schema, expected]] of Object.entries(rows))
  test(name, () => assert.deepEqual(heldSchema(schema), expected));

test('a schema that is taken stays as it is', () => {
  const schema = { type: 'object', additionalProperties: false, properties: { a: { type: 'string' } } };
  assert.equal(heldSchema(schema), schema);
});
