/** The control plane of the tests: the real API over in-memory settings, callable directly or on a real socket. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { getRequestListener } from '@hono/node-server';
import { insertEntries } from '../../src/adapters/generations.ts';
import { migrations } from '../../src/adapters/schema.ts';
import { readKeySpend, readReport } from '../../src/adapters/spend.ts';
import { insertEvents, readEvents } from '../../src/adapters/events.ts';
import { openActs } from '../../src/adapters/acts.ts';
import { createVault } from '../../src/adapters/secrets.ts';
import { createSettingsStore } from '../../src/adapters/store.ts';
import { memoryHealth } from '../../src/adapters/health.ts';
import { openHealthBook } from '../../src/adapters/health-book.ts';
import { openPauses } from '../../src/adapters/pauses.ts';
import { openLimitBook } from '../../src/adapters/limit-book.ts';
import { openLedger } from '../../src/adapters/open-ledger.ts';
import { openConfiguration, type OpenConfiguration } from '../../src/control/configuration.ts';
import { createControl, type Control } from '../../src/control/api.ts';
import type { EmulatorControls } from '../../src/control/api-emulator.ts';
import type { Explanation } from '../../src/core/explanation.ts';
import { nano } from '../../src/core/money.ts';
import { openBooks } from '../../src/emulator/bill.ts';
import { faultBoard } from '../../src/emulator/faults.ts';
import type { Actor, LimitBook } from '../../src/control/operations.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';
import type { Clock } from '../../src/ports.ts';
import {
  memoryConfiguration,
  memoryGenerations,
  type MemoryConfiguration,
  type MemoryGenerations,
} from './in-memory-control.ts';
import { catalogue } from './sample-catalogue.ts';
import { memoryLeases } from './memory-leases.ts';

/** Opens everything as the local operator, and as somebody far away. */
export const localKey = 'spw-local-operator-key';
export const remoteKey = 'spw-remote-operator-key';

export type TestControl = Control & {
  readonly configuration: MemoryConfiguration;
  readonly generations: MemoryGenerations;
  readonly faults: EmulatorControls;
  /** What the control plane reported as its own bug. */
  readonly reported: unknown[];
  readonly backups: string[];
};

const clock: Clock = {
  now: () => Date.now(),
  ticks: () => performance.now(),
  after(ms, fire) {
    const timer = setTimeout(fire, ms);
    return () => clearTimeout(timer);
  },
};

export type TestOptions = {
  readonly emulator?: boolean;
  /** The configuration is the one whose objects are changed one by one, and not the one of documents in memory. */
  readonly byObjects?: boolean;
};

export function testControl(options: TestOptions = {}): TestControl {
  const configuration = memoryConfiguration();
  const memory = memoryGenerations();
  const database = new DatabaseSync(':memory:');
  for (const step of migrations) database.exec(step);
  const generations: MemoryGenerations = {
    ...memory,
    add(record) {
      insertEntries(database, [{ record: JSON.stringify(record), charges: [] }]);
      memory.add(record);
    },
  };
  const faults = emulatorControls();
  const reported: unknown[] = [];
  const backups: string[] = [];
  const opened = openIn(database);
  const control = createControl({
    configuration: options.byObjects === true ? opened : configuration,
    objects: opened.objects,
    generations,
    spend: {
      report: async (query) => readReport(database, query),
      ofKey: (key, since) => readKeySpend(database, key, since),
    },
    health: openHealthBook({
      health: memoryHealth(clock),
      pauses: openPauses({
        database,
        now: () => clock.now(),
        changed: (event) => insertEvents(database, [event]),
      }),
      events: (from, most) => readEvents(database, from, most),
    }),
    administration: opened.administration,
    acts: openActs(database),
    limits: limitBook(() => configuration.snapshot()),
    ...(options.emulator === false ? {} : { emulator: faults }),
    actorOf,
    status: () => ({
      paces: [
        {
          endpoint: 'anthropic/claude-haiku-4.5@anthropic',
          pace: {
            latency: { p50: 420, p75: 500, p90: 900, p99: 1_500 },
            throughput: { p50: 90, p75: 80, p90: 70, p99: 20 },
          },
        },
      ],
      version: '0.1.0',
      startedAt: Date.now() - 61_000,
      inFlight: 0,
      generations: 12,
      fallbacks: 3,
      failed: 1,
      notes: ['the credential of anthropic is missing'],
    }),
    backup: async (file) => {
      if (file.startsWith('/nowhere/')) throw Object.assign(new Error('no such folder'), { code: 'ENOENT' });
      if (file.startsWith('/bug/')) throw new Error('a secret inside');
      backups.push(file);
    },
    explain: (_snapshot, body, { workspace }) => explanationOf(body, workspace),
    clock,
    report: (error) => reported.push(error),
  });
  return { ...control, configuration, generations, faults, reported, backups };
}

/** The real one: objects one by one and administrators do not depend on the settings that are in memory. */
function openIn(database: DatabaseSync): OpenConfiguration {
  return openConfiguration({
    store: createSettingsStore(database),
    vault: createVault(Buffer.from('a secret of the test')),
    catalogue,
    resolve: () => undefined,
    now: () => clock.now(),
  });
}

function limitBook(snapshot: () => Snapshot): LimitBook {
  const database = new DatabaseSync(':memory:');
  for (const step of migrations) database.exec(step);
  const told = { notice: () => undefined, fault: () => undefined };
  const money = openLedger({ clock, database, leases: memoryLeases(), snapshot, ...told });
  return openLimitBook({ money, database, now: () => clock.now() });
}

function actorOf(request: Request): Actor | undefined {
  const key = request.headers.get('authorization')?.replace('Bearer ', '');
  if (key === localKey) return { name: 'operator', local: true, role: 'owner' as const };
  return key === remoteKey ? { name: 'admin', local: false, role: 'editor' as const } : undefined;
}

function emulatorControls(): EmulatorControls {
  const board = faultBoard();
  const books = openBooks();
  books.enter({
    id: 'chatcmpl-1',
    vendor: 'deepseek',
    model: 'deepseek/deepseek-v4-pro',
    at: 0,
    ending: 'ok',
    usage: { input: 100, output: 10 },
    cost: nano(49_000),
  });
  return {
    setFault: (fault) => board.set(fault),
    clearFaults: (model) => board.clear(model),
    faults: () => board.list(),
    bill: () => books.bill(),
  };
}

/** A plan that shows what it was asked. */
function explanationOf(body: Buffer, workspace: string): Explanation {
  const { model } = JSON.parse(body.toString()) as { model: string };
  const steps = [
    {
      model: 'deepseek/deepseek-v4-pro',
      provider: 'emulator-deepseek',
      worst: nano(12_300_000),
      multiplier: 1,
    },
    { model: 'anthropic/claude-haiku-4.5', provider: 'anthropic', worst: nano(83_000_000), multiplier: 6.75 },
  ];
  return {
    preset: `coder@7`,
    requested: model,
    route: [],
    warnings: [`workspace ${workspace}`],
    steps: steps.map((step, position) => ({
      ...step,
      position,
      endpoint: `${step.model}@${step.provider}`,
      outputCap: 16_384,
    })),
    skipped: [{ endpoint: 'openai/gpt-5.4-mini@openai', reason: 'context' }],
    ...(model === '@preset/gone'
      ? { problem: { code: 'preset_not_found', message: 'there is no preset "gone"' } }
      : {}),
  };
}

export type Host = { readonly url: string; readonly close: () => Promise<void> };

/** Puts a handler on a real socket. `port` 0 takes a free one. */
export async function host(
  fetch: (request: Request) => Response | Promise<Response>,
  port = 0,
): Promise<Host> {
  const listener = getRequestListener(fetch);
  const server = createServer((request, response) => void listener(request, response));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const { port: taken } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${taken}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
