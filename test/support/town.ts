/** A virtual world that many requests come to, one after the other or at once. */
import type { Snapshot } from '../../src/core/snapshot.ts';
import { visit, type Respond, type Visit } from './virtual-world.ts';

export type Town = {
  readonly come: (body?: unknown) => Visit;
  readonly ask: (ms?: number, body?: unknown) => Promise<Visit>;
  readonly wait: (ms: number) => Promise<void>;
  /** Calls that reached a model so far. */
  readonly calls: (model: string) => number;
  readonly breakers: () => ReturnType<Visit['health']['breakers']>;
  readonly faults: () => readonly unknown[] | undefined;
};

const hello = { model: '@preset/p', messages: [{ role: 'user', content: 'hi' }] };

/** One world with many requests: each is awaited for `ms`, or runs on. */
export function town(snapshot: Snapshot, respond: Respond, ask: unknown = hello): Town {
  let first: Visit | undefined;
  const come = (body: unknown = ask): Visit => {
    const seen = first?.another(body) ?? visit(snapshot, body, respond);
    first ??= seen;
    return seen;
  };
  return {
    come,
    ask: async (ms = 100, body = ask) => {
      const seen = come(body);
      await seen.clock.advance(ms);
      return seen;
    },
    wait: async (ms) => {
      await first?.clock.advance(ms);
    },
    calls: (model) => first?.calls.filter((call) => call.model === model).length ?? 0,
    breakers: () => first?.health.breakers() ?? [],
    faults: () => first?.faults,
  };
}
