/** The composition root: the only place that chooses adapters. Starts the gateway, prints the banner, stops it. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { DatabaseSync } from 'node:sqlite';
import {
  newAdminKey,
  readCredentials,
  removeLocalFile,
  writeCredentials,
  writeLocalFile,
  type Credentials,
} from './adapters/credentials.ts';
import { backupDatabase, openDatabase } from './adapters/database.ts';
import { emulatedUpstream } from './adapters/emulated-upstream.ts';
import { openJournal, type DurableJournal } from './adapters/journal.ts';
import { lockDirectory } from './adapters/lock.ts';
import { openLedger } from './adapters/open-ledger.ts';
import { createResolver, createVault, loadSecret } from './adapters/secrets.ts';
import { listen, type Listening } from './adapters/server.ts';
import { createSettingsStore } from './adapters/store.ts';
import { sha256, systemClock, systemIds } from './adapters/system.ts';
import { httpUpstream } from './adapters/upstream.ts';
import { loadCatalogue } from './catalog/load.ts';
import { demoDocument, foundKeys } from './cli/init-document.ts';
import { version } from './version.ts';
import type { Config } from './config.ts';
import { createControl } from './control/api.ts';
import { openConfiguration, type OpenConfiguration } from './control/configuration.ts';
import { summarizeLimits } from './control/limits-summary.ts';
import type { Finding } from './control/operations.ts';
import { tally } from './control/tally.ts';
import { optional } from './core/optional.ts';
import { startEmulator, type Emulator } from './emulator/emulator.ts';
import { actorOf, openFrontDoor, type AdminSecrets } from './front-door.ts';
import { explain } from './request/explain.ts';

export type StartOptions = {
  readonly config: Config;
  /** A document to apply at the start; without one the demo runs on a fresh data directory. */
  readonly document?: string;
  /** Told of our own bugs. */
  readonly fault: (error: unknown, where: string) => void;
  /** Called when everything is known and before `/healthz` answers. */
  readonly announce: (start: Started) => void;
  /** The emulator's pace; tests do not wait for it. */
  readonly emulatorPace?: { readonly tokensPerSecond: number; readonly firstTokenMs: number };
};

/** What a start found and made. */
export type Started = {
  readonly url: string;
  readonly adminKey: string;
  readonly inferenceKey?: string;
  readonly dataDir: string;
  readonly demo: boolean;
  readonly configuration: OpenConfiguration;
  /** What the document's application said; empty when all is well. */
  readonly findings: readonly Finding[];
  /** Sentences for the operator. */
  readonly notes: readonly string[];
};

export type Running = Started & {
  readonly journal: DurableJournal;
  readonly emulator?: Emulator;
  readonly port: number;
  /** Refuses new requests, lets running ones finish, then stops everything. Safe to call twice. */
  stop(drainMs: number): Promise<void>;
};

/** The document of a start cannot be used; `findings` say why. */
export class BadDocument extends Error {
  readonly findings: readonly Finding[];
  constructor(findings: readonly Finding[]) {
    super('the configuration document has errors; nothing was applied');
    this.findings = findings;
  }
}

/** Starts everything. Rejects with BadDocument, DataRefused, or an error of the listening socket; then nothing runs. */
export async function startGateway(options: StartOptions): Promise<Running> {
  const { config } = options;
  const lock = lockDirectory(config.dataDir);
  const undo: (() => unknown)[] = [() => lock.release()];
  try {
    const path = join(config.dataDir, 'spillway.db');
    const database = openDatabase(path);
    undo.push(() => database.close());
    const catalogue = loadCatalogue();
    const configuration = openConfiguration({
      store: createSettingsStore(database),
      vault: createVault(loadSecret(config.dataDir, config.secret)),
      catalogue,
      resolve: createResolver(config.env, config.dataDir),
      now: () => Date.now(),
    });
    const first = await applyFirst(configuration, options);
    const emulator = usesEmulator(configuration)
      ? await startEmulator({ catalogue: () => configuration.snapshot().catalogue, ...options.emulatorPace })
      : undefined;
    undo.push(() => emulator?.close());
    const journal = openJournal({
      folder: config.dataDir,
      database: path,
      reader: database,
      fault: (error) => options.fault(error, 'journal'),
    });
    undo.push(() => journal.stop());
    return await open({ options, configuration, first, database, journal, emulator, undo });
  } catch (error) {
    await unwind(undo);
    throw error;
  }
}

/** Last made, first undone; what fails does not keep the rest from being undone. */
async function unwind(undo: (() => unknown)[]): Promise<void> {
  const failures: unknown[] = [];
  for (let step = undo.pop(); step; step = undo.pop()) {
    try {
      await step();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw failures[0];
}

type First = {
  readonly credentials: Credentials;
  readonly findings: readonly Finding[];
  readonly notes: readonly string[];
};

/** Applies the given document, or the demo's on a data directory that has known nothing else. */
async function applyFirst(
  configuration: OpenConfiguration,
  { config, document }: StartOptions,
): Promise<First> {
  const kept = readCredentials(config.dataDir);
  const demo = document === undefined && (kept.demo ?? configuration.snapshot().revision === 0);
  const adminKey = config.adminKey ?? kept.adminKey ?? newAdminKey();
  const text = document ?? (demo ? demoDocument(foundKeys(config.env)) : undefined);
  const applied =
    text === undefined ? { findings: [], notes: [] } : await applyText(configuration, text, demo);
  const inferenceKey = demo ? (kept.inferenceKey ?? (await demoKey(configuration))) : undefined;
  const credentials: Credentials = {
    ...(config.adminKey === undefined ? { adminKey } : optional('adminKey', kept.adminKey)),
    ...optional('inferenceKey', inferenceKey ?? kept.inferenceKey),
    demo,
  };
  writeCredentials(config.dataDir, credentials);
  return {
    credentials: { ...credentials, adminKey, ...optional('inferenceKey', inferenceKey) },
    findings: [...configuration.startFindings, ...applied.findings],
    notes: applied.notes,
  };
}

async function applyText(
  configuration: OpenConfiguration,
  text: string,
  demo: boolean,
): Promise<Omit<First, 'credentials'>> {
  const actor = { name: demo ? 'demo' : 'local operator', local: true };
  const result = await configuration.apply({ text, actor, message: demo ? 'the demo' : 'applied at start' });
  if (result.outcome === 'invalid') throw new BadDocument(result.findings);
  if (result.outcome === 'applied') return { findings: result.findings, notes: [] };
  const names = result.conflicts.map(({ kind, name }) => `${kind} ${name}`).join(', ');
  return {
    findings: result.findings,
    notes: [
      `The document was not applied: ${names} changed in it and was also edited since. The gateway runs on what its database has; \`spillway apply\` shows the difference.`,
    ],
  };
}

const demoKeyName = 'demo';

/** The demo's own inference key; one whose secret was lost is replaced. */
async function demoKey(configuration: OpenConfiguration): Promise<string> {
  const actor = { name: 'demo', local: true };
  if (configuration.keys().some(({ name }) => name === demoKeyName))
    await configuration.removeKey(demoKeyName, actor);
  return (await configuration.addKey({ name: demoKeyName }, actor)).secret;
}

function usesEmulator(configuration: OpenConfiguration): boolean {
  return [...configuration.snapshot().providers.values()].some(({ baseUrl }) =>
    baseUrl.startsWith('emulator://'),
  );
}

type Parts = {
  readonly options: StartOptions;
  readonly configuration: OpenConfiguration;
  readonly first: First;
  readonly database: DatabaseSync;
  readonly journal: DurableJournal;
  readonly emulator: Emulator | undefined;
  readonly undo: (() => unknown)[];
};

/** Puts the parts together and opens the door. */
async function open(parts: Parts): Promise<Running> {
  const { options, configuration, first, journal, emulator, undo } = parts;
  const { config } = options;
  const secrets: AdminSecrets = {
    adminKey: first.credentials.adminKey ?? '',
    localToken: randomBytes(32).toString('base64url'),
  };
  const network = httpUpstream();
  undo.push(() => network.close());
  const notes = [...first.notes, ...limitsNote(configuration)];
  let door: Listening | undefined;
  let ready = false;
  const control = makeControl(parts, {
    secrets,
    notes,
    inFlight: () => Math.max(0, (door?.active() ?? 0) - 1),
  });
  const world = {
    clock: systemClock,
    ids: systemIds,
    upstream: emulatedUpstream(network, emulator),
    ledger: openLedger((error) => options.fault(error, 'ledger')),
    journal,
    fault: options.fault,
  };
  const loopback = /^(localhost|127\..*|::1)$/.test(config.host);
  const route = openFrontDoor({
    plane: { world, snapshot: () => configuration.snapshot(), digest: sha256, generations: journal },
    control: control.fetch,
    ready: () => ready,
    draining: () => door?.draining === true,
    onlyLocalHosts: loopback,
  });
  door = await listen({ host: config.host, port: config.port, route });
  const listening = door;
  const url = `http://${loopback || config.host === '0.0.0.0' || config.host === '::' ? '127.0.0.1' : config.host}:${listening.port}`;
  const { adminKey, inferenceKey } = first.credentials;
  writeLocalFile(config.dataDir, {
    url,
    token: secrets.localToken,
    pid: process.pid,
    ...optional('inferenceKey', inferenceKey),
  });
  undo.push(() => removeLocalFile(config.dataDir));
  const started: Started = {
    url,
    adminKey: adminKey ?? '',
    ...optional('inferenceKey', inferenceKey),
    dataDir: config.dataDir,
    demo: first.credentials.demo === true,
    configuration,
    findings: first.findings,
    notes,
  };
  options.announce(started);
  ready = true;
  let stopping: Promise<void> | undefined;
  const stop = async (drainMs: number): Promise<void> => {
    // An open `tail` would count as a running request and never end.
    control.close();
    await listening.drain(drainMs);
    await unwind(undo);
  };
  return {
    ...started,
    journal,
    ...optional('emulator', emulator),
    port: listening.port,
    stop: (drainMs) => (stopping ??= stop(drainMs)),
  };
}

function limitsNote(configuration: OpenConfiguration): readonly string[] {
  const { count } = summarizeLimits(configuration.snapshot(), 0);
  return count === 0
    ? []
    : [
        `${count} ${count === 1 ? 'limit is' : 'limits are'} configured; limits are read and checked, but this version does not enforce them yet.`,
      ];
}

type ControlFacts = {
  readonly secrets: AdminSecrets;
  readonly notes: readonly string[];
  readonly inFlight: () => number;
};

function makeControl(
  { options, configuration, journal, emulator, database }: Parts,
  { secrets, notes, inFlight }: ControlFacts,
): ReturnType<typeof createControl> {
  const startedAt = Date.now();
  const counts = tally(journal);
  return createControl({
    configuration,
    generations: journal,
    ...optional('emulator', emulator),
    actorOf: (request) => actorOf(request, secrets),
    status: () => ({ version, startedAt, inFlight: inFlight(), ...counts(), notes }),
    backup: (file) => backupDatabase(database, file),
    explain,
    clock: systemClock,
    report: (error) => options.fault(error, 'control'),
  });
}
