/** What looks like a secret in the files of others, and a copy without it. */
import { isFields, isNothing, textOf } from './loose.ts';
import { below, type At, type Report } from './report.ts';
import { isCredential, isSecretName, masked, opensSomething, withoutCredentials } from './secret-signs.ts';

type Told = { readonly report: Report; /** What to do about it. */ readonly advice: string };

/**
 * A copy without what looks like a secret, by its name or by itself, at any depth; addresses lose their credentials.
 * Each is reported by its path. Undefined = nothing is left.
 */
export function withoutSecrets(value: unknown, at: At, told: Told): unknown {
  if (typeof value === 'string') return textWithout(value, at, told);
  if (Array.isArray(value))
    return value.flatMap((each: unknown, index) => {
      const kept = withoutSecrets(each, below(at, index), told);
      return kept === undefined ? [] : [kept];
    });
  if (!isFields(value)) return value;
  const named = isSecretName(textOf(value['name'] ?? value['key'] ?? value['header']) ?? '');
  const kept: Record<string, unknown> = {};
  for (const [name, inside] of Object.entries(value)) {
    if (masked(name) !== name) {
      told.report.lost(at, `one of its names looks like a secret; left out: ${told.advice}`);
      continue;
    }
    if (name === '<<') {
      told.report.lost(at, 'a field called << means something else in a document; left out');
      continue;
    }
    const place = below(at, name);
    const hidden = isSecretName(name) || (named && name === 'value');
    const left = hidden ? declared(name, inside, place, told) : withoutSecrets(inside, place, told);
    if (left !== undefined) Object.defineProperty(kept, name, { value: left, ...plain });
  }
  return kept;
}

/** So that a field called `__proto__` is a field as any other. */
const plain = { enumerable: true, configurable: true, writable: true } as const;

/** Of a field that is called like a secret: itself where it can be none, or what a schema says of such a parameter. */
function declared(name: string, value: unknown, at: At, told: Told): unknown {
  const { report, advice } = told;
  if (isNothing(value) || value === true) return value;
  if (!opensSomething(name) && !holdsText(value)) return withoutSecrets(value, at, told);
  if (at.path.at(-2) === 'properties' && isFields(value) && types.has(textOf(value['type']) ?? '')) {
    const schema = Object.entries(value).filter(([keyword]) => keywords.has(keyword));
    if (schema.length < Object.keys(value).length)
      report.changed(at, 'of this parameter only its type was copied: check it');
    return Object.fromEntries(
      schema.filter(([keyword, said]) => keyword === 'type' || typeof said === 'number'),
    );
  }
  report.lost(at, `looks like a secret and was not copied: ${advice}`);
  return undefined;
}

/** What can be said of a parameter in no words of anybody's. */
const keywords: ReadonlySet<string> = new Set('type minLength maxLength minimum maximum'.split(' '));
const types: ReadonlySet<string> = new Set('string number integer boolean object array null'.split(' '));

function holdsText(value: unknown): boolean {
  if (typeof value === 'string') return value !== '';
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsText);
}

function textWithout(text: string, at: At, { report, advice }: Told): string | undefined {
  if (isCredential(text)) {
    report.lost(at, `looks like a secret and was not copied: ${advice}`);
    return undefined;
  }
  const clean = withoutCredentials(text);
  if (clean !== text) report.changed(at, `the credential in the address was not copied: ${advice}`);
  return clean;
}

/** A text for people or models, in which `[left out]` stands for each credential that can be recognised. */
export function proseWithout(text: string, at: At, report: Report): string {
  const clean = masked(text);
  if (clean !== text) report.changed(at, 'something in it looks like a secret and was not copied: read it');
  return clean;
}
