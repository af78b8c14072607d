/** The composition root: the only place that chooses adapters. Starts the gateway, prints the banner, stops it. */
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import type { Snapshot } from './core/snapshot.ts';
import type { DatabaseSync } from 'node:sqlite';
import { removeLocalFile, writeLocalFile } from './adapters/credentials.ts';
import { backupDatabase, DataRefused, openDatabase } from './adapters/database.ts';
import { openDrains } from './adapters/drains.ts';
import { emulatedUpstream } from './adapters/emulated-upstream.ts';
import { readEvents } from './adapters/events.ts';
import { openJournal, type DurableJournal } from './adapters/journal.ts';
import { memoryCaches } from './adapters/caches.ts';
import { memoryHealth, type MemoryHealth, type Subject } from './adapters/health.ts';
import { openHealthBook } from './adapters/health-book.ts';
import { memoryStays } from './adapters/stays.ts';
import { memoryPace } from './adapters/pace.ts';
import { lockDirectory } from './adapters/lock.ts';
import type { Notice } from './adapters/ledger.ts';
import { openLimitBook } from './adapters/limit-book.ts';
import { openLedger, type OpenLedger } from './adapters/open-ledger.ts';
import { openPauses } from './adapters/pauses.ts';
import { memoryRetries } from './adapters/retries.ts';
import { createResolver, createVault, loadSecret } from './adapters/secrets.ts';
import { listen, type Listening, type Route } from './adapters/server.ts';
import { knownSignatures, openSignatures } from './adapters/signatures.ts';
import { spendReports } from './adapters/spend-reports.ts';
import { createSettingsStore } from './adapters/store.ts';
import { sha256, systemClock, systemIds } from './adapters/system.ts';
import { createTokenCounter } from './adapters/token-counter.ts';
import { httpUpstream } from './adapters/upstream.ts';
import { loadCatalogue } from './catalog/load.ts';
import { version } from './version.ts';
import type { Config } from './config.ts';
import { createControl, type Control } from './control/api.ts';
import { openConfiguration, type OpenConfiguration } from './control/configuration.ts';
import { OperationRefused, type Finding, type HealthBook, type Spend } from './control/operations.ts';
import { tally } from './control/tally.ts';
import { limitEvent, type GatewayEvent } from './core/event.ts';
import { optional } from './core/optional.ts';
import { startEmulator, type Emulator } from './emulator/emulator.ts';
import { applyFirst, type First } from './first-start.ts';
import { openActs } from './adapters/acts.ts';
import { actorOf, openFrontDoor, type AdminSecrets } from './front-door.ts';
import type { Caches, Paces, Signatures, Stays, World } from './ports.ts';
import { problemAnswer } from './problem-answer.ts';
import { explain } from './request/explain.ts';

export type StartOptions = {
  readonly config: Config;
  /** A document to apply at the start; without one the demo runs on a fresh data directory. */
  readonly document?: string;
  /** Told of our own bugs. */
  readonly fault: (error: unknown, where: string) => void;
  /** Told when a share of a limit is reached. */
  readonly notice: (notice: Notice) => void;
  /** Told when a breaker opens or closes, and when something is paused or resumed. */
  readonly event: (event: GatewayEvent) => void;
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

/** Starts everything. Rejects with BadDocument, DataRefused, or an error of the listening socket; then nothing runs. */
export async function startGateway(options: StartOptions): Promise<Running> {
  const { config } = options;
  const lock = lockDirectory(config.dataDir);
  const undo: (() => unknown)[] = [() => lock.release()];
  try {
    const path = join(config.dataDir, 'spillway.db');
    const database = openDatabase(path);
    undo.push(() => database.close());
    const secret = loadSecret(config.dataDir, config.secret);
    const catalogue = loadCatalogue();
    const opening: string[] = [];
    const configuration = openConfiguration({
      store: createSettingsStore(database),
      vault: createVault(secret),
      catalogue,
      resolve: createResolver(config.env, config.dataDir),
      adminHashes: () => opening,
      now: () => Date.now(),
    });
    const first = await applyFirst(configuration, options);
    opening.push(sha256(first.credentials.adminKey));
    const journal = openJournal({
      folder: config.dataDir,
      database: path,
      reader: database,
      fault: (error) => options.fault(error, 'journal'),
    });
    undo.push(() => journal.stop());
    const { health, book } = openHealth(database, journal, options);
    const emulator = usesEmulator(configuration)
      ? await startEmulator({
          catalogue: () => configuration.snapshot().catalogue,
          changed: (model) => health.reset((subject) => isEmulated(subject, model)),
          ...options.emulatorPace,
        })
      : undefined;
    undo.push(() => emulator?.close());
    const money = openLedger({
      clock: systemClock,
      database,
      leases: journal,
      snapshot: () => configuration.snapshot(),
      notice(notice) {
        journal.keepEvent(limitEvent(notice, systemClock.now()));
        options.notice(notice);
      },
      fault: (error) => options.fault(error, 'ledger'),
    });
    const spend = spendReports(path, database);
    const signatures = openSignatures({
      secret,
      before: knownSignatures(database),
      keep: (rows) => journal.keepSignatures(rows),
    });
    undo.push(() => signatures.flush());
    const caches = memoryCaches(() => systemClock.now());
    const stays = memoryStays(() => systemClock.now());
    const pace = memoryPace(() => systemClock.now());
    const kept = { database, journal, money, spend, signatures, health, book, caches, stays, pace };
    return await open({ options, configuration, first, ...kept, emulator, undo });
  } catch (error) {
    await unwind(undo);
    throw error;
  }
}

type OpenHealth = { readonly health: MemoryHealth; readonly book: HealthBook };

/** Breakers in memory, pauses in the database, and their events in the journal and in the log. */
function openHealth(database: DatabaseSync, journal: DurableJournal, { event }: StartOptions): OpenHealth {
  const changed = (one: GatewayEvent): void => {
    journal.keepEvent(one);
    event(one);
  };
  const pauses = openPauses({ database, now: () => systemClock.now(), changed });
  const health = memoryHealth(systemClock, { pauses, changed });
  const events = (from: number, most: number): readonly GatewayEvent[] => readEvents(database, from, most);
  return { health, book: openHealthBook({ health, pauses, events }) };
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

function usesEmulator(configuration: OpenConfiguration): boolean {
  return [...configuration.snapshot().providers.values()].some(({ baseUrl }) =>
    baseUrl.startsWith('emulator://'),
  );
}

/** What calls have taught about an emulated provider is obsolete when its faults are changed by hand. */
function isEmulated({ provider, model }: Subject, changed: string): boolean {
  const same = changed === '*' || model === undefined || model === changed;
  return same && provider.baseUrl.startsWith('emulator://');
}

type Parts = {
  readonly options: StartOptions;
  readonly configuration: OpenConfiguration;
  readonly first: First;
  readonly database: DatabaseSync;
  readonly journal: DurableJournal;
  readonly money: OpenLedger;
  readonly spend: Spend;
  readonly signatures: Signatures;
  readonly health: MemoryHealth;
  readonly book: HealthBook;
  readonly caches: Caches;
  readonly stays: Stays;
  readonly pace: Paces;
  readonly emulator: Emulator | undefined;
  readonly undo: (() => unknown)[];
};

/** Puts the parts together and opens the door. */
async function open(parts: Parts): Promise<Running> {
  const { options, configuration, first, journal, emulator, undo } = parts;
  const { config } = options;
  const state: DoorState = { ready: false };
  const secrets: AdminSecrets = {
    adminKey: first.credentials.adminKey,
    localToken: randomBytes(32).toString('base64url'),
  };
  const notes = first.notes;
  const control = makeControl(parts, {
    secrets,
    notes,
    inFlight: () => Math.max(0, (state.listening?.active() ?? 0) - 1),
  });
  const listening = await listen({
    host: config.host,
    port: config.port,
    route: makeRoute(parts, control, state),
    refusal: (problem, head) => problemAnswer(problem, head, systemIds.generation()),
  });
  state.listening = listening;
  undo.push(() => listening.drain(0));
  // An open `tail` would count as a running request and never end.
  undo.push(() => control.close());
  const { adminKey, inferenceKey } = first.credentials;
  const url = `http://${reachable(config.host)}:${listening.port}`;
  writeLocalFile(config.dataDir, {
    url,
    token: secrets.localToken,
    pid: process.pid,
    ...optional('inferenceKey', inferenceKey),
  });
  undo.push(() => removeLocalFile(config.dataDir));
  const { dataDir } = config;
  const started: Started = {
    url,
    adminKey,
    ...optional('inferenceKey', inferenceKey),
    dataDir,
    demo: first.credentials.demo === true,
    configuration,
    findings: first.findings,
    notes,
  };
  options.announce(started);
  state.ready = true;
  let stopping: Promise<void> | undefined;
  const stop = async (drainMs: number): Promise<void> => {
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

/** What the route must know and is known only later. */
type DoorState = { ready: boolean; listening?: Listening };

function makeRoute(parts: Parts, control: Control, state: DoorState): Route {
  const { options, configuration, journal, money, spend, emulator, undo } = parts;
  const { signatures, health, caches, stays, pace } = parts;
  const network = httpUpstream({
    mayBePrivate: (host) => allowsPrivate(configuration.snapshot(), host),
  });
  undo.push(() => network.close());
  const drains = openDrains();
  undo.push(() => drains.end());
  const tokens = createTokenCounter();
  undo.push(() => tokens.close());
  const world: World = {
    clock: systemClock,
    ids: systemIds,
    upstream: emulatedUpstream(network, emulator),
    ledger: money.ledger,
    journal,
    signatures,
    health,
    caches,
    stays,
    pace,
    drains,
    retries: memoryRetries(() => systemClock.ticks()),
    tokens,
    fault: options.fault,
  };
  return openFrontDoor({
    plane: {
      world,
      snapshot: () => configuration.snapshot(),
      digest: sha256,
      generations: journal,
      spend,
      objects: configuration.objects,
    },
    control: control.fetch,
    ready: () => state.ready,
    draining: () => state.listening?.draining === true,
    onlyLocalHosts: isLoopback(options.config.host),
  });
}

/** Whether a provider at this host may be at a private address; asked once for each connection. */
function allowsPrivate({ providers }: Snapshot, host: string): boolean {
  return [...providers.values()].some(
    ({ baseUrl, allowPrivate }) => allowPrivate === true && URL.parse(baseUrl)?.hostname === host,
  );
}

function isLoopback(host: string): boolean {
  return /^(localhost|127\..*|::1)$/.test(host);
}

/** The address under which this machine reaches the host that is listened on. */
function reachable(host: string): string {
  if (host === '0.0.0.0' || host === 'localhost') return '127.0.0.1';
  if (host === '::') return '[::1]';
  return host.includes(':') ? `[${host}]` : host;
}

type ControlFacts = {
  readonly secrets: AdminSecrets;
  readonly notes: readonly string[];
  readonly inFlight: () => number;
};

function makeControl(parts: Parts, { secrets, notes, inFlight }: ControlFacts): Control {
  const { options, configuration, journal, money, spend, emulator, database } = parts;
  const { health, book, caches, stays, pace } = parts;
  const startedAt = Date.now();
  const counts = tally(journal);
  return createControl({
    configuration,
    objects: configuration.objects,
    generations: journal,
    spend,
    health: book,
    limits: openLimitBook({ money, database, now: () => systemClock.now() }),
    ...optional('emulator', emulator),
    administration: configuration.administration,
    acts: openActs(database),
    actorOf: (request) =>
      actorOf(request, secrets, { admins: configuration.snapshot().admins, now: systemClock.now() }),
    status: () => ({ version, startedAt, inFlight: inFlight(), ...counts(), notes, paces: pace.all() }),
    backup: (file) =>
      backupDatabase(database, file).catch((error: unknown) => {
        throw error instanceof DataRefused ? new OperationRefused(400, error.message) : error;
      }),
    explain: (snapshot, body, asked) =>
      explain(snapshot, body, {
        ...asked,
        health,
        foresee: (caller) => money.ledger.foresee(caller),
        known: { caches, stays, pace, digest: sha256 },
      }),
    clock: systemClock,
    report: (error) => options.fault(error, 'control'),
  });
}
