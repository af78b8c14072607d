import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  applied,
  apply,
  document,
  local,
  open,
  remote,
  sha256,
  told,
  withKeys,
} from '../../test/support/applying.ts';
import { catalogue } from '../../test/support/sample-catalogue.ts';
import type { OpenConfiguration } from './configuration.ts';
import { type ApplyResult } from './operations.ts';

test('an applied document is in force at once and after a start', async (t) => {
  const { settings, configuration } = open(t);
  withKeys(settings);
  const result = await applied(configuration, document, { message: 'first' });
  assert.equal(result.revision, 1);
  const check = (from: OpenConfiguration): void => {
    const snapshot = from.snapshot();
    assert.equal(snapshot.revision, 1);
    assert.deepEqual([...snapshot.providers.keys()], ['deepseek', 'anthropic']);
    assert.deepEqual(snapshot.providers.get('deepseek')?.credentials, ['sk-deepseek-from-env']);
    assert.deepEqual(snapshot.providers.get('anthropic')?.credentials, ['sk-ant-literal-secret']);
    assert.equal(snapshot.keys.get(sha256('my-own-key-of-the-ci'))?.name, 'ci');
    assert.equal(snapshot.keys.get(sha256('dev-key-from-the-env'))?.name, 'dev');
    const coder = snapshot.workspaces.get('default')?.presets.get('coder')?.active;
    assert.deepEqual(
      [coder?.version, coder?.chain.map(({ model }) => model)],
      [1, ['deepseek/deepseek-v4-pro', 'anthropic/claude-sonnet-4.6']],
    );
    assert.ok(snapshot.workspaces.get('team')?.presets.has('coder'));
    assert.equal(snapshot.alerts?.[0]?.webhook, 'https://hooks.example/T000/secret');
  };
  check(configuration);
  check(settings.open());
});

test('applying what is there already changes nothing: no version, no revision', async (t) => {
  const { settings, configuration } = open(t);
  withKeys(settings);
  await applied(configuration, document);
  const before = configuration.snapshot().revision;
  const commented = document.replace('presets:\n  coder:', '# reworded\npresets:\n  "coder":');
  const again = await applied(configuration, commented);
  assert.deepEqual([told(again), again.revision], [[], before]);
  assert.equal(configuration.history(10).length, 1);
});

test('an export is the document again, and applying it changes nothing', async (t) => {
  const { settings, configuration } = open(t);
  withKeys(settings);
  await applied(configuration, document);
  await configuration.addKey({ name: 'made', presets: ['coder'] }, local);
  const exported = configuration.export();
  const again = await applied(configuration, exported);
  assert.deepEqual(told(again), []);
  assert.equal(configuration.export(), exported);
  assert.match(exported, /api_key: env:DEEPSEEK_KEY/);
  assert.match(exported, /api_key: <secret>/);
  assert.match(exported, /name: made/);
  assert.equal(configuration.snapshot().providers.get('anthropic')?.credentials[0], 'sk-ant-literal-secret');
});

test('nothing is applied when anything is wrong', async (t) => {
  const { settings, configuration } = open(t);
  withKeys(settings);
  await applied(configuration, document);
  const snapshot = configuration.snapshot();
  const wrong = document.replace('contact: "#ai"', 'contact: "#new"').replace('usd: 3000', 'usd: -1');
  const result = await apply(configuration, wrong);
  assert.equal(result.outcome, 'invalid');
  assert.deepEqual(
    result.findings.filter(({ level }) => level === 'error').map(({ path, line }) => `${path} ${line}`),
    ['limits[0].usd 2'],
  );
  assert.equal(configuration.snapshot(), snapshot);
  assert.equal(settings.open().history(10).length, 1);
});

test('a model that the catalogue no longer knows stops its preset from being changed, and nothing else', async (t) => {
  const { settings, configuration } = open(t);
  withKeys(settings);
  await applied(configuration, document);
  const models = new Map(catalogue.models);
  models.delete('anthropic/claude-sonnet-4.6');
  const later = settings.open({ catalogue: { ...catalogue, models } });
  const errors = (result: ApplyResult): readonly string[] =>
    result.findings.filter(({ level }) => level === 'error').map(({ path }) => path);
  const prompt = await apply(later, document.replace('You are brief.', 'You are terse.'));
  assert.deepEqual(errors(prompt), ['presets.coder.models[1].model']);
  const contact = await applied(later, document.replace('#ai', '#ml'));
  assert.deepEqual(told(contact), ['changed workspace default 2']);
  assert.match(JSON.stringify(contact.findings), /"warning","message":"the catalogue has no model/);
  const without = document.replace(/\n  deepseek: .*/, '');
  assert.deepEqual(
    errors(await apply(later, without, { prune: true })),
    ['presets.coder.models[0]'],
    'what the change itself breaks is an error',
  );
});

test('edits and documents: who wrote last, and what was not touched stays', async (t) => {
  const { configuration } = open(t);
  const one = 'keys: [{ name: ci, key: "0123456789abcdef" }]';
  const two =
    'keys: [{ name: ci, key: "0123456789abcdef", models: [deepseek-v4-pro] }]\nproviders: { deepseek: { wire: openai-chat, base_url: "https://a.b/v1" } }';
  await applied(configuration, one);
  await configuration.setKeyDisabled('ci', true, remote);

  const drifted = await applied(configuration, one);
  assert.deepEqual(told(drifted), ['kept key ci 2']);
  assert.deepEqual(drifted.changes[0]?.diff, ['-disabled: true']);
  assert.equal(configuration.keys()[0]?.disabled, true);

  const conflict = await apply(configuration, two);
  assert.equal(conflict.outcome, 'conflict');
  assert.deepEqual(
    conflict.outcome === 'conflict' && conflict.conflicts.map(({ name, diff }) => [name, diff]),
    [['ci', ['-disabled: true', '+models: [deepseek-v4-pro]']]],
  );
  assert.equal(configuration.snapshot().providers.size, 0, 'nothing of the document is applied');

  const dry = await applied(configuration, two, { force: true, dryRun: true });
  assert.equal(dry.revision, configuration.snapshot().revision);
  assert.equal(configuration.keys()[0]?.disabled, true);

  const forced = await applied(configuration, two, { force: true });
  assert.deepEqual(told(forced), [
    'created gateway provider-order 1',
    'created provider deepseek 1',
    'changed key ci 3',
  ]);
  assert.equal(configuration.keys()[0]?.disabled, false);
});

test('what a document no longer has stays, unless it is pruned; numbers never restart', async (t) => {
  const { settings, configuration } = open(t);
  await applied(configuration, 'presets: { a: { description: one }, b: {} }');
  await configuration.addKey({ name: 'made' }, local);
  const without = await applied(configuration, 'presets: { b: {} }');
  assert.deepEqual(told(without), ['kept preset a 1']);
  const pruned = await applied(configuration, 'presets: { b: {} }', { prune: true });
  assert.deepEqual(told(pruned), ['archived preset a 1']);
  assert.equal(configuration.snapshot().workspaces.get('default')?.presets.get('a')?.status, 'archived');
  assert.equal(configuration.keys().length, 1, 'a document never prunes what no document wrote');
  const restarted = settings.open();
  assert.deepEqual(told(await applied(restarted, 'presets: { a: { description: two }, b: {} }')), [
    'created preset a 2',
  ]);
  const entry = restarted.snapshot().workspaces.get('default')?.presets.get('a');
  assert.deepEqual([entry?.status, new Set(entry?.versions.keys())], ['active', new Set([1, 2])]);
});

test('every version of a preset can be asked for, also after a start', async (t) => {
  const { settings, configuration } = open(t);
  for (const description of ['one', 'two', 'three']) {
    await applied(
      configuration,
      `presets: { p: { description: ${description}, limits: [{ requests: ${description.length}, per: day }] } }`,
    );
  }
  for (const from of [configuration, settings.open()]) {
    const entry = from.snapshot().workspaces.get('default')?.presets.get('p');
    assert.equal(entry?.active.version, 3);
    assert.deepEqual(
      [1, 2, 3].map((version) => entry?.versions.get(version)?.description),
      ['one', 'two', 'three'],
    );
    assert.equal(
      entry?.versions.get(1)?.limits?.[0]?.amount,
      5,
      'limits belong to the preset, not to the version',
    );
  }
});

test('every change is a revision with its author, message and what it changed', async (t) => {
  const { configuration } = open(t);
  await applied(configuration, 'presets: { p: { description: one } }', { message: 'begin' });
  await applied(configuration, 'presets: { p: { description: two } }', { actor: remote, message: 'reword' });
  await configuration.addKey({ name: 'ci' }, local);
  await configuration.setKeyDisabled('ci', true, remote);
  await configuration.setKeyDisabled('ci', true, remote);
  await configuration.removeKey('ci', local);
  const history = configuration.history(10);
  assert.deepEqual(
    history.map(({ revision, author, message }) => `${revision} ${author} ${message}`),
    [
      '5 olga removed the key ci',
      '4 rita disabled the key ci',
      '3 olga added the key ci',
      '2 rita reword',
      '1 olga begin',
    ],
  );
  assert.deepEqual(history[3]?.changes, [
    {
      kind: 'preset',
      name: 'p',
      action: 'changed',
      version: 2,
      diff: ['-description: "one"', '+description: "two"'],
    },
  ]);
  assert.deepEqual(history[4]?.changes[0]?.diff, ['+description: "one"']);
  assert.deepEqual(configuration.history(1).length, 1);
  const times = history.map(({ at }) => at);
  assert.deepEqual(
    times,
    [...times].sort((a, b) => b - a),
  );
});

test('the order of providers in the document is a setting of its own', async (t) => {
  const { settings, configuration } = open(t);
  const a = 'a: { wire: openai-chat, base_url: "https://a.example/v1", catalog: deepseek }';
  const b = 'b: { wire: openai-chat, base_url: "https://b.example/v1", catalog: deepseek }';
  const serving = (from: OpenConfiguration): unknown =>
    from
      .snapshot()
      .endpoints.get('deepseek/deepseek-v4-pro')
      ?.map(({ provider }) => provider.name);
  await applied(configuration, `providers: { ${a}, ${b} }`);
  assert.deepEqual(serving(configuration), ['a', 'b']);
  const swapped = await applied(configuration, `providers: { ${b}, ${a} }`);
  assert.deepEqual(told(swapped), ['changed gateway provider-order 2']);
  assert.deepEqual(serving(configuration), ['b', 'a']);
  assert.deepEqual(serving(settings.open()), ['b', 'a']);
});

test('what was removed by hand is not told of again when the document forgets it too', async (t) => {
  const { configuration } = open(t);
  const key = 'keys: [{ name: ci, key: "0123456789abcdef" }]';
  await applied(configuration, key);
  await configuration.removeKey('ci', local);
  assert.deepEqual(told(await applied(configuration, key)), ['kept key ci 1'], 'it stays removed');
  assert.equal(configuration.keys().length, 0);
  for (const prune of [false, true])
    assert.deepEqual(told(await applied(configuration, 'presets: {}', { prune })), []);
  assert.deepEqual(told(await applied(configuration, key, { force: true })), ['created key ci 1']);
  assert.equal(configuration.keys().length, 1);
});
