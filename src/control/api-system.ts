/** The gateway itself over HTTP: how it is, what it would do, and a copy of its data. */
import type { Api } from '../core/ask.ts';
import { isAbsolute } from 'node:path';
import { optional } from '../core/optional.ts';
import type { Explanation } from '../core/explanation.ts';
import { limitModes } from '../core/scope.ts';
import type { Key, Snapshot } from '../core/snapshot.ts';
import { suggest } from '../core/suggest.ts';
import type { Paces } from '../ports.ts';
import type { EmulatorControls } from './api-emulator.ts';
import { ApiError, mount, type ControlApp } from './api-operation.ts';
import * as schemas from './api-schemas.ts';
import {
  isoTime,
  viewBreaker,
  viewExplanation,
  viewFault,
  viewPause,
  viewPresets,
  viewProviders,
  type StatusView,
} from './api-views.ts';
import type { HealthBook } from './operations.ts';

const tag = 'gateway';

/** What only the process knows. */
export type ProcessStatus = {
  readonly version: string;
  /** Epoch ms. */
  readonly startedAt: number;
  readonly inFlight: number;
  /** Ended since the start; fallbacks and failed are among them. */
  readonly generations: number;
  readonly fallbacks: number;
  readonly failed: number;
  readonly paces: ReturnType<Paces['all']>;
  /** Sentences for the operator, e.g. that the document was not applied. */
  readonly notes: readonly string[];
};

/** The plan for a request body; see core/explanation.ts. */
export type Explain = (
  snapshot: Snapshot,
  body: Buffer,
  options: {
    readonly workspace: string;
    readonly now: number;
    readonly dialect?: Api;
    readonly key?: Key;
  },
) => Explanation;

export type SystemControls = {
  readonly snapshot: () => Snapshot;
  readonly status: () => ProcessStatus;
  readonly explain: Explain;
  /** Writes a consistent copy of the data to an absolute path. */
  readonly backup: (file: string) => Promise<void>;
  readonly emulator: EmulatorControls | undefined;
  readonly health: HealthBook;
  /** Epoch ms. */
  readonly now: () => number;
};

export function mountSystem(app: ControlApp, system: SystemControls): void {
  mount(app, {
    method: 'get',
    path: '/status',
    tag,
    summary: 'Version, providers, presets, counts',
    answer: schemas.status,
    run: () => viewStatus(system),
  });
  mount(app, {
    method: 'post',
    path: '/explain',
    tag,
    role: 'viewer',
    summary: 'The plan for a request: what would be tried, at what price, and why not the rest',
    body: schemas.explainBody,
    answer: schemas.explanation,
    run: ({ body }) => {
      const snapshot = system.snapshot();
      const key = body.key === undefined ? undefined : namedKey(snapshot, body.key);
      const workspace = key?.workspace ?? body.workspace;
      const options = {
        workspace,
        now: system.now(),
        ...optional('dialect', body.dialect),
        ...optional('key', key),
      };
      return viewExplanation(system.explain(snapshot, Buffer.from(JSON.stringify(body.request)), options));
    },
  });
  mountBackup(app, system);
}

function namedKey(snapshot: Snapshot, name: string): Key {
  const keys = [...snapshot.keys.values()];
  const found = keys.find((key) => key.name === name);
  if (found) return found;
  const near = suggest(
    name,
    keys.map((key) => key.name),
  );
  const hint = near === undefined ? '' : `; did you mean ${near}?`;
  throw new ApiError(404, 'not_found', `there is no key "${name}"${hint}`, 'key');
}

function viewStatus({ status, snapshot: current, emulator, health, now }: SystemControls): StatusView {
  const facts = status();
  const snapshot = current();
  return {
    version: facts.version,
    started_at: isoTime(facts.startedAt),
    uptime_ms: now() - facts.startedAt,
    revision: snapshot.revision,
    providers: viewProviders(snapshot),
    presets: viewPresets(snapshot),
    paces: facts.paces.map(({ endpoint, pace }) => ({
      endpoint,
      ...optional('latency_ms', pace.latency),
      ...optional('throughput', pace.throughput),
    })),
    counts: {
      models: snapshot.endpoints.size,
      keys: snapshot.keys.size,
      ...countLimits(snapshot),
      in_flight: facts.inFlight,
      generations: facts.generations,
      fallbacks: facts.fallbacks,
      failed: facts.failed,
    },
    breakers: health.breakers().map(viewBreaker),
    pauses: health.pauses().map(viewPause),
    notes: facts.notes,
    ...optional('emulator', emulator && { faults: emulator.faults().map(viewFault) }),
  };
}

function countLimits(snapshot: Snapshot): Pick<StatusView['counts'], 'limits' | 'observed_limits'> {
  const { enforce, observe } = limitModes(snapshot);
  return { limits: enforce, observed_limits: observe };
}

function mountBackup(app: ControlApp, system: SystemControls): void {
  mount(app, {
    method: 'post',
    path: '/backup',
    tag,
    role: 'owner',
    act: 'wrote a backup',
    summary: 'Write a copy of the data to a file on the server (local operator only)',
    body: schemas.backupBody,
    answer: schemas.backupAnswer,
    run: async ({ body: { file }, actor }) => {
      if (!actor.local)
        throw new ApiError(403, 'forbidden', 'a backup writes a file on the server: run it there');
      if (!isAbsolute(file))
        throw new ApiError(400, 'invalid_request', `not an absolute path: ${file}`, 'file');
      await system.backup(file).catch((error: unknown) => {
        throw unwritable(file, error);
      });
      return { file };
    },
  });
}

/** What the file system refused, in words; anything else stays what it is. */
function unwritable(file: string, error: unknown): unknown {
  const code = (error as NodeJS.ErrnoException).code;
  if (code === undefined || !/^E[A-Z]+$/.test(code)) return error;
  return new ApiError(400, 'invalid_request', `cannot write ${file}: ${code}`, 'file');
}
