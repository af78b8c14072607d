/** A value that satisfies a JSON Schema: for tool arguments and structured answers. */
import type { JsonValue } from '../core/snapshot.ts';
import { count, dict, list, text, type Dict } from './json.ts';

/** Below this, only what is required is made, so that recursive schemas end. */
const deepest = 6;

/** Where in the schema we are. */
type Spot = { readonly root: Dict; readonly hint: string; readonly name: string; readonly depth: number };

/**
 * A value for `schema`. `hint` is what the user wrote: strings take a name from it and enums a member that it mentions.
 * Understands the subset that vendors accept for strict output; `pattern` is not tried.
 */
export function sample(schema: Dict, hint: string): JsonValue {
  return value(schema, { root: schema, hint, name: 'value', depth: 0 });
}

function value(given: Dict, spot: Spot): JsonValue {
  const schema = resolve(given, spot);
  if ('const' in schema) return schema['const'] as JsonValue;
  if (list(schema['enum']).length > 0) return member(list(schema['enum']) as readonly JsonValue[], spot);
  const options = [...list(schema['anyOf']), ...list(schema['oneOf'])].map(dict);
  if (options.length > 0) return value({ ...schema, anyOf: [], oneOf: [], ...option(options, spot) }, spot);
  switch (typeOf(schema, spot)) {
    case 'object':
      return objectFor(schema, spot);
    case 'array':
      return arrayFor(schema, spot);
    case 'string':
      return stringFor(schema, spot);
    case 'integer':
      return numberFor(schema, true);
    case 'number':
      return numberFor(schema, false);
    case 'boolean':
      return true;
    default:
      return null;
  }
}

/** Follows `$ref` within the document and folds `allOf` together. */
function resolve(given: Dict, spot: Spot): Dict {
  let schema = given;
  for (let hops = 0; typeof schema['$ref'] === 'string' && hops < 32; hops++) {
    const path = schema['$ref'].replace(/^#\/?/, '').split('/').filter(Boolean);
    const { $ref: _, ...rest } = schema;
    const target = path.reduce(
      (at, key) => dict(at[key.replaceAll('~1', '/').replaceAll('~0', '~')]),
      spot.root,
    );
    schema = { ...target, ...rest };
  }
  return list(schema['allOf']).reduce<Dict>((all, part) => merge(all, resolve(dict(part), spot)), schema);
}

function merge(a: Dict, b: Dict): Dict {
  return {
    ...a,
    ...b,
    ...('properties' in a || 'properties' in b
      ? { properties: { ...dict(a['properties']), ...dict(b['properties']) } }
      : {}),
    ...('required' in a || 'required' in b
      ? { required: [...list(a['required']), ...list(b['required'])] }
      : {}),
  };
}

/** Deep down the simplest option ends the recursion. */
function option(options: readonly Dict[], spot: Spot): Dict {
  const leaf = (schema: Dict): boolean => !['object', 'array'].includes(typeOf(resolve(schema, spot), spot));
  return (spot.depth >= deepest ? options.find(leaf) : undefined) ?? options[0] ?? {};
}

function typeOf(schema: Dict, spot: Spot): string {
  const types = list(schema['type']).map(text);
  if (types.length > 0)
    return (spot.depth >= deepest && types.includes('null') ? 'null' : types[0]) ?? 'null';
  if (typeof schema['type'] === 'string') return schema['type'];
  if ('properties' in schema) return 'object';
  return 'items' in schema ? 'array' : 'string';
}

function member(members: readonly JsonValue[], { hint }: Spot): JsonValue {
  const said = hint.toLowerCase();
  const mentioned = members.find(
    (item) => typeof item === 'string' && item !== '' && said.includes(item.toLowerCase()),
  );
  return mentioned ?? members[0] ?? null;
}

function objectFor(schema: Dict, spot: Spot): JsonValue {
  const required = new Set(list(schema['required']).map(text));
  const properties = dict(schema['properties']);
  const names = [...new Set([...Object.keys(properties), ...required])];
  const wanted = names.filter((name) => required.has(name) || spot.depth < deepest);
  return Object.fromEntries(
    wanted.map((name) => [name, value(dict(properties[name]), { ...spot, name, depth: spot.depth + 1 })]),
  );
}

function arrayFor(schema: Dict, spot: Spot): JsonValue {
  const first = list(schema['prefixItems']).map(dict);
  const least = Math.max(count(schema['minItems']) ?? 0, first.length);
  const most = schema['maxItems'] === 0 ? 0 : (count(schema['maxItems']) ?? Infinity);
  const length = Math.min(Math.max(least, spot.depth < deepest ? 1 : 0), most);
  const next = { ...spot, depth: spot.depth + 1 };
  return Array.from({ length }, (_, index) => value(first[index] ?? dict(schema['items']), next));
}

const formats: Readonly<Record<string, string>> = {
  'date-time': '2026-01-15T09:30:00Z',
  date: '2026-01-15',
  time: '09:30:00Z',
  email: 'someone@example.com',
  uri: 'https://example.com/',
  uuid: '6f1d2c3b-4a59-4e68-8a7b-9c0d1e2f3a4b',
  ipv4: '192.0.2.1',
};

function stringFor(schema: Dict, spot: Spot): string {
  const format = formats[text(schema['format'])];
  if (format !== undefined) return format;
  const words = namedIn(spot.hint) ?? `example ${spot.name.replaceAll(/[_-]+/g, ' ')}`;
  const most = schema['maxLength'] === 0 ? 0 : (count(schema['maxLength']) ?? 80);
  return words.slice(0, most).padEnd(count(schema['minLength']) ?? 0, '.');
}

/** What the user put in quotation marks, else the first capitalised name that does not begin the text. */
function namedIn(hint: string): string | undefined {
  const quoted = /["“']([^"”']{1,60})["”']/.exec(hint)?.[1];
  const names = hint.matchAll(/\p{Lu}[\p{L}\d]+(?: \p{Lu}[\p{L}\d]+)*/gu);
  return quoted ?? [...names].find(({ index }) => index > 0)?.[0];
}

function numberFor(schema: Dict, whole: boolean): number {
  const read = (name: string): number | undefined =>
    typeof schema[name] === 'number' ? schema[name] : undefined;
  const step = read('multipleOf') ?? (whole ? 1 : undefined);
  const low = Math.max(read('minimum') ?? -Infinity, read('exclusiveMinimum') ?? -Infinity);
  const high = Math.min(read('maximum') ?? Infinity, read('exclusiveMaximum') ?? Infinity);
  const allowed = (n: number): boolean =>
    n >= low && n <= high && n !== read('exclusiveMinimum') && n !== read('exclusiveMaximum');
  if (step === undefined) return [1, low, high, (low + high) / 2, low + 1, high - 1].find(allowed) ?? 1;
  const below = Math.floor((Number.isFinite(low) ? low : Math.min(1, high)) / step) * step;
  return [step, below, below + step, below - step].find(allowed) ?? step;
}
