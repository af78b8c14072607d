import assert from 'node:assert/strict';
import { test } from 'node:test';
import { catalogue } from '../../test/support/sample-catalogue.ts';
import { testSettings } from '../../test/support/open-settings.ts';
import { openDatabase } from '../adapters/database.ts';
import { createSettingsStore } from '../adapters/store.ts';
import { buildSnapshot } from '../core/build.ts';
import { noSecrets } from '../core/build-endpoints.ts';
import { check } from '../core/check.ts';
import { settingsOf, type Bodies, type Kind, type Setting } from '../core/settings.ts';

type Named = { readonly kind: Kind; readonly name: string; readonly body: Bodies[Kind] };

/** A provider, so many presets with limits, and ten keys for each of them. */
function objects(presets: number): readonly Named[] {
  const provider: Bodies['provider'] = { wire: 'openai-chat', base_url: 'https://api.deepseek.com/v1' };
  const preset = (): Bodies['preset'] => ({
    models: ['deepseek-v4-pro'],
    parameters: { temperature: 0.2 },
    failover: { timeouts: { connect: '3s' } },
    limits: [{ usd: 5, per: 'day' }],
  });
  const key = (index: number): Bodies['key'] => ({
    name: `key-${index}`,
    key: `sha256:${index.toString(16).padStart(64, '0')}`,
    presets: [`preset-${index % presets}`],
    limits: [{ usd: 1, per: 'day' }],
  });
  const range = (count: number) => Array.from({ length: count }, (_, index) => index);
  return [
    { kind: 'provider', name: 'deepseek', body: provider },
    ...range(presets).map((index) => ({ kind: 'preset' as const, name: `preset-${index}`, body: preset() })),
    ...range(presets * 10).map((index) => ({ kind: 'key' as const, name: `key-${index}`, body: key(index) })),
  ];
}

/** The shortest of several runs in ms: the others were disturbed. */
function shortest(run: () => unknown): number {
  const times = Array.from({ length: 5 }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  return Math.min(...times);
}

function costs(presets: number): Readonly<Record<string, number>> {
  const named = objects(presets);
  const settings = testSettings();
  try {
    const database = openDatabase(settings.file);
    const edits = named.map(({ kind, name, body }) => ({
      kind,
      name,
      version: 1,
      archived: false,
      body: JSON.stringify(body),
    }));
    createSettingsStore(database).commit(edits, {
      revision: 1,
      at: 1,
      author: 'x',
      message: '',
      changes: [],
    });
    database.close();
    const configuration = settings.open();
    assert.equal(configuration.snapshot().keys.size, presets * 10);
    assert.equal(configuration.snapshot().workspaces.get('default')?.presets.size, presets);
    const held = settingsOf(
      1,
      named.map((object) => ({ ...object, path: [object.name], version: 1, archived: false }) as Setting),
    );
    const checked = {
      settings: held,
      snapshot: buildSnapshot(held, catalogue, noSecrets),
      now: 0,
      broken: new Set<string>(),
    };
    assert.deepEqual(check(checked), []);
    return {
      start: shortest(() => settings.open()),
      rebuild: shortest(() => configuration.rereadSecrets()),
      check: shortest(() => check(checked)),
    };
  } finally {
    settings.remove();
  }
}

test('ten times as many presets and keys cost about ten times as much: nothing looks at all pairs', () => {
  const small = costs(100);
  const large = costs(1_000);
  for (const [what, cost] of Object.entries(large)) {
    const times = cost / (small[what] ?? 0);
    // All pairs would be a hundred times as much.
    assert.ok(times < 40, `${what}: ${times.toFixed(1)} times`);
  }
});
