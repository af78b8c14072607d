/** `/v1/presets` over a real gateway: OpenRouter's shapes, who may see and write what, and what a captured request does. */
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { test, type TestContext } from 'node:test';
import { loadCatalogue } from '../src/catalog/load.ts';
import { importOpenRouter } from '../src/import/openrouter.ts';
import { asObject, asText } from '../src/core/json.ts';
import type { JsonObject } from '../src/core/snapshot.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';

const keys = {
  reader: 'sk-reader-0123456789abcdef',
  writer: 'sk-writer-0123456789abcdef',
  one: 'sk-only-one-0123456789abcd',
  cheap: 'sk-cheap-models-0123456789',
  team: 'sk-team-0123456789abcdef',
} as const;
type Who = keyof typeof keys;

const document = `
providers:
  deepseek: { wire: openai-chat, base_url: 'emulator://deepseek/v1' }
  anthropic: { wire: anthropic, base_url: 'emulator://anthropic/v1' }
workspaces:
  default: { aliases: { claude-coder: coder } }
  team: { presets: { coder: { models: [anthropic/claude-haiku-4.5], system_prompt: Of the team. } } }
presets:
  coder:
    description: Code generation
    models: [deepseek/deepseek-v4-pro, { model: anthropic/claude-haiku-4.5, parameters: { max_tokens: 900 } }]
    system_prompt: You are a careful engineer.
    parameters: { temperature: 0.2 }
    provider: { data_collection: allow }
    limits: [{ usd: 50, per: day }]
    floor: { tier: small }
    shared_with: [team]
  locked: { models: [deepseek/deepseek-v4-pro], locked: [models, temperature], parameters: { temperature: 1 } }
  off: { models: [deepseek/deepseek-v4-pro], disabled: true }
keys:
  - { name: reader, key: '${keys.reader}' }
  - { name: writer, key: '${keys.writer}', write_presets: true }
  - { name: one, key: '${keys.one}', write_presets: true, presets: [coder] }
  - { name: cheap, key: '${keys.cheap}', write_presets: true, models: [deepseek/deepseek-v4-pro] }
  - { name: team, key: '${keys.team}', workspace: team, write_presets: true }
`;

type Answer = { readonly status: number; readonly body: JsonObject };

/** `line`: method, path below `/presets`, and what goes into If-Match. */
async function call(gateway: TestGateway, who: Who, line: string, body?: unknown): Promise<Answer> {
  const [method = 'GET', path = '', version] = line.split(' ');
  const match = version === undefined ? {} : { 'if-match': version };
  const response = await fetch(`${gateway.url}/api/v1/presets${path}`, {
    method,
    headers: { authorization: `Bearer ${keys[who]}`, 'content-type': 'application/json', ...match },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: response.status, body: asObject(await response.json()) };
}

const start = (t: TestContext): Promise<TestGateway> => startTestGateway(t, document);
const dataOf = ({ body }: Answer): JsonObject => asObject(body['data']);
const listOf = ({ body }: Answer): readonly JsonObject[] => body['data'] as readonly JsonObject[];
const versionOf = (answer: Answer): JsonObject => asObject(dataOf(answer)['designated_version']);
const slugs = (answer: Answer): readonly unknown[] => listOf(answer).map(({ slug }) => slug);
const hi = [{ role: 'user', content: 'hi' }];
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const iso = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

test('a preset and its active version have every key of OpenRouter’s shapes', async (t) => {
  const gateway = await start(t);
  const answer = await call(gateway, 'writer', 'GET /coder');
  assert.equal(answer.status, 200);
  const { designated_version: version, ...preset } = dataOf(answer);
  const { id, designated_version_id: designated, workspace_id: workspace, created_at: made } = preset;
  assert.deepEqual(preset, {
    id,
    name: 'coder',
    slug: 'coder',
    description: 'Code generation',
    status: 'active',
    status_updated_at: null,
    creator_user_id: null,
    workspace_id: workspace,
    designated_version_id: designated,
    created_at: made,
    updated_at: made,
  });
  const { creator_id: creator, ...fields } = asObject(version);
  assert.deepEqual(fields, {
    id: designated,
    preset_id: id,
    version: 1,
    config: {
      models: ['deepseek/deepseek-v4-pro', 'anthropic/claude-haiku-4.5'],
      temperature: 0.2,
      provider: { data_collection: 'allow' },
      spillway: {
        floor: { tier: 'small' },
        limits: [{ usd: 50, per: 'day' }],
        models: [
          'deepseek/deepseek-v4-pro',
          { model: 'anthropic/claude-haiku-4.5', parameters: { max_tokens: 900 } },
        ],
      },
    },
    system_prompt: 'You are a careful engineer.',
    created_at: made,
    updated_at: made,
  });
  for (const one of [id, designated, workspace, creator]) assert.match(asText(one), uuid);
  assert.match(asText(made), iso);
  const again = await startTestGateway(t, document);
  assert.equal(dataOf(await call(again, 'writer', 'GET /coder'))['id'], id, 'the same everywhere');
  assert.notEqual(dataOf(await call(again, 'team', 'GET /coder'))['id'], id, 'another workspace');
});

test('a key sees its presets, without system prompts unless it may write them', async (t) => {
  const gateway = await start(t);
  const rows: readonly (readonly [who: Who, list: readonly string[], prompt: string | null])[] = [
    ['reader', ['coder', 'locked', 'off'], null],
    ['writer', ['coder', 'locked', 'off'], 'You are a careful engineer.'],
    ['one', ['coder'], 'You are a careful engineer.'],
    ['team', ['coder'], 'Of the team.'],
  ];
  for (const [who, list, prompt] of rows) {
    const all = await call(gateway, who, 'GET ');
    assert.deepEqual(
      slugs(all)
        .map(asText)
        .toSorted((a, b) => (a < b ? -1 : 1)),
      list,
      who,
    );
    assert.equal(all.body['total_count'], list.length);
    for (const line of ['GET /coder', 'GET /coder/versions', 'GET /coder/versions/1']) {
      const answer = await call(gateway, who, line);
      const [first] = line.endsWith('versions') ? listOf(answer) : [];
      const version = first ?? (line === 'GET /coder' ? versionOf(answer) : dataOf(answer));
      assert.equal(version['system_prompt'], prompt, `${who} ${line}`);
    }
  }
  const off = listOf(await call(gateway, 'reader', 'GET ')).find(({ slug }) => slug === 'off');
  assert.equal(off?.['status'], 'disabled');
});

test('lists have pages; presets come newest-written first, versions oldest first', async (t) => {
  const gateway = await start(t);
  for (const temperature of [0.3, 0.4])
    await call(gateway, 'writer', 'POST /locked/chat/completions', { messages: hi, top_p: temperature });
  assert.deepEqual(slugs(await call(gateway, 'writer', 'GET ?limit=1')), ['locked']);
  assert.deepEqual(slugs(await call(gateway, 'writer', 'GET ?offset=1')), ['coder', 'off']);
  assert.deepEqual(slugs(await call(gateway, 'writer', 'GET ?offset=9')), []);
  const page = await call(gateway, 'writer', 'GET /locked/versions?offset=1&limit=1');
  assert.deepEqual([listOf(page).map(({ version }) => version), page.body['total_count']], [[2], 3]);
  const all = listOf(await call(gateway, 'writer', 'GET /locked/versions'));
  assert.deepEqual(
    all.map(({ version, config }) => [version, asObject(config)['top_p']]),
    [
      [1, undefined],
      [2, 0.3],
      [3, 0.4],
    ],
  );
});

const ask = { model: 'deepseek/deepseek-v4-pro', messages: hi };

type Refusal = readonly [who: Who, line: string, body: unknown, status: number, code: string, says: RegExp];
const refusals: readonly Refusal[] = [
  [
    'reader',
    'GET ?limit=0',
    undefined,
    400,
    'invalid_request',
    /"limit" must be a whole number from 1 to 100/,
  ],
  ['reader', 'GET ?limit=101', undefined, 400, 'invalid_request', /"limit"/],
  ['reader', 'GET ?offset=-1', undefined, 400, 'invalid_request', /"offset" must be a whole number from 0/],
  ['reader', 'GET /nope', undefined, 404, 'preset_not_found', /no preset "nope"/],
  ['one', 'GET /locked', undefined, 404, 'preset_not_found', /no preset "locked" for this key/],
  ['reader', 'GET /team%2Fcoder', undefined, 404, 'preset_not_found', /no preset "team"/],
  ['reader', 'GET /coder/versions/2', undefined, 404, 'preset_version_not_found', /no version 2; the active/],
  ['reader', 'GET /coder/versions/x', undefined, 404, 'preset_version_not_found', /no version x/],
  ['reader', 'GET /coder/nothing', undefined, 404, 'route_not_found', /no GET/],
  ['reader', 'GET /coder/messages', undefined, 405, 'method_not_allowed', /takes POST/],
  ['writer', 'POST /coder', ask, 405, 'method_not_allowed', /takes GET/],
  [
    'reader',
    'POST /coder/chat/completions',
    ask,
    403,
    'presets_read_only',
    /key reader .* write_presets: true/,
  ],
  ['one', 'POST /locked/chat/completions', ask, 403, 'preset_not_allowed', /may write: coder/],
  ['writer', 'POST /coder/chat/completions', '{', 400, 'invalid_json', /JSON/],
  ['writer', 'POST /coder/chat/completions', { model: 'a/b' }, 400, 'invalid_request', /messages/],
  [
    'writer',
    'POST /coder/chat/completions',
    { ...ask, model: 'no/such' },
    400,
    'preset_invalid',
    /models\[0\]/,
  ],
  [
    'writer',
    'POST /coder/chat/completions',
    { ...ask, temperature: 9 },
    400,
    'preset_invalid',
    /temperature/,
  ],
  ['writer', 'POST /Not%20a%20slug/messages', { ...ask, max_tokens: 5 }, 400, 'preset_invalid', /.+/],
  [
    ...(['cheap', 'POST /coder/chat/completions'] as const),
    ...([{ ...ask, model: 'anthropic/claude-haiku-4.5' }, 403, 'model_not_allowed', /nor put it/] as const),
  ],
];

test('each refusal has a code of its own, in OpenRouter’s shape, and changes nothing', async (t) => {
  const gateway = await start(t);
  const before = gateway.configuration.snapshot().revision;
  for (const [who, line, body, status, code, says] of refusals) {
    const answer = await call(gateway, who, line, body);
    const error = asObject(answer.body['error']);
    assert.deepEqual([answer.status, error['code'], error['type']], [status, status, code], line);
    assert.match(asText(error['message']), says, line);
  }
  assert.equal(gateway.configuration.snapshot().revision, before);
});

test('a working request of each API becomes the next version, active for the next request', async (t) => {
  const gateway = await start(t);
  const forms: readonly (readonly [path: string, request: object])[] = [
    [
      'chat/completions',
      { messages: [{ role: 'system', content: 'Be brief.' }, ...hi], max_tokens: 77, stream: true },
    ],
    ['messages', { system: 'Be brief.', messages: hi, max_tokens: 77, stream: true }],
    ['responses', { instructions: 'Be brief.', input: 'hi', max_output_tokens: 77, stream: true }],
  ];
  for (const [path, request] of forms) {
    const slug = `from-${path.split('/')[0]}`;
    const sent = { model: 'anthropic/claude-haiku-4.5', ...request };
    const made = await call(gateway, 'writer', `POST /${slug}/${path}`, sent);
    assert.equal(made.status, 200, JSON.stringify(made.body));
    assert.deepEqual(made.body['dropped'], ['input' in request ? 'input' : 'messages', 'stream']);
    const { version, config, system_prompt: prompt } = versionOf(made);
    assert.deepEqual(
      [version, config, prompt],
      [1, { models: ['anthropic/claude-haiku-4.5'], max_tokens: 77 }, 'Be brief.'],
    );
    const answer = await fetch(`${gateway.base}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keys.reader}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: `@preset/${slug}`, messages: hi }),
    });
    assert.equal(answer.headers.get('x-spillway-preset'), `${slug}@1`, await answer.text());
    assert.equal(answer.headers.get('x-spillway-model'), 'anthropic/claude-haiku-4.5');
  }
});

test('capturing replaces what a request can hold and leaves limits, floor and locks alone', async (t) => {
  const gateway = await start(t);
  const body = (name: string): object => gateway.configuration.objects.get({ kind: 'preset', name }).body;
  const coder = await call(gateway, 'writer', 'POST /coder/chat/completions', { ...ask, top_p: 0.5 });
  assert.equal(versionOf(coder)['version'], 2);
  assert.deepEqual(body('coder'), {
    description: 'Code generation',
    models: ['deepseek/deepseek-v4-pro'],
    parameters: { top_p: 0.5 },
    floor: { tier: 'small' },
    limits: [{ usd: 50, per: 'day' }],
    shared_with: ['team'],
  });
  for (const model of ['@preset/coder', 'claude-coder']) {
    const onTop = await call(gateway, 'one', 'POST /coder/chat/completions', {
      model,
      messages: hi,
      seed: 1,
    });
    assert.equal(versionOf(onTop)['version'], 2, 'nothing new was said, so no version was made');
    assert.deepEqual(onTop.body['dropped'], ['messages', 'seed']);
  }
  const sent = { ...ask, model: 'anthropic/claude-haiku-4.5', temperature: 0, top_p: 1 };
  const locked = await call(gateway, 'writer', 'POST /locked/chat/completions', sent);
  assert.match(
    JSON.stringify(locked.body['warnings']),
    /models.{1,3} is locked.*temperature.{1,3} is locked/,
  );
  assert.deepEqual(body('locked'), {
    models: ['deepseek/deepseek-v4-pro'],
    locked: ['models', 'temperature'],
    parameters: { temperature: 1, top_p: 1 },
  });
  const [newest] = gateway.configuration.history(1);
  assert.deepEqual(
    [newest?.author, newest?.message],
    ['key writer', 'captured from a request of the chat API'],
  );
});

test('whoever is slower than somebody else is told so, and writes nothing', async (t) => {
  const gateway = await start(t);
  const stale = await call(gateway, 'writer', 'POST /coder/chat/completions "7"', ask);
  assert.deepEqual([stale.status, asObject(stale.body['error'])['type']], [409, 'preset_conflict']);

  const slow = httpRequest(`${gateway.url}/v1/presets/coder/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${keys.writer}`, 'content-type': 'application/json' },
  });
  const ended = new Promise<number>((resolve, reject) => {
    slow.on('error', reject);
    slow.on('response', (response) => {
      response.resume();
      resolve(response.statusCode ?? 0);
    });
  });
  const text = JSON.stringify(ask);
  slow.write(text.slice(0, 9));
  await new Promise((resolve) => setTimeout(resolve, 100));
  const fast = await call(gateway, 'one', 'POST /coder/chat/completions 1', ask);
  assert.equal(versionOf(fast)['version'], 2);
  slow.end(text.slice(9));
  assert.equal(await ended, 409);
  assert.equal(gateway.configuration.objects.get({ kind: 'preset', name: 'coder' }).version, 2);
});

test('an archived preset is seen as such and not brought back by a request; a deleted one begins anew', async (t) => {
  const gateway = await start(t);
  const { objects } = gateway.configuration;
  const actor = { name: 'olga', local: true, role: 'owner' } as const;
  const ref = { kind: 'preset', name: 'off' } as const;
  objects.change({ ref, action: { do: 'archive' }, actor });
  assert.equal(dataOf(await call(gateway, 'reader', 'GET /off'))['status'], 'archived');
  const refused = await call(gateway, 'writer', 'POST /off/chat/completions', ask);
  assert.deepEqual([refused.status, asObject(refused.body['error'])['type']], [404, 'preset_archived']);
  objects.change({ ref, action: { do: 'delete' }, actor });
  assert.equal((await call(gateway, 'reader', 'GET /off')).status, 404);
  const made = await call(gateway, 'writer', 'POST /off/chat/completions', ask);
  assert.deepEqual([made.status, versionOf(made)['version']], [200, 2], 'its numbers go on');
});

test('what GET answers can be imported like a preset of OpenRouter', async (t) => {
  const gateway = await start(t);
  const answer = await call(gateway, 'writer', 'GET /coder');
  const source = { name: 'coder.json', value: answer.body, locate: () => undefined };
  const { document: imported } = importOpenRouter([source], loadCatalogue());
  for (const words of [/temperature: 0.2/, /careful engineer/, /claude-haiku-4.5/, /data_collection: allow/])
    assert.match(imported, words);
});
