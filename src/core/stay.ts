/**
 * Staying put: a conversation that was moved to another endpoint has its cache there now, and going back at once would
 * buy its prompt a second time. Where it was served is a reducer, (place, turn) → place; the plan follows from it. Pure.
 */
import { isUnderFloor, type Plan } from './chain.ts';
import { optional } from './optional.ts';
import type { Endpoint, Preset } from './snapshot.ts';

/** Tokens: a shorter prompt is no cache to lose, and providers keep none. */
export const leastCached = 1_024;

/** Who is moved again so soon after it went back was too early: then it stays longer. Ms. */
const soon = 60_000;
const longest = 3_600_000;

/** Where a conversation was served last. Times are epoch ms. */
export type Place = {
  /** `author/name@provider`. */
  readonly endpoint: string;
  /** Until when its cache lives there. */
  readonly warmUntil: number;
  /** It was moved there, for what stands before failed or rested: it stays. `moves`: the how manieth time in a row. */
  readonly kept?: { readonly since: number; readonly until: number; readonly moves: number };
  /** It stayed elsewhere, and went back. */
  readonly back?: { readonly at: number; readonly moves: number };
};

/** A request of the conversation was answered. */
export type Turn = {
  readonly endpoint: string;
  /** Epoch ms. */
  readonly at: number;
  readonly warmUntil: number;
  /** What stands before this endpoint in the plan's own order failed, or rested. */
  readonly displaced: boolean;
  /** How long to stay after a move, in ms; 0 = not at all. */
  readonly stay: number;
};

/** Where it is now. A stay counts from the move, however many turns follow, so it ends. */
export function placed(before: Place | undefined, turn: Turn): Place {
  const { endpoint, at, displaced, stay } = turn;
  const same = before?.endpoint === endpoint && isWarm(before, at) ? before : undefined;
  const warmUntil = Math.max(turn.warmUntil, same?.warmUntil ?? 0);
  if (same?.kept) return { ...same, warmUntil };
  if (displaced && stay > 0) {
    const { back } = before ?? {};
    const moves = back && at - back.at < soon ? back.moves + 1 : 1;
    return { endpoint, warmUntil, kept: { since: at, until: at + stayFor(stay, moves), moves } };
  }
  const left = before?.endpoint === endpoint ? undefined : before?.kept;
  const back = left ? { at, moves: left.moves } : before?.back;
  return { endpoint, warmUntil, ...optional('back', back) };
}

/** The first time as it is set; moved again soon after going back, from two minutes on twice as long each time. */
function stayFor(stay: number, moves: number): number {
  if (moves === 1) return stay;
  return Math.max(stay, Math.min(Math.max(stay, soon) * 2 ** (moves - 1), longest));
}

/** Whether its cache is still there. */
export function isWarm({ warmUntil }: Place, now: number): boolean {
  return now < warmUntil;
}

export type KeepInput = {
  readonly place: Place;
  /** Epoch ms. */
  readonly now: number;
  readonly preset: Preset | undefined;
  /** Whether nothing was heard against an endpoint for a minute. */
  readonly calm: (endpoint: Endpoint) => boolean;
};

/**
 * The plan with the kept endpoint first; all others follow in their order, for staying costs no availability, and
 * those that were passed over are named with the reason `stay`. As it is where the conversation may go back: its cache
 * is gone, or its time is over and the endpoint that stands first is calm. A floor of `last_resort` counts for more.
 */
export function keepPlace(plan: Plan, { place, now, preset, calm }: KeepInput): Plan {
  const [first] = plan.steps;
  const at = plan.steps.findIndex(({ endpoint }) => endpoint.id === place.endpoint);
  const step = plan.steps[at];
  if (!first || !step || step === first || !isWarm(place, now) || !place.kept) return plan;
  const { since, until } = place.kept;
  // Before `since` the clock was set back: nothing is known.
  if (now < since || (now >= until && calm(first.endpoint))) return plan;
  if (isUnderFloor(step, preset) && !isUnderFloor(first, preset)) return plan;
  const passed = plan.steps.slice(0, at);
  return {
    ...plan,
    steps: [{ ...step, kept: true }, ...plan.steps.filter((other) => other !== step)],
    skipped: [...plan.skipped, ...passed.map(({ endpoint }) => ({ endpoint: endpoint.id, reason: 'stay' }))],
  };
}
