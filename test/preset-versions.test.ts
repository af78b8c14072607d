/** Which version of a preset serves: the active one, a pin, a draft, or the one that is being rolled out. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Action } from '../src/control/object-operations.ts';
import type { OpenConfiguration } from '../src/control/configuration.ts';
import { Refused } from '../src/core/problem.ts';
import { routeFacts } from '../src/request/route-facts.ts';
import { resolve, type Route } from '../src/core/resolve.ts';
import type { Key } from '../src/core/snapshot.ts';
import { chatDialect } from '../src/dialects/chat/dialect.ts';
import { local, open } from './support/applying.ts';

function act(configuration: OpenConfiguration, action: Action): void {
  const ref = { kind: 'preset', name: 'p' } as const;
  const result = configuration.objects.change({ ref, action, actor: local });
  assert.equal(result.outcome, 'done', JSON.stringify(result));
}

const key: Key = { name: 'ci', workspace: 'default', aliases: new Map(), disabled: false };
const tester: Key = { ...key, drafts: true };

function ask(configuration: OpenConfiguration, model: string, who = key, seed?: string): Route {
  const body = Buffer.from(JSON.stringify({ model, messages: [{ role: 'user', content: 'hi' }] }));
  const asked = chatDialect.read(body);
  const facts = routeFacts(asked, {}, 0, seed === undefined ? undefined : () => seed);
  return resolve(asked, who, configuration.snapshot(), facts);
}

const served = (...asked: Parameters<typeof ask>): string => {
  const { preset } = ask(...asked);
  return `${preset?.version} ${preset?.description}`;
};

const models = ['deepseek-v4-pro'];
const provider = { wire: 'openai-chat', base_url: 'https://api.deepseek.com/v1' };

function withVersions(configuration: OpenConfiguration): void {
  const ref = { kind: 'provider', name: 'deepseek' } as const;
  configuration.objects.change({ ref, action: { do: 'put', body: provider }, actor: local });
  act(configuration, { do: 'put', body: { description: 'one', models } });
  act(configuration, {
    do: 'put',
    body: {
      description: 'two',
      models,
      locked: ['provider'],
      floor: { context: 1000 },
      provider: { zdr: true },
      limits: [{ requests: 5, per: 'day' }],
    },
  });
}

test('pins and drafts are served by name; what they loosen comes from the active version', (t) => {
  const { configuration } = open(t);
  withVersions(configuration);
  act(configuration, { do: 'draft', body: { description: 'next', models, provider: { sort: 'price' } } });
  assert.equal(served(configuration, '@preset/p'), '2 two');
  assert.equal(served(configuration, '@preset/p@1'), '1 one');
  assert.equal(served(configuration, '@preset/p@draft', tester), 'draft next');
  for (const [name, who] of [
    ['@preset/p@1', key],
    ['@preset/p@draft', tester],
  ] as const) {
    const { preset } = ask(configuration, name, who);
    assert.deepEqual([...(preset?.locked ?? [])], ['provider'], name);
    assert.equal(preset?.floor?.context, 1000, name);
    assert.equal(preset?.provider.zdr, true, name);
    assert.equal(preset?.limits?.[0]?.amount, 5, name);
  }
});

test('a version that is not there, and a draft that may not be called, are refused by name', (t) => {
  const { configuration } = open(t);
  withVersions(configuration);
  const rows: readonly (readonly [model: string, who: Key, code: string, says: RegExp])[] = [
    ['@preset/p@3', key, 'preset_version_not_found', /has no version 3; the active one is 2/],
    ['@preset/p@0', key, 'preset_version_not_found', /no version 0/],
    ['@preset/p@-1', key, 'preset_version_not_found', /no version -1/],
    ['@preset/p@1.0', key, 'preset_version_not_found', /no version 1.0/],
    ['@preset/p@0x1', key, 'preset_version_not_found', /no version 0x1/],
    ['@preset/p@01', key, 'preset_version_not_found', /no version 01/],
    ['@preset/p@1@2', key, 'preset_version_not_found', /no version 1@2/],
    [
      '@preset/p@',
      key,
      'preset_version_not_found',
      /^"@preset\/p@" names no version: write its number, as "@preset\/p@2", or "@preset\/p"/,
    ],
    ['@preset/p@latest', key, 'preset_version_not_found', /no version latest/],
    ['@preset/p@draft', key, 'preset_not_allowed', /may not call drafts: say drafts: true/],
    ['@preset/p@draft', tester, 'preset_version_not_found', /has no draft; the active version is 2/],
  ];
  for (const [model, who, code, says] of rows)
    assert.throws(
      () => ask(configuration, model, who),
      (cause) => cause instanceof Refused && cause.problem.code === code && says.test(cause.message),
      model,
    );
});

test('a roll-out takes its share of conversations, keeps each at its version, and only adds as it grows', (t) => {
  const { configuration } = open(t);
  withVersions(configuration);
  const conversations = Array.from({ length: 4_000 }, (_, index) => `conversation ${index}`);
  const moved = (): ReadonlySet<string> =>
    new Set(conversations.filter((seed) => served(configuration, '@preset/p', key, seed) === '1 one'));
  assert.equal(moved().size, 0);
  let before: ReadonlySet<string> = new Set();
  for (const percent of [1, 10, 50, 99, 100]) {
    act(configuration, { do: 'rollout', version: 1, percent });
    const now = moved();
    const share = (now.size / conversations.length) * 100;
    assert.ok(Math.abs(share - percent) < 3, `${share} % instead of ${percent} %`);
    assert.ok(
      [...before].every((seed) => now.has(seed)),
      'nobody goes back',
    );
    before = now;
  }
  const { preset } = ask(configuration, '@preset/p', key, 'any');
  assert.deepEqual([preset?.version, [...(preset?.locked ?? [])]], [1, ['provider']]);
  assert.equal(served(configuration, '@preset/p@2', key, 'any'), '2 two', 'a pin is a pin');
  assert.equal(served(configuration, '@preset/p'), '2 two', 'without a seed nothing is drawn');
  act(configuration, { do: 'rollback' });
  assert.equal(moved().size, 0);
});
