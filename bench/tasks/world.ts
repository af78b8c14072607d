/** A mix replayed through the real `serve` on a virtual clock: breakers, caches and settlement are the gateway's own. */
import { memoryCaches } from '../../src/adapters/caches.ts';
import { memoryHealth } from '../../src/adapters/health.ts';
import { memoryPace } from '../../src/adapters/pace.ts';
import { openSignatures } from '../../src/adapters/signatures.ts';
import { sha256 } from '../../src/adapters/system.ts';
import type { GenerationRecord } from '../../src/core/record.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';
import { chatDialect } from '../../src/dialects/chat/dialect.ts';
import type { Reply, World } from '../../src/ports.ts';
import { serve } from '../../src/serve.ts';
import { VirtualClock } from '../../src/sim/clock.ts';
import { books } from '../money/policies.ts';
import { benchKey } from '../money/world.ts';
import { tracedProvider, type Outage } from './provider.ts';
import type { Sample, Task } from './traces.ts';

export type Played = {
  /** Nano-USD, in all and by task. */
  readonly cost: number;
  readonly byTask: Readonly<Record<Task, number>>;
  readonly requests: number;
  readonly fallbacks: number;
  /** What must not be: requests that failed, faults of ours, books that differ from the provider's bill. */
  readonly wrong: readonly string[];
};

export type Scene = {
  readonly samples: readonly Sample[];
  readonly snapshot: Snapshot;
  readonly outage?: Outage;
};

/** Asks every request at its time and waits for all of them. */
export async function replay({ samples, snapshot, outage }: Scene): Promise<Played> {
  const clock = new VirtualClock();
  const wrong: string[] = [];
  const fault = (error: unknown): void => void wrong.push(String(error));
  const provider = tracedProvider(clock, (body) => samples[indexIn(body)] as Sample, outage);
  const shared: Omit<World, 'journal' | 'ids'> = {
    clock,
    upstream: provider,
    ledger: books.ours({ clock, snapshot, cap: 0, fault }).ledger,
    signatures: openSignatures({ secret: Buffer.from('a secret of the bench') }),
    caches: memoryCaches(() => clock.now()),
    health: memoryHealth(clock),
    pace: memoryPace(() => clock.now()),
    fault,
  };
  const costs: Record<Task, number> = { agent: 0, explore: 0, chat: 0, complete: 0 };
  let [ended, fallbacks] = [0, 0];
  const close = (sample: Sample, record: GenerationRecord): void => {
    costs[sample.task] += record.cost;
    ended += 1;
    fallbacks += (record.served?.position ?? 0) > 0 ? 1 : 0;
    if (record.ending !== 'ok') wrong.push(`${sample.task}: ${record.problem ?? record.ending}`);
  };
  for (const [index, sample] of samples.entries())
    clock.after(sample.at, () => {
      const world: World = {
        ...shared,
        ids: { generation: () => `gen-${index}` },
        journal: { close: (record) => close(sample, record) },
      };
      const headers = { authorization: `Bearer ${benchKey}`, 'x-spillway-task': sample.task };
      const body = bodyOf(sample, index);
      const inbound = { dialect: chatDialect, headers, body: () => Promise.resolve(body) };
      void serve(inbound, nobody, { world, snapshot, digest: sha256 });
    });
  await clock.run(() => ended === samples.length);
  const cost = Object.values(costs).reduce((sum, part) => sum + part, 0);
  // Each attempt is rounded to a nano-dollar.
  if (Math.abs(cost - provider.billed()) > samples.length)
    wrong.push(`billed ${provider.billed()}, settled ${cost}`);
  return { cost, byTask: costs, requests: ended, fallbacks, wrong };
}

const bytesPerToken = 4;
const filler = Buffer.from('abc '.repeat(1 << 16));

/** A prompt of about as many bytes as its tokens have, that says which request of the trace it is. */
function bodyOf({ conversation, input, output }: Sample, index: number): Buffer {
  const head = `{"model":"@preset/auto","session_id":"${conversation}","max_tokens":${Math.max(output, 16)},"messages":[{"role":"user","content":"#${index}# `;
  const pieces = [Buffer.from(head)];
  for (let left = Math.max(0, input * bytesPerToken - head.length); left > 0; left -= filler.length)
    pieces.push(filler.subarray(0, Math.min(left, filler.length)));
  return Buffer.concat([...pieces, Buffer.from('"}]}')]);
}

function indexIn(body: Buffer): number {
  const at = body.indexOf('"content":"#') + '"content":"#'.length;
  return Number(body.toString('latin1', at, body.indexOf('#', at)));
}

const nobody: Reply = {
  head: () => undefined,
  write: () => true,
  end: () => undefined,
  abort: () => undefined,
  drained: () => undefined,
  gone: () => undefined,
};
