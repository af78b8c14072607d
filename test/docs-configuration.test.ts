/** docs/configuration.md against the schemas, the defaults and the environment. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { loadCatalogue } from '../src/catalog/load.ts';
import { readConfig } from '../src/config.ts';
import { checkDocument } from '../src/control/check-document.ts';
import { spokenWires } from '../src/core/chain.ts';
import { defaultFailover, defaultLimit } from '../src/core/defaults.ts';
import { documentSchema } from '../src/core/document.ts';
import { wire } from '../src/core/document-provider.ts';
import { failoverClasses } from '../src/core/document-preset.ts';
import { readDocument } from '../src/core/document-read.ts';
import { printDuration } from '../src/core/duration.ts';
import { cell, codes, named, page, rowsWith } from './support/pages.ts';

const documentOptions = { catalogue: loadCatalogue(), now: Date.now(), local: true } as const;

type Schema = {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
};

type Key = { required: boolean; readonly words: Set<string> };

/** Limits and presets stand in several places and are explained once. */
function canonical(path: string): string {
  return path.replace(/^.*\blimits\[\]/, 'limits[]').replace(/^workspaces\.NAME\.presets\./, 'presets.');
}

function collect(schema: Schema, path: string, keys: Map<string, Key>): ReadonlyMap<string, Key> {
  for (const word of [...(schema.enum ?? []), ...(schema.const === undefined ? [] : [schema.const])])
    keys.get(canonical(path.replace(/\[\]$/, '')))?.words.add(String(word));
  for (const [name, inner] of Object.entries(schema.properties ?? {})) {
    const at = canonical(path === '' ? name : `${path}.${name}`);
    keys.set(at, { required: schema.required?.includes(name) === true, words: new Set() });
    collect(inner, at, keys);
  }
  if (schema.items) collect(schema.items, `${path}[]`, keys);
  if (typeof schema.additionalProperties === 'object')
    collect(schema.additionalProperties, `${path}.NAME`, keys);
  for (const branch of schema.anyOf ?? []) collect(branch, path, keys);
  return keys;
}

test('configuration.md has every key of the document, what is required, every word, and nothing else', () => {
  const keys = collect(z.toJSONSchema(documentSchema) as Schema, '', new Map());
  const told = new Set<string>();
  for (const row of rowsWith('key', 'configuration')) {
    const prefix = codes(row.section)[0]?.replace('SLUG', 'NAME');
    for (const name of codes(cell(row, 'key'))) {
      const path = prefix === undefined ? name : `${prefix}.${name}`;
      const known = keys.get(path);
      assert.ok(known, `the document has no key ${path}`);
      assert.equal(cell(row, 'default') === 'required', known.required, `${path}: required?`);
      const said = codes(`${cell(row, 'type')} ${cell(row, 'meaning')}`);
      for (const word of known.words) assert.ok(said.includes(word), `${path} does not name ${word}`);
      told.add(path);
    }
  }
  assert.deepEqual(
    [...keys.keys()].filter((path) => !told.has(path)),
    [],
  );
});

test('configuration.md says which wires are spoken', () => {
  const row = rowsWith('key', 'configuration').find(({ cells }) => cells['key'] === '`wire`');
  assert.ok(row);
  const known = new Set<string>(wire.options);
  assert.deepEqual(new Set(codes(cell(row, 'meaning')).filter((code) => known.has(code))), spokenWires);
});

test('configuration.md has the defaults that are in force', () => {
  const rows = rowsWith('key', 'configuration');
  const { timeouts, attempts, order, stay } = defaultFailover;
  const real: Readonly<Record<string, string>> = {
    'failover.timeouts.connect': printDuration(timeouts.connect),
    'failover.timeouts.response': printDuration(timeouts.response),
    'failover.timeouts.idle': printDuration(timeouts.idle),
    'failover.timeouts.total': printDuration(timeouts.total),
    'failover.timeouts.start_by': printDuration(timeouts.startBy),
    'failover.attempts': String(attempts),
    'failover.order': `\`${order}\``,
    'failover.stay': printDuration(stay ?? 0),
    mode: `\`${defaultLimit.mode}\``,
    warn: `\`[${defaultLimit.warn.join(', ')}]\``,
  };
  for (const [name, value] of Object.entries(real)) {
    const row = rows.find(({ cells }) => cells['key'] === `\`${name}\``);
    assert.equal(row && cell(row, 'default'), value, name);
  }
  assert.deepEqual(
    failoverClasses.filter((one) => !defaultFailover.on.has(one)),
    ['moderation'],
    'all of them but moderation',
  );
});

test('the documents in configuration.md are valid', () => {
  const documents = [...page('configuration').matchAll(/```yaml\n([\s\S]*?)```/g)].map(
    ([, text = '']) => text,
  );
  assert.ok(documents.length > 5);
  for (const text of documents) {
    assert.deepEqual(readDocument(parse(text)).mistakes, [], text);
    const errors = checkDocument(text, documentOptions).filter(({ level }) => level === 'error');
    assert.deepEqual(errors, [], text);
  }
});

test('configuration.md has every variable that the server reads', () => {
  const read = new Set<string>();
  readConfig(
    new Proxy<Record<string, string | undefined>>({}, { get: (_env, name) => void read.add(String(name)) }),
  );
  assert.deepEqual(new Set(named(rowsWith('variable', 'configuration'), 'variable')), read);
});
