/**
 * The real `serve` in a world without sockets or time: upstreams follow a script, the clock is turned by hand.
 * Everything that happens is written down in order, with its moment in ms.
 */
import assert from 'node:assert/strict';
import { openDrains, type OpenDrains } from '../../src/adapters/drains.ts';
import { memoryCaches } from '../../src/adapters/caches.ts';
import { memoryHealth, type MemoryHealth } from '../../src/adapters/health.ts';
import { memoryStays } from '../../src/adapters/stays.ts';
import { memoryPace } from '../../src/adapters/pace.ts';
import { memoryRetries } from '../../src/adapters/retries.ts';
import { ProcessLedger } from '../../src/adapters/ledger.ts';
import { openSignatures } from '../../src/adapters/signatures.ts';
import { sha256 } from '../../src/adapters/system.ts';
import { loadCatalogue } from '../../src/catalog/load.ts';
import { snapshotFromDocument } from '../../src/control/check-document.ts';
import type { LimitState } from '../../src/core/limit-state.ts';
import type { AttemptRecord, GenerationRecord } from '../../src/core/record.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';
import { epoch, VirtualClock } from '../../src/sim/clock.ts';
import type {
  Caches,
  Departed,
  Reply,
  Retries,
  Stays,
  UpstreamCall,
  UpstreamSink,
  World,
} from '../../src/ports.ts';
import { chatDialect } from '../../src/dialects/chat/dialect.ts';
import { serve } from '../../src/serve.ts';
import { memoryLeases } from './memory-leases.ts';

/** What an upstream does: so many ms after the last step, call something on the sink. */
export type Script = readonly (readonly [afterMs: number, act: (sink: UpstreamSink) => void])[];

export const connected: Script[number] = [1, (sink) => sink.connected()];
export const streams = (afterMs: number): Script[number] => [
  afterMs,
  (sink) => sink.head(200, { 'content-type': 'text/event-stream' }),
];
export const says = (afterMs: number, text: string, finish: string | null = null): Script[number] => [
  afterMs,
  (sink) =>
    sink.data(
      Buffer.from(
        `data: ${JSON.stringify({ id: 'u', created: 1, model: 'x', choices: [{ index: 0, delta: { content: text }, finish_reason: finish }] })}\n\n`,
      ),
    ),
];
export const bills = (afterMs: number, prompt: number, completion: number): Script[number] => [
  afterMs,
  (sink) =>
    sink.data(
      Buffer.from(
        `data: ${JSON.stringify({ id: 'u', created: 1, model: 'x', choices: [], usage: { prompt_tokens: prompt, completion_tokens: completion } })}\n\ndata: [DONE]\n\n`,
      ),
    ),
];
export const refuses = (afterMs: number, status: number, body = '{}', headers = {}): Script => [
  [afterMs, (sink) => sink.connected()],
  [0, (sink) => sink.head(status, headers)],
  [0, (sink) => sink.data(Buffer.from(body))],
  [0, (sink) => sink.end()],
];
/** A whole answer with a JSON body. */
export const answers = (body: unknown): Script => [
  connected,
  [1, (sink) => sink.head(200, { 'content-type': 'application/json' })],
  [0, (sink) => sink.data(Buffer.from(JSON.stringify(body)))],
  [0, (sink) => sink.end()],
];
export const breaks = (afterMs: number): Script[number] => [
  afterMs,
  (sink) => sink.broken({ kind: 'reset', message: 'ECONNRESET' }),
];

const virtualKey = 'sk-virtual-0123456789';
/** As a document names it: the key itself is resolved only where a server does. */
export const virtualKeyHash = `sha256:${sha256(virtualKey)}`;

export type Visit = {
  readonly clock: VirtualClock;
  /** `12 write data: …`, in order. */
  readonly events: readonly string[];
  readonly records: readonly GenerationRecord[];
  /** Attempts of the records so far. */
  readonly settled: readonly AttemptRecord[];
  /** What is held now under all limits, in their units. */
  readonly held: () => number;
  /** How every limit stands that was asked of. */
  readonly standings: () => readonly LimitState[];
  readonly faults: readonly unknown[];
  readonly calls: readonly UpstreamCall[];
  readonly cancelled: () => number;
  /** What the world knows of its endpoints. */
  readonly health: MemoryHealth;
  /** Answers that are read on. */
  readonly drains: OpenDrains;
  /** The client leaves, or the gateway must stop. */
  depart(why: Departed): void;
  /** The client reads slowly: `write` answers false until released. */
  readonly slow: { on: boolean; release(): void };
  readonly done: Promise<void>;
  /** Another request in the same world: its clock, its ledger, its script of calls. */
  another(body: unknown): Visit;
};

export function snapshotOf(document: string): Snapshot {
  const { snapshot, findings } = snapshotFromDocument(document, {
    catalogue: loadCatalogue(),
    now: epoch,
    local: true,
  });
  assert.ok(snapshot, JSON.stringify(findings));
  return snapshot;
}

/** Plays one script against a sink; tells when it is cancelled. */
function play(script: Script, sink: UpstreamSink, clock: VirtualClock): { over: boolean } {
  const state = { over: false };
  const next = (index: number): void => {
    const step = script[index];
    if (!step) return;
    clock.after(step[0], () => {
      if (state.over) return;
      step[1](sink);
      next(index + 1);
    });
  };
  next(0);
  return state;
}

type Client = { reply: Reply; leave: (why: Departed) => void; slow: { on: boolean; release(): void } };

/** A client that writes down what it gets. */
function client(note: (text: string) => void): Client {
  let leave: ((why: Departed) => void) | undefined;
  let drained: (() => void) | undefined;
  const slow = { on: false, release: () => drained?.() };
  const reply: Reply = {
    head: (status, headers) => {
      const pending = headers['x-spillway-pending'] ? ' pending' : '';
      const position = headers['x-spillway-position'];
      note(`head ${status}${pending}${position === undefined ? '' : ` position ${position}`}`);
    },
    write: (chunk) => {
      note(`write ${Buffer.from(chunk).toString().trim().slice(0, 60)}`);
      return !slow.on;
    },
    end: (chunk) =>
      note(
        `end ${Buffer.from(chunk ?? '')
          .toString()
          .trim()
          .slice(0, 30)}`,
      ),
    abort: () => note('abort'),
    drained: (callback) => (drained = callback),
    gone: (callback) => (leave = callback),
  };
  return { reply, slow, leave: (why) => leave?.(why) };
}

/** What requests of one world share. */
type Shared = {
  readonly snapshot: Snapshot;
  readonly scripts: readonly Script[] | Respond;
  readonly clock: VirtualClock;
  readonly ledger: ProcessLedger;
  readonly caches: Caches;
  readonly stays: Stays;
  readonly health: MemoryHealth;
  readonly drains: OpenDrains;
  readonly retries: Retries;
  readonly faults: unknown[];
  readonly calls: UpstreamCall[];
  visits: number;
};

/** What a provider does to a call at a moment (ms since the world began). */
export type Respond = (call: UpstreamCall, at: number) => Script;

/** Serves one request that comes at `at`; `scripts` answer the calls in order, the last one again and again. */
export function visit(
  snapshot: Snapshot,
  body: unknown,
  scripts: readonly Script[] | Respond,
  at = epoch,
): Visit {
  const clock = new VirtualClock(at);
  const faults: unknown[] = [];
  const ledger = new ProcessLedger({
    clock,
    store: memoryLeases(),
    snapshot: () => snapshot,
    notice: () => undefined,
    fault: (error) => void faults.push(error),
  });
  const caches = memoryCaches(() => clock.now());
  const health = memoryHealth(clock);
  const drains = openDrains();
  const retries = memoryRetries(() => clock.ticks());
  const stays = memoryStays(() => clock.now());
  const calls: UpstreamCall[] = [];
  return enter(
    { snapshot, scripts, clock, ledger, caches, stays, health, drains, retries, faults, calls, visits: 0 },
    body,
  );
}

function enter(shared: Shared, body: unknown): Visit {
  const { snapshot, scripts, clock, ledger, caches, stays, health, drains, retries, faults, calls } = shared;
  const id = `gen-${++shared.visits}`;
  const events: string[] = [];
  const records: GenerationRecord[] = [];
  let cancels = 0;
  const note = (text: string): void => void events.push(`${clock.ticks()} ${text}`);
  const { reply, leave, slow } = client(note);
  const world: World = {
    clock,
    ids: { generation: () => id },
    upstream: {
      send: (call, sink) => {
        const script =
          typeof scripts === 'function'
            ? scripts(call, clock.ticks())
            : scripts[Math.min(calls.length, scripts.length - 1)];
        const state = play(script ?? [], sink, clock);
        calls.push(call);
        const cancel = (): void => {
          state.over = true;
          cancels += 1;
        };
        return { cancel, pause: () => note('pause'), resume: () => note('resume') };
      },
    },
    ledger,
    journal: { close: (record) => void records.push(record) },
    signatures: openSignatures({ secret: Buffer.from('a secret of the test') }),
    caches,
    stays,
    health,
    pace: memoryPace(() => clock.now()),
    drains,
    retries,
    fault: (error) => void faults.push(error),
  };
  const headers = { authorization: `Bearer ${virtualKey}` };
  const inbound = { dialect: chatDialect, headers, body: async () => Buffer.from(JSON.stringify(body)) };
  const done = serve(inbound, reply, { world, snapshot, digest: sha256 });
  return {
    clock,
    events,
    records,
    get settled() {
      return records.flatMap(({ attempts }) => attempts);
    },
    held: () => ledger.standings().reduce((sum, { held }) => sum + held, 0),
    standings: () => ledger.standings(),
    faults,
    calls,
    cancelled: () => cancels,
    health,
    drains,
    depart: leave,
    slow,
    done,
    another: (next) => enter(shared, next),
  };
}
