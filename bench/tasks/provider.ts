/**
 * Providers that bill what the trace says, with prompt caches of their own: what a conversation sent to a model within
 * five minutes is read from there, anything else is fresh, and bought again after every move.
 */
import type { Upstream, UpstreamSink } from '../../src/ports.ts';
import type { VirtualClock } from '../../src/sim/clock.ts';
import { offers } from './setups.ts';
import type { Sample } from './traces.ts';

/** When the primary refuses everything: ms since the world began, the end not included. */
export type Outage = { readonly model: string; readonly from: number; readonly to: number };

export type Provider = Upstream & {
  /** Nano-USD. */
  billed(): number;
};

const keptMs = 300_000;
const answerMs = 4_000;
const refuseMs = 20;
/** Fewer tokens are not kept by any provider. */
const leastCached = 1_024;

type Kept = { readonly tokens: number; readonly until: number };

/** `sampleOf` tells which request of the trace a body is. */
export function tracedProvider(
  clock: VirtualClock,
  sampleOf: (body: Buffer) => Sample,
  outage: Outage | undefined,
): Provider {
  const caches = new Map<string, Kept>();
  let billed = 0;
  return {
    billed: () => billed,
    send({ model, body }, sink) {
      let over = false;
      const after = (ms: number, act: () => void): void => void clock.after(ms, () => over || act());
      if (outage?.model === model && clock.ticks() >= outage.from && clock.ticks() < outage.to)
        after(refuseMs, () => answer(sink, 503, { error: { message: 'down' } }));
      else
        after(answerMs, () => {
          const sample = sampleOf(Buffer.concat(body));
          const place = `${model} ${sample.conversation}`;
          const usage = usageOf(model, sample, alive(caches.get(place), clock.ticks()));
          caches.set(place, { tokens: sample.input, until: clock.ticks() + keptMs });
          billed += priceOf(model, usage);
          answer(sink, 200, whole(usage));
        });
      return { cancel: () => void (over = true), pause: () => undefined, resume: () => undefined };
    },
  };
}

function alive(kept: Kept | undefined, now: number): number {
  return kept && kept.until > now ? kept.tokens : 0;
}

/** Tokens in disjoint buckets. */
export type Tokens = {
  readonly fresh: number;
  readonly read: number;
  readonly written: number;
  readonly output: number;
};

/** Anthropic bills what it writes to a cache; clients of agents ask for that, chats and completions do not. */
export function usageOf(model: string, { input, repeated, output, task }: Sample, kept: number): Tokens {
  const read = Math.min(repeated, kept) >= leastCached ? Math.min(repeated, kept) : 0;
  const rest = input - read;
  const keeps = task === 'agent' || task === 'explore';
  const writes = keeps && input >= leastCached && offers[model]?.price.cache_write !== undefined;
  return { fresh: writes ? 0 : rest, read, written: writes ? rest : 0, output };
}

/** Nano-USD. */
export function priceOf(model: string, { fresh, read, written, output }: Tokens): number {
  const price = offers[model]?.price;
  if (!price) throw new Error(`${model} has no price`);
  const usd = fresh * price.input + read * price.cache_read + output * price.output;
  return (usd + written * (price.cache_write ?? price.input)) * 1_000;
}

function whole({ fresh, read, written, output }: Tokens): object {
  return {
    id: 'u',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message: { role: 'assistant', content: 'done' }, finish_reason: 'stop' }],
    usage: {
      prompt_tokens: fresh + read + written,
      completion_tokens: output,
      prompt_tokens_details: { cached_tokens: read, cache_write_tokens: written },
    },
  };
}

function answer(sink: UpstreamSink, status: number, body: object): void {
  sink.connected();
  sink.head(status, { 'content-type': 'application/json' });
  sink.data(Buffer.from(JSON.stringify(body)));
  sink.end();
}
