import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { loadCatalogue } from '../catalog/load.ts';
import { snapshotFromDocument } from '../control/check-document.ts';
import type { Preset, Snapshot } from '../core/snapshot.ts';
import { chainFor, demoDocument, foundKeys, initDocument } from './init-document.ts';

const all = [
  'DEEPSEEK_API_KEY',
  'GEMINI_API_KEY',
  'OPENAI_API_KEY',
  'ANTHROPIC_API_KEY',
  'OPENROUTER_API_KEY',
];

/** Every set of keys that can be found. */
const subsets = Array.from({ length: 2 ** all.length }, (_, bits) =>
  all.filter((_name, index) => bits & (1 << index)),
);

function snapshotOf(text: string): Snapshot {
  const { snapshot, findings } = snapshotFromDocument(text, {
    catalogue: loadCatalogue(),
    now: Date.UTC(2026, 10, 24),
    local: true,
    resolve: () => 'a-secret-of-the-environment',
  });
  assert.deepEqual(findings, [], text);
  assert.ok(snapshot);
  return snapshot;
}

function preset(snapshot: Snapshot, name: string): Preset | undefined {
  return snapshot.workspaces.get('default')?.presets.get(name)?.active;
}

describe('whatever keys are set', () => {
  for (const found of subsets) {
    const title = found.length === 0 ? 'none' : found.join(' ');
    test(`init (${title}): passes check without a warning, limited in money and in premium`, () => {
      const text = initDocument(found);
      const coder = preset(snapshotOf(text), 'coder');
      assert.ok(coder && coder.chain.length > 0);
      assert.deepEqual(
        coder.limits?.map((limit) => [limit.unit, limit.per]),
        [
          ['usd', 'day'],
          ['premium_usd', 'day'],
        ],
      );
      for (const name of all) assert.equal(text.includes(`env:${name}`), found.includes(name), name);
    });

    test(`demo (${title}): coder stays on the emulator, live on the real providers`, () => {
      const snapshot = snapshotOf(demoDocument(found));
      const coder = preset(snapshot, 'coder');
      assert.deepEqual(
        coder?.chain.map(({ model }) => model),
        ['deepseek/deepseek-v4-pro', 'anthropic/claude-haiku-4.5', 'anthropic/claude-sonnet-4.6'],
      );
      assert.deepEqual([...(coder?.locked ?? [])].toSorted(), ['models', 'provider']);
      for (const name of coder?.provider.only ?? ['none']) {
        assert.match(snapshot.providers.get(name)?.baseUrl ?? '', /^emulator:/);
      }
      const live = preset(snapshot, 'live');
      assert.equal(live === undefined, found.length === 0);
      for (const name of live?.provider.only ?? []) {
        assert.match(snapshot.providers.get(name)?.baseUrl ?? '', /^https:/);
      }
    });
  }
});

test('a chain is ordered by cost: the strong model comes last', () => {
  assert.deepEqual(chainFor(['deepseek', 'openai', 'anthropic']), [
    'deepseek/deepseek-v4-pro',
    'openai/gpt-5.4-mini',
    'anthropic/claude-haiku-4.5',
    'anthropic/claude-sonnet-4.6',
  ]);
  assert.deepEqual(chainFor(['openrouter', 'openai']), ['openai/gpt-5.4-mini', 'openai/gpt-5.4']);
  assert.equal(chainFor(['openrouter']).length, 3);
});

test('a key that is set to nothing is not found', () => {
  const env = {
    OPENAI_API_KEY: ' ',
    ANTHROPIC_API_KEY: 'x',
    DEEPSEEK_API_KEY: undefined,
    MISTRAL_API_KEY: 'y',
  };
  assert.deepEqual(foundKeys(env), ['ANTHROPIC_API_KEY']);
});
