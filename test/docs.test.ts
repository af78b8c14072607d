/** The pages in docs/ say what the code does: their tables are compared with it, and what is missing fails. */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { z } from 'zod';
import { openLedger } from '../src/adapters/open-ledger.ts';
import { sha256 } from '../src/adapters/system.ts';
import { loadCatalogue } from '../src/catalog/load.ts';
import { readConfig } from '../src/config.ts';
import { checkDocument, snapshotFromDocument } from '../src/control/check-document.ts';
import { defaultFailover, defaultLimit } from '../src/core/defaults.ts';
import { documentSchema } from '../src/core/document.ts';
import { failoverClasses } from '../src/core/document-preset.ts';
import { readDocument } from '../src/core/document-read.ts';
import { printDuration } from '../src/core/duration.ts';
import { mayTryNext, type FailureClass } from '../src/core/failure.ts';
import { problemTable } from '../src/core/problem.ts';
import type { World } from '../src/ports.ts';
import { explain } from '../src/request/explain.ts';
import { serve } from '../src/serve.ts';
import { emulatedChain, key, startTestGateway } from './support/gateway.ts';
import { json, startUpstream } from './support/upstream.ts';

const root = join(import.meta.dirname, '..');
const page = (name: string): string => readFileSync(join(root, 'docs', `${name}.md`), 'utf8');
const documentOptions = { catalogue: loadCatalogue(), now: Date.now(), local: true } as const;

/** A row of a table, by the names of its columns, and the heading that the table stands under. */
type Row = { readonly section: string; readonly cells: Readonly<Record<string, string>> };

/** Every row of the page's tables that have a column of this name. */
function rowsWith(column: string, text: string): readonly Row[] {
  const rows: Row[] = [];
  let section = '';
  let columns: readonly string[] | undefined;
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) section = line;
    const cells = line.startsWith('|')
      ? line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim())
      : undefined;
    if (!cells) columns = undefined;
    else if (!columns) columns = cells;
    else if (columns.includes(column) && !/^-+$/.test(cells[0] ?? '')) {
      const names = columns;
      rows.push({ section, cells: Object.fromEntries(cells.map((cell, at) => [names[at] ?? '', cell])) });
    }
  }
  return rows;
}

function cell(row: Row, column: string): string {
  const value = row.cells[column];
  assert.ok(value !== undefined, `${JSON.stringify(row)} has no column ${column}`);
  return value;
}

/** The texts in backticks. */
function codes(text: string): readonly string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code);
}

function named(rows: readonly Row[], column: string): readonly string[] {
  return rows.flatMap((row) => codes(cell(row, column)));
}

const sorted = (items: Iterable<string>): readonly string[] => [...items].sort();

// defaults.md

/** The titles of the tests in these files, as they are written. */
function titles(pattern: string): readonly string[] {
  return globSync(pattern, { cwd: root }).flatMap((path) =>
    [...readFileSync(join(root, path), 'utf8').matchAll(/^test\(\s*'([^']+)'/gm)].map(
      ([, title = '']) => title,
    ),
  );
}

test('defaults.md names tests that exist, one for each row in force, and every test of the defaults', () => {
  const rows = rowsWith('in force', page('defaults'));
  const everywhere = new Set(titles('{src,test}/**/*.test.ts'));
  for (const row of rows) {
    const force = cell(row, 'in force');
    const tests = codes(cell(row, 'test')).filter((code) => !code.endsWith('.ts'));
    assert.match(force, /^(yes$|partly: |not yet($|: ))/);
    if (!force.startsWith('not yet')) assert.ok(tests.length > 0, `no test for: ${cell(row, 'case')}`);
    for (const title of tests) assert.ok(everywhere.has(title), `there is no test "${title}"`);
  }
  const cited = new Set(named(rows, 'test'));
  assert.deepEqual(
    titles('test/defaults.test.ts').filter((title) => !cited.has(title)),
    [],
  );
});

// errors.md

test('errors.md has every code of the closed table with its status, type and retry, and no other', () => {
  const rows = rowsWith('code', page('errors'));
  const told = rows.map((row) => [
    codes(cell(row, 'code'))[0],
    cell(row, 'HTTP'),
    codes(cell(row, 'error_type'))[0],
    cell(row, 'retry'),
  ]);
  const real = Object.entries(problemTable).map(([code, { status, type, retry }]) => [
    code,
    String(status),
    type,
    retry ? 'yes' : 'no',
  ]);
  assert.deepEqual(told.map(String).sort(), real.map(String).sort());
});

/** A new class is a type error here until it has a row. */
const classes: Readonly<Record<FailureClass, true>> = {
  caller: true,
  unsupported: true,
  context: true,
  moderation: true,
  auth: true,
  quota: true,
  rate_limit: true,
  too_large_for_rate: true,
  overloaded: true,
  server_error: true,
  timeout: true,
  connection: true,
  model_gone: true,
  client_gone: true,
  budget: true,
};

function whenNext(failure: FailureClass): string {
  if (!mayTryNext(failure, false, new Set(Object.keys(classes) as FailureClass[]))) return 'no';
  if (mayTryNext(failure, false, new Set())) return 'always';
  return defaultFailover.on.has(failure) ? 'default' : 'if asked';
}

test('errors.md has every failure class, and whether the next endpoint is tried', () => {
  const rows = rowsWith('class', page('errors'));
  const told = rows.map((row) => `${codes(cell(row, 'class')).join()} ${cell(row, 'next')}`);
  const real = (Object.keys(classes) as FailureClass[]).map((one) => `${one} ${whenNext(one)}`);
  assert.deepEqual(sorted(told), sorted(real));
});

/** Skip reason → the request that meets it, with one model at one provider that has nothing special. */
const skips: Readonly<Record<string, { provider?: string; model?: string; preset?: string; ask?: object }>> =
  {
    workspace: { provider: ', workspaces: [other]' },
    credential: { provider: ', api_key: env:NOT_SET' },
    wire: { provider: ', wire: gemini' },
    only: { ask: { provider: { only: ['else'] } } },
    ignore: { ask: { provider: { ignore: ['here'] } } },
    order: { ask: { provider: { order: ['else'], allow_fallbacks: false } } },
    data_policy: { ask: { provider: { zdr: true } } },
    max_price: { ask: { provider: { max_price: { completion: 1 } } } },
    plugins: { ask: { plugins: [{ id: 'web' }] } },
    transforms: { ask: { transforms: ['middle-out'] } },
    'server tools': { ask: { tools: [{ type: 'openrouter:web_search' }] } },
    tools: { ask: { tools: [{ type: 'function', function: { name: 'f' } }] } },
    vision: { ask: { messages: [message({ type: 'image_url', image_url: { url: 'data:,' } })] } },
    pdf: { ask: { messages: [message({ type: 'file', file: { file_data: 'data:,' } })] } },
    audio: { ask: { messages: [message({ type: 'input_audio', input_audio: { data: '' } })] } },
    json_schema: { ask: { response_format: { type: 'json_schema', json_schema: { schema: {} } } } },
    context: { ask: { messages: [message({ type: 'text', text: 'word'.repeat(9_000) })] } },
    n: { provider: ', wire: anthropic', ask: { n: 2 } },
    'floor:tier': { preset: 'floor: { tier: small }' },
    'floor:context': { preset: 'floor: { context: 9000 }' },
    ...Object.fromEntries(
      ['tools', 'json_schema', 'vision', 'pdf', 'audio', 'reasoning'].map((feature) => [
        `floor:${feature}`,
        { preset: `floor: { features: [${feature}] }` },
      ]),
    ),
    max_cost_multiplier: { preset: 'failover: { max_cost_multiplier: 0.001 }' },
    unpriced: { model: 'acme/unpriced', preset: 'failover: { max_cost_multiplier: 9 }' },
    output: { model: 'acme/brief', ask: { max_tokens: 5_000 } },
    embedding: { model: 'openai/text-embedding-3-small' },
  };

function message(part: object): object {
  return { role: 'user', content: [part] };
}

/** Why `model` was left out as the fallback of a primary that can do anything. */
function skippedFor({
  provider = '',
  model = 'acme/plain',
  preset = '',
  ask = {},
}: (typeof skips)[string]): string {
  const wire = provider.includes('wire:') ? '' : ', wire: openai-chat';
  const everything = '[tools, json_schema, vision, pdf, audio, reasoning]';
  const price = 'price: { input: 1, output: 2 }';
  const { snapshot, findings } = snapshotFromDocument(
    `
providers:
  best: { wire: openai-chat, base_url: 'https://openrouter.ai/api/v1', data: { zdr: true } }
  here: { base_url: 'https://here.example/v1', catalog: openai${wire}${provider} }
models:
  acme/best: { features: ${everything}, context: 1000000, endpoints: [{ provider: best, model: b, price: { input: 1, output: 1 } }] }
  acme/plain: { context: 8192, endpoints: [{ provider: here, model: p, ${price} }] }
  acme/brief: { max_output: 4000, endpoints: [{ provider: here, model: p, ${price} }] }
  acme/unpriced: { endpoints: [{ provider: here, model: u }] }
presets:
  p: { models: [acme/best, ${model}]${preset === '' ? '' : `, ${preset}`} }
workspaces: { other: {} }
`,
    { ...documentOptions, resolve: () => undefined },
  );
  assert.ok(snapshot, JSON.stringify(findings));
  const request = { model: '@preset/p', messages: [{ role: 'user', content: 'hi' }], ...ask };
  const { skipped, problem } = explain(snapshot, Buffer.from(JSON.stringify(request)), {
    workspace: 'default',
    now: 0,
  });
  const found = skipped.find(({ endpoint }) => endpoint.startsWith(`${model}@`));
  return found?.reason ?? `called ${problem?.message ?? ''}`;
}

test('errors.md has every reason for which an endpoint is left out, and each can happen', () => {
  const reasons = named(rowsWith('reason', page('errors')), 'reason');
  assert.deepEqual(sorted(reasons), sorted(Object.keys(skips)));
  for (const [reason, how] of Object.entries(skips)) assert.equal(skippedFor(how), reason);
});

// headers.md

/** The names of an answer's headers that are about routing, not about the transport. */
async function routingHeaders(answer: Promise<Response>): Promise<readonly string[]> {
  const response = await answer;
  await response.text();
  const names = [...response.headers.keys()];
  return names.filter((name) =>
    /^(x-spillway-|x-generation-id|request-id|server-timing|x-should-retry|retry-after)/.test(name),
  );
}

test('headers.md has exactly the headers that answers carry: whole, streamed, and errors', async (t) => {
  const up = await startUpstream(t, json(429, {}, { 'retry-after': '3' }));
  const gateway = await startTestGateway(
    t,
    `${emulatedChain.replace('    failover:', '    floor: { tier: strong }\n    failover:')}
models:
  acme/unpriced: { endpoints: [{ provider: deepseek, model: u }] }
  acme/limited: { endpoints: [{ provider: limited, model: l }] }
`.replace('providers:', `providers:\n  limited: { wire: openai-chat, base_url: '${up.url}' }`),
  );
  gateway.emulator?.setFault({ model: 'deepseek/deepseek-v4-pro', kind: 'server_error' });
  const ask = (model: string, more: object = {}): Promise<Response> =>
    gateway.post({ model, messages: [{ role: 'user', content: 'hi' }], ...more });
  const answers: Readonly<Record<string, readonly Promise<Response>[]>> = {
    JSON: [ask('@preset/coder'), ask('acme/unpriced')],
    stream: [ask('@preset/coder', { stream: true }), ask('acme/unpriced', { stream: true })],
    error: [
      ask('acme/nobody'),
      ask('acme/limited'),
      ask('@preset/coder', { messages: [{ role: 'user', content: 'x'.repeat(9_000_000) }] }),
    ],
  };
  const rows = rowsWith('stream', page('headers'));
  for (const [kind, of] of Object.entries(answers)) {
    const seen = await Promise.all(of.map(routingHeaders));
    const real = new Set(seen.flat());
    const told = (word: RegExp): readonly string[] =>
      named(
        rows.filter((row) => word.test(cell(row, kind))),
        'header',
      );
    assert.deepEqual(sorted(told(/^(yes|if so)$/)), sorted(real), kind);
    const always = [...real].filter((name) => seen.every((one) => one.includes(name)));
    assert.deepEqual(sorted(told(/^yes$/)), sorted(always), kind);
    assert.deepEqual(told(/^(?!(yes|no|if so)$)/), []);
  }
});

test('a heartbeat says that it is pending, in the headers that headers.md shows', async () => {
  const { snapshot } = snapshotFromDocument(
    emulatedChain.replace(key, `sha256:${sha256(key)}`),
    documentOptions,
  );
  assert.ok(snapshot);
  const timers: { ms: number; fire: () => void }[] = [];
  const heads: Readonly<Record<string, string>>[] = [];
  const written: string[] = [];
  let leave: () => void = () => undefined;
  const world: World = {
    clock: {
      now: () => 0,
      ticks: () => 0,
      after: (ms, fire) => {
        timers.push({ ms, fire });
        return () => undefined;
      },
    },
    ids: { generation: () => 'gen-1' },
    upstream: { send: () => ({ cancel: () => undefined, pause: () => undefined, resume: () => undefined }) },
    ledger: openLedger(assert.fail),
    journal: { close: () => undefined },
    fault: (error) => assert.fail(String(error)),
  };
  const served = serve(
    {
      headers: { authorization: `Bearer ${key}` },
      body: async () =>
        Buffer.from('{"model":"@preset/coder","stream":true,"messages":[{"role":"user","content":"hi"}]}'),
    },
    {
      head: (_status, headers) => heads.push(headers),
      write: (chunk) => written.push(String(chunk)) > 0,
      end: () => undefined,
      abort: () => undefined,
      drained: () => undefined,
      gone: (callback) => (leave = () => callback('client')),
    },
    { world, snapshot, digest: sha256 },
  );
  await new Promise(setImmediate);
  timers.find(({ ms }) => ms === 15_000)?.fire();
  leave();
  await served;
  const example = /## Heartbeats[\s\S]*?```http\n([\s\S]*?)```/.exec(page('headers'))?.[1] ?? '';
  assert.deepEqual(written, [`${example.trim().split('\n').at(-1)}\n\n`]);
  const shown = [...example.matchAll(/^(x-[\w-]+): /gm)].map(([, name = '']) => name);
  const about = Object.keys(heads[0] ?? {}).filter((name) => /^x-(spillway|generation)/.test(name));
  assert.deepEqual(sorted(about), sorted(shown.filter((name) => name !== 'x-spillway-skipped')));
});

// configuration.md

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
  for (const row of rowsWith('key', page('configuration'))) {
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

test('configuration.md has the defaults that are in force', () => {
  const rows = rowsWith('key', page('configuration'));
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
    sorted(failoverClasses.filter((one) => !defaultFailover.on.has(one))),
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
  assert.deepEqual(sorted(named(rowsWith('variable', page('configuration')), 'variable')), sorted(read));
});

test('every link between the pages leads somewhere', () => {
  const slug = (heading: string): string =>
    heading
      .replace(/^#+ /, '')
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-');
  for (const path of globSync('docs/*.md', { cwd: root })) {
    const text = readFileSync(join(root, path), 'utf8');
    for (const [, file = '', anchor] of text.matchAll(/\]\(([\w.-]*\.md)?(?:#([\w-]+))?\)/g)) {
      const target = file === '' ? text : readFileSync(join(root, 'docs', file), 'utf8');
      const anchors = target
        .split('\n')
        .filter((line) => line.startsWith('#'))
        .map(slug);
      assert.ok(anchor === undefined || anchors.includes(anchor), `${path}: #${anchor} leads nowhere`);
    }
  }
});
