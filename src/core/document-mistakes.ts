/** What zod found wrong, in our words and as a flat list. */
import { z } from 'zod';
import { error, type Mistake, type Path } from './mistake.ts';
import { suggest } from './suggest.ts';

/** `value` as the schema's type, or everything that is wrong with it; `at` is where it stands in the document. */
export function parseWith<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  at: Path,
): { readonly value?: z.output<Schema>; readonly mistakes: readonly Mistake[] } {
  const result = schema.safeParse(value, { error: explain });
  if (result.success) return { value: result.data, mistakes: [] };
  return { mistakes: result.error.issues.flatMap((issue) => flatten(issue, at)) };
}

function flatten(issue: z.core.$ZodIssue, at: Path): readonly Mistake[] {
  const path = [...at, ...issue.path.map(step)];
  if (issue.code === 'unrecognized_keys') {
    const lines = issue.message.split('\n');
    return issue.keys.map((key, index) => error([...path, key], lines[index] ?? 'is not a known key'));
  }
  if (issue.code === 'invalid_union') {
    const meant = issue.errors.filter((branch) => !branch.some(isOfAnotherKind));
    const only = meant.length === 1 ? meant[0] : undefined;
    if (only) return only.flatMap((inner) => flatten(inner, path));
  }
  return [error(path, issue.message)];
}

function step(key: PropertyKey): string | number {
  return typeof key === 'symbol' ? String(key) : key;
}

/** Of a union, the branches whose very kind of value is another one say nothing useful. */
function isOfAnotherKind(issue: z.core.$ZodIssue): boolean {
  return issue.path.length === 0 && (issue.code === 'invalid_type' || issue.code === 'invalid_value');
}

const kinds: Readonly<Record<string, string>> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map of keys',
  record: 'a map of keys',
};

/** Words for what a schema itself says nothing about. */
function explain(issue: z.core.$ZodRawIssue): string {
  if (issue.input === undefined) return 'is missing';
  if (issue.input === null) return 'has no value: give it one, or remove the line';
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${kinds[issue.expected] ?? issue.expected}, not ${describe(issue.input)}`;
    case 'invalid_value':
      return oneOf(issue.values.map(String), issue.input);
    case 'too_small':
      return `must be at least ${issue.minimum}${sizeWord(issue.origin)}`;
    case 'too_big':
      return `must be at most ${issue.maximum}${sizeWord(issue.origin)}`;
    default:
      return 'has a value that cannot stand here';
  }
}

function sizeWord(origin: string): string {
  if (origin === 'array') return ' entries';
  return origin === 'string' ? ' characters' : '';
}

function oneOf(values: readonly string[], input: unknown): string {
  const near = typeof input === 'string' ? suggest(input, values) : undefined;
  const list = values.length === 1 ? `must be ${values[0]}` : `must be one of ${values.join(', ')}`;
  return near ? `${list}; did you mean ${near}?` : list;
}

/** What somebody wrote, shortened; never a whole secret that slipped into the wrong place. */
function describe(input: unknown): string {
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'number') return Number.isFinite(input) ? `the number ${input}` : `${input}`;
  if (typeof input === 'boolean') return `${input}`;
  return typeof input === 'string' ? 'text' : 'a map';
}
