/** The real `serve` and the real ledger in a world where anything may happen to money, and everything is seen. */
import { memoryCaches } from '../../src/adapters/caches.ts';
import { memoryPace } from '../../src/adapters/pace.ts';
import { ProcessLedger, type LeaseOrder } from '../../src/adapters/ledger.ts';
import { openSignatures } from '../../src/adapters/signatures.ts';
import { sha256 } from '../../src/adapters/system.ts';
import { limitsFrom, type Limit } from '../../src/core/limit.ts';
import type { GenerationRecord } from '../../src/core/record.ts';
import type { Endpoint, Provider, Snapshot } from '../../src/core/snapshot.ts';
import { chatDialect } from '../../src/dialects/chat/dialect.ts';
import type {
  Charge,
  Departed,
  Exchange,
  Reply,
  UpstreamCall,
  UpstreamSink,
  World,
} from '../../src/ports.ts';
import { serve } from '../../src/serve.ts';
import { playCall, priceOf, type ProviderCall } from './money-provider.ts';
import type { LimitSpec, Scene, Step } from './money-scene.ts';
import { snapshotOf } from './virtual-world.ts';
import { VirtualClock } from '../../src/sim/clock.ts';
import type { Place } from '../../src/sim/limit-rules.ts';

const keyText = (index: number): string => `sk-money-${index}-0123456789`;

/** The providers of the models in their order; the second does not stop billing when the connection closes. */
const providers = ['d', 'g', 'd', 'g'] as const;

const base = snapshotOf(`
providers:
  d: { wire: openai-chat, base_url: 'https://d.example/v1', catalog: deepseek }
  g: { wire: openai-chat, base_url: 'https://g.example/v1', catalog: groq }
models:
${providers
  .map(
    (provider, index) =>
      `  acme/m${index}: { context: 100000, max_output: 8000, endpoints: [{ provider: ${provider}, model: m${index}, price: { input: 1, output: 2 } }] }`,
  )
  .join('\n')}
presets:
  p:
    models: [acme/m0, acme/m1, acme/m2, acme/m3]
    failover: { timeouts: { connect: 1s, first_token: 2s, response: 4s, idle: 2s, total: 20s, start_by: 25s } }
keys:
  - { name: k0, key: 'sha256:${sha256(keyText(0))}' }
  - { name: k1, key: 'sha256:${sha256(keyText(1))}' }
`);

/** The configuration with the prices and chain of a scene and these limits. */
export function configured({ prices, chain, order }: Scene, limits: readonly LimitSpec[]): Snapshot {
  const at = (place: Place): { readonly limits?: readonly Limit[] } => {
    const found = limitsFrom(limits.filter((limit) => limit.at === place).map(({ body }) => body));
    return found ? { limits: found } : {};
  };
  const limited = new Map(
    [...base.providers].map(([name, provider]): [string, Provider] => [
      name,
      { ...provider, ...(name === 'd' ? at('provider') : {}) },
    ]),
  );
  const endpoints = [...base.endpoints].map(([slug, list]): [string, readonly Endpoint[]] => {
    const spec = prices[Number(slug.slice(-1))];
    return [
      slug,
      list.map((each) => ({
        ...each,
        provider: limited.get(each.provider.name) ?? each.provider,
        ...(spec ? { price: priceOf(spec) } : {}),
      })),
    ];
  });
  const workspace = base.workspaces.get('default');
  const preset = workspace?.presets.get('p');
  if (!workspace || !preset) throw new Error('the document has changed');
  const active = {
    ...preset.active,
    chain: preset.active.chain.slice(0, chain),
    failover: { ...preset.active.failover, order },
    ...at('preset'),
  };
  const presets = new Map([['p', { ...preset, active, versions: new Map([[1, active]]) }]]);
  const { limits: ofModel } = at('model');
  return {
    ...base,
    providers: limited,
    endpoints: new Map(endpoints),
    workspaces: new Map([['default', { ...workspace, presets, ...at('workspace') }]]),
    keys: new Map(
      [...base.keys].map(([hash, key]) => [hash, { ...key, ...(key.name === 'k0' ? at('key') : {}) }]),
    ),
    ...at('gateway'),
    ...(ofModel ? { modelLimits: new Map([['acme/m1', ofModel]]) } : {}),
  };
}

/** Where a limit of each place stands. */
export const scopeName: Readonly<Record<Place, string>> = {
  gateway: '',
  workspace: 'default',
  key: 'k0',
  preset: 'p',
  provider: 'd',
  model: 'acme/m1',
};

/** One request, as its client knows it. */
export type Asking = {
  readonly id: string;
  readonly key: string;
  readonly user: string | undefined;
  readonly cap: number;
  readonly bytes: number;
  readonly n: number;
  /** Epoch ms, and on the clock that never steps back. */
  readonly at: number;
  readonly began: number;
};

/** One call to a provider. */
export type Calling = ProviderCall & {
  readonly asking: Asking;
  readonly model: number;
  readonly provider: string;
  /** Epoch ms. */
  readonly at: number;
};

export type Closing = { readonly record: GenerationRecord; readonly charges: readonly Charge[] };

/** Those who watch: told at the moment something has happened. */
export type Watcher = { called(calling: Calling): void; closed(closing: Closing): void };

/** A store of leases that survives the process. */
export type Store = {
  spent(counter: string, start: number): number;
  take(orders: readonly LeaseOrder[]): void;
};

export class MoneyWorld {
  readonly clock = new VirtualClock();
  readonly ledger: ProcessLedger;
  readonly faults: unknown[] = [];
  /** Every request that has come. */
  readonly askings: Asking[] = [];
  /** By counter: given back, and not durable yet. */
  readonly returning = new Map<string, number>();
  readonly scene: Scene;
  readonly #store: Store;
  readonly #watcher: Watcher;
  readonly #caches = memoryCaches(() => this.clock.now());
  readonly #leave: ((why: Departed) => void)[] = [];
  readonly #done: Promise<void>[] = [];
  #limits: readonly LimitSpec[];
  #snapshot: Snapshot;
  #calls = 0;

  constructor(scene: Scene, store: Store, watcher: Watcher) {
    this.scene = scene;
    this.#store = store;
    this.#watcher = watcher;
    this.#limits = scene.limits;
    this.#snapshot = configured(scene, scene.limits);
    this.ledger = new ProcessLedger({
      clock: this.clock,
      store: {
        spent: ({ counter, start }) => store.spent(counter, start),
        take: (orders) => this.#take(orders),
        loans: () => [],
      },
      snapshot: () => this.#snapshot,
      notice: () => undefined,
      fault: (error) => void this.faults.push(error),
    });
  }

  get limits(): readonly LimitSpec[] {
    return this.#limits;
  }

  async play(step: Step): Promise<void> {
    switch (step.do) {
      case 'ask':
        for (let index = 0; index < step.times; index++) this.#ask(step);
        return await this.clock.advance(0);
      case 'leave':
        if (this.#leave.length > 0) this.#leave[step.which % this.#leave.length]?.('client');
        return await this.clock.advance(0);
      case 'wait':
        return await this.clock.advance(step.ms);
      case 'clock':
        return this.clock.step(step.ms);
      case 'limits':
        return this.#change(step.which, step.times);
    }
  }

  /** Lets everything end. */
  async finish(): Promise<void> {
    await this.clock.advance(200_000);
    await Promise.all(this.#done);
  }

  #change(which: number, times: number | null): void {
    const index = which % this.#limits.length;
    const changed = this.#limits.map(({ at, body }, place) => {
      if (place !== index || times === null) return { at, body };
      return { at, body: scaled(body, times) };
    });
    const removed = times === null && changed.length > 1 ? changed.toSpliced(index, 1) : changed;
    this.#limits = removed;
    this.#snapshot = configured(this.scene, removed);
  }

  async #take(orders: readonly LeaseOrder[]): Promise<readonly number[]> {
    const { storeMs } = this.scene;
    const returned = (sign: number): void => {
      for (const { counter, amount } of orders)
        if (amount < 0) this.returning.set(counter, (this.returning.get(counter) ?? 0) - sign * amount);
    };
    returned(1);
    if (storeMs > 0) await new Promise<void>((resolve) => this.clock.after(storeMs, resolve));
    this.#store.take(orders);
    returned(-1);
    return orders.map(({ amount }) => amount);
  }

  #ask(step: Step & { readonly do: 'ask' }): void {
    const user = step.user === null ? undefined : `u${step.user}`;
    const body = Buffer.from(
      JSON.stringify({
        model: '@preset/p',
        max_tokens: step.cap,
        ...(step.n > 1 ? { n: step.n } : {}),
        stream: step.stream,
        ...(user === undefined ? {} : { user }),
        messages: [{ role: 'user', content: 'y'.repeat(step.size) }],
      }),
    );
    const asking: Asking = {
      id: `gen-${this.#done.length}`,
      key: `k${step.key}`,
      user,
      cap: step.cap,
      bytes: body.length,
      n: step.n,
      at: this.clock.now(),
      began: this.clock.ticks(),
    };
    this.askings.push(asking);
    const headers = { authorization: `Bearer ${keyText(step.key)}` };
    const inbound = { dialect: chatDialect, headers, body: async () => body };
    const gateway = { world: this.#world(asking), snapshot: this.#snapshot, digest: sha256 };
    this.#done.push(serve(inbound, this.#client(), gateway));
  }

  #client(): Reply {
    const place = this.#leave.push(() => undefined) - 1;
    return {
      head: () => undefined,
      write: () => true,
      end: () => undefined,
      abort: () => undefined,
      drained: () => undefined,
      gone: (callback) => {
        this.#leave[place] = callback;
      },
    };
  }

  #world(asking: Asking): World {
    return {
      clock: this.clock,
      ids: { generation: () => asking.id },
      upstream: { send: (call, sink) => this.#send(asking, call, sink) },
      ledger: this.ledger,
      journal: { close: (record, charges) => this.#watcher.closed({ record, charges }) },
      signatures: openSignatures({ secret: Buffer.from('a secret of the test') }),
      caches: this.#caches,
      pace: memoryPace(() => this.clock.now()),
      fault: (error) => void this.faults.push(error),
    };
  }

  #send(asking: Asking, call: UpstreamCall, sink: UpstreamSink): Exchange {
    const { behaviours } = this.scene;
    const behaviour = behaviours[this.#calls++ % behaviours.length];
    if (!behaviour) throw new Error('a scene has behaviours');
    const model = Number(call.model.slice(-1));
    const provider = providers[model] ?? 'd';
    const played = playCall(call, sink, { behaviour, stops: provider === 'd', clock: this.clock });
    this.#watcher.called({ ...played, asking, model, provider, at: this.clock.now() });
    return { cancel: () => played.cancel(), pause: () => undefined, resume: () => undefined };
  }
}

function scaled(body: LimitSpec['body'], times: number): LimitSpec['body'] {
  const grown = (value: number | undefined): number | undefined =>
    value === undefined ? undefined : Number((value * times).toFixed(9));
  const whole = (value: number | undefined): number | undefined =>
    value === undefined ? undefined : Math.ceil(value * times);
  return Object.fromEntries(
    Object.entries({
      ...body,
      usd: grown(body.usd),
      premium_usd: grown(body.premium_usd),
      tokens: whole(body.tokens),
      requests: whole(body.requests),
      concurrent: body.concurrent === undefined ? undefined : Math.max(1, whole(body.concurrent) ?? 1),
    }).filter(([, value]) => value !== undefined),
  );
}
