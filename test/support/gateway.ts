/** A real gateway in this process: real sockets, real SQLite in a folder of its own. A fault of ours fails the test. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Notice } from '../../src/adapters/ledger.ts';
import { readConfig } from '../../src/config.ts';
import type { GatewayEvent } from '../../src/core/event.ts';
import type { GenerationRecord } from '../../src/core/record.ts';
import { startGateway, type Running } from '../../src/main.ts';

export const key = 'sk-test-0123456789abcdef';

export type TestGateway = Running & {
  readonly base: string;
  readonly faults: unknown[];
  /** Shares of limits that were reached. */
  readonly notices: readonly Notice[];
  /** Changes of health that were told. */
  readonly events: readonly GatewayEvent[];
  /** Every generation ended so far, oldest first. */
  records(): readonly GenerationRecord[];
  lastRecord(): GenerationRecord;
  post(body: unknown, headers?: Record<string, string>): Promise<Response>;
};

/** A fresh folder under the system's temporary one, removed after the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-test-'));
  t.after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** Starts a gateway with the document; it stops, and must be free of faults, after the test. */
export async function startTestGateway(
  t: TestContext,
  document: string,
  env: Record<string, string> = {},
): Promise<TestGateway> {
  const faults: unknown[] = [];
  const notices: Notice[] = [];
  const events: GatewayEvent[] = [];
  const folder = mkdtempSync(join(tmpdir(), 'spillway-test-'));
  const config = readConfig({
    PORT: '0',
    SPILLWAY_DATA_DIR: folder,
    SPILLWAY_ADMIN_KEY: 'spw-test-0123456789abcdef',
    ...env,
  });
  const running = await startGateway({
    config,
    document,
    fault: (error) => faults.push(error),
    notice: (notice) => notices.push(notice),
    event: (event) => events.push(event),
    announce: () => undefined,
    emulatorPace: { tokensPerSecond: Infinity, firstTokenMs: 0 },
  });
  t.after(async () => {
    await running.stop(0);
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    assert.deepEqual(faults, [], 'the gateway reported a broken promise of its own');
  });
  const records: GenerationRecord[] = [];
  running.journal.follow((record) => records.push(record));
  const base = `${running.url}/v1`;
  return {
    ...running,
    base,
    faults,
    notices,
    events,
    records: () => records,
    lastRecord: () => {
      const last = records.at(-1);
      assert.ok(last, 'no generation has ended');
      return last;
    },
    post: (body, headers = {}) =>
      fetch(`${base}/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      }),
  };
}

/** The brief's chain on the emulator, called by the test key. */
export const emulatedChain = `
providers:
  deepseek: { wire: openai-chat, base_url: 'emulator://deepseek/v1' }
  anthropic: { wire: anthropic, base_url: 'emulator://anthropic/v1' }
presets:
  coder:
    models: [deepseek/deepseek-v4-pro, anthropic/claude-haiku-4.5, anthropic/claude-sonnet-4.6]
    failover: { timeouts: { first_token: 300ms, response: 1s, idle: 400ms } }
keys:
  - { name: test, key: '${key}' }
`;
