import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { applied, local, open, remote, told } from '../../test/support/applying.ts';
import type { OpenConfiguration } from './configuration.ts';
import type { Action, ChangeRequest, ChangeResult, ObjectRef } from './object-operations.ts';
import { OperationRefused } from './operations.ts';

const coder: ObjectRef = { kind: 'preset', name: 'coder' };
const body = (description: string): object => ({ description, models: ['deepseek-v4-pro'] });

type More = Partial<Omit<ChangeRequest, 'action'>>;

function act(configuration: OpenConfiguration, action: Action, more: More = {}): ChangeResult {
  return configuration.objects.change({ ref: coder, actor: local, action, ...more });
}

/** `activated preset coder 1`, or the findings, or the conflict's sentence. */
function saidOf(result: ChangeResult): string {
  if (result.outcome === 'conflict') return `conflict ${result.conflict.reason}: ${result.conflict.message}`;
  if (result.outcome === 'invalid')
    return result.findings.map(({ path, message }) => `${path} ${message}`).join('\n');
  return result.changes
    .map(({ action, kind, name, version }) => `${action} ${kind} ${name} ${version}`)
    .join(', ');
}

const provider = {
  wire: 'openai-chat',
  base_url: 'https://api.deepseek.com/v1',
  api_key: 'sk-literal-secret',
};

async function begin(t: TestContext): Promise<{
  readonly configuration: OpenConfiguration;
  readonly reopen: () => OpenConfiguration;
}> {
  const { settings, configuration } = open(t);
  act(configuration, { do: 'put', body: provider }, { ref: { kind: 'provider', name: 'deepseek' } });
  return { configuration, reopen: () => settings.open() };
}

const active = (configuration: OpenConfiguration): string => {
  const entry = configuration.snapshot().workspaces.get('default')?.presets.get('coder');
  return `${entry?.status} ${entry?.active.version} ${entry?.active.description}`;
};

test('an object goes through its life: each row is one call', async (t) => {
  const { configuration: first, reopen } = await begin(t);
  let configuration = first;
  const rows: readonly (readonly [action: Action, says: string, then: string])[] = [
    [{ do: 'put', body: body('one') }, 'created preset coder 1', 'active 1 one'],
    [{ do: 'put', body: body('one') }, '', 'active 1 one'],
    [{ do: 'put', body: body('two') }, 'changed preset coder 2', 'active 2 two'],
    [{ do: 'patch', patch: { description: 'three' } }, 'changed preset coder 3', 'active 3 three'],
    [{ do: 'patch', patch: { description: null } }, 'changed preset coder 4', 'active 4 undefined'],
    [{ do: 'activate', version: 1 }, 'activated preset coder 1', 'active 1 one'],
    [{ do: 'activate', version: 1 }, '', 'active 1 one'],
    [{ do: 'put', body: body('five') }, 'changed preset coder 5', 'active 5 five'],
    [{ do: 'archive' }, 'archived preset coder 5', 'archived 5 five'],
    [{ do: 'restore' }, 'restored preset coder 5', 'active 5 five'],
    [{ do: 'restore' }, '', 'active 5 five'],
    [{ do: 'archive' }, 'archived preset coder 5', 'archived 5 five'],
    [{ do: 'put', body: body('six') }, 'created preset coder 6', 'active 6 six'],
    [{ do: 'delete' }, 'deleted preset coder 6', 'undefined undefined undefined'],
    [{ do: 'put', body: body('seven') }, 'created preset coder 7', 'active 7 seven'],
    [{ do: 'activate', version: 2 }, 'activated preset coder 2', 'active 2 two'],
    [{ do: 'draft', body: body('next') }, '', 'active 2 two'],
    [{ do: 'draft', body: body('better') }, '', 'active 2 two'],
    [{ do: 'publish' }, 'changed preset coder 8', 'active 8 better'],
    [{ do: 'rollout', version: 7, percent: 10 }, 'created rollout coder 1', 'active 8 better'],
    [{ do: 'rollout', version: 7, percent: 50 }, 'changed rollout coder 2', 'active 8 better'],
    [{ do: 'rollback' }, 'archived rollout coder 2', 'active 8 better'],
    [{ do: 'rollout', version: 7, percent: 5 }, 'created rollout coder 3', 'active 8 better'],
    [{ do: 'promote' }, 'activated preset coder 7, archived rollout coder 3', 'active 7 seven'],
    [{ do: 'rollout', version: 8, percent: 5 }, 'created rollout coder 4', 'active 7 seven'],
    [{ do: 'put', body: body('nine') }, 'changed preset coder 9, archived rollout coder 4', 'active 9 nine'],
  ];
  for (const [action, says, then] of rows) {
    assert.equal(saidOf(act(configuration, action)), says, JSON.stringify(action));
    assert.equal(active(configuration), then, JSON.stringify(action));
    configuration = reopen();
    assert.equal(active(configuration), then, `after a start: ${JSON.stringify(action)}`);
  }
  const versions = configuration.objects.versions(coder);
  assert.deepEqual(
    versions.map(({ version, active: isActive, message }) => `${version}${isActive ? '*' : ''} ${message}`),
    [
      '9* wrote preset coder',
      '8 published the draft of preset coder',
      ...[7, 6, 5, 4, 3, 2, 1].map((version) => `${version} wrote preset coder`),
    ],
  );
});

test('what cannot be done says why', async (t) => {
  const { configuration } = await begin(t);
  const refused = (action: Action, words: RegExp, more: More = {}): void => {
    assert.throws(
      () => act(configuration, action, more),
      (cause) => cause instanceof OperationRefused && words.test(cause.message),
      JSON.stringify(action),
    );
  };
  refused({ do: 'archive' }, /there is no preset coder/);
  refused({ do: 'patch', patch: {} }, /there is no preset coder/);
  act(configuration, { do: 'put', body: body('one') });
  refused({ do: 'activate', version: 2 }, /has no version 2; there is only 1/);
  refused({ do: 'publish' }, /has no draft/);
  refused({ do: 'discard' }, /has no draft/);
  refused({ do: 'promote' }, /no version of preset coder is being rolled out/);
  refused({ do: 'rollout', version: 3, percent: 5 }, /has no version 3/);
  assert.match(
    saidOf(act(configuration, { do: 'rollout', version: 1, percent: 5 })),
    /version 1 of preset coder is the active one already/,
  );
  act(configuration, { do: 'archive' });
  refused({ do: 'activate', version: 1 }, /is archived: restore it first/);
  act(configuration, { do: 'delete' });
  refused({ do: 'restore' }, /there is no preset coder/);
  assert.throws(() => configuration.objects.get({ ...coder, name: 'codr' }), /there is no preset "codr"/);
});

test('a body is judged like a document: mistakes with their place, and nothing is changed', async (t) => {
  const { configuration } = await begin(t);
  const rows: readonly (readonly [ref: ObjectRef, body: unknown, says: RegExp])[] = [
    [coder, { modles: [] }, /^presets.coder.modles is not a known key; did you mean models\?/],
    [coder, [], /^presets.coder must be a map of keys, not a list/],
    [coder, null, /^presets.coder has no value/],
    [coder, { models: ['nobody/x'] }, /presets.coder.models\[0\] the catalogue has no model/],
    [{ kind: 'preset', name: 'Über' }, {}, /presets\["Über"\] "Über" must be lower-case letters/],
    [{ kind: 'preset', name: 'all' }, {}, /"all" is a reserved word/],
    [{ kind: 'preset', name: 'x'.repeat(200) }, {}, /is longer than 80 characters/],
    [{ kind: 'preset', name: 'versions' }, {}, /"versions" is a reserved word/],
    [{ kind: 'key', name: 'ci' }, { key: '0123456789abcdef', preset: [] }, /did you mean presets\?/],
    [{ kind: 'key', name: 'ci' }, { name: 'other', key: '0123456789abcdef' }, /keys.ci.name must be ci/],
    [
      { kind: 'key', name: 'ci' },
      { key: '0123456789abcdef', presets: ['codr'] },
      /there is no preset "codr"/,
    ],
    [{ kind: 'gateway', name: 'limit' }, {}, /there are only limits and provider-order/],
    [{ kind: 'workspace', name: 'team' }, { presets: {} }, /presets are objects of their own/],
    [{ kind: 'model', name: 'coder' }, {}, /must be author\/name/],
  ];
  const before = configuration.snapshot();
  for (const [ref, value, says] of rows) {
    const result = act(configuration, { do: 'put', body: value }, { ref });
    assert.equal(result.outcome, 'invalid', JSON.stringify(ref));
    assert.match(saidOf(result), says);
  }
  assert.equal(configuration.snapshot(), before);
});

test('whoever read an older version is told of both, and of what came between', async (t) => {
  const { configuration } = await begin(t);
  act(configuration, { do: 'put', body: body('one') }, { ifVersion: 0 });
  assert.deepEqual(act(configuration, { do: 'put', body: body('two') }, { ifVersion: 0 }), {
    outcome: 'conflict',
    conflict: {
      reason: 'version',
      message: 'the change to preset coder is based on version 0, and 1 is active now: read it again',
      yours: 0,
      active: 1,
    },
  });
  act(configuration, { do: 'put', body: body('two') }, { ifVersion: 1 });
  for (const action of [
    { do: 'patch', patch: { description: 'mine' } },
    { do: 'archive' },
    { do: 'delete' },
    { do: 'activate', version: 1 },
  ] as const) {
    const result = act(configuration, action, { ifVersion: 1 });
    assert.partialDeepStrictEqual(result, {
      outcome: 'conflict',
      conflict: {
        reason: 'version',
        yours: 1,
        active: 2,
        diff: ['-description: "one"', '+description: "two"'],
      },
    });
  }
  assert.equal(active(configuration), 'active 2 two');
});

test('a draft that was begun on another version is not published over it unseen', async (t) => {
  const { configuration } = await begin(t);
  act(configuration, { do: 'put', body: body('one') });
  act(configuration, { do: 'draft', body: body('draft') }, { message: 'shorter' });
  assert.match(saidOf(act(configuration, { do: 'draft', body: { model: 'x' } })), /did you mean models\?/);
  act(configuration, { do: 'put', body: body('two') });
  assert.match(saidOf(act(configuration, { do: 'publish' })), /based on version 1, and 2 is active now/);
  assert.equal(saidOf(act(configuration, { do: 'publish' }, { force: true })), 'changed preset coder 3');
  assert.equal(configuration.history(1)[0]?.message, 'shorter');
  assert.equal(configuration.objects.get(coder).draft, undefined);
  const before = configuration.history(100).length;
  act(configuration, { do: 'draft', body: body('again') });
  act(configuration, { do: 'discard' });
  assert.equal(configuration.history(100).length, before, 'a draft is no revision');
});

test('what is in use is not removed unless that is forced, and then those who use it are named', async (t) => {
  const { configuration } = await begin(t);
  const document = `
presets:
  coder: { models: [deepseek-v4-pro] }
  auto: { route: [{ preset: coder }] }
workspaces: { default: { aliases: { gpt-5.1: coder } } }
keys:
  - { name: ci, key: 0123456789abcdef, presets: [coder], models: [deepseek-v4-pro] }
  - { name: dev, key: fedcba9876543210, limits: [{ usd: 1, per: day, downgrade: { at: 80, to: [deepseek-v4-pro] } }] }
`;
  await applied(configuration, document);
  const users = (result: ChangeResult): unknown =>
    result.outcome === 'conflict' ? [result.conflict.reason, result.conflict.usedBy] : saidOf(result);
  const uses = [
    'workspace default: aliases["gpt-5.1"]',
    'preset auto: route[0].preset',
    'key ci: presets[0]',
  ];
  for (const action of [{ do: 'archive' }, { do: 'delete' }] as const)
    assert.deepEqual(users(act(configuration, action)), ['in_use', uses]);
  assert.deepEqual(
    users(act(configuration, { do: 'delete' }, { ref: { kind: 'provider', name: 'deepseek' } })),
    ['in_use', ['preset coder: models[0]', 'key ci: models[0]', 'key dev: limits[0].downgrade.to[0]']],
  );
  const forced = act(configuration, { do: 'delete' }, { force: true });
  assert.equal(saidOf(forced), 'deleted preset coder 1');
  assert.equal(forced.outcome === 'done' && forced.findings.length, 3);
  const other = act(configuration, { do: 'put', body: {} }, { ref: { kind: 'preset', name: 'other' } });
  assert.equal(saidOf(other), 'created preset other 1', 'what dangles stops nothing else');
});

test('any revision can be undone, and any two compared', async (t) => {
  const { configuration } = await begin(t);
  const first = configuration.snapshot().revision;
  act(configuration, { do: 'put', body: body('one') });
  act(configuration, { do: 'put', body: body('two') });
  act(configuration, { do: 'archive' });
  const { objects } = configuration;
  assert.deepEqual(
    objects.compare(first, first + 2).map(({ action, version, diff }) => [action, version, diff]),
    [['created', 2, ['+description: "two"', '+models: [deepseek-v4-pro]']]],
  );
  assert.deepEqual(
    objects.compare(first + 2, first + 1).map(({ action, version, diff }) => [action, version, diff]),
    [['changed', 1, ['-description: "two"', '+description: "one"']]],
  );
  assert.deepEqual(objects.compare(first, first + 3), []);
  assert.throws(() => objects.compare(1, 99), /there is no revision 99; the newest is 4/);
  const revert = (revision: number, force = false): string =>
    saidOf(objects.revert(revision, { actor: remote, force }));
  assert.match(revert(first + 2), /conflict state: edited since revision 3: preset coder/);
  assert.equal(revert(first + 3), 'restored preset coder 2');
  assert.equal(revert(first + 2), 'activated preset coder 1');
  assert.equal(revert(first + 5), 'activated preset coder 2', 'a revert can be undone');
  assert.equal(revert(first + 1, true), 'deleted preset coder 2');
  assert.equal(configuration.history(1)[0]?.message, 'reverted revision 2');
  assert.equal(revert(first + 7), 'restored preset coder 2');
  for (const verb of ['archive', 'delete'] as const) act(configuration, { do: verb });
  assert.equal(revert(configuration.snapshot().revision), 'archived preset coder 2');
  assert.equal(configuration.snapshot().workspaces.get('default')?.presets.get('coder')?.status, 'archived');
});

test('documents and edits: the three-way rule sees what was edited one by one', async (t) => {
  const { configuration } = await begin(t);
  const document = (description: string): string =>
    `presets: { coder: { description: ${description}, models: [deepseek-v4-pro] } }`;
  await applied(configuration, document('one'));
  act(configuration, { do: 'put', body: body('edited') });
  const drift = await applied(configuration, document('one'));
  assert.deepEqual(told(drift), ['kept preset coder 2']);
  assert.deepEqual(drift.changes[0]?.diff, ['-description: "edited"', '+description: "one"']);
  const both = await configuration.apply({ text: document('other'), actor: local });
  assert.equal(both.outcome, 'conflict');
  act(configuration, { do: 'activate', version: 1 });
  assert.deepEqual(told(await applied(configuration, document('two'))), ['changed preset coder 3']);
  act(configuration, { do: 'delete' });
  assert.deepEqual(told(await applied(configuration, document('two'))), ['kept preset coder 3']);
  assert.deepEqual(told(await applied(configuration, document('two'), { force: true })), [
    'created preset coder 3',
  ]);
});

test('a provider that moves loses its credential; who is far away may not bring references', async (t) => {
  const { configuration } = await begin(t);
  const ref: ObjectRef = { kind: 'provider', name: 'deepseek' };
  const credentials = (): readonly string[] | undefined =>
    configuration.snapshot().providers.get('deepseek')?.credentials;
  act(configuration, { do: 'patch', patch: { headers: { 'x-title': 'us' } } }, { ref, actor: remote });
  assert.deepEqual(credentials(), ['sk-literal-secret'], 'a patch leaves alone what it does not name');
  assert.deepEqual(configuration.objects.get(ref).body, {
    ...provider,
    api_key: '<secret>',
    headers: { 'x-title': 'us' },
  });
  const put = act(
    configuration,
    { do: 'put', body: { ...provider, base_url: 'https://evil.example/v1', api_key: '<secret>' } },
    { ref, actor: remote },
  );
  assert.match(saidOf(put), /api_key must be written again, because base_url leads to another origin/);
  const moved = act(
    configuration,
    { do: 'patch', patch: { base_url: 'https://evil.example/v1' } },
    { ref, actor: remote },
  );
  assert.match(JSON.stringify(moved), /providers.deepseek.api_key","level":"warning","message":"was cleared/);
  assert.deepEqual(credentials(), []);
  for (const patch of [{ api_key: 'env:HOME' }, { base_url: 'http://10.0.0.1/v1' }])
    assert.match(
      saidOf(act(configuration, { do: 'patch', patch }, { ref, actor: remote })),
      /on the server's own machine|only an owner may configure/,
    );
});

test('a reference that stands may stay when somebody far away edits what is around it', async (t) => {
  const { settings, configuration } = open(t);
  settings.env['CI_KEY'] = '0123456789abcdef';
  settings.env['UP'] = 'sk-upstream-secret';
  await applied(
    configuration,
    `
providers: { up: { wire: openai-chat, base_url: 'http://127.0.0.1:9/v1', api_key: env:UP, catalog: deepseek } }
keys: [{ name: ci, key: env:CI_KEY }]
alerts: [{ name: a, when: on_fallback, webhook: 'http://127.0.0.1/hook', allow_private: true }]
`,
  );
  const patch = (ref: ObjectRef, value: object): string =>
    saidOf(act(configuration, { do: 'patch', patch: value }, { ref, actor: remote }));
  assert.equal(patch({ kind: 'key', name: 'ci' }, { disabled: true }), 'changed key ci 2');
  assert.match(patch({ kind: 'key', name: 'ci' }, { key: 'env:HOME' }), /keys.ci.key env: and file:/);
  assert.equal(patch({ kind: 'provider', name: 'up' }, { data: { zdr: true } }), 'changed provider up 2');
  assert.match(
    patch({ kind: 'provider', name: 'up' }, { base_url: 'http://127.0.0.1:10/v1' }),
    /providers.up.base_url is a private address/,
  );
  assert.equal(patch({ kind: 'alert', name: 'a' }, { for: '5m' }), 'changed alert a 2');
  assert.match(
    patch({ kind: 'alert', name: 'a' }, { webhook: 'http://10.0.0.1/hook' }),
    /alerts.a.allow_private allows private addresses/,
  );
});

test('going back is no way around a role: addresses, references and administrators', (t) => {
  const { settings, configuration } = open(t);
  settings.env['UP'] = 'sk-upstream-secret';
  const ref: ObjectRef = { kind: 'provider', name: 'up' };
  const put = (base: string, secret: string): string =>
    saidOf(
      act(configuration, { do: 'put', body: { ...provider, base_url: base, api_key: secret } }, { ref }),
    );
  assert.equal(put('http://10.0.0.1/v1', 'sk-inside'), 'created provider up 1');
  assert.equal(put('https://api.deepseek.com/v1', 'env:UP'), 'changed provider up 2');
  assert.equal(put('https://api.deepseek.com/v1', 'sk-literal-secret'), 'changed provider up 3');
  const back = (version: number): string =>
    saidOf(act(configuration, { do: 'activate', version }, { ref, actor: remote }));
  assert.match(back(1), /providers.up.base_url is a private address, which only an owner/);
  assert.match(back(2), /providers.up.api_key env: and file: are read only for an operator/);
  const revert = saidOf(configuration.objects.revert(3, { actor: remote }));
  assert.match(revert, /providers.up.api_key env: and file:/);
  assert.equal(back(3), '');
  configuration.administration.addAdmin({ name: 'eve', role: 'viewer' }, local);
  const { revision } = configuration.snapshot();
  for (const actor of [local, remote])
    assert.throws(() => configuration.objects.revert(revision, { actor }), /administrators are not reverted/);
});

test('what closes a circle of presets, or makes a row of them too long, is invalid, and no force does it', async (t) => {
  const { configuration } = await begin(t);
  const named = (name: string): ObjectRef => ({ kind: 'preset', name });
  const put = (name: string, body: object): string =>
    saidOf(act(configuration, { do: 'put', body }, { ref: named(name) }));
  const leads = (...presets: readonly string[]): object => ({
    route: [
      ...presets.slice(1).map((preset) => ({ when: { task: preset }, preset })),
      { preset: presets[0] ?? '' },
    ],
  });
  for (const name of ['b', 'a', 'e']) put(name, body('serves'));
  put('b', leads('a'));
  put('b', body('serves'));
  put('a', leads('b'));
  for (const force of [false, true]) {
    const closed = act(configuration, { do: 'activate', version: 2 }, { ref: named('b'), force });
    assert.equal(closed.outcome, 'invalid');
    assert.match(saidOf(closed), /^presets\.[ab]\.route leads back to itself: (a → b → a|b → a → b)$/);
    const rolled = act(configuration, { do: 'rollout', version: 2, percent: 1 }, { ref: named('b'), force });
    assert.match(saidOf(rolled), /leads back to itself/);
  }
  put('b', body('serves again'));
  put('d', leads('a'));
  put('c', leads('d'));
  assert.equal(put('top', leads('c')), 'created preset top 1');
  const long = act(configuration, { do: 'put', body: leads('e') }, { ref: named('b'), force: true });
  assert.equal(long.outcome, 'invalid');
  assert.match(saidOf(long), /^presets\.top\.route chooses through too many: .*, top → c → d → a → b → e$/);
});
