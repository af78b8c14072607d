/** The real `serve` without sockets or time: a clock that is turned by hand, a scripted provider, a ledger to be judged. */
import { memoryCaches } from '../../src/adapters/caches.ts';
import { memoryPace } from '../../src/adapters/pace.ts';
import { openSignatures } from '../../src/adapters/signatures.ts';
import { sha256 } from '../../src/adapters/system.ts';
import type { GenerationRecord } from '../../src/core/record.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';
import { chatDialect } from '../../src/dialects/chat/dialect.ts';
import type { Reply, World } from '../../src/ports.ts';
import { serve } from '../../src/serve.ts';
import { VirtualClock } from '../../src/sim/clock.ts';
import { dice } from '../../src/sim/dice.ts';
import { books, type Book, type PolicyName } from './policies.ts';
import { scriptedProvider, type Provider, type ProviderOptions } from './upstream.ts';

export const benchKey = 'sk-bench-0123456789';
/** As a document names it. */
export const keyHash = `sha256:${sha256(benchKey)}`;

export type WorldOptions = {
  readonly snapshot: Snapshot;
  readonly policy: PolicyName;
  /** The limit that the snapshot has, in nano-USD, for policies that read no snapshot. */
  readonly cap: number;
  readonly seed: number;
  readonly provider: Omit<ProviderOptions, 'clock' | 'dice'>;
};

/** A world in which requests are asked; money in nano-USD. */
export class MoneyWorld {
  readonly clock = new VirtualClock();
  readonly book: Book;
  readonly provider: Provider;
  readonly records: GenerationRecord[] = [];
  /** What must not be: faults of ours, clients without an answer, money held for nobody. */
  readonly wrong: string[] = [];
  readonly #snapshot: Snapshot;
  readonly #world: Omit<World, 'journal' | 'ids'>;

  constructor({ snapshot, policy, cap, seed, provider }: WorldOptions) {
    const { clock } = this;
    const fault = (error: unknown): void => void this.wrong.push(String(error));
    this.#snapshot = snapshot;
    this.book = books[policy]({ clock, snapshot, cap, fault });
    this.provider = scriptedProvider({ ...provider, clock, dice: dice(seed) });
    this.#world = {
      clock,
      upstream: this.provider,
      ledger: this.book.ledger,
      signatures: openSignatures({ secret: Buffer.from('a secret of the bench') }),
      caches: memoryCaches(() => clock.now()),
      pace: memoryPace(() => clock.now()),
      fault,
    };
  }

  /** Serves one request; its client leaves after so many ms, if it is still there. */
  async ask(body: object, leavesAfter?: number): Promise<GenerationRecord> {
    const bytes = Buffer.from(JSON.stringify(body));
    let record: GenerationRecord | undefined;
    const world: World = {
      ...this.#world,
      ids: { generation: () => `gen-${this.records.length}` },
      journal: { close: (closed) => void (record = closed) },
    };
    const { reply, leave } = reader();
    if (leavesAfter !== undefined) this.clock.after(leavesAfter, leave);
    const headers = { authorization: `Bearer ${benchKey}` };
    const inbound = { dialect: chatDialect, headers, body: async () => bytes };
    await serve(inbound, reply, { world, snapshot: this.#snapshot, digest: sha256 });
    if (!record) throw new Error('a request ended without a record');
    this.records.push(record);
    return record;
  }

  /** Turns the clock until every client has done what it came for, and looks whether anything is left open. */
  async run(clients: readonly Promise<void>[]): Promise<void> {
    let running = clients.length;
    for (const client of clients)
      void client.then(
        () => running--,
        (error: unknown) => {
          running--;
          this.wrong.push(String(error));
        },
      );
    await this.clock.run(() => running === 0);
    if (running > 0) this.wrong.push(`${running} clients were never answered`);
    if (this.book.held() !== 0) this.wrong.push(`${this.book.held()} nano-USD are held for nobody`);
  }
}

/** A client that reads everything until it leaves. */
function reader(): { readonly reply: Reply; readonly leave: () => void } {
  let gone: (() => void) | undefined;
  const reply: Reply = {
    head: () => undefined,
    write: () => true,
    end: () => undefined,
    abort: () => undefined,
    drained: () => undefined,
    gone: (callback) => (gone = () => callback('client')),
  };
  return { reply, leave: () => gone?.() };
}

/** Text of so many bytes. */
export function promptOf(bytes: number): string {
  return 'abc '.repeat(Math.ceil(bytes / 4));
}
