/** How fast endpoints have answered of late: bounded, in memory; what is old or crowded out is unknown again. */
import { percentilesOf, type Pace } from '../core/pace.ts';
import { optional } from '../core/optional.ts';
import type { Paces } from '../ports.ts';

/** Samples of one measure at one endpoint, and for how long they count, in ms. */
const keptSamples = 128;
const keptMs = 1_800_000;
/** Callers make up names such as `a/m:nitro`, so endpoints are bounded too. */
const keptEndpoints = 1_000;

type Sample = { readonly at: number; readonly value: number };
type Series = { readonly latency: Sample[]; readonly throughput: Sample[] };

/** `now` gives epoch ms. */
export function memoryPace(now: () => number): Paces {
  const known = new Map<string, Series>();
  const valuesOf = (samples: readonly Sample[]): readonly number[] => {
    const since = now() - keptMs;
    return samples.filter(({ at }) => at >= since).map(({ value }) => value);
  };
  const paceOf = ({ latency, throughput }: Series): Pace | undefined => {
    const pace: Pace = {
      ...optional('latency', percentilesOf(valuesOf(latency), 'lower')),
      ...optional('throughput', percentilesOf(valuesOf(throughput), 'higher')),
    };
    return pace.latency || pace.throughput ? pace : undefined;
  };
  return {
    note(endpoint, { latency, throughput }) {
      if (latency === undefined && throughput === undefined) return;
      const series = known.get(endpoint) ?? { latency: [], throughput: [] };
      // Behind all others: whoever was heard of longest ago is forgotten first.
      known.delete(endpoint);
      known.set(endpoint, series);
      add(series.latency, now(), latency);
      add(series.throughput, now(), throughput);
      const [oldest] = known.keys();
      if (known.size > keptEndpoints && oldest !== undefined) known.delete(oldest);
    },
    of(endpoint) {
      const series = known.get(endpoint);
      return series && paceOf(series);
    },
    all() {
      return [...known].flatMap(([endpoint, series]) => {
        const pace = paceOf(series);
        return pace ? [{ endpoint, pace }] : [];
      });
    },
  };
}

function add(samples: Sample[], at: number, value: number | undefined): void {
  if (value === undefined) return;
  samples.push({ at, value });
  if (samples.length > keptSamples) samples.shift();
}
