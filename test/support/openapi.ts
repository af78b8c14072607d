/** The published OpenAPI files as judges: what a value breaks of a schema, in words that name the place. */
import { Ajv2020, type ErrorObject } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { parse } from 'yaml';
import { unionKeyword } from './openapi-union.ts';
import { readShared } from './shared.ts';

export const specFiles = {
  openai: 'data/specs/openai.openapi.json',
  openrouter: 'data/specs/openrouter.openapi.yaml',
  anthropic: 'data/specs/anthropic.openapi.yaml',
} as const;

export type SpecName = keyof typeof specFiles;

export type Spec = {
  /** What `value` breaks of a schema: its name among the components, or a JSON pointer. Nothing = it is valid. */
  violations(schema: string, value: unknown): readonly string[];
};

type Schema = Record<string, unknown>;

/** Reads a file. Its unions are decided by `type` and `role`, and its schemas are compiled as they are needed. */
export function openSpec(name: SpecName): Spec {
  const text = readShared(specFiles[name]).toString();
  const read = (specFiles[name].endsWith('.json') ? JSON.parse(text) : parse(text)) as Schema;
  const document = rewrite(read, name);
  const ajv = new Ajv2020({ strict: false, allErrors: true, logger: false, validateSchema: false });
  formats.default(ajv);
  ajv.addKeyword(unionKeyword(ajv, document));
  ajv.addSchema(document, name);
  return {
    violations(schema, value) {
      const pointer = schema.startsWith('/') ? schema : `/components/schemas/${schema}`;
      const validate = ajv.getSchema(`${name}#${pointer}`);
      if (!validate) throw new Error(`${specFiles[name]} has no ${pointer}`);
      if (validate(value) === true) return [];
      return [...new Set((validate.errors ?? []).map((error) => `${name} ${schema} ${words(error)}`))];
    },
  };
}

/** `/choices/0/index must be integer`, with every place in a list written alike. */
function words({ instancePath, message, params, keyword }: ErrorObject): string {
  const place = instancePath.replaceAll(/\/\d+(?=\/|$)/g, '/*');
  const { allowedValue: allowed, additionalProperty: extra, allowedValues: values } = params;
  const detail = keyword === 'const' ? allowed : (extra ?? (keyword === 'enum' ? values : undefined));
  return `${place} ${message}${detail === undefined ? '' : `: ${String(detail)}`}`;
}

/** Makes references absolute, unions ours, and `nullable` (a word of OpenAPI 3.0) what it meant. */
function rewrite<T>(value: T, name: string): T {
  if (Array.isArray(value)) return value.map((one: unknown) => rewrite(one, name)) as T;
  if (typeof value !== 'object' || value === null) return value;
  const {
    nullable,
    discriminator: _,
    ...schema
  }: Schema = Object.fromEntries(
    Object.entries(value).map(([key, child]) => [key, rewrite(child as unknown, name)]),
  );
  const { anyOf, oneOf, ...rest } = schema;
  const branches = Array.isArray(anyOf) ? anyOf : oneOf;
  const own = Array.isArray(branches) ? { ...rest, branches } : schema;
  const reference = own['$ref'];
  const absolute =
    typeof reference === 'string' && reference.startsWith('#')
      ? { ...own, $ref: `${name}${reference}` }
      : own;
  return (nullable === true ? { branches: [absolute, { type: 'null' }] } : absolute) as T;
}
