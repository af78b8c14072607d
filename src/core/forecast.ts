/**
 * What a chain costs for the traffic that a preset has: each of its recent requests, token bucket by token bucket, at
 * the price of each endpoint that could serve it. Pure.
 */
import { reachable } from './check-chain.ts';
import { nano, type Nano } from './money.ts';
import { cost, isPriced } from './price.ts';
import type { GenerationRecord } from './record.ts';
import type { Preset, Snapshot } from './snapshot.ts';
import type { Usage } from './usage.ts';

/** One request: its tokens, and when it came (epoch ms): prices know the time of day and the length of a prompt. */
export type Sample = { readonly usage: Usage; readonly at: number };

/** Stands in where a preset has had no traffic: a prompt of 2,000 fresh tokens, an answer of 500. */
export const standardUsage: Usage = { input: 2_000, output: 500 };

const dayMs = 86_400_000;
/** How far back requests count, and how many at most, the newest. */
export const forecastDays = 7;
export const mostSamples = 1_000;

/** Prices of next week: what was asked on a Monday morning is priced as on the next one. */
const ahead = forecastDays * dayMs;

export type Traffic = {
  readonly samples: readonly Sample[];
  /** Epoch ms: the oldest and the newest; absent = no traffic, so one standard request. */
  readonly from?: number;
  readonly to?: number;
};

/** What answered, of the records of a preset. */
export function trafficOf(records: readonly GenerationRecord[], now: number): Traffic {
  const samples = records
    .flatMap(({ at, attempts }) => {
      const usage = attempts.findLast(({ outcome }) => outcome === 'ok')?.usage;
      return usage ? [{ usage, at }] : [];
    })
    .slice(0, mostSamples);
  if (samples.length === 0) return { samples: [{ usage: standardUsage, at: now - ahead }] };
  const times = samples.map(({ at }) => at);
  return { samples, from: Math.min(...times), to: Math.max(...times) };
}

export type ForecastStep = {
  readonly position: number;
  readonly model: string;
  /** Which endpoint is priced: the first that the preset allows. Absent = none could serve. */
  readonly endpoint?: string;
  /** Nano-USD for 1,000 requests that it serves alone. Absent = its price is not known. */
  readonly per1000?: Nano;
};

/** For the primary and each fallback, as if it had served all of the traffic, its cache as warm as that was. */
export function forecastChain(
  preset: Preset,
  { samples }: Traffic,
  snapshot: Snapshot,
): readonly ForecastStep[] {
  return preset.chain.map((member, position): ForecastStep => {
    const { model } = member;
    const { usable } = reachable(member, preset, snapshot);
    const endpoint = usable.find(({ price }) => isPriced(price)) ?? usable[0];
    if (!endpoint) return { position, model };
    const { id, price } = endpoint;
    if (!isPriced(price)) return { position, model, endpoint: id };
    const sum = samples.reduce((paid, { usage, at }) => paid + cost(price, usage, at + ahead), 0);
    return { position, model, endpoint: id, per1000: nano(Math.ceil((sum * 1_000) / samples.length)) };
  });
}
