/** What the emulated providers would bill: the truth against which a gateway's own books are checked. */
import { add, zero, type Nano } from '../core/money.ts';
import type { Ending } from '../core/record.ts';
import type { Usage } from '../core/usage.ts';

/** One request as the provider saw it. */
export type Charge = {
  /** The id in the answer, or of the refusal: `chatcmpl-…`, `msg_…`, `req_…`. */
  readonly id: string;
  readonly vendor: string;
  /** Canonical slug. */
  readonly model: string;
  /** Epoch ms at which the request had arrived whole. */
  readonly at: number;
  readonly ending: Ending;
  readonly usage: Usage;
  readonly cost: Nano;
};

export type Account = {
  /** Every request that arrived, refused ones included. */
  readonly requests: number;
  /** Tokens in disjoint buckets. */
  readonly usage: Required<Usage>;
  readonly cost: Nano;
};

export type Bill = {
  readonly total: Account;
  /** By canonical slug. */
  readonly models: Readonly<Record<string, Account>>;
  /** The latest charges by id. */
  readonly charges: Readonly<Record<string, Charge>>;
};

export type Books = { enter(charge: Charge): void; bill(): Bill };

/** How many charges are kept by id. */
const kept = 10_000;

const empty: Account = {
  requests: 0,
  usage: { input: 0, cacheRead: 0, cacheWrite: 0, cacheWrite1h: 0, output: 0, reasoning: 0 },
  cost: zero,
};

export function openBooks(): Books {
  let total = empty;
  const models = new Map<string, Account>();
  const charges = new Map<string, Charge>();
  return {
    enter(charge) {
      total = plus(total, charge);
      models.set(charge.model, plus(models.get(charge.model) ?? empty, charge));
      charges.set(charge.id, charge);
      const [oldest] = charges.keys();
      if (charges.size > kept && oldest !== undefined) charges.delete(oldest);
    },
    bill: () => ({ total, models: Object.fromEntries(models), charges: Object.fromEntries(charges) }),
  };
}

function plus({ requests, usage, cost }: Account, charge: Charge): Account {
  const { input, output, cacheRead = 0, cacheWrite = 0, cacheWrite1h = 0, reasoning = 0 } = charge.usage;
  return {
    requests: requests + 1,
    cost: add(cost, charge.cost),
    usage: {
      input: usage.input + input,
      cacheRead: usage.cacheRead + cacheRead,
      cacheWrite: usage.cacheWrite + cacheWrite,
      cacheWrite1h: usage.cacheWrite1h + cacheWrite1h,
      output: usage.output + output,
      reasoning: usage.reasoning + reasoning,
    },
  };
}
