/** What a soak found, judged and as lines of text. Pure. */
import { median } from '../numbers.ts';
import type { Ending } from './client.ts';
import type { Vitals } from './gateway.ts';

/** Vitals at a moment, in minutes since the load began. */
export type Sample = { readonly minute: number; readonly vitals: Vitals };

export type Found = {
  readonly asked: number;
  readonly endings: Readonly<Record<Ending, number>>;
  /** Records in the database when the gateway had stopped. */
  readonly recorded: number;
  readonly samples: readonly Sample[];
  /** Before the load, and when all was quiet again; after a full collection each. */
  readonly before: Vitals;
  readonly after: Vitals;
  /** Holds that were left over. */
  readonly held: readonly string[];
  readonly faults: readonly string[];
  readonly wrong: readonly string[];
};

/** MB per minute, after the warm-up. */
export const slopeBar = 1;
/** Caches and V8's heap fill up first: a third of the run, and no more than this many minutes. */
const longestWarmUp = 10;

export function warmUp(minutes: number): number {
  return Math.min(minutes / 3, longestWarmUp);
}

/** The slope of the least squares' line through the points. NaN of fewer than two. */
export function slopeOf(points: readonly (readonly [x: number, y: number])[]): number {
  const count = points.length;
  const meanX = points.reduce((sum, [x]) => sum + x, 0) / count;
  const meanY = points.reduce((sum, [, y]) => sum + y, 0) / count;
  const across = points.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0);
  const along = points.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0);
  return across / along;
}

/** Of what was sampled after the warm-up. */
export function growth({ samples }: Pick<Found, 'samples'>, read: (vitals: Vitals) => number): number {
  const from = warmUp(samples.at(-1)?.minute ?? 0);
  return slopeOf(
    samples
      .filter(({ minute }) => minute >= from)
      .map(({ minute, vitals }) => [minute, read(vitals)] as const),
  );
}

/** What is open now and was not before, in words. */
export function leaks(before: Vitals, now: Vitals): readonly string[] {
  return Object.entries(now.open).flatMap(([kind, count]) => {
    const more = count - (before.open[kind] ?? 0);
    return more > 0 ? [`left open: ${more} ${kind}`] : [];
  });
}

/** The promises that were broken, in words. */
export function brokenPromises(found: Found): readonly string[] {
  const { asked, endings, recorded, before, after, held, faults, wrong } = found;
  const slope = growth(found, ({ rss }) => rss);
  return [
    ...(slope < slopeBar ? [] : [`memory grows by ${slope.toFixed(2)} MB per minute`]),
    ...(recorded === asked ? [] : [`${asked} requests, ${recorded} records`]),
    ...(endings.wrong === 0 ? [] : [`${endings.wrong} answers that ended wrongly`, ...wrong]),
    ...held,
    ...leaks(before, after),
    ...faults,
  ];
}

/** The table of figures, a line each. */
export function summary(found: Found): string {
  const { asked, endings, recorded, samples, before, after, held, faults } = found;
  const warm = samples.filter(({ minute }) => minute >= warmUp(samples.at(-1)?.minute ?? 0));
  const usual = (read: (vitals: Vitals) => number): string =>
    (median(warm.map(({ vitals }) => read(vitals))) ?? Number.NaN).toFixed(0);
  const rows: readonly (readonly [string, string])[] = [
    ['requests', `${asked}: ${Object.entries(endings).map(told).join(', ')}`],
    ['records', String(recorded)],
    ['memory (RSS), median', `${usual(({ rss }) => rss)} MB`],
    [
      'memory (RSS), slope',
      perMinute(
        growth(found, ({ rss }) => rss),
        slopeBar,
      ),
    ],
    ['heap in use, slope', perMinute(growth(found, ({ heap }) => heap))],
    ['heap in use, collected', `${before.heap.toFixed(1)} → ${after.heap.toFixed(1)} MB`],
    ['memory (RSS), quiet', `${before.rss.toFixed(0)} → ${after.rss.toFixed(0)} MB`],
    ['open before', listed(before)],
    ['open after', listed(after)],
    ['left held', held.length === 0 ? 'nothing' : held.join(', ')],
    ['faults', String(faults.length)],
  ];
  return rows.map(([name, value]) => `${name.padEnd(26)}${value}`).join('\n');
}

function told([ending, count]: readonly [string, number]): string {
  return `${count} ${ending}`;
}

function listed({ open }: Vitals): string {
  return Object.entries(open)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ');
}

function perMinute(slope: number, bar?: number): string {
  const text = `${slope.toFixed(2)} MB per minute`;
  return bar === undefined ? text : `${text}, < ${bar} ${slope < bar ? 'pass' : 'FAIL'}`;
}
