/**
 * A union of schemas, decided by `type` first. As it stands in the OpenAPI files a value that fits no branch fails in
 * dozens of ways at once, and one that fits is tried against dozens of branches.
 */
import type { Ajv2020, ErrorObject, FuncKeywordDefinition } from 'ajv/dist/2020.js';
import { dict, list, type Dict } from '../../src/emulator/json.ts';

type Failures = Partial<ErrorObject>[];

/** The keyword `branches`: the value is one of the branches that its `type` and its `role` leave. */
export function unionKeyword(ajv: Ajv2020, document: Dict): FuncKeywordDefinition {
  const validate: FuncKeywordDefinition['validate'] = (branches: Dict[], value: unknown, _, context) => {
    const left = ['type', 'role'].reduce((some, tag) => meant(some, tag, value), branches);
    const fails: Failures[] = [];
    for (const branch of left) {
      const check = ajv.compile(branch);
      if (check(value, context)) return true;
      fails.push(check.errors ?? []);
    }
    const place = context?.instancePath ?? '';
    const nearest = fails.sort((a, b) => distance(a, place) - distance(b, place))[0];
    if (validate) validate.errors = nearest ?? [noBranch(value, place)];
    return false;
  };
  /** The branches whose schema allows the tag that the value has; where none names it, those without such a tag. */
  function meant(branches: Dict[], tag: string, value: unknown): Dict[] {
    const said = dict(value)[tag];
    if (typeof said !== 'string') return branches;
    const tagged = branches.map((branch) => ({ branch, names: namesOf(branch, tag, document) }));
    const exact = tagged.filter(({ names }) => names?.includes(said) === true);
    return (exact.length > 0 ? exact : tagged.filter(({ names }) => !names)).map(({ branch }) => branch);
  }
  return { keyword: 'branches', schemaType: 'array', errors: 'full', validate };
}

/** What a schema allows for the property `tag`; undefined = it does not say. */
function namesOf(schema: Dict, tag: string, document: Dict): readonly unknown[] | undefined {
  const { $ref: reference, allOf, branches, properties } = schema;
  if (typeof reference === 'string') return namesOf(at(document, reference), tag, document);
  const own = dict(dict(properties)[tag]);
  if ('const' in own) return [own['const']];
  if (Array.isArray(own['enum'])) return own['enum'];
  if (typeof own['$ref'] === 'string') return list(at(document, own['$ref'])['enum']);
  for (const part of list(allOf)) {
    const names = namesOf(dict(part), tag, document);
    if (names) return names;
  }
  if (!Array.isArray(branches)) return undefined;
  const each = branches.map((branch) => namesOf(dict(branch), tag, document));
  return each.includes(undefined) ? undefined : each.flatMap((names) => names ?? []);
}

/** What stands at `NAME#/a/b` in the document. */
function at(document: Dict, reference: string): Dict {
  const steps = reference.slice(reference.indexOf('#/') + 2).split('/');
  return steps.reduce(
    (found, step) => dict(found[step.replaceAll('~1', '/').replaceAll('~0', '~')]),
    document,
  );
}

/** A branch of quite another kind of value is farther than one with many small faults. */
function distance(failures: Failures, place: string): number {
  const alien = failures.some(({ keyword, instancePath }) => keyword === 'type' && instancePath === place);
  return failures.length + (alien ? 1_000 : 0);
}

function noBranch(value: unknown, place: string): Partial<ErrorObject> {
  const { type, role } = dict(value);
  const what = JSON.stringify(type ?? role);
  return { keyword: 'branches', instancePath: place, params: {}, message: `is none of the kinds: ${what}` };
}
