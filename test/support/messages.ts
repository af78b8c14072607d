/** The pieces that tests of the Messages dialect share: a request on its way to an endpoint of any wire. */
import type { Wire } from '../../src/core/catalog.ts';
import type { Merged } from '../../src/core/merge.ts';
import type { Nano } from '../../src/core/money.ts';
import type { JsonObject, Preset } from '../../src/core/snapshot.ts';
import type { Bill, Outgoing } from '../../src/dialects/dialect.ts';
import { messagesDialect } from '../../src/dialects/messages/dialect.ts';
import { endpointOf } from './responses.ts';

export type Given = {
  readonly wire?: Wire;
  /** The provider's own model id. */
  readonly model?: string;
  readonly merged?: Partial<Merged>;
  readonly preset?: Partial<Preset>;
  readonly keeps?: (signature: string) => boolean;
};

/** The request `body`, capped at its own `max_tokens` or 4,000. */
export function outgoing(body: JsonObject | string | Buffer, given: Given = {}): Outgoing {
  const bytes = Buffer.isBuffer(body)
    ? body
    : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const ask = messagesDialect.read(bytes);
  return {
    ask,
    merged: { set: {}, drop: [], outputCap: ask.outputCap ?? 4_000, warnings: [], ...given.merged },
    endpoint: { ...endpointOf(given.wire ?? 'anthropic'), providerModel: given.model ?? 'raw-1' },
    ...(given.preset ? { preset: { tools: [], ...given.preset } as unknown as Preset } : {}),
    provider: {},
    ownProviders: new Set(),
    keeps: given.keeps ?? (() => false),
    now: 0,
  };
}

export const identity = { generation: 'gen-0123', model: 'acme/one', created: 1, answers: 1 };

/** Ten tokens in, five out, for a thousandth of a dollar. */
export const bill: Bill = {
  usage: { input: 10, output: 5 },
  basis: 'measured',
  cost: 1_000_000 as Nano,
  upstreamCost: 1_000_000 as Nano,
  promptCost: 0 as Nano,
  unmeasured: 0 as Nano,
  spillway: { position: 0 },
};
