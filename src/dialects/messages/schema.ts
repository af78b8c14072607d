/**
 * JSON schemas as Anthropic holds a model to them: objects are closed, bounds are only described. Any other schema is
 * refused. Facts: Anthropic's guide on structured outputs, and `transformJSONSchema` of its SDK, which does the same.
 */
import { asObject, someText } from '../../core/json.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';

/** Keywords that are refused. */
const bounds: ReadonlySet<string> = new Set(
  (
    'minimum maximum exclusiveMinimum exclusiveMaximum multipleOf minLength maxLength pattern maxItems uniqueItems ' +
    'minProperties maxProperties'
  ).split(' '),
);
const formats: ReadonlySet<JsonValue | undefined> = new Set(
  'date-time time date duration email hostname uri ipv4 ipv6 uuid'.split(' '),
);

/** The schema itself where all of it is taken. */
export function heldSchema(schema: JsonObject): JsonObject {
  const held = asObject(hold(schema));
  return JSON.stringify(held) === JSON.stringify(schema) ? schema : held;
}

function hold(schema: JsonValue): JsonValue {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return schema;
  const entries = Object.entries(asObject(schema));
  const refused = entries.filter(([key, value]) => isRefused(key, value));
  const kept = entries
    .filter(([key, value]) => !isRefused(key, value))
    .map(([key, value]) => inside(key, value));
  const told = refused.map(([key, value]) => `${key}: ${JSON.stringify(value)}`).join(', ');
  const { description, ...held }: JsonObject = Object.fromEntries(kept);
  const words = [someText(description), told === '' ? undefined : `(${told})`].filter(
    (text) => text !== undefined,
  );
  return {
    ...held,
    ...(words.length > 0 ? { description: words.join(' ') } : {}),
    ...(describesObject(held) ? { additionalProperties: false } : {}),
  };
}

function isRefused(key: string, value: JsonValue): boolean {
  if (key === 'minItems') return value !== 0 && value !== 1;
  return bounds.has(key) || (key === 'format' && !formats.has(value));
}

/** A keyword with the schemas in it held as well. */
function inside(key: string, value: JsonValue): readonly [string, JsonValue] {
  switch (key) {
    case 'properties':
    case '$defs':
    case 'definitions':
      return [
        key,
        Object.fromEntries(Object.entries(asObject(value)).map(([name, one]) => [name, hold(one)])),
      ];
    case 'anyOf':
    case 'allOf':
    case 'oneOf':
      return [key === 'oneOf' ? 'anyOf' : key, Array.isArray(value) ? value.map(hold) : value];
    case 'items':
      return [key, hold(value)];
    default:
      return [key, value];
  }
}

function describesObject({ type, properties }: JsonObject): boolean {
  return type === 'object' || properties !== undefined || (Array.isArray(type) && type.includes('object'));
}
