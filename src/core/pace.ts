/** How fast an endpoint has answered of late: percentiles of the first token and of the speed after it. Pure. */
import type { AttemptRecord } from './record.ts';
import { optional } from './optional.ts';
import { completionTokens } from './usage.ts';

/** As at OpenRouter: p90 is what nine answers in ten were at least as good as. */
export type Percentiles = Readonly<Record<'p50' | 'p75' | 'p90' | 'p99', number>>;

export type Pace = {
  /** Ms to the first token, of streams. */
  readonly latency?: Percentiles;
  /** Tokens per second. */
  readonly throughput?: Percentiles;
};

/** What one attempt adds. */
export type PaceSample = { readonly latency?: number; readonly throughput?: number };

/**
 * The percentiles of samples in any order; undefined for none. `better` says which end is the good one: the p90 of a
 * latency is high, the p90 of a speed is low.
 */
export function percentilesOf(
  samples: readonly number[],
  better: 'lower' | 'higher',
): Percentiles | undefined {
  if (samples.length === 0) return undefined;
  const sorted = Float64Array.from(samples).sort();
  if (better === 'higher') sorted.reverse();
  const at = (percent: number): number => sorted[Math.ceil((percent * sorted.length) / 100) - 1] ?? 0;
  return { p50: at(50), p75: at(75), p90: at(90), p99: at(99) };
}

/** An answer this short says nothing of the speed. */
const fewTokens = 8;

/**
 * What a settled attempt says: of an answer its pace, of a stream that never began within its time that it took at
 * least so long. Any other failure says nothing: an early refusal is not fast.
 */
export function paceSample(attempt: AttemptRecord, stream: boolean): PaceSample {
  const { outcome, firstTokenMs, latencyMs, usage } = attempt;
  if (outcome === 'timeout' && stream && firstTokenMs === undefined) return { latency: latencyMs };
  if (outcome !== 'ok') return {};
  const latency = stream ? firstTokenMs : undefined;
  const tokens = usage ? completionTokens(usage) : 0;
  const spanMs = latencyMs - (latency ?? 0);
  const known = tokens >= fewTokens && spanMs > 0;
  return {
    ...optional('latency', latency),
    ...(known ? { throughput: (tokens * 1_000) / spanMs } : {}),
  };
}
