/** What an attempt may use at most, in every unit that limits count. Pure. */
import type { Ask, Needs } from './ask.ts';
import { nano, zero, type Nano } from './money.ts';
import { premiumBound } from './premium.ts';
import { isPriced, worstCase, type Bound } from './price.ts';
import type { LimitUnit } from './document-limit.ts';
import type { Merged } from './merge.ts';
import type { Endpoint } from './snapshot.ts';

export type Demand = {
  /** Nano-USD; undefined = the endpoint has no price. */
  readonly usd: Nano | undefined;
  /** Nano-USD above the primary, failed attempts included. */
  readonly premium: Nano | undefined;
  readonly tokens: number;
};

export type DemandInput = {
  readonly answers: number;
  readonly needs: Needs;
  readonly endpoint: Endpoint;
  /** Upper bound of the prompt's tokens. */
  readonly input: number;
  /** Output cap in tokens, for each answer. */
  readonly cap: number;
  /** Epoch ms: when it is sent, and when it has ended at the latest. */
  readonly from: number;
  readonly until: number;
  /** What costs are compared with; absent where this is the primary itself. */
  readonly primary?: { readonly endpoint: Endpoint | undefined; readonly cached: number } | undefined;
  /** What earlier attempts of the request have cost that no premium was counted for yet. */
  readonly before: Nano;
};

/** How many answers are really asked for: a preset may say more than the caller. */
export function answersOf(ask: Ask, { set }: Merged): number {
  const own = set['n'];
  return typeof own === 'number' ? Math.max(own, ask.needs.answers) : ask.needs.answers;
}

/** The demand of an attempt with an output cap. */
export function demandOf(input: DemandInput): Demand {
  const { endpoint, answers, primary, before } = input;
  const bound: Bound = {
    input: input.input,
    output: input.cap * answers,
    from: input.from,
    until: input.until,
    later: input.needs.later,
  };
  const tokens = bound.input + bound.output;
  if (!isPriced(endpoint.price)) return { usd: undefined, premium: primary ? undefined : before, tokens };
  const premium = primary
    ? premiumBound({ price: endpoint.price, primary: primary.endpoint?.price, cached: primary.cached, bound })
    : zero;
  // What failed before is spent already: a hop that itself costs nothing extra is not refused for it.
  return {
    usd: worstCase(endpoint.price, bound),
    premium: premium === 0 ? zero : nano(before + premium),
    tokens,
  };
}

/** The amount of a demand in a unit; undefined = unknown, for there is no price. */
export function amountIn(demand: Demand, unit: LimitUnit): number | undefined {
  switch (unit) {
    case 'usd':
      return demand.usd;
    case 'premium_usd':
      return demand.premium;
    case 'tokens':
      return demand.tokens;
    case 'requests':
    case 'concurrent':
      return 1;
  }
}

/** How much of each unit is left under every limit that applies. */
export type Room = { readonly usd: number; readonly premium: number; readonly tokens: number };

/** True when everything fits; what has no price fits only where nothing limits money. */
export function fits({ usd, premium, tokens }: Demand, room: Room): boolean {
  const within = (amount: number | undefined, left: number): boolean =>
    left === Infinity || (amount !== undefined && amount <= left);
  return within(usd, room.usd) && within(premium, room.premium) && tokens <= room.tokens;
}

/**
 * The largest output cap from `least` to `most` whose demand fits, found by halving: demand only grows with the cap.
 * Undefined = not even the least fits.
 */
export function largestCap(
  demand: (cap: number) => Demand,
  room: Room,
  { least, most }: { readonly least: number; readonly most: number },
): number | undefined {
  if (!fits(demand(least), room)) return undefined;
  let [low, high] = [least, most];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (fits(demand(middle), room)) low = middle;
    else high = middle - 1;
  }
  return low;
}
