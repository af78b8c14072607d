/** Which fields of the configuration hold secrets, and how they may be written there. */
import { isPrivateHost } from './address.ts';
import { error, type Mistake, type Path } from './mistake.ts';
import { isSecretHeader, secretForm } from './secret-text.ts';
import type { Written } from './settings.ts';

export type SecretField = {
  /** Where it stands in the document. */
  readonly path: Path;
  readonly text: string;
  readonly use: 'credential' | 'header' | 'key' | 'webhook';
};

/** The same object with each of its secrets written as `change` says. */
export function mapSecrets<Object extends Written>(
  object: Object,
  change: (field: SecretField) => string,
): Object {
  return { ...object, body: changed(object, change) };
}

function changed(object: Written, change: (field: SecretField) => string): Written['body'] {
  switch (object.kind) {
    case 'provider': {
      const { body, path } = object;
      const credential = (text: string, at: Path): string => change({ path: at, text, use: 'credential' });
      const key = body.api_key;
      return {
        ...body,
        ...(typeof key === 'string' ? { api_key: credential(key, [...path, 'api_key']) } : {}),
        ...(Array.isArray(key)
          ? { api_key: key.map((text, index) => credential(text, [...path, 'api_key', index])) }
          : {}),
        ...(body.headers === undefined
          ? {}
          : { headers: changedHeaders(body.headers, [...path, 'headers'], change) }),
      };
    }
    case 'admin':
      return {
        ...object.body,
        key: change({ path: [...object.path, 'key'], text: object.body.key, use: 'key' }),
      };
    case 'key': {
      const { body, path } = object;
      const written = (text: string, ...at: Path): string =>
        change({ path: [...path, ...at], text, use: 'key' });
      return {
        ...body,
        key: written(body.key, 'key'),
        ...(body.retiring === undefined
          ? {}
          : { retiring: { ...body.retiring, key: written(body.retiring.key, 'retiring', 'key') } }),
      };
    }
    case 'alert': {
      const { webhook } = object.body;
      if (webhook === undefined) return object.body;
      return {
        ...object.body,
        webhook: change({ path: [...object.path, 'webhook'], text: webhook, use: 'webhook' }),
      };
    }
    default:
      return object.body;
  }
}

function changedHeaders(
  headers: Readonly<Record<string, string>>,
  path: Path,
  change: (field: SecretField) => string,
): Record<string, string> {
  const entries = Object.entries(headers).map(([header, text]) => {
    const secret = isSecretHeader(header) || secretForm(text) !== 'literal';
    return [header, secret ? change({ path: [...path, header], text, use: 'header' }) : text];
  });
  return Object.fromEntries(entries) as Record<string, string>;
}

/** All secrets of an object. */
export function secretFields(object: Written): readonly SecretField[] {
  const fields: SecretField[] = [];
  mapSecrets(object, (field) => {
    fields.push(field);
    return field.text;
  });
  return fields;
}

/** What is wrong with the way an object's secrets are written in a document. */
export function checkSecrets(object: Written): readonly Mistake[] {
  const allowPrivate = object.kind === 'alert' && object.body.allow_private === true;
  return secretFields(object).flatMap((field) => {
    const problem = formProblem(field, allowPrivate);
    return problem === undefined ? [] : [error(field.path, problem)];
  });
}

function formProblem({ text, use }: SecretField, allowPrivate: boolean): string | undefined {
  switch (secretForm(text)) {
    case 'reference':
      return referenceProblem(text);
    case 'hash':
      if (use !== 'key')
        return 'is a hash, which only recognises keys: write env:NAME, file:PATH or the secret itself';
      return /^sha256:[0-9a-f]{64}$/i.test(text) ? undefined : 'must be sha256: and 64 hexadecimal digits';
    case 'sealed':
      return 'must not begin with sealed:, which marks what the gateway has encrypted';
    case 'hidden':
      return use === 'key' ? 'is hidden: write env:NAME, sha256:HEX or the key itself' : undefined;
    case 'literal':
      return use === 'webhook' ? webhookProblem(text, allowPrivate) : secretProblem({ text, use });
  }
}

function referenceProblem(text: string): string | undefined {
  if (text.startsWith('file:'))
    return text.length > 'file:'.length ? undefined : 'must name a file: file:PATH';
  return /^env:[A-Za-z_]\w*$/.test(text) ? undefined : 'must name an environment variable: env:NAME';
}

/** What is wrong with a secret itself, wherever it was read from; never repeats it. */
export function secretProblem({ text, use }: Pick<SecretField, 'text' | 'use'>): string | undefined {
  if (use === 'key' && !/^[\x21-\x7e]{16,}$/.test(text))
    return 'must have 16 or more visible ASCII characters without spaces; leave it to `spillway keys add` to make one';
  if (use === 'credential' && !/^[\x21-\x7e]+$/.test(text))
    return 'must be visible ASCII characters without spaces';
  if (use === 'header' && !/^[\t\x20-\x7e]+$/.test(text)) return 'must be visible ASCII characters';
  return undefined;
}

function webhookProblem(text: string, allowPrivate: boolean): string | undefined {
  const url = URL.parse(text);
  if (url === null || !['https:', 'http:'].includes(url.protocol))
    return 'must be an address that begins with https://';
  const isPrivate = isPrivateHost(url.hostname);
  if (isPrivate && !allowPrivate)
    return 'is at a private address: say allow_private: true beside it if that is meant';
  return url.protocol === 'http:' && !isPrivate ? 'must begin with https://' : undefined;
}

/** What a sealed text is bound to, so that it opens nowhere else. */
export function sealContext(object: Pick<Written, 'kind' | 'name'>, use: SecretField['use']): string {
  return `${object.kind} ${object.name} ${use}`;
}
