/** Task routing through a real gateway: who is chosen, who is told, which limits count, and what stays forbidden. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { runCommand } from '../src/cli/main.ts';
import type { ExplanationView } from '../src/control/api-views.ts';
import { capturedShell } from './support/captured-shell.ts';
import { key, startTestGateway, type TestGateway } from './support/gateway.ts';

const onlyAuto = 'sk-test-only-auto-0123456789';
const aliased = 'sk-test-aliased-0123456789';

const document = (more = ''): string => `
providers:
  deepseek: { wire: openai-chat, base_url: 'emulator://deepseek/v1' }
  anthropic: { wire: anthropic, base_url: 'emulator://anthropic/v1' }
models:
  acme/small: { context: 6000, endpoints: [{ provider: deepseek, model: s, price: { input: 0.1, output: 0.2 } }] }
presets:
  coder: { models: [anthropic/claude-sonnet-4.6, anthropic/claude-haiku-4.5], background: light }
  light: { models: [deepseek/deepseek-v4-flash] }
  long: { models: [deepseek/deepseek-v4-pro] }
  auto:
    route:
      - { when: { background: true }, preset: light }
      - { when: { task: [summarize, classify] }, preset: light }
      - { when: { header: { x-team: red } }, preset: long }
      - { when: { prompt_tokens: { gt: 20000 } }, preset: long }
      - { preset: coder }
  strict: { route: [{ when: { task: x }, preset: coder }] }
${more}
workspaces: { default: { aliases: { claude-auto: auto } } }
keys:
  - { name: test, key: '${key}' }
  - { name: narrow, key: '${onlyAuto}', presets: [auto] }
  - { name: alias, key: '${aliased}', aliases: { gpt-5.1: auto } }
`;

const start = (t: TestContext, more = ''): Promise<TestGateway> => startTestGateway(t, document(more));

type Told = {
  readonly status: number;
  readonly route: string | null;
  readonly preset: string | null;
  readonly model: string | null;
  readonly code: unknown;
  readonly message: string;
};

async function ask(
  gateway: TestGateway,
  fields: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = {},
): Promise<Told> {
  const body = { model: '@preset/auto', messages: [{ role: 'user', content: 'hi' }], max_tokens: 50 };
  const response = await gateway.post({ ...body, ...fields }, { ...headers });
  const { error } = (await response.json()) as { error?: { type?: unknown; message?: string } };
  return {
    status: response.status,
    route: response.headers.get('x-spillway-route'),
    preset: response.headers.get('x-spillway-preset'),
    model: response.headers.get('x-spillway-model'),
    code: error?.type,
    message: error?.message ?? '',
  };
}

const claudeCode = { 'user-agent': 'claude-cli/2.1.330 (external, cli)' };
const long = [{ role: 'user', content: 'word '.repeat(20_000) }];

test('the rule that fits chooses, and the header says which', async (t) => {
  const gateway = await start(t);
  const rows: readonly (readonly [
    fields: object,
    headers: Record<string, string>,
    route: string,
    preset: string,
  ])[] = [
    [{}, {}, 'auto@5', 'coder@1'],
    [{}, { 'x-spillway-task': 'summarize' }, 'auto@2', 'light@1'],
    [{ metadata: { task: 'classify' } }, {}, 'auto@2', 'light@1'],
    [{}, { 'x-team': 'red' }, 'auto@3', 'long@1'],
    [{ messages: long }, {}, 'auto@4', 'long@1'],
    [{ max_tokens: 1 }, claudeCode, 'auto@1', 'light@1'],
    [{ max_tokens: 1 }, { ...claudeCode, 'x-spillway-task': 'work' }, 'auto@5', 'coder@1'],
    [{ model: 'claude-auto' }, {}, 'auto@5', 'coder@1'],
    [{ model: '@preset/auto@1' }, {}, 'auto@5', 'coder@1'],
    [{ model: undefined, preset: 'auto' }, {}, 'auto@5', 'coder@1'],
  ];
  for (const [fields, headers, route, preset] of rows) {
    const told = await ask(gateway, { ...fields }, headers);
    assert.deepEqual([told.status, told.route, told.preset], [200, route, preset], JSON.stringify(fields));
    const { routed, preset: served } = gateway.lastRecord();
    assert.equal(`${routed?.[0]?.preset}@${routed?.[0]?.rule}`, route);
    assert.equal(`${served}@1`, preset);
  }
  const plain = await ask(gateway, { model: '@preset/long' });
  assert.deepEqual([plain.route, plain.preset, gateway.lastRecord().routed], [null, 'long@1', undefined]);
});

test('a plain preset sends background calls of known agents on by itself, and only those', async (t) => {
  const gateway = await start(t);
  const model = '@preset/coder';
  const title = [
    { role: 'system', content: 'You are a title generator. Be brief.' },
    { role: 'user', content: 'fix the build' },
  ];
  const opencode = { 'user-agent': 'opencode/1.18.33' };
  const told = await ask(gateway, { model, messages: title }, opencode);
  assert.deepEqual([told.route, told.preset], ['coder@background', 'light@1']);
  assert.equal(gateway.lastRecord().task, 'background:title');
  assert.equal((await ask(gateway, { model }, opencode)).preset, 'coder@1');
  assert.equal((await ask(gateway, { model, messages: title })).preset, 'coder@1');
});

test('what the light preset cannot serve, or may not, stays where it was', async (t) => {
  const gateway = await start(
    t,
    `  small: { models: [acme/small] }
  off: { models: [acme/small], disabled: true }
  roomy: { models: [deepseek/deepseek-v4-pro], background: small }
  alone: { models: [deepseek/deepseek-v4-pro], background: off }
  private: { models: [deepseek/deepseek-v4-pro], background: small, provider: { zdr: true } }
`,
  );
  const probe = (model: string, fields: object = {}): Promise<Told> =>
    ask(gateway, { model, max_tokens: 1, ...fields }, claudeCode);
  assert.equal((await probe('@preset/roomy')).preset, 'small@1');
  assert.equal((await probe('@preset/roomy', { messages: long })).preset, 'roomy@1');
  const tools = [{ type: 'function', function: { name: 'f' } }];
  assert.equal((await probe('@preset/roomy', { tools })).preset, 'roomy@1');
  assert.equal((await probe('@preset/alone')).preset, 'alone@1');
  // Nobody here vouches for zdr: what holds for the preset holds for its background calls.
  assert.equal((await probe('@preset/private')).code, 'no_endpoint');
});

test('what no rule fits is refused, and says what to add', async (t) => {
  const gateway = await start(t);
  const told = await ask(gateway, { model: '@preset/strict' });
  assert.deepEqual([told.status, told.code], [404, 'no_route_matched']);
  assert.match(told.message, /None of the 1 rules of the preset strict fits.*end its route with/);
  assert.equal(
    (await ask(gateway, { model: '@preset/strict' }, { 'x-spillway-task': 'x' })).route,
    'strict@1',
  );
});

test('a disabled preset that a rule leads to is not replaced by another', async (t) => {
  const gateway = await start(t, '  off: { disabled: true }\n  to-off: { route: [{ preset: off }] }\n');
  const told = await ask(gateway, { model: '@preset/to-off' });
  assert.deepEqual([told.status, told.code], [404, 'preset_disabled']);
  assert.match(told.message, /The preset off is disabled. The route to-off@1 leads to it./);
});

test('a key that may use the routing preset goes where it leads, and nowhere else', async (t) => {
  const gateway = await start(t);
  const narrow = { authorization: `Bearer ${onlyAuto}` };
  assert.equal((await ask(gateway, {}, narrow)).preset, 'coder@1');
  assert.equal((await ask(gateway, { model: '@preset/coder' }, narrow)).code, 'preset_not_allowed');
  const beside = await ask(gateway, { model: 'deepseek/deepseek-v4-pro@preset/auto' }, narrow);
  assert.equal(beside.code, 'model_not_allowed');
  const alias = await ask(gateway, { model: 'gpt-5.1' }, { authorization: `Bearer ${aliased}` });
  assert.equal(alias.route, 'auto@5');
});

test('a model beside a routing preset comes before the chain that is chosen, unless either locks models', async (t) => {
  const gateway = await start(
    t,
    `  locked: { route: [{ preset: coder }], locked: [models] }
  named: { route: [{ when: { model: "deepseek/*" }, preset: long }, { preset: coder }] }
  closed: { models: [deepseek/deepseek-v4-flash], locked: [models] }
  to-closed: { route: [{ preset: closed }] }
  empty: { parameters: { temperature: 0 } }
  to-empty: { route: [{ preset: empty }] }
`,
  );
  const beside = await ask(gateway, { model: 'deepseek/deepseek-v4-pro@preset/auto' });
  assert.deepEqual([beside.model, beside.route], ['deepseek/deepseek-v4-pro', 'auto@5']);
  const refused = await ask(gateway, { model: 'deepseek/deepseek-v4-pro@preset/locked' });
  assert.equal(refused.code, 'models_locked');
  assert.match(
    refused.message,
    /^The models of the preset locked are locked: call it as "@preset\/locked", /,
  );
  const led = await ask(gateway, { model: 'deepseek/deepseek-v4-pro@preset/to-closed' });
  assert.equal(led.code, 'models_locked');
  assert.match(
    led.message,
    /^The preset to-closed leads to closed, where models are locked: call it as "@preset\/to-closed", /,
  );
  const empty = await ask(gateway, { model: '@preset/to-empty' });
  assert.match(
    empty.message,
    /^The preset empty names no model: send one, as "author\/name@preset\/to-empty"/,
  );
  const named = await ask(gateway, { model: 'deepseek/deepseek-v4-flash@preset/named' });
  assert.deepEqual([named.route, named.model], ['named@1', 'deepseek/deepseek-v4-flash']);
});

test('a routed request counts against both presets, and a limit of either refuses it', async (t) => {
  const limit = (requests: number): string => `limits: [{ requests: ${requests}, per: day }]`;
  const more = `
  both: { route: [{ preset: target }], ${limit(2)} }
  other: { route: [{ preset: target }], ${limit(9)} }
  target: { models: [deepseek/deepseek-v4-flash], ${limit(3)} }
`;
  const gateway = await start(t, more);
  const status = async (model: string): Promise<number> => (await ask(gateway, { model })).status;
  assert.deepEqual([await status('@preset/both'), await status('@preset/both')], [200, 200]);
  const outer = await ask(gateway, { model: '@preset/both' });
  assert.equal(outer.status, 429);
  assert.match(outer.message, /^Preset both /);
  assert.equal(await status('@preset/other'), 200);
  const inner = await ask(gateway, { model: '@preset/other' });
  assert.match(inner.message, /^Preset target /);
});

test('dollars of a routed request are held and counted on both', async (t) => {
  const more = `
  both: { route: [{ preset: target }], limits: [{ usd: 0.0000001, per: day }] }
  target: { models: [deepseek/deepseek-v4-flash] }
`;
  const gateway = await start(t, more);
  const told = await ask(gateway, { model: '@preset/both' });
  assert.deepEqual([told.status, told.code], [402, 'limit_exhausted']);
  assert.match(told.message, /^Preset both /);
  assert.equal((await ask(gateway, { model: '@preset/target' })).status, 200);
});

async function explain(gateway: TestGateway, line: string): Promise<{ out: string; code: number }> {
  const shell = capturedShell({ env: { SPILLWAY_URL: gateway.url, SPILLWAY_ADMIN_KEY: gateway.adminKey } });
  const code = await runCommand(['explain', ...line.split(' ')], shell);
  return { out: shell.stdout() + shell.stderr(), code };
}

test('explain tells each rule, why it fits or not, and then the plan', async (t) => {
  const gateway = await start(t);
  const { out, code } = await explain(gateway, 'auto --task summarize');
  assert.equal(code, 0);
  assert.match(
    out,
    /^task summarize \(declared\)\nauto@1 chooses\n {2}rule 1 +→ light +no +background false is not true\n {2}rule 2 +→ light +fits +task summarize is summarize or classify\n {2}rule 3 +→ long +not asked +a rule before it fits\n[^]*\nlight@1 \(asked for @preset\/auto\)\n {2}0 primary +deepseek\/deepseek-v4-flash/,
  );
  const size = await explain(gateway, 'auto --tokens 1000');
  assert.match(
    size.out,
    /rule 4 +→ long +no +prompt_tokens 1,\d\d\d is not > 20,000\n {2}rule 5 +→ coder +fits +everything else\n/,
  );
  // The preset that was chosen sends background calls on: that is told as well.
  assert.match(
    size.out,
    /\ncoder@1 serves itself\n {2}background +→ light +no +background false is not true\n/,
  );
  const header = await explain(gateway, 'auto --json --header x-team:red');
  const plan = JSON.parse(header.out) as ExplanationView;
  assert.deepEqual(
    plan.route[0]?.rules.map(({ matched }) => matched),
    [false, false, true, false, false],
  );
  const none = await explain(gateway, 'strict');
  assert.equal(none.code, 1);
  assert.match(
    none.out,
    /strict@1 has no rule that fits\n {2}rule 1 +→ coder +no +task none is not x\n[^]*no_route_matched/,
  );
});

test('explain gen-… tells by which rule a past request went, and tail names it', async (t) => {
  const gateway = await start(t);
  await ask(gateway, {}, { 'x-spillway-task': 'classify' });
  const { id } = gateway.lastRecord();
  const { out } = await explain(gateway, id);
  assert.match(
    out,
    /which meant the preset light@1: deepseek\/deepseek-v4-flash\n {2}rule 2 of auto chose: task summarize or classify\n {2}the task was classify\n/,
  );
  await ask(gateway, { model: '@preset/coder', max_tokens: 1 }, claudeCode);
  const background = await explain(gateway, gateway.lastRecord().id);
  assert.match(
    background.out,
    /\n {2}coder sent it on as a background call\n {2}the task was background:quota\n/,
  );
});

test('the official SDKs are routed: by an alias, a header, metadata', async (t) => {
  const gateway = await start(t);
  const openai = new OpenAI({ baseURL: gateway.base, apiKey: aliased });
  const chat = await openai.chat.completions
    .create({
      model: 'gpt-5.1',
      messages: [{ role: 'user', content: 'hi' }],
      metadata: { task: 'summarize' },
    })
    .withResponse();
  assert.equal(chat.response.headers.get('x-spillway-route'), 'auto@2');
  const response = await openai.responses
    .create({ model: 'gpt-5.1', input: 'hi' }, { headers: { 'x-spillway-task': 'classify' } })
    .withResponse();
  assert.equal(response.response.headers.get('x-spillway-preset'), 'light@1');
  const anthropic = new Anthropic({
    baseURL: gateway.url,
    apiKey: key,
    defaultHeaders: { 'User-Agent': 'claude-cli/2.1.330 (external, cli)' },
  });
  const probe = await anthropic.messages
    .create({ model: 'claude-auto', max_tokens: 1, messages: [{ role: 'user', content: 'quota' }] })
    .withResponse();
  assert.equal(probe.response.headers.get('x-spillway-route'), 'auto@1');
  const stream = await openai.chat.completions.create({
    model: '@preset/auto',
    messages: [{ role: 'user', content: 'hi' }],
    stream: true,
    stream_options: { include_usage: true },
  });
  let usage: unknown;
  for await (const chunk of stream) usage = chunk.usage ?? usage;
  assert.partialDeepStrictEqual(usage, { spillway: { route: 'auto@5', preset: 'coder@1' } });
});

test('GET /v1/models shows a routing preset with the chains that it leads to', async (t) => {
  const gateway = await start(t);
  const openai = new OpenAI({ baseURL: gateway.base, apiKey: key });
  const model: unknown = await openai.models.retrieve('@preset/auto');
  assert.partialDeepStrictEqual(model, {
    spillway: {
      route: ['light', 'long', 'coder'],
      chain: [
        'deepseek/deepseek-v4-flash',
        'deepseek/deepseek-v4-pro',
        'anthropic/claude-sonnet-4.6',
        'anthropic/claude-haiku-4.5',
      ],
    },
  });
});

test('status shows what a routing preset chooses among', async (t) => {
  const gateway = await start(t);
  const shell = capturedShell({ env: { SPILLWAY_URL: gateway.url, SPILLWAY_ADMIN_KEY: gateway.adminKey } });
  assert.equal(await runCommand(['status'], shell), 0);
  assert.match(shell.stdout(), /auto@1 +chooses by rules: light, long, coder/);
});

test('two versions of the rules are compared by what came of them', async (t) => {
  const gateway = await start(t);
  const admin = async (path: string, method: string, body?: object): Promise<unknown> => {
    const response = await fetch(`${gateway.url}/api/admin${path}`, {
      method,
      headers: { authorization: `Bearer ${gateway.adminKey}`, 'content-type': 'application/json' },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    assert.equal(response.status, 200, path);
    return await response.json();
  };
  await admin('/presets/auto', 'PUT', { config: { route: [{ preset: 'light' }] } });
  await admin('/presets/auto/activate', 'POST', { version: 1 });
  await admin('/presets/auto/rollout', 'POST', { version: 2, percent: 50 });
  const routes = new Map<string | null, number>();
  for (let index = 0; index < 12; index++) {
    const { route } = await ask(gateway, { session_id: `talk ${index}` });
    routes.set(route, (routes.get(route) ?? 0) + 1);
  }
  const compared = await admin('/presets/auto/rollout', 'GET');
  assert.ok((routes.get('auto@1') ?? 0) > 0);
  assert.partialDeepStrictEqual(compared, {
    base: { version: 1, requests: routes.get('auto@5'), error_rate: 0 },
    next: { version: 2, requests: routes.get('auto@1'), error_rate: 0 },
  });
});
