/**
 * Before an attempt: its worst case is held on every budget that applies. What does not fit at once is made smaller
 * as far as that is honest (a shorter answer, never below what the limits call useful), or waited for where only
 * others' holds are in the way; else the endpoint is left out.
 */
import type { Target } from '../core/budget.ts';
import type { PlanStep } from '../core/chain.ts';
import { answersOf, demandOf, largestCap, presetBytes, type Demand } from '../core/demand.ts';
import { nano, zero, type Nano } from '../core/money.ts';
import type { Denial, Hold, Ticket, World } from '../ports.ts';
import type { Departure } from './departure.ts';
import { patiently } from './patience.ts';
import type { Request } from './prepare.ts';
import { spentSoFar, type Trail } from './trail.ts';

/** The least answer that is worth a prompt, in tokens, unless a limit says otherwise. */
const leastOutput = 4_096;

export type HoldInput = {
  readonly step: PlanStep;
  readonly request: Request;
  readonly trail: Trail;
  readonly ticket: Ticket;
  readonly world: World;
  readonly departure: Departure;
  /** Until when others' settlements may be waited for, on the clock that never steps back. */
  readonly deadline: number;
};

/** What is held, and for which step: its output cap may have become smaller. */
export type Held = {
  readonly step: PlanStep;
  readonly hold: Hold;
  /** Upper bound of the prompt's tokens that was held for. */
  readonly input: number;
  /** Tokens of the prompt that the primary would have read from its cache. */
  readonly cached: number;
};

const nothingHeld: Hold = { settle: () => undefined };

export function isDenial(result: object): result is Denial {
  return 'denied' in result;
}

/** Holds, or tells why not. */
export async function holdFor(input: HoldInput): Promise<Held | Denial> {
  const { step, ticket } = input;
  const target: Target = { provider: step.endpoint.provider.name, model: step.endpoint.model.slug };
  if (ticket.limits(target) === 'nothing') {
    const { demand: _none, ...facts } = billing(input);
    return { ...facts, step, hold: nothingHeld };
  }
  const asked = step.merged.outputCap;
  // Anew at every try: while others are waited for, the hour with its prices may change.
  const grant = async (cap: number): Promise<Held | Denial> => {
    const { demand: demandAt, ...facts } = billing(input);
    const demand = demandAt(cap);
    const hold = await ticket.hold(target, demand);
    return isDenial(hold) ? hold : { ...facts, step: withCap(step, cap, demand.usd), hold };
  };
  const most = (freed: boolean): number | undefined =>
    largestCap(billing(input).demand, ticket.room(target, freed), {
      least: Math.min(asked, ticket.leastOutput(target) ?? leastOutput),
      most: asked,
    });
  // As much as would fit if nothing were held; what is then still short, others hold.
  const patient = await patiently(
    input,
    async () => {
      const first = await grant(asked);
      if (!isDenial(first) || first.denied !== 'exhausted') return first;
      const cap = most(true);
      return cap === undefined || cap === asked ? first : await grant(cap);
    },
    (result) => isDenial(result) && result.denied === 'busy',
  );
  if (!isDenial(patient) || patient.denied !== 'busy' || input.departure.why) return patient;
  const cap = most(false);
  return cap === undefined ? patient : await grant(cap);
}

type Billing = { readonly demand: (cap: number) => Demand; readonly input: number; readonly cached: number };

function billing({ step, request, trail, world }: HoldInput): Billing {
  const { ask, route } = request;
  const isPrimary = trail.primary === undefined || step.endpoint.id === trail.primary.id;
  const conversation = isPrimary ? undefined : request.conversation();
  const cached =
    conversation === undefined || !trail.primary
      ? 0
      : world.caches.cached(request.workspace, conversation, trail.primary.id);
  const from = world.clock.now();
  const input = ask.needs.promptBound + (route.preset ? presetBytes(route.preset) : 0);
  const shared = {
    answers: answersOf(ask, step.merged),
    endpoint: step.endpoint,
    input,
    from,
    until: from + route.failover.timeouts.total,
    before: isPrimary ? zero : nano(spentSoFar(trail) - trail.premiumCounted),
    ...(isPrimary ? {} : { primary: { endpoint: trail.primary, cached } }),
  };
  return { demand: (cap) => demandOf({ ...shared, cap: ask.api === 'embeddings' ? 0 : cap }), input, cached };
}

/** The step with the cap that is really sent, and what is really held for it. */
function withCap(step: PlanStep, cap: number, worst: Nano | undefined): PlanStep {
  const { merged, worst: _planned, ...rest } = step;
  const held = worst === undefined ? {} : { worst };
  if (cap === merged.outputCap) return { ...rest, merged, ...held };
  const warning = `the output cap was lowered from ${merged.outputCap} to ${cap} tokens: more does not fit the limits`;
  return { ...rest, merged: { ...merged, outputCap: cap, warnings: [...merged.warnings, warning] }, ...held };
}
