import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { z } from 'zod';
import { isPrivateHost } from './address.ts';
import { documentSchema } from './document.ts';
import { parseWith } from './document-mistakes.ts';
import { failoverClasses } from './document-preset.ts';
import { readDocument } from './document-read.ts';
import { defaultFailover } from './defaults.ts';
import { printPath } from './mistake.ts';
import { aliasProblem, slugProblem } from './slug.ts';

test('the schema describes itself as JSON Schema, closed at every level', () => {
  const schema = z.toJSONSchema(documentSchema) as {
    properties: Record<string, unknown>;
    additionalProperties: unknown;
  };
  assert.deepEqual(Object.keys(schema.properties), [
    'limits',
    'providers',
    'models',
    'workspaces',
    'presets',
    'keys',
    'alerts',
  ]);
  assert.equal(schema.additionalProperties, false);
  assert.match(JSON.stringify(schema), /"max_cost_multiplier"/);
});

test('taking a document apart finds mistakes where validating it whole does', () => {
  const table: readonly unknown[] = [
    {},
    { limits: [{ usd: 5, per: 'day' }] },
    { limits: [{ usd: 5 }] },
    {
      providers: {
        p: {
          wire: 'anthropic',
          base_url: 'https://a.b/v1',
          api_key: ['env:A', 'env:B'],
          auth: { header: 'x' },
        },
      },
    },
    { providers: { p: { wire: 'anthropic', base_url: 1 } } },
    { workspaces: { w: { presets: { a: { models: ['x'] } }, contact: 'me' } } },
    { workspaces: { w: { presets: { a: { modles: ['x'] } } } } },
    { keys: [{ name: 'a', key: 'b', expires: '2027-01-01' }, { name: 'b' }] },
    { alerts: [{ when: 'refused', at: -1 }] },
    { presets: [] },
    { what: 1 },
  ];
  for (const document of table) {
    const whole = parseWith(documentSchema, document, []).mistakes.map(({ path }) => printPath(path));
    const apart = readDocument(document).mistakes.map(({ path }) => printPath(path));
    assert.deepEqual(new Set(apart), new Set(whole), JSON.stringify(document));
  }
});

test('a document of any shape is read without a crash', () => {
  fc.assert(
    fc.property(
      fc.jsonValue(),
      fc.constantFrom('providers', 'models', 'workspaces', 'presets', 'keys', 'alerts', 'limits'),
      (value, section) => {
        for (const document of [
          value,
          { [section]: value },
          { [section]: { a: value } },
          { [section]: [value] },
        ]) {
          const { objects, mistakes } = readDocument(document);
          assert.ok(Array.isArray(objects) && Array.isArray(mistakes));
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('every class that fails over by default may also be listed', () => {
  for (const failure of defaultFailover.on)
    assert.ok((failoverClasses as readonly string[]).includes(failure), failure);
});

test('names', () => {
  const slugs: readonly [string, boolean][] = [
    ['coder', true],
    ['a', true],
    ['gpt-5.1_mini', true],
    ['a'.repeat(80), true],
    ['a'.repeat(81), false],
    ['', false],
    ['Coder', false],
    ['-a', false],
    ['a-', false],
    ['a..b', false],
    ['a/b', false],
    ['a b', false],
    ['ä', false],
    ['all', false],
  ];
  for (const [name, right] of slugs) assert.equal(slugProblem(name) === undefined, right, name);
  for (const [alias, right] of [
    ['gpt-5.1', true],
    ['openai/gpt-5.1:free', true],
    ['a b', false],
    ['@preset/a', false],
    ['', false],
  ] as const)
    assert.equal(aliasProblem(alias) === undefined, right, alias);
});

test('paths read like the document', () => {
  assert.equal(printPath(['presets', 'coder', 'models', 1]), 'presets.coder.models[1]');
  assert.equal(printPath(['models', 'acme/coder', 'tier']), 'models["acme/coder"].tier');
  assert.equal(printPath([]), '');
});

test('private addresses are known by how they are written', () => {
  const own = [
    'localhost',
    'a.localhost',
    '127.0.0.1',
    '10.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '[::1]',
    '[fe80::1]',
    '[fd00::1]',
    '[::ffff:10.0.0.1]',
    '[2002:7f00:1::]',
    'printer.local',
    'db.internal',
    'ollama',
  ];
  const open = [
    'api.deepseek.com',
    '8.8.8.8',
    '172.15.0.1',
    '172.32.0.1',
    '192.169.0.1',
    '100.128.0.1',
    '[2606:4700::1]',
    'localhost.example',
    'internal.example',
  ];
  for (const host of own) assert.equal(isPrivateHost(host), true, host);
  for (const host of open) assert.equal(isPrivateHost(host), false, host);
});
