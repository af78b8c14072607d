/** The pages in docs/ say what the code does: their tables are compared with it, and what is missing fails. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadCatalogue } from '../src/catalog/load.ts';
import { commands } from '../src/cli/commands.ts';
import { demoDocument } from '../src/cli/init-document.ts';
import { runCommand } from '../src/cli/main.ts';
import { snapshotFromDocument } from '../src/control/check-document.ts';
import { spendTotal } from '../src/control/api-spend-schemas.ts';
import { blameOf } from '../src/core/breaker.ts';
import { eventKinds } from '../src/core/event.ts';
import { defaultFailover } from '../src/core/defaults.ts';
import { mayTryNext, type FailureClass } from '../src/core/failure.ts';
import { problemTable } from '../src/core/problem.ts';
import type { Api } from '../src/core/ask.ts';
import { dimensionNames } from '../src/core/spend-report.ts';
import { explain } from '../src/request/explain.ts';
import { capturedShell } from './support/captured-shell.ts';
import { cell, codes, named, page, pageNames, rowsWith, testTitles } from './support/pages.ts';

test('defaults.md names tests that exist, one for each row in force, and every test of the defaults', () => {
  const rows = rowsWith('in force', 'defaults');
  const everywhere = new Set(testTitles('{src,test}/**/*.test.ts'));
  for (const row of rows) {
    const force = cell(row, 'in force');
    const tests = codes(cell(row, 'test')).filter((code) => !code.endsWith('.ts'));
    assert.match(force, /^(yes$|partly: |not yet($|: ))/);
    if (!force.startsWith('not yet')) assert.ok(tests.length > 0, `no test for: ${cell(row, 'case')}`);
    for (const title of tests) assert.ok(everywhere.has(title), `there is no test "${title}"`);
  }
  const cited = new Set(named(rows, 'test'));
  assert.deepEqual(
    testTitles('test/defaults.test.ts').filter((title) => !cited.has(title)),
    [],
  );
});

test('errors.md has every code of the closed table with its status, type and retry, and no other', () => {
  const rows = rowsWith('code', 'errors');
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
  const rows = rowsWith('class', 'errors');
  const told = rows.map((row) => `${codes(cell(row, 'class')).join()} ${cell(row, 'next')}`);
  const real = (Object.keys(classes) as FailureClass[]).map((one) => `${one} ${whenNext(one)}`);
  assert.deepEqual(told.sort(), real.sort());
});

test('health.md has every failure class, whom it blames, and whether at once', () => {
  const told = rowsWith('blames', 'health').flatMap((row) =>
    codes(cell(row, 'class')).map((one) => `${one}: ${cell(row, 'blames')} ${cell(row, 'opens')}`),
  );
  const real = (Object.keys(classes) as FailureClass[]).map((one) => {
    const blame = blameOf({ class: one, status: 0, message: '' }, false);
    return `${one}: ${blame ? `${blame.on} ${blame.atOnce ? 'at once' : 'counted'}` : 'nobody never'}`;
  });
  assert.deepEqual(told.sort(), real.sort());
});

test('health.md has every kind of event', () => {
  assert.deepEqual(named(rowsWith('kind', 'health'), 'kind'), [...eventKinds]);
});

/** Skip reason → the request that meets it, with one model at one provider that has nothing special. */
type Skipped = {
  readonly provider?: string;
  readonly model?: string;
  readonly preset?: string;
  readonly ask?: object;
  readonly dialect?: Api;
};
const embed = { model: 'openai/text-embedding-3-small', dialect: 'embeddings' as const };
const skips: Readonly<Record<string, Skipped>> = {
  workspace: { provider: ', workspaces: [other]' },
  credential: { provider: ', api_key: env:NOT_SET' },
  wire: { ...embed, provider: ', wire: anthropic', ask: { model: embed.model, input: 'hi' } },
  embeddings: { ...embed, ask: { input: 'hi' } },
  only: { ask: { provider: { only: ['else'] } } },
  ignore: { ask: { provider: { ignore: ['here'] } } },
  order: { ask: { provider: { order: ['else'], allow_fallbacks: false } } },
  data_policy: { ask: { provider: { zdr: true } } },
  quantizations: { ask: { provider: { quantizations: ['fp8'] } } },
  enforce_distillable_text: { ask: { provider: { enforce_distillable_text: true } } },
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
  dialect = 'chat',
}: Skipped): string {
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
    { catalogue: loadCatalogue(), now: 0, local: true, resolve: () => undefined },
  );
  assert.ok(snapshot, JSON.stringify(findings));
  const request = { model: '@preset/p', messages: [{ role: 'user', content: 'hi' }], ...ask };
  const { skipped, problem } = explain(snapshot, Buffer.from(JSON.stringify(request)), {
    workspace: 'default',
    now: 0,
    dialect,
  });
  const found = skipped.find(({ endpoint }) => endpoint.startsWith(`${model}@`));
  return found?.reason ?? `called ${problem?.message ?? ''}`;
}

test('errors.md has every reason for which an endpoint is left out, and each can happen', () => {
  const reasons = named(rowsWith('reason', 'errors'), 'reason');
  // These depend on limits and on what others have spent, on what can be written, on what failed, or on operators:
  // `test/limits.test.ts`, `test/breakers.test.ts`, `test/health-operated.test.ts`, `test/staying.test.ts`.
  const limits = ['budget', 'limit', 'unbounded'];
  const known = [...Object.keys(skips), ...limits, 'parameters', 'unreadable', 'breaker', 'paused', 'stay'];
  assert.deepEqual(new Set(reasons), new Set(known));
  for (const [reason, how] of Object.entries(skips)) assert.equal(skippedFor(how), reason);
});

test('spend.md has every dimension and every figure of the report, and no other', () => {
  assert.deepEqual(named(rowsWith('dimension', 'spend'), 'dimension'), [
    ...dimensionNames.slice(0, -2),
    'tag:NAME',
    ...dimensionNames.slice(-2),
  ]);
  assert.deepEqual(named(rowsWith('figure', 'spend'), 'figure'), Object.keys(spendTotal.shape));
});

test('every link between the pages leads somewhere', () => {
  const anchor = (heading: string): string =>
    heading
      .replace(/^#+ /, '')
      .toLowerCase()
      .replace(/[^\w\- ]/g, '')
      .replaceAll(' ', '-');
  const anchors = new Set(
    pageNames().flatMap((name) => [
      `${name}.md`,
      ...page(name)
        .split('\n')
        .filter((line) => line.startsWith('#'))
        .map((heading) => `${name}.md#${anchor(heading)}`),
    ]),
  );
  for (const name of pageNames()) {
    const links = [...page(name).matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link);
    const lost = links
      .map((link) => (link.startsWith('#') ? `${name}.md${link}` : link))
      .filter((link) => !anchors.has(link));
    assert.deepEqual(lost, [], name);
  }
});

test('checklist-openrouter.md has forty rows, in order, each with a state, and tests and pages that exist', () => {
  const rows = rowsWith('statement', 'checklist-openrouter');
  assert.deepEqual(
    rows.map((row) => cell(row, '#')),
    Array.from({ length: 40 }, (_, index) => String(index + 1)),
  );
  for (const row of rows) {
    const state = cell(row, 'state');
    assert.match(state, /^(done$|partly: |not done( yet)?: )/, cell(row, '#'));
    const tests = codes(cell(row, 'tests'));
    if (!state.startsWith('not done')) assert.ok(tests.length > 0, `no test for row ${cell(row, '#')}`);
    for (const file of tests) {
      assert.match(file, /^(src|test)\/.*\.test\.ts$/);
      assert.ok(existsSync(join(import.meta.dirname, '..', file)), `there is no ${file}`);
    }
  }
});

test('the commands of the pages are ones that exist, with options that exist', () => {
  for (const name of ['from-openrouter', 'from-litellm', 'sizing-a-limit', 'running'])
    for (const [, line = ''] of page(name).matchAll(/\bspillway ((?:[\w"'./$()<>:+%@-]+ ?)+)/g)) {
      const [verb = '', ...words] = line.trim().split(' ');
      const command = commands.find((one) => one.verb === verb);
      if (command === undefined) continue;
      for (const word of words.filter((one) => one.startsWith('--')))
        assert.ok(Object.hasOwn({ ...command.flags, json: true }, word.slice(2)), `${name}: ${line}`);
    }
});

test('sizing-a-limit.md has the figures that check and explain print', async () => {
  const text = page('sizing-a-limit');
  const chain = '[deepseek/deepseek-v4-pro, anthropic/claude-haiku-4.5, anthropic/claude-sonnet-4.6]';
  const run = async (line: string, document: string): Promise<string> => {
    const shell = capturedShell({ stdin: document, now: Date.parse('2026-11-24T12:00:00Z') });
    await runCommand(line.split(' '), shell);
    return shell.stdout() + shell.stderr();
  };
  for (const row of rowsWith('one holds', 'sizing-a-limit')) {
    const [, usd = ''] = /\$([\d.]+)/.exec(cell(row, 'limit')) ?? [];
    const [cap] = codes(cell(row, 'output cap'));
    const document = sized(chain, `limits: [{ usd: ${usd}, per: day }]`, cap);
    const said = await run('check -f -', document);
    assert.ok(said.includes(cell(row, 'one holds')), said);
    const atOnce = cell(row, 'at once');
    assert.match(
      said,
      atOnce === 'less than one' ? /is less than one request/ : new RegExp(`admits ${atOnce} requests`),
    );
  }
  for (const row of rowsWith('prompt', 'sizing-a-limit')) {
    const tokens = cell(row, 'prompt').replace(/\D/g, '');
    const said = await run(
      `explain coder -f - --tokens ${tokens}`,
      sized(chain, 'limits: [{ usd: 5, per: day }]'),
    );
    const [, primary = '', , second = ''] = said.split('\n');
    assert.ok(
      primary.includes(`at most ${cell(row, 'primary, at most')}, likely ${cell(row, 'likely')} `),
      said,
    );
    assert.ok(second.includes(`at most ${cell(row, 'second fallback, at most')},`), said);
    if (tokens === '10000')
      for (const line of said.split('\n').slice(1, 4)) assert.ok(text.includes(line), line);
  }
});

function sized(chain: string, limits: string, cap?: string): string {
  return demoDocument([]).replace(
    /presets:[\s\S]*/,
    `presets:\n  coder:\n    models: ${chain}\n    ${limits}\n    floor: { tier: standard }\n${cap === undefined ? '' : `    parameters: { ${cap} }\n`}`,
  );
}
