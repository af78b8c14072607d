/** What letting a request in, holding, settling and closing cost together, in processor time, where five budgets apply. */
import { ProcessLedger } from '../../src/adapters/ledger.ts';
import type { Caller } from '../../src/core/budget.ts';
import type { Demand } from '../../src/core/demand.ts';
import { limitFrom } from '../../src/core/limit.ts';
import { nano, zero } from '../../src/core/money.ts';
import type { Key, Snapshot } from '../../src/core/snapshot.ts';
import type { Paid } from '../../src/ports.ts';
import { median } from '../numbers.ts';
import { snapshotOf } from './document.ts';
import { VirtualClock } from '../../src/sim/clock.ts';

export type LedgerCost = {
  /** µs of processor time for each request. */
  readonly small: number;
  /** The same in a configuration of many keys and budgets: asked by one key, and by all those with a budget in turn. */
  readonly large: number;
  readonly turns: number;
  readonly keys: number;
  readonly budgets: number;
};

const keys = 100_000;
const budgets = 10_000;
/** Requests that end before those that follow are counted: leases taken ahead are answered in between. */
const batch = 500;

/** Limits so large that a slice of one lasts for many requests: what is measured is arithmetic. */
const document = `
limits: [{ usd: 4000000, per: month }]
providers: { up: { wire: openai-chat, base_url: 'https://up.example/v1' } }
models: { bench/m: { context: 100000, endpoints: [{ provider: up, model: m, price: { input: 1, output: 2 } }] } }
workspaces: { default: { limits: [{ usd: 1000000, per: day }] } }
presets: { p: { models: [bench/m], limits: [{ usd: 1000000, per: day }, { premium_usd: 100000, per: hour }] } }
keys: [{ name: key-0, key: 'sha256:${'0'.repeat(64)}', limits: [{ usd: 100000, per: day }] }]`;

const target = { provider: 'up', model: 'bench/m' };
const demand: Demand = { usd: nano(20_000_000), premium: zero, tokens: 20_000 };
const paid: Paid = { usd: nano(5_000_000), premium: zero, tokens: 5_000 };

/** Adds keys; the first ones have a day limit of their own, as many as there are budgets. */
function withKeys(snapshot: Snapshot): Snapshot {
  const all = new Map<string, Key>();
  for (let index = 0; index < keys; index++)
    all.set(index.toString(16).padStart(64, '0'), {
      name: `key-${index}`,
      workspace: 'default',
      aliases: new Map(),
      disabled: false,
      ...(index < budgets ? { limits: [limitFrom({ usd: 100_000, per: 'day' })] } : {}),
    });
  return { ...snapshot, keys: all };
}

type Lane = { readonly ledger: ProcessLedger; readonly callers: number };

function laneWith(snapshot: Snapshot, callers: number): Lane {
  const ledger = new ProcessLedger({
    clock: new VirtualClock(),
    store: {
      spent: () => 0,
      loans: () => [],
      take: async (orders) => orders.map(({ amount }) => amount),
    },
    snapshot: () => snapshot,
    notice: () => undefined,
    fault: (error) => {
      throw error;
    },
  });
  return { ledger, callers };
}

/** Whole requests at the ledger; µs of processor time for each. */
async function measure({ ledger, callers }: Lane, requests: number): Promise<number> {
  let used = 0;
  for (let done = 0; done < requests; done += batch) {
    const began = process.cpuUsage();
    for (let index = done; index < done + batch; index++) {
      const caller: Caller = { workspace: 'default', key: `key-${index % callers}`, preset: 'p' };
      const ticket = ledger.admit(caller);
      if ('denied' in ticket || ticket.limits(target) !== 'money') throw new Error('not let in');
      const held = ticket.hold(target, demand);
      const hold = held instanceof Promise ? await held : held;
      if ('denied' in hold) throw new Error(`not held: ${hold.denied}`);
      hold.settle(paid);
      ticket.close();
    }
    const { user, system } = process.cpuUsage(began);
    used += user + system;
    await Promise.resolve();
  }
  return used / requests;
}

/** Medians of rounds in which the lanes take turns. */
export async function ledgerCost(rounds: number): Promise<LedgerCost> {
  const few = snapshotOf(document);
  const many = withKeys(few);
  const lanes = {
    small: laneWith(few, 1),
    large: laneWith(many, 1),
    turns: laneWith(many, budgets),
  };
  const requests = 4 * budgets;
  const values = { small: [] as number[], large: [] as number[], turns: [] as number[] };
  // The first round compiles, and opens every counter.
  for (let round = 0; round <= rounds; round++)
    for (const name of ['small', 'large', 'turns'] as const) {
      const us = await measure(lanes[name], requests);
      if (round > 0) values[name].push(us);
    }
  const middle = (of: readonly number[]): number => median(of) ?? Number.NaN;
  return {
    small: middle(values.small),
    large: middle(values.large),
    turns: middle(values.turns),
    keys,
    budgets,
  };
}
