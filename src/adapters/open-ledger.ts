/** The ledger of this process on its SQLite file: counters, leases, and loans to limits. */
import type { DatabaseSync } from 'node:sqlite';
import { addLoan, loansOf } from './interventions.ts';
import { openings } from './opening.ts';
import { ProcessLedger, type LeaseStore, type LedgerOptions, type Loan } from './ledger.ts';

export type OpenLedger = {
  readonly ledger: ProcessLedger;
  /** Loans that have not ended. */
  loans(): readonly Loan[];
  /** Lends to a limit; durable when it returns, and counted from the next hold on. */
  lend(loan: Omit<Loan, 'id'>): Loan;
  /** Reads the loans again: one was ended before its time. */
  reread(): void;
};

export type OpenLedgerOptions = Omit<LedgerOptions, 'store'> & {
  readonly database: DatabaseSync;
  readonly leases: Pick<LeaseStore, 'take'>;
};

export function openLedger({ database, leases, ...options }: OpenLedgerOptions): OpenLedger {
  const { clock } = options;
  let loans = loansOf(database, clock.now());
  const current = (): readonly Loan[] => {
    const now = clock.now();
    if (loans.some(({ until }) => until <= now)) loans = loans.filter(({ until }) => until > now);
    return loans;
  };
  return {
    ledger: new ProcessLedger({
      ...options,
      store: {
        spent: openings(database, () => clock.now()),
        take: (orders) => leases.take(orders),
        loans: current,
      },
    }),
    loans: current,
    lend(loan) {
      const made = addLoan(database, loan);
      loans = [...current(), made];
      return made;
    },
    reread() {
      loans = loansOf(database, clock.now());
    },
  };
}
