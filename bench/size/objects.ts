/** A configuration of a size: presets with two versions and limits, and ten keys for each preset. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createHash } from 'node:crypto';
import { openDatabase } from '../../src/adapters/database.ts';
import { createSettingsStore } from '../../src/adapters/store.ts';
import type { Bodies, Kind } from '../../src/core/settings.ts';

export const key = 'sk-bench-0123456789abcdef';
/** Stands in the middle, so that nothing finds it sooner than the others. */
export const presetOf = (presets: number): string => `preset-${Math.floor(presets / 2)}`;

/** Writes it into the database of a data directory, as two revisions. */
export function writeObjects(dataDir: string, presets: number, upstream: number): void {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 });
  const database = openDatabase(join(dataDir, 'spillway.db'));
  const store = createSettingsStore(database);
  for (const version of [1, 2]) {
    const named = version === 1 ? everything(presets, upstream) : presetsOf(presets, version);
    store.commit(
      named.map(({ kind, name, body }) => ({
        kind,
        name,
        version,
        archived: false,
        body: JSON.stringify(body),
      })),
      { revision: version, at: Date.now(), author: 'bench', message: '', changes: [] },
    );
  }
  database.close();
}

type Named = {
  readonly [K in Kind]: { readonly kind: K; readonly name: string; readonly body: Bodies[K] };
}[Kind];

function everything(presets: number, upstream: number): readonly Named[] {
  // In the middle as well, and one of those that may call the preset which is asked for.
  const own = presets * 5 + Math.floor(presets / 2);
  return [
    {
      kind: 'provider',
      name: 'mock',
      body: { wire: 'openai-chat', base_url: `http://127.0.0.1:${upstream}/v1` },
    },
    {
      kind: 'model',
      name: 'acme/mock',
      body: {
        endpoints: [{ provider: 'mock', model: 'mock-1', price: { input: 1, output: 2, cache_read: 0.1 } }],
        context: 1_000_000,
        max_output: 16_000,
        features: ['tools'],
      },
    },
    ...presetsOf(presets, 1),
    ...Array.from({ length: presets * 10 }, (_, index): Named => {
      const secret = index === own ? key : `sk-bench-key-number-${index}`;
      return {
        kind: 'key',
        name: `key-${index}`,
        body: {
          name: `key-${index}`,
          key: `sha256:${createHash('sha256').update(secret).digest('hex')}`,
          presets: [`preset-${index % presets}`],
          limits: [{ usd: 1_000_000, per: 'day' }],
        },
      };
    }),
  ];
}

function presetsOf(presets: number, version: number): readonly Named[] {
  return Array.from({ length: presets }, (_, index) => ({
    kind: 'preset' as const,
    name: `preset-${index}`,
    body: {
      models: ['acme/mock'],
      parameters: { temperature: version / 10 },
      limits: [{ usd: 1_000_000, per: 'day' as const }],
    },
  }));
}
