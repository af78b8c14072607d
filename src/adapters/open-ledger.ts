/**
 * The ledger until limits are enforced: every hold is granted and nothing is refused. Start-up says so wherever
 * the configuration has limits. Settling twice is reported, as it will be when it costs money.
 */
import type { Hold, Ledger } from '../ports.ts';

export function openLedger(fault: (error: unknown) => void): Ledger {
  return {
    hold: ({ attemptId }): Hold => {
      let settled = false;
      return {
        settle: () => {
          if (settled) fault(new Error(`the attempt ${attemptId} was settled twice`));
          settled = true;
        },
      };
    },
  };
}
