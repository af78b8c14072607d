/** A preset of one workspace that others use: by its whole name, under the owner's limits, without a say in it. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { checkDocument } from '../src/control/check-document.ts';
import { loadCatalogue } from '../src/catalog/load.ts';
import { startTestGateway, type TestGateway } from './support/gateway.ts';

const keys = {
  platform: 'sk-platform-0123456789',
  search: 'sk-search-0123456789',
  listed: 'sk-listed-0123456789',
  ads: 'sk-ads-0123456789',
} as const;

const document = (
  more: { readonly sharing?: string; readonly limits?: string; readonly aliases?: string } = {},
): string => `
providers: { deepseek: { wire: openai-chat, base_url: 'emulator://deepseek/v1' } }
workspaces:
  platform:
    presets:
      coder:
        models: [deepseek/deepseek-v4-pro]
        system_prompt: You are careful.
        ${more.limits ?? ''}
        shared_with: ${more.sharing ?? '[search]'}
      light: { models: [deepseek/deepseek-v4-flash] }
      auto: { route: [{ when: { task: summarize }, preset: light }, { preset: coder }], shared_with: all }
  search: { aliases: { house-coder: ${more.aliases ?? 'platform/coder'} }, presets: { own: { models: [deepseek/deepseek-v4-pro] } } }
  ads: { presets: { own: { models: [deepseek/deepseek-v4-pro] } } }
keys:
  - { name: platform, key: '${keys.platform}', workspace: platform, drafts: true }
  - { name: search, key: '${keys.search}', workspace: search, drafts: true }
  - { name: listed, key: '${keys.listed}', workspace: search, presets: [own] }
  - { name: ads, key: '${keys.ads}', workspace: ads }
`;

type Answer = {
  readonly status: number;
  readonly preset: string | null;
  readonly body: Record<string, unknown>;
};

async function ask(
  gateway: TestGateway,
  who: keyof typeof keys,
  model: string,
  headers = {},
): Promise<Answer> {
  const response = await fetch(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${keys[who]}`, 'content-type': 'application/json', ...headers },
    body: JSON.stringify({ model, max_tokens: 10, messages: [{ role: 'user', content: 'hello' }] }),
  });
  const body = (await response.json()) as Record<string, unknown>;
  return { status: response.status, preset: response.headers.get('x-spillway-preset'), body };
}

async function told(gateway: TestGateway, who: keyof typeof keys, model: string): Promise<string> {
  const { status, preset, body } = await ask(gateway, who, model);
  if (status === 200) return preset ?? '';
  return (body['error'] as { type: string }).type;
}

const start = (t: TestContext, more = {}): Promise<TestGateway> => startTestGateway(t, document(more));

test('who may use it, and by which name', async (t) => {
  const gateway = await start(t);
  const rows: readonly (readonly [keyof typeof keys, string, string])[] = [
    ['platform', '@preset/coder', 'coder@1'],
    ['platform', '@preset/platform/coder', 'coder@1'],
    ['search', '@preset/platform/coder', 'platform/coder@1'],
    ['search', '@preset/platform/coder@1', 'platform/coder@1'],
    ['search', 'house-coder', 'platform/coder@1'],
    ['search', 'deepseek/deepseek-v4-flash@preset/platform/coder', 'platform/coder@1'],
    // Nothing of one workspace is hidden by, or hides, a name of another.
    ['search', '@preset/coder', 'preset_not_found'],
    ['search', '@preset/platform/light', 'preset_not_found'],
    ['search', '@preset/platform/coder@7', 'preset_version_not_found'],
    ['search', '@preset/platform/coder@draft', 'preset_not_allowed'],
    ['listed', '@preset/platform/coder', 'preset_not_allowed'],
    ['ads', '@preset/platform/coder', 'preset_not_found'],
    ['ads', '@preset/nowhere/coder', 'preset_not_found'],
  ];
  for (const [who, model, expected] of rows)
    assert.equal(await told(gateway, who, model), expected, `${who}: ${model}`);
});

test('a routing preset that is shared leads to presets that are not, and the records say whose they are', async (t) => {
  const gateway = await start(t);
  const { preset, status } = await ask(gateway, 'ads', '@preset/platform/auto', {
    'x-spillway-task': 'summarize',
  });
  assert.deepEqual([status, preset], [200, 'platform/light@1']);
  const record = gateway.lastRecord();
  assert.deepEqual([record.workspace, record.key, record.preset], ['ads', 'ads', 'platform/light']);
  assert.deepEqual(record.routed, [{ preset: 'platform/auto', version: 1, rule: 1 }]);
  assert.equal((await ask(gateway, 'ads', '@preset/platform/auto')).preset, 'platform/coder@1');
});

test('the limits of its owner count for everybody who uses it, in one counter', async (t) => {
  const gateway = await start(t, { limits: 'limits: [{ requests: 2, per: day }]' });
  assert.equal(await told(gateway, 'platform', '@preset/coder'), 'coder@1');
  assert.equal(await told(gateway, 'search', '@preset/platform/coder'), 'platform/coder@1');
  assert.equal(await told(gateway, 'search', 'house-coder'), 'rate_limited');
  assert.equal(await told(gateway, 'platform', '@preset/coder'), 'rate_limited');
  assert.equal(await told(gateway, 'search', '@preset/own'), 'own@1');
});

test('a list of models names what a key may use of other workspaces, without what it is made of', async (t) => {
  const gateway = await start(t);
  const ids = async (who: keyof typeof keys): Promise<readonly string[]> => {
    const response = await fetch(`${gateway.url}/v1/models`, {
      headers: { authorization: `Bearer ${keys[who]}` },
    });
    const text = await response.text();
    assert.ok(!text.includes('careful'), 'the system prompt is the owner’s');
    const { data } = JSON.parse(text) as { data: { id: string }[] };
    return data.map(({ id }) => id).filter((id) => id.startsWith('@preset/') || id === 'house-coder');
  };
  assert.deepEqual(await ids('search'), [
    '@preset/own',
    '@preset/platform/coder',
    '@preset/platform/auto',
    'house-coder',
  ]);
  assert.deepEqual(await ids('ads'), ['@preset/own', '@preset/platform/auto']);
  assert.deepEqual(await ids('listed'), ['@preset/own']);
  assert.deepEqual(await ids('platform'), ['@preset/coder', '@preset/light', '@preset/auto']);
});

test('what a document says of sharing that leads nowhere is told with its place', () => {
  const told = (more: object): readonly string[] =>
    checkDocument(document(more), { catalogue: loadCatalogue(), now: 0, local: true })
      .filter(({ level }) => level === 'error')
      .map(({ path, message }) => `${path}: ${message}`);
  assert.deepEqual(told({}), []);
  assert.deepEqual(told({ sharing: '[serch]', aliases: 'own' }), [
    'workspaces.platform.presets.coder.shared_with[0]: there is no workspace "serch"; did you mean search?',
  ]);
  assert.deepEqual(told({ aliases: 'platform/light' }), [
    'workspaces.search.aliases.house-coder: the preset light of platform is not shared with search: its owner says shared_with',
  ]);
  assert.deepEqual(told({ aliases: 'platform/codr' }), [
    'workspaces.search.aliases.house-coder: there is no preset "platform/codr"; did you mean platform/coder?',
  ]);
});
