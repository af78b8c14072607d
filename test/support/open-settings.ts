/** A configuration on a real database in a folder of its own, which can be closed and opened again. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../src/adapters/database.ts';
import { createResolver, createVault } from '../../src/adapters/secrets.ts';
import { createSettingsStore } from '../../src/adapters/store.ts';
import type { Catalogue } from '../../src/core/catalog.ts';
import { openConfiguration, type OpenConfiguration } from '../../src/control/configuration.ts';
import { catalogue as sample } from './sample-catalogue.ts';

export type TestSettings = {
  readonly folder: string;
  readonly file: string;
  /** Variables that `env:` references find; may be changed at any time. */
  readonly env: Record<string, string>;
  /** Opens the database, as a process that starts would. */
  open(options?: { readonly secret?: string; readonly catalogue?: Catalogue }): OpenConfiguration;
  close(): void;
  remove(): void;
};

export function testSettings(): TestSettings {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-settings-'));
  const file = join(folder, 'spillway.db');
  const env: Record<string, string> = {};
  let database: ReturnType<typeof openDatabase> | undefined;
  let clock = Date.parse('2026-11-15T00:00:00Z');
  const settings: TestSettings = {
    folder,
    file,
    env,
    open({ secret = 'a secret of the test', catalogue = sample } = {}) {
      settings.close();
      database = openDatabase(file);
      return openConfiguration({
        store: createSettingsStore(database),
        vault: createVault(Buffer.from(secret)),
        catalogue,
        resolve: createResolver(env, folder),
        now: () => ++clock,
      });
    },
    close() {
      database?.close();
      database = undefined;
    },
    remove() {
      settings.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
  return settings;
}
