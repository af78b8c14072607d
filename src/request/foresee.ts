/** What the limits would say to the steps of a plan now: the reasoning of `hold.ts`, without holding anything. */
import type { Ask } from '../core/ask.ts';
import type { PlanStep } from '../core/chain.ts';
import { answersOf, demandOf, largestCap, type Demand } from '../core/demand.ts';
import type { StepLimits } from '../core/explanation.ts';
import { zero } from '../core/money.ts';
import { problemOfDenial } from '../core/refusal.ts';
import type { Endpoint, Preset } from '../core/snapshot.ts';
import { addedByPreset, promptBoundAt } from '../core/token-bound.ts';
import type { Denial, Foresight } from '../ports.ts';
import { leastOutput } from './hold.ts';

export type Sight = {
  readonly foresight: Foresight;
  readonly ask: Ask;
  readonly preset: Preset | undefined;
  readonly primary: Endpoint | undefined;
  /** Epoch ms: when it is sent, and when an attempt has ended at the latest. */
  readonly now: number;
  readonly until: number;
  readonly contact: string | undefined;
};

/** Undefined where no limit applies. */
export function foreseeStep({ endpoint, merged }: PlanStep, sight: Sight): StepLimits | undefined {
  const { foresight, ask, primary, now, until, contact } = sight;
  const target = { provider: endpoint.provider.name, model: endpoint.model.slug };
  if (foresight.limits(target) === 'nothing') return undefined;
  const demandAt = (cap: number): Demand =>
    demandOf({
      answers: answersOf(ask, merged),
      needs: ask.needs,
      endpoint,
      input: promptBoundAt(endpoint, ask.needs) + addedByPreset(sight.preset),
      cap: ask.api === 'embeddings' ? 0 : cap,
      from: now,
      until,
      before: zero,
      ...(primary === undefined || primary.id === endpoint.id
        ? {}
        : { primary: { endpoint: primary, cached: 0 } }),
    });
  const told = (verdict: 'waits' | 'refused', denial: Denial): StepLimits => ({
    verdict,
    problem: problemOfDenial(denial, { now, contact, endpoint: endpoint.id }),
  });
  const asked = merged.outputCap;
  const denial = foresight.denial(target, demandAt(asked));
  if (!denial) return { verdict: 'fits' };
  if (denial.denied === 'busy') return told('waits', denial);
  if (denial.denied !== 'exhausted') return told('refused', denial);
  const cap = largestCap(demandAt, foresight.room(target, true), {
    least: Math.min(asked, foresight.leastOutput(target) ?? leastOutput),
    most: asked,
  });
  if (cap === undefined) return told('refused', denial);
  const shorter = foresight.denial(target, demandAt(cap));
  return shorter ? told('waits', shorter) : { verdict: 'shortened', outputCap: cap };
}
