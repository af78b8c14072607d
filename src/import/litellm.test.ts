import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import { plantedIn } from '../../test/support/planted-secrets.ts';
import { json, startUpstream } from '../../test/support/upstream.ts';
import { startTestGateway } from '../../test/support/gateway.ts';
import { loadCatalogue } from '../catalog/load.ts';
import { checkDocument, snapshotFromDocument } from '../control/check-document.ts';
import { importLiteLlm } from './litellm.ts';
import type { Imported } from './report.ts';
import { readSource } from './sources.ts';

const options = { catalogue: loadCatalogue(), now: Date.parse('2026-11-24'), local: true } as const;

function imported(...values: readonly unknown[]): Imported {
  const sources = values.map((value, index) => readSource(`file-${index}`, JSON.stringify(value)));
  return importLiteLlm(sources, options.catalogue);
}

function errorsIn(document: string): readonly string[] {
  return checkDocument(document, options)
    .filter(({ level }) => level === 'error')
    .map(({ path, message }) => `${path}: ${message}`);
}

function said({ report }: Imported, path: string): string {
  const found = report.filter((entry) => entry.path === path);
  return found.map(({ outcome, message }) => `${outcome}: ${message}`).join('\n');
}

const haiku = { model_name: 'haiku', litellm_params: { model: 'anthropic/claude-haiku-4-5' } };

test('a key of LiteLLM still opens the gateway, by the name that its caller always used', async (t) => {
  const answer = {
    choices: [{ index: 0, message: { role: 'assistant', content: 'hi' }, finish_reason: 'stop' }],
  };
  const up = await startUpstream(t, json(200, answer));
  const secret = 'sk-Zy8vQ3mN0pLkJ7hG';
  const config = {
    model_list: [
      { model_name: 'house/gpt', litellm_params: { model: 'hosted_vllm/acme/own-1', api_base: up.url } },
    ],
  };
  const token = createHash('sha256').update(secret).digest('hex');
  const { document } = imported(config, { keys: [{ token, key_alias: 'app', models: ['house/gpt'] }] });
  assert.ok(!document.includes(secret));
  const gateway = await startTestGateway(t, document);
  const ask = (model: string, key: string): Promise<Response> =>
    gateway.post({ model, messages: [{ role: 'user', content: 'hi' }] }, { authorization: `Bearer ${key}` });
  const served = await ask('house/gpt', secret);
  assert.equal(served.status, 200);
  assert.equal((JSON.parse(String(up.asked[0]?.body)) as { model: string }).model, 'acme/own-1');
  assert.equal((await ask('house/gpt', `${secret}x`)).status, 401);
  assert.equal((await ask('acme/own-1', secret)).status, 403, 'more than its list allowed');
});

test('durations become the windows of the calendar, and never admit more than before', () => {
  const table: readonly (readonly [duration: unknown, limit: object])[] = [
    [null, { usd: 9, per: 'total' }],
    ['60s', { usd: 9, per: 'minute' }],
    ['1h', { usd: 9, per: 'hour' }],
    ['24h', { usd: 9, per: 'day' }],
    ['1d', { usd: 9, per: 'day' }],
    ['daily', { usd: 9, per: 'day' }],
    ['2d', { usd: 9, per: 'week' }],
    ['7d', { usd: 9, per: 'week' }],
    ['10d', { usd: 9, per: 'month' }],
    ['30d', { usd: 9, per: 'month' }],
    ['1mo', { usd: 9, per: 'month' }],
    ['60d', { usd: 4.5, per: 'month' }],
    ['1y', { usd: 0.73, per: 'month' }],
    ['fortnight', { usd: 9, per: 'total' }],
  ];
  for (const [budget_duration, limit] of table) {
    const config = { model_list: [haiku], litellm_settings: { max_budget: 9, budget_duration } };
    const { snapshot } = snapshotFromDocument(imported(config).document, options);
    const [only] = snapshot?.limits ?? [];
    const { usd, per } = limit as { usd: number; per: string };
    assert.deepEqual([only?.per, only?.amount], [per, usd * 1e9], String(budget_duration));
  }
});

test('what an import does not know how to carry is never more than before', () => {
  const config = { model_list: [haiku, { ...haiku, model_name: 'other' }] };
  const hash = (digit: string): string => digit.repeat(64);
  const team = { team_id: 't', team_alias: 'team', models: ['other'], blocked: false };
  const keys = {
    keys: [
      { token: hash('a'), key_alias: 'open', models: [] },
      { token: hash('b'), key_alias: 'unknown', models: ['gone'] },
      { token: hash('c'), key_alias: 'orphan', team_id: 'nobody', models: ['haiku'] },
      { token: hash('d'), key_alias: 'member', team_id: 't', models: ['haiku', 'other'] },
      { token: hash('e'), key_alias: 'never', models: [], expires: 'sometime' },
      { token: hash('f'), key_alias: 'blocked', models: [], blocked: true },
    ],
  };
  const { document } = imported(config, [team], keys);
  const { snapshot } = snapshotFromDocument(document, options);
  const key = (name: string): unknown => {
    const found = [...(snapshot?.keys.values() ?? [])].find((one) => one.name === name);
    const over = found?.expiresAt !== undefined && found.expiresAt < options.now;
    return found && (found.disabled || over ? 'shut' : [...(found.presets ?? ['everything'])].join(' '));
  };
  assert.equal(key('open'), 'haiku other');
  assert.equal(key('unknown'), '');
  assert.equal(key('orphan'), 'shut');
  assert.equal(key('member'), 'other');
  assert.equal(key('never'), 'shut');
  assert.equal(key('blocked'), 'shut');
});

test('a limit of nothing, or one that cannot be read, admits nothing; one too large to write is the largest', () => {
  const nothing = { requests: 0, per: 'minute' };
  const table: readonly (readonly [said: object, limit: object])[] = [
    [{ max_parallel_requests: 0 }, nothing],
    [{ max_parallel_requests: 0.5 }, nothing],
    [{ max_parallel_requests: -1 }, nothing],
    [{ rpm_limit: 'many' }, nothing],
    [{ rpm_limit: 0 }, nothing],
    [{ tpm_limit: 0 }, { tokens: 0, per: 'minute' }],
    [{ max_budget: 0 }, { usd: 0, per: 'total' }],
    [
      { max_budget: -1, budget_duration: '1d' },
      { usd: 0, per: 'total' },
    ],
    [{ max_budget: 'much' }, { usd: 0, per: 'total' }],
    [{ budget_limits: ['much'] }, { usd: 0, per: 'total' }],
    [{ max_parallel_requests: 5_000_000 }, { concurrent: 1_000_000 }],
    [{ rpm_limit: 1e18 }, { requests: 1e15, per: 'minute' }],
    [
      { max_budget: 1e9, budget_duration: '1d' },
      { usd: 9_000_000, per: 'day' },
    ],
  ];
  for (const [own, limit] of table) {
    const result = imported({ model_list: [haiku] }, { keys: [{ token: 'a'.repeat(64), ...own }] });
    const { keys } = parse(result.document) as { keys: readonly { limits?: unknown }[] };
    assert.deepEqual(keys[0]?.limits, [limit], JSON.stringify(own));
    assert.deepEqual(errorsIn(result.document), []);
    const [field = ''] = Object.keys(own);
    assert.ok(
      result.report.some(({ path }) => path.startsWith(`keys[0].${field}`)),
      field,
    );
  }
  const gateway = imported({ model_list: [haiku], general_settings: { global_max_parallel_requests: 0 } });
  assert.match(gateway.document, /limits:\n {2}- \{ requests: 0, per: minute \}/);
  assert.match(said(gateway, 'general_settings.global_max_parallel_requests'), /^changed: .*admits nothing/);
});

test('secrets are named, never copied; two keys of one account are one provider with two', () => {
  const with_ = (model_name: string, api_key: string): object => ({
    model_name,
    litellm_params: {
      model: 'anthropic/claude-haiku-4-5',
      api_key,
      extra_headers: { 'x-auth-token': 'hidden-1' },
    },
  });
  const clear = imported({ model_list: [with_('a', 'sk-ant-clear-text'), with_('b', 'os.environ/B')] });
  assert.doesNotMatch(JSON.stringify(clear), /clear-text|hidden-1/);
  assert.match(said(clear, 'model_list[0].litellm_params.api_key'), /^changed: env:IMPORTED_ANTHROPIC_KEY: /);
  assert.match(clear.document, / {2}anthropic-2:\n/, 'each serves a group of its own');
  assert.match(clear.document, /only: \[ anthropic-2 \]/);
  const pair = imported({ model_list: [with_('a', 'os.environ/A'), with_('a', 'os.environ/B')] });
  assert.match(pair.document, /api_key: \[ env:A, env:B \]/);
  assert.doesNotMatch(pair.document, /anthropic-2/);
});

test('no secret comes through, wherever in a proxy it stands, and no header that is not known to be harmless', () => {
  const headers = { 'x-house': 'PLANTED', 'anthropic-beta': 'a-1', 'x-nested': { a: 'PLANTED' } };
  const clear = imported({
    model_list: [{ ...haiku, litellm_params: { ...haiku.litellm_params, extra_headers: headers } }],
  });
  assert.doesNotMatch(JSON.stringify(clear), /PLANTED/);
  assert.match(clear.document, /anthropic-beta: a-1/);
  assert.match(clear.document, /x-house: env:IMPORTED_ANTHROPIC_X_HOUSE/);
  assert.match(said(clear, 'model_list[0].litellm_params.extra_headers.x-nested'), /^not carried: /);
  const parameters =
    'metadata extra_body response_format reasoning plugins tool_choice api_base organization';
  fc.assert(
    fc.property(
      plantedIn(parameters),
      plantedIn('model_info environment_variables general_settings litellm_settings router_settings x'),
      plantedIn('metadata permissions aliases object_permission'),
      (params, rest, own) => {
        const entry = { ...haiku, litellm_params: { ...params, ...haiku.litellm_params } };
        const owner = { team_id: 't', team_alias: 'team', models: [] };
        const token = 'a'.repeat(64);
        const result = imported(
          { ...rest, model_list: [entry] },
          { teams: [{ ...own, ...owner }] },
          { keys: [{ ...own, ...owner, token }] },
        );
        assert.doesNotMatch(JSON.stringify(result), /PLANTED/);
        assert.deepEqual(errorsIn(result.document), [], result.document);
      },
    ),
    { numRuns: 200 },
  );
});

test('an entry without a price has no place in a chain under a limit in dollars, and is named', () => {
  const rented = {
    model_name: 'rented',
    litellm_params: { model: 'openai/own', api_base: 'https://a.example/v1' },
  };
  const free = imported({ model_list: [rented] });
  assert.match(said(free, 'model_list[0].litellm_params.model'), /nobody said what a\/own costs at a/);
  const limited = imported({ model_list: [rented, haiku], litellm_settings: { max_budget: 5 } });
  assert.match(said(limited, 'model_list[0]'), /^not carried: a\/own at a has no known price/);
  assert.doesNotMatch(limited.document, /^ {2}rented:/m);
  assert.deepEqual(errorsIn(limited.document), []);
});

const names = fc.constantFrom(
  'gpt-4o',
  'Claude Haiku',
  'house/coder',
  'all',
  'ä',
  '@x',
  'openai/*',
  '*',
  'a'.repeat(300),
  '',
);
const models = fc.constantFrom(
  'openai/gpt-5.4',
  'gpt-5.4',
  'anthropic/claude-haiku-4-5',
  'azure/eu',
  'hosted_vllm/Acme/Own Model',
  'ollama_chat/qwen3:8b',
  'bedrock/x',
  'openai/*',
  'openrouter/openai/gpt-5.4',
  'gemini/gemini-2.5-flash',
  'text-completion-openai/x',
  '/',
  '',
);
const odd = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    0,
    -1,
    1e300,
    0.5,
    '5',
    '',
    'os.environ/X',
    true,
    [],
    {},
    '30d',
    '7d',
    '10d',
    '1e9',
  ),
  fc.jsonValue({ maxDepth: 2 }),
);
const loosely = (fields: readonly string[]): fc.Arbitrary<object> =>
  fc.record(Object.fromEntries(fields.map((field) => [field, odd])), { requiredKeys: [] });

const deployment = fc.record({
  model_name: fc.oneof(names, odd),
  litellm_params: fc
    .tuple(
      fc.record({ model: fc.oneof({ weight: 8, arbitrary: models }, odd) }),
      fc.record(
        {
          api_base: fc.constantFrom(
            'https://a.example/v1',
            'http://10.0.0.1:8000',
            'os.environ/BASE',
            'nonsense',
            7,
          ),
          api_key: fc.constantFrom('os.environ/KEY', 'sk-clear', null),
        },
        { requiredKeys: [] },
      ),
      loosely(
        'rpm tpm order weight timeout stream_timeout temperature max_tokens input_cost_per_token tags max_budget headers'.split(
          ' ',
        ),
      ),
    )
    .map((parts) => Object.assign({}, ...parts) as object),
  model_info: loosely(
    'mode base_model access_groups supports_vision max_input_tokens output_cost_per_token'.split(' '),
  ),
});
const fallbacks = fc.array(
  fc.dictionary(names, fc.array(fc.oneof(names, odd), { maxLength: 4 }), { maxKeys: 2 }),
  { maxLength: 3 },
);
const config = fc.record(
  {
    model_list: fc.oneof({ weight: 9, arbitrary: fc.array(deployment, { maxLength: 6 }) }, odd),
    litellm_settings: fc
      .tuple(
        fc.record({ fallbacks, default_fallbacks: fc.array(names, { maxLength: 3 }) }, { requiredKeys: [] }),
        loosely(['max_budget', 'budget_duration', 'request_timeout']),
      )
      .map((parts) => Object.assign({}, ...parts) as object),
    router_settings: fc
      .tuple(
        fc.record(
          {
            context_window_fallbacks: fallbacks,
            content_policy_fallbacks: fallbacks,
            model_group_alias: fc.dictionary(names, fc.oneof(names, odd)),
          },
          { requiredKeys: [] },
        ),
        loosely(['routing_strategy', 'provider_budget_config', 'timeout']),
      )
      .map((parts) => Object.assign({}, ...parts) as object),
    general_settings: loosely(['global_max_parallel_requests', 'master_key']),
  },
  { requiredKeys: ['model_list'] },
);
const owner = loosely(
  'max_budget soft_budget budget_duration budget_limits rpm_limit tpm_limit max_parallel_requests spend metadata'.split(
    ' ',
  ),
);
const team = fc
  .tuple(
    owner,
    fc.record({
      team_id: fc.constantFrom('t1', 't2'),
      team_alias: names,
      models: fc.array(names),
      blocked: fc.boolean(),
    }),
  )
  .map((parts) => Object.assign({}, ...parts) as object);
const key = fc
  .tuple(
    owner,
    fc.record({
      token: fc.oneof(
        fc.stringMatching(/^[0-9a-f]{64}$/),
        fc.constantFrom('sk-1234567890abcdefgh', 'short', null),
      ),
      key_alias: fc.oneof(names, fc.constant(null)),
      team_id: fc.constantFrom('t1', 't2', 't3', null),
      models: fc.oneof(fc.array(names), odd),
      aliases: fc.oneof(fc.dictionary(names, names), odd),
      expires: fc.oneof(fc.constantFrom('2030-01-01T00:00:00', '2030-01-01 00:00:00+00:00', null), odd),
    }),
  )
  .map((parts) => Object.assign({}, ...parts) as object);

test('whatever a LiteLLM says, the document is one that we read, twice the same, and without its secrets', () => {
  fc.assert(
    fc.property(
      config,
      fc.array(team, { maxLength: 3 }),
      fc.array(key, { maxLength: 4 }),
      (proxy, teams, keys) => {
        const run = (): Imported => imported(proxy, { teams }, { keys });
        const { document } = run();
        assert.deepEqual(errorsIn(document), [], document);
        assert.equal(run().document, document);
        assert.doesNotMatch(document, /sk-clear|sk-1234567890abcdefgh/);
      },
    ),
    { numRuns: 150 },
  );
});
