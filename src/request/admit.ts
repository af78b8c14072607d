/** Lets a request in: limits on requests and on how many run at once are asked before anything is planned. */
import type { Caller } from '../core/budget.ts';
import { problemOfDenial } from '../core/refusal.ts';
import { Refused } from '../core/problem.ts';
import type { Snapshot } from '../core/snapshot.ts';
import type { Ticket } from '../ports.ts';
import { isDenial } from './hold.ts';
import { patiently, type Waiting } from './patience.ts';

/** Waits while others run in its place; throws Refused. */
export function admit(caller: Caller, waiting: Waiting, snapshot: Snapshot): Ticket | Promise<Ticket> {
  const entered = waiting.world.ledger.admit(caller);
  return isDenial(entered) ? admitLater(caller, waiting, snapshot) : entered;
}

async function admitLater(caller: Caller, waiting: Waiting, snapshot: Snapshot): Promise<Ticket> {
  const { world } = waiting;
  const entered = await patiently(
    waiting,
    () => world.ledger.admit(caller),
    (result) => (isDenial(result) && result.limit?.unit === 'concurrent' ? result : undefined),
  );
  if (!isDenial(entered)) return entered;
  const contact = snapshot.workspaces.get(caller.workspace)?.contact;
  throw new Refused(problemOfDenial(entered, { now: world.clock.now(), contact }));
}
