/** A store of leases for worlds without a disk: what is asked is granted, in the next turn. */
import type { LeaseOrder, LeaseStore, Loan } from '../../src/adapters/ledger.ts';

export type MemoryLeases = LeaseStore & {
  /** Everything that was taken, by counter. */
  readonly taken: ReadonlyMap<string, number>;
};

export function memoryLeases(loans: readonly Loan[] = []): MemoryLeases {
  const taken = new Map<string, number>();
  return {
    taken,
    spent: () => 0,
    loans: () => loans,
    async take(orders: readonly LeaseOrder[]) {
      for (const { counter, amount } of orders) taken.set(counter, (taken.get(counter) ?? 0) + amount);
      return orders.map(({ amount }) => amount);
    },
  };
}
