/**
 * Before an attempt: its worst case is held on every budget that applies. What does not fit at once is made smaller
 * as far as that is honest (a shorter answer, never below what the limits call useful), or waited for where only
 * others' holds are in the way; else the endpoint is left out.
 */
import type { Target } from '../core/budget.ts';
import type { PlanStep } from '../core/chain.ts';
import { answersOf, demandOf, largestCap, type Demand } from '../core/demand.ts';
import { nano, zero, type Nano } from '../core/money.ts';
import type { Draft } from '../core/optional.ts';
import type { Endpoint } from '../core/snapshot.ts';
import { addedByPreset, promptBoundAt, tokenBound } from '../core/token-bound.ts';
import type { Denial, Hold, Ticket, World } from '../ports.ts';
import type { Departure } from './departure.ts';
import { patiently } from './patience.ts';
import type { Request } from './prepare.ts';
import { spentSoFar, type Trail } from './trail.ts';

/** The least answer that is worth a prompt, in tokens, unless a limit says otherwise. */
export const leastOutput = 4_096;

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
export function holdFor(input: HoldInput): Held | Denial | Promise<Held | Denial> {
  const { step, ticket } = input;
  const { provider, model } = step.endpoint;
  const target: Target = { provider: provider.name, model: model.slug };
  const facts: Facts = { input: boundByBytes(input), cached: cachedAtPrimary(input) };
  const limited = ticket.limits(target);
  if (limited === 'nothing') return { ...facts, step, hold: nothingHeld };
  return holdWithin(input, { target, facts, money: limited === 'money' });
}

type Limited = { readonly target: Target; readonly facts: Facts; readonly money: boolean };

async function holdWithin(input: HoldInput, { target, facts, money }: Limited): Promise<Held | Denial> {
  const { request } = input;
  const { endpoint } = input.step;
  const part = money ? unboundedAt(request, endpoint) : undefined;
  if (part !== undefined) return { denied: 'unbounded', part };
  const first = await grant(input, target, facts);
  if (!isDenial(first) || first.denied === 'unpriced' || first.denied === 'unavailable') return first;
  // A token per byte was too much: the exact count may fit.
  const counted = await request.counted();
  const closer =
    counted && tokenBound(counted, endpoint, request.ask.needs) + addedByPreset(request.route.preset);
  return await fitted(input, target, { ...facts, input: Math.min(facts.input, closer ?? Infinity) });
}

/** Tries the whole answer, then a shorter one, and waits for what others hold. */
async function fitted(input: HoldInput, target: Target, facts: Facts): Promise<Held | Denial> {
  const { step, ticket } = input;
  const asked = step.merged.outputCap;
  const largest = (freed: boolean): number | undefined =>
    largestCap((cap) => demandAt(input, facts, cap), ticket.room(target, freed), {
      least: Math.min(asked, ticket.leastOutput(target) ?? leastOutput),
      most: asked,
    });
  const patient = await patiently(
    input,
    async () => {
      const whole = await grant(input, target, facts);
      if (!isDenial(whole) || whole.denied !== 'exhausted') return whole;
      // As much as would fit if nothing were held; what is then still short, others hold.
      const cap = largest(true);
      return cap === undefined || cap === asked ? whole : await grant(input, target, facts, cap);
    },
    (result) => (isDenial(result) && result.denied === 'busy' ? result : undefined),
  );
  if (!isDenial(patient) || patient.denied !== 'busy' || input.departure.why) return patient;
  const cap = largest(false);
  return cap === undefined ? patient : await grant(input, target, facts, cap);
}

/** What is known of the prompt: the bound of its tokens, and how many of them the primary would read from its cache. */
type Facts = { readonly input: number; readonly cached: number };

async function grant(
  input: HoldInput,
  target: Target,
  facts: Facts,
  cap = input.step.merged.outputCap,
): Promise<Held | Denial> {
  const demand = demandAt(input, facts, cap);
  const hold = await input.ticket.hold(target, demand);
  return isDenial(hold) ? hold : { ...facts, step: withCap(input.step, cap, demand.usd), hold };
}

function demandAt({ step, request, trail, world }: HoldInput, { input, cached }: Facts, cap: number): Demand {
  const { ask, route } = request;
  const from = world.clock.now();
  const isPrimary = isPrimaryAt(trail, step);
  return demandOf({
    answers: answersOf(ask, step.merged),
    needs: ask.needs,
    endpoint: step.endpoint,
    input,
    cap: ask.api === 'embeddings' ? 0 : cap,
    from,
    until: from + route.failover.timeouts.total,
    before: isPrimary ? zero : nano(spentSoFar(trail) - trail.premiumCounted),
    primary: isPrimary ? undefined : { endpoint: trail.primary, cached },
  });
}

function isPrimaryAt({ primary }: Trail, { endpoint }: PlanStep): boolean {
  return primary === undefined || endpoint.id === primary.id;
}

function boundByBytes({ step, request: { ask, route } }: HoldInput): number {
  return promptBoundAt(step.endpoint, ask.needs) + addedByPreset(route.preset);
}

function cachedAtPrimary({ step, request, trail, world }: HoldInput): number {
  if (!trail.primary || isPrimaryAt(trail, step)) return 0;
  const conversation = request.thread.name();
  return conversation === undefined
    ? 0
    : world.caches.cached(request.workspace, conversation, trail.primary.id);
}

/** What has no bound of its cost there. Tools that the provider runs stay behind when the request crosses wires. */
function unboundedAt({ ask, dialect }: Request, { wire }: Endpoint): string | undefined {
  const part = ask.needs.later.unbounded;
  const hosted = part !== undefined && /^(tools|plugins|web_search_options)\b/.test(part);
  return hosted && wire !== dialect.sameWire ? undefined : part;
}

/** The step with the cap that is really sent, and what is really held for it. */
function withCap(step: PlanStep, cap: number, worst: Nano | undefined): PlanStep {
  const { merged } = step;
  const held: Draft<PlanStep> = { ...step };
  if (worst === undefined) delete held.worst;
  else held.worst = worst;
  if (cap === merged.outputCap) return held;
  const warning = `the output cap was lowered from ${merged.outputCap} to ${cap} tokens: more does not fit the limits`;
  held.merged = { ...merged, outputCap: cap, warnings: [...merged.warnings, warning] };
  return held;
}
