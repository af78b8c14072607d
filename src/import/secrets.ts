/** What looks like a secret in the files of others, and a copy without it. */
import { isFields, isNothing, textOf } from './loose.ts';
import { below, type At, type Report } from './report.ts';

/** Words of a name whose value is a credential, or holds one. */
const secretWords =
  /^(auth|authorization|authentication|bearer|cookies?|credentials?|env|headers?|jwt|oauth|pass|passphrase|passwd|password|passwords|pat|private|pwd|secrets?|signature)$/;

/** They are also counted, or name a place: then they hold no text. */
const tokenWords = /^(keys?|\w*apikeys?|\w*token|\w*tokens|\w*secret|\w*password)$/;

/** Names that sound like it and are parameters of a request. */
const harmless: ReadonlySet<string> = new Set(['prompt_cache_key']);

/** How well-known credentials begin; `Bearer …` and `Basic …` where they are the whole text. */
const secretTexts =
  /\b(sk-[\w-]{16,}|gh[pousr]_\w{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|hf_\w{20,}|xox[abeprs]-[\w-]{10,}|AKIA[0-9A-Z]{16}|AIza[\w-]{30,}|eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*)|^\s*(bearer|basic)\s+\S+\s*$|-----BEGIN [A-Z ]*PRIVATE KEY/i;

/** The name of a field, parameter or header whose value is a credential. */
export function isSecretName(name: string): boolean {
  return !harmless.has(name) && wordsOf(name).some((word) => secretWords.test(word) || tokenWords.test(word));
}

/** `X-Api-Key`, `apiKey` → x, api, key. */
function wordsOf(name: string): readonly string[] {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .toLowerCase()
    .split(/[^a-z0-9]+/);
}

/** A text in which a credential can be recognised by how it is written. */
export function isSecretText(text: string): boolean {
  return secretTexts.test(text);
}

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
    if (isSecretText(name) || withoutCredentials(name) !== name) {
      told.report.lost(at, `one of its names looks like a secret; left out: ${told.advice}`);
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
  if (!wordsOf(name).some((word) => secretWords.test(word)) && !holdsText(value))
    return withoutSecrets(value, at, told);
  if (at.path.at(-2) === 'properties' && isFields(value) && textOf(value['type']) !== undefined) {
    const schema = Object.entries(value).filter(([keyword]) => keywords.has(keyword));
    if (schema.length < Object.keys(value).length)
      report.changed(at, 'of this parameter only its type and its description were copied: check it');
    return Object.fromEntries(schema.filter(([, said]) => typeof said !== 'object'));
  }
  report.lost(at, `looks like a secret and was not copied: ${advice}`);
  return undefined;
}

/** What is said of a parameter without a value of it. */
const keywords: ReadonlySet<string> = new Set(
  'type title description format minLength maxLength minimum maximum'.split(' '),
);

function holdsText(value: unknown): boolean {
  if (typeof value === 'string') return value !== '';
  return typeof value === 'object' && value !== null && Object.values(value).some(holdsText);
}

function textWithout(text: string, at: At, { report, advice }: Told): string | undefined {
  if (isSecretText(text)) {
    report.lost(at, `looks like a secret and was not copied: ${advice}`);
    return undefined;
  }
  const clean = withoutCredentials(text);
  if (clean !== text) report.changed(at, `the credential in the address was not copied: ${advice}`);
  return clean;
}

/** A text for people or models, in which `[left out]` stands for each credential that can be recognised. */
export function proseWithout(text: string, at: At, report: Report): string {
  const clean = withoutCredentials(text.replaceAll(new RegExp(secretTexts, 'gi'), '[left out]'));
  if (clean !== text) report.changed(at, 'something in it looks like a secret and was not copied: read it');
  return clean;
}

/** Addresses in a text without user, password, and what their query says under the name of a secret. */
function withoutCredentials(text: string): string {
  if (!text.includes('://')) return text;
  return text
    .replaceAll(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/?#"'<>]*@/gi, '$1')
    .replaceAll(/([?&;#])([\w.~%-]+)=[^\s&#"'<>]*/g, (whole, mark: string, name: string) =>
      isSecretName(name) ? mark : whole,
    );
}
