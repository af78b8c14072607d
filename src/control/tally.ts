/** Counts of what happened since the start, for `status`. */
import type { GenerationRecord } from '../core/record.ts';
import type { Generations } from './operations.ts';

export type Tally = { readonly generations: number; readonly fallbacks: number; readonly failed: number };

/** Begins to count; the returned function tells how it stands. */
export function tally(generations: Generations): () => Tally {
  let count: Tally = { generations: 0, fallbacks: 0, failed: 0 };
  generations.follow((record: GenerationRecord) => {
    count = {
      generations: count.generations + 1,
      fallbacks: count.fallbacks + ((record.served?.position ?? 0) > 0 ? 1 : 0),
      failed: count.failed + (record.ending === 'failed' || record.ending === 'cut' ? 1 : 0),
    };
  });
  return () => count;
}
