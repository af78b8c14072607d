/** From benchmark scores to a capability tier. The bands stand in `tiers.json`. */
import { compareTiers, type Tier } from '../core/catalog.ts';
import type { Benchmark, TiersFile } from './format.ts';

export type Rating = {
  readonly tier: Tier;
  /** Every score with its date, e.g. `LMArena code 1525 (2026-04-19)`. */
  readonly basis: string;
};

/** The rating of a model, or nothing if no benchmark knows it. Variants (`:free`) are the same model. */
export function rating(file: TiersFile, slug: string): Rating | undefined {
  const scores = Object.entries(file.scores[slug.replace(/:.*/, '')] ?? {}).flatMap(([key, score]) => {
    const benchmark = file.benchmarks[key];
    return benchmark ? [{ score, benchmark }] : [];
  });
  const tier = middle(scores.map(({ score, benchmark }) => reached(score, benchmark)));
  if (!tier) return undefined;
  const basis = scores.map(({ score, benchmark }) => `${benchmark.name} ${score} (${benchmark.date})`);
  return { tier, basis: `${basis.join(', ')}; tier set ${file.set}` };
}

/** The highest tier whose band the score reaches. */
function reached(score: number, { bands }: Benchmark): Tier {
  const falling = ['frontier', 'strong', 'standard'] as const;
  return falling.find((tier) => score >= (bands[tier] ?? Infinity)) ?? 'small';
}

/** The middle one; of two the lower, so that a floor errs on the safe side. */
function middle(tiers: readonly Tier[]): Tier | undefined {
  return tiers.toSorted(compareTiers)[Math.floor((tiers.length - 1) / 2)];
}
