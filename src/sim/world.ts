/** The real `serve`, ledger and breakers in a universe: what happens is written down, and nothing is judged here. */
import { memoryCaches } from '../adapters/caches.ts';
import { openDrains } from '../adapters/drains.ts';
import { memoryHealth } from '../adapters/health.ts';
import { ProcessLedger, type LeaseOrder } from '../adapters/ledger.ts';
import { memoryPace } from '../adapters/pace.ts';
import { memoryRetries } from '../adapters/retries.ts';
import { openSignatures } from '../adapters/signatures.ts';
import { memoryStays } from '../adapters/stays.ts';
import { sha256 } from '../adapters/system.ts';
import type { Rest } from '../core/breaker.ts';
import type { GenerationRecord } from '../core/record.ts';
import type { Endpoint, Snapshot } from '../core/snapshot.ts';
import { chatDialect } from '../dialects/chat/dialect.ts';
import { messagesDialect } from '../dialects/messages/dialect.ts';
import { responsesDialect } from '../dialects/responses/dialect.ts';
import type { Charge, Exchange, UpstreamCall, UpstreamSink, World } from '../ports.ts';
import { serve } from '../serve.ts';
import { bodyOf } from './body.ts';
import { makeClient, type Client, type Seen } from './client.ts';
import { VirtualClock } from './clock.ts';
import { keyText, snapshotOf, type Configuration } from './configuration.ts';
import { dice } from './dice.ts';
import { CrashStore } from './lease-store.ts';
import { beginCall, someMood, type ProviderCall } from './provider.ts';
import type { Mood, RequestPlan, Universe } from './universe.ts';

export type Closing = {
  readonly record: GenerationRecord;
  readonly charges: readonly Charge[];
  readonly at: number;
};

/** One request, from outside. */
export type Visit = {
  readonly plan: RequestPlan;
  readonly id: string;
  readonly configuration: Configuration;
  /** Ticks, and epoch ms. */
  readonly at: number;
  readonly wallAt: number;
  readonly seen: Seen;
  readonly calls: ProviderCall[];
  readonly closings: Closing[];
  doneAt: number | undefined;
};

/** Those who look while it happens. */
export type Watcher = { called(visit: Visit, call: ProviderCall): void; closed(visit: Visit): void };

const dialects = { chat: chatDialect, messages: messagesDialect, responses: responsesDialect } as const;

export class SimWorld {
  readonly clock = new VirtualClock();
  readonly universe: Universe;
  readonly visits: Visit[] = [];
  readonly faults: string[] = [];
  readonly log: string[] = [];
  readonly ledger: ProcessLedger;
  configuration: Configuration;
  #snapshot: Snapshot;
  readonly #watcher: Watcher;
  readonly store = new CrashStore();
  readonly #clients: Client[] = [];
  readonly #drains = openDrains();
  readonly #shared: Omit<World, 'ids' | 'upstream' | 'journal' | 'fault'>;

  constructor(universe: Universe, watcher: Watcher) {
    const { clock } = this;
    this.universe = universe;
    this.#watcher = watcher;
    this.configuration = (universe.configurations[0] as Universe['configurations'][number]).configuration;
    this.#snapshot = snapshotOf(this.configuration, sha256);
    this.ledger = new ProcessLedger({
      clock,
      store: {
        spent: ({ counter }) => this.store.spent(counter),
        take: (orders) => this.#take(orders),
        loans: () => [],
      },
      snapshot: () => this.#snapshot,
      notice: ({ percent, state }) =>
        this.note(`notice ${percent} % of ${state.kind} ${state.of} ${state.unit}`),
      fault: (error) => this.#fault(error),
    });
    this.#shared = {
      clock,
      ledger: this.ledger,
      signatures: openSignatures({ secret: Buffer.from('a secret of the simulator') }),
      caches: memoryCaches(() => clock.now()),
      stays: memoryStays(() => clock.now()),
      drains: this.#drains,
      retries: memoryRetries(() => clock.ticks()),
      health: memoryHealth(clock, {
        pauses: { rest: (endpoint) => this.#pausedNow(endpoint) },
        changed: ({ kind, subject, why }) => this.note(`${kind} ${subject} ${why}`),
      }),
      pace: memoryPace(() => clock.now()),
    };
  }

  note(text: string): void {
    this.log.push(`${(this.clock.ticks() / 1_000).toFixed(3)} ${text}`);
  }

  /** Lets everything happen, and waits until it must be over. */
  async run(patienceMs: number): Promise<void> {
    const { clock, universe } = this;
    for (const { at, configuration } of universe.configurations.slice(1))
      clock.after(at, () => this.#configure(configuration));
    for (const { at, ms } of universe.steps)
      clock.after(at, () => {
        clock.step(ms);
        this.note(`the wall clock steps by ${ms} ms`);
      });
    if (universe.shutdownAt !== undefined) clock.after(universe.shutdownAt, () => this.#stop());
    for (const plan of universe.requests) clock.after(plan.at, () => this.#enter(plan));
    const last = Math.max(...universe.requests.map(({ at }) => at));
    await clock.advance(Math.max(last, universe.endsAt) + patienceMs);
  }

  #configure(configuration: Configuration): void {
    this.configuration = configuration;
    this.#snapshot = snapshotOf(configuration, sha256);
    this.note(`revision ${configuration.revision}`);
  }

  #stop(): void {
    this.note('shutdown');
    for (const client of this.#clients) client.depart('shutdown');
    void this.#drains.end();
  }

  #fault(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    this.note(`fault ${text.split('\n')[0]}`);
    if (!(error instanceof StoreLost)) this.faults.push(text);
  }

  #pausedNow({ id }: Endpoint): Rest | undefined {
    const now = this.clock.ticks();
    const pause = this.universe.pauses.find(
      ({ endpoint, from, until }) => endpoint === id && from <= now && now < until,
    );
    return pause && { reason: 'paused', why: 'maintenance' };
  }

  async #take(orders: readonly LeaseOrder[]): Promise<readonly number[]> {
    const now = this.clock.ticks();
    const trouble = this.universe.storeTroubles.find(({ from, until }) => from <= now && now < until);
    if (trouble?.kind === 'fails') throw new StoreLost('the store is away');
    if (trouble) await this.clock.sleep(trouble.kind === 'hangs' ? 20_000 : trouble.ms);
    this.store.take(orders);
    return orders.map(({ amount }) => amount);
  }

  #enter(plan: RequestPlan): void {
    const { clock } = this;
    const client = makeClient(plan, clock);
    const visit: Visit = {
      plan,
      id: `gen-r${plan.number}`,
      configuration: this.configuration,
      at: clock.ticks(),
      wallAt: clock.now(),
      seen: client.seen,
      calls: [],
      closings: [],
      doneAt: undefined,
    };
    this.visits.push(visit);
    this.#clients.push(client);
    this.note(`r${plan.number} asks ${plan.speech}${plan.stream ? ' stream' : ''} @preset/${plan.preset}`);
    const body = bodyOf(plan);
    const key = plan.mistake === 'key' ? 'sk-nobody-0123456789' : keyText(plan.key);
    const inbound = {
      dialect: dialects[plan.speech],
      headers: { authorization: `Bearer ${key}` },
      body: async () => body,
    };
    const gateway = { world: this.#worldOf(visit), snapshot: this.#snapshot, digest: sha256 };
    void serve(inbound, client.reply, gateway).then(
      () => (visit.doneAt = clock.ticks()),
      (error: unknown) => this.#fault(error),
    );
  }

  #worldOf(visit: Visit): World {
    return {
      ...this.#shared,
      ids: { generation: () => visit.id },
      upstream: { send: (call, sink) => this.#send(visit, call, sink) },
      journal: { close: (record, charges) => this.#close(visit, record, charges) },
      fault: (error) => this.#fault(error),
    };
  }

  #close(visit: Visit, record: GenerationRecord, charges: readonly Charge[]): void {
    visit.closings.push({ record, charges, at: this.clock.ticks() });
    this.store.settle({ charges });
    const skips = record.skipped.map(({ endpoint, reason }) => `${endpoint}:${reason}`).join(' ');
    this.note(`r${visit.plan.number} ${record.ending} ${record.problem ?? ''} ${skips}`.trim());
    this.#watcher.closed(visit);
  }

  #send(visit: Visit, sent: UpstreamCall, sink: UpstreamSink): Exchange {
    const { clock, universe } = this;
    const { number, promptBytes } = visit.plan;
    const place = visit.calls.length;
    const endpoint = this.#endpointOf(visit, sent);
    const die = dice(universe.seed, `call r${number}/${place}`);
    const mood = this.#moodOf(endpoint.provider, visit);
    const order = { call: sent, sink, endpoint, mood, tag: `r${number}c${place}`, promptBytes, clock, die };
    const { call, exchange } = beginCall(order);
    visit.calls.push(call);
    this.note(`r${number}/${place} → ${endpoint.id} ${call.mood}`);
    this.#watcher.called(visit, call);
    return exchange;
  }

  #moodOf(provider: string, { plan: { number }, calls }: Visit): Mood | 'answer' {
    const { seed, outages, hostility } = this.universe;
    const die = dice(seed, `mood r${number}/${calls.length}`);
    const now = this.clock.ticks();
    const outage = outages.find(
      (one) => one.provider === provider && one.from <= now && now < one.until && die.chance(one.share),
    );
    return outage?.mood ?? (die.chance(hostility) ? someMood(die) : 'answer');
  }

  #endpointOf({ configuration }: Visit, { url, model }: UpstreamCall): ProviderCall['endpoint'] {
    const provider = new URL(url).hostname.split('.')[0];
    const found = configuration.endpoints.find(
      (each) => each.provider === provider && each.model === `acme/${model}`,
    );
    if (!found) throw new Error(`nobody knows ${model} at ${url}`);
    return found;
  }
}

class StoreLost extends Error {}
