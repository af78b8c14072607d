/** `spillway where`: what depends on a model, by the configuration and by who really called it. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { runCommand } from '../src/cli/main.ts';
import type { WhereView } from '../src/control/api-where.ts';
import { dependentsOf } from '../src/core/dependents.ts';
import { capturedShell } from './support/captured-shell.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';

const plainKey = 'sk-plain-0123456789abcdef';
const presetKey = 'sk-preset-0123456789abcde';

const document = `
limits: [{ usd: 100, per: day, downgrade: { at: 80, to: [deepseek-v4-flash] } }]
providers:
  deepseek: { wire: openai-chat, base_url: 'emulator://deepseek/v1' }
  anthropic: { wire: anthropic, base_url: 'emulator://anthropic/v1' }
workspaces:
  default: { aliases: { claude-coder: coder, gpt-5.1: careful } }
  search: { presets: { ranker: { models: [deepseek/deepseek-v4-pro] } } }
presets:
  coder:
    models: [deepseek/deepseek-v4-pro, anthropic/claude-haiku-4.5]
    limits: [{ usd: 20, per: day, downgrade: { at: 50, to: [deepseek/deepseek-v4-pro] } }]
  careful: { models: [anthropic/claude-sonnet-4.6, deepseek/deepseek-v4-pro] }
  auto: { route: [{ when: { task: [review] }, preset: careful }, { preset: coder }] }
keys:
  - { name: plain, key: '${plainKey}' }
  - { name: ci, key: '${presetKey}', presets: [coder], aliases: { fast: coder } }
  - { name: other, key: 'sk-other-0123456789abcdef', models: [anthropic/claude-haiku-4.5] }
  - { name: searcher, key: 'sk-search-0123456789abcde', workspace: search, presets: [ranker] }
`;

const start = (t: TestContext): Promise<TestGateway> => startTestGateway(t, document);

async function run(gateway: TestGateway, line: string): Promise<{ code: number; out: string; err: string }> {
  const shell = capturedShell({ env: { SPILLWAY_URL: gateway.url, SPILLWAY_ADMIN_KEY: gateway.adminKey } });
  const code = await runCommand(['where', ...line.split(' ')], shell);
  return { code, out: shell.stdout(), err: shell.stderr() };
}

async function where(gateway: TestGateway, line: string): Promise<WhereView> {
  const { code, out, err } = await run(gateway, `${line} --json`);
  assert.equal(code, 0, err);
  return JSON.parse(out) as WhereView;
}

async function call(gateway: TestGateway, secret: string, model: string): Promise<void> {
  const body = { model, messages: [{ role: 'user', content: 'hi' }] };
  const response = await gateway.post(body, { authorization: `Bearer ${secret}` });
  assert.equal(response.status, 200);
  await response.arrayBuffer();
}

test('presets with places and routes, aliases, limits that move to it, keys', async (t) => {
  const found = await where(await start(t), 'deepseek/deepseek-v4-pro');
  assert.deepEqual(
    found.presets.rows.map(({ workspace, preset, position, models, routed_by: by }) =>
      [workspace, preset, position, models, ...by].join(' '),
    ),
    ['default coder 0 2 auto', 'default careful 1 2 auto', 'search ranker 0 1'],
  );
  assert.deepEqual(found.downgrades.rows, [
    { scope: 'preset/coder', workspace: 'default', limit: '$20.00 per day', at: 50 },
  ]);
  assert.deepEqual(found.aliases.rows, [
    { alias: 'claude-coder', preset: 'coder', workspace: 'default' },
    { alias: 'gpt-5.1', preset: 'careful', workspace: 'default' },
    { alias: 'fast', preset: 'coder', workspace: 'default', key: 'ci' },
  ]);
  assert.deepEqual(
    found.keys.rows.map(({ key, plain, presets }) => [key, plain, ...presets].join(' ')),
    ['plain true coder careful', 'ci false coder', 'other false coder careful', 'searcher false ranker'],
  );
  assert.deepEqual([found.providers, found.callers], [['deepseek'], { total: 0, rows: [] }]);
});

test('a key’s list of models and another name of the catalogue count too', async (t) => {
  const gateway = await start(t);
  const haiku = await where(gateway, 'anthropic/claude-haiku-4.5');
  assert.deepEqual(
    haiku.keys.rows.map(({ key, plain }) => [key, plain]),
    [
      ['plain', true],
      ['ci', false],
      ['other', true],
    ],
  );
  const flash = await where(gateway, 'deepseek-v4-flash');
  assert.equal(flash.model, 'deepseek/deepseek-v4-flash');
  assert.deepEqual(flash.downgrades.rows, [{ scope: 'gateway', limit: '$100.00 per day', at: 80 }]);
});

test('who called it by its name of late; callers of presets are not among them', async (t) => {
  const gateway = await start(t);
  await call(gateway, plainKey, 'deepseek/deepseek-v4-pro');
  await call(gateway, plainKey, 'deepseek-v4-pro');
  await call(gateway, presetKey, '@preset/coder');
  for (
    let turn = 0;
    turn < 200 && (await where(gateway, 'deepseek-v4-pro')).callers.rows[0]?.attempts !== 2;
    turn++
  )
    await new Promise((resolve) => setTimeout(resolve, 20));
  const { callers } = await where(gateway, 'deepseek-v4-pro --days 2');
  assert.equal(callers.total, 1);
  assert.partialDeepStrictEqual(callers.rows[0], { workspace: 'default', key: 'plain', attempts: 2 });
  assert.ok(Number(callers.rows[0]?.spend_usd) > 0);
  const { out } = await run(gateway, 'deepseek-v4-pro');
  assert.match(
    out,
    /^deepseek\/deepseek-v4-pro at deepseek\npresets\n {2}coder@1 +primary +of 2 models +routed to by auto\n/,
  );
  assert.match(
    out,
    /\ncalled it by its name, the last 7 days\n {2}plain +2 attempts +\$0\.0\d+ +last on \d{4}-/,
  );
  assert.match(out, /\nkeys that may use it\n {2}plain +by its name, @preset\/coder, @preset\/careful\n/);
});

test('where nothing depends on it, that is said in a sentence; rows beyond the top are counted', async (t) => {
  const gateway = await start(t);
  const { code, out } = await run(gateway, 'openai/gpt-5.4-mini');
  assert.equal(code, 0);
  assert.equal(
    out,
    'openai/gpt-5.4-mini no configured provider serves it\nnothing depends on it: it is in no preset and no downgrade, and nobody called it by its name (the last 7 days); no key may use it\n',
  );
  assert.match(
    (await run(gateway, 'deepseek-v4-pro --top 1')).out,
    /\n {2}… and 3 more: --top 4 shows them\n/,
  );
});

test('a preset that is disabled still names the model, and no key may use it', async (t) => {
  const snapshot = (await start(t)).configuration.snapshot();
  const home = snapshot.workspaces.get('default');
  const coder = home?.presets.get('coder');
  assert.ok(home && coder);
  const presets = new Map(home.presets).set('coder', { ...coder, status: 'disabled' });
  const workspaces = new Map(snapshot.workspaces).set('default', { ...home, presets });
  const found = dependentsOf({ ...snapshot, workspaces }, 'deepseek/deepseek-v4-pro');
  assert.equal(found.presets[0]?.status, 'disabled');
  assert.deepEqual(
    found.keys.map(({ key, presets: usable }) => [key, ...usable].join(' ')),
    ['plain careful', 'other careful', 'searcher ranker'],
  );
});

test('a name that nobody knows is a mistake', async (t) => {
  const { code, err } = await run(await start(t), 'deepseek/deepseek-v4-prp');
  assert.equal(code, 1);
  assert.match(
    err,
    /there is no model "deepseek\/deepseek-v4-prp"; did you mean deepseek\/deepseek-v4-pro\?/,
  );
});
