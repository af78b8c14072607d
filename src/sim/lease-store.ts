/** A store of leases in memory, and what it would say after a crash. */
import type { LeaseOrder } from '../adapters/ledger.ts';
import type { Charge } from '../ports.ts';

export class CrashStore {
  readonly #rows = new Map<string, { spent: number; leased: number }>();

  spent(counter: string): number {
    return this.afterCrash(counter);
  }

  take(orders: readonly LeaseOrder[]): void {
    for (const { counter, amount } of orders) this.#row(counter).leased += amount;
  }

  settle({ charges }: { readonly charges: readonly Charge[] }): void {
    for (const { counter, paid, released } of charges) {
      const row = this.#row(counter);
      row.spent += paid;
      row.leased -= paid + released;
    }
  }

  /** What was leased and not settled counts as spent. */
  afterCrash(counter: string): number {
    const { spent, leased } = this.#row(counter);
    return spent + Math.max(0, leased);
  }

  settled(counter: string): number {
    return this.#row(counter).spent;
  }

  #row(counter: string): { spent: number; leased: number } {
    const row = this.#rows.get(counter) ?? { spent: 0, leased: 0 };
    this.#rows.set(counter, row);
    return row;
  }
}
