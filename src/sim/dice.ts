/** Chance that is the same every time for the same seed: mulberry32, a public-domain generator. */

export type Dice = {
  /** From `least` up to, but not including, `most`. */
  between(least: number, most: number): number;
  /** A whole number from `least` to `most`. */
  whole(least: number, most: number): number;
  chance(share: number): boolean;
  pick<T>(values: readonly T[]): T;
  /** Some of the values, in their order; each with this chance. */
  some<T>(values: readonly T[], share: number): readonly T[];
  /** The values in another order. */
  shuffled<T>(values: readonly T[]): readonly T[];
};

/** Dice for a seed. A label gives dice of their own, so that more throws for one thing change nothing for another. */
export function dice(seed: number, label = ''): Dice {
  let state = label === '' ? seed >>> 0 : hashed(`${seed} ${label}`);
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    between: (least, most) => least + next() * (most - least),
    whole: (least, most) => least + Math.floor(next() * (most - least + 1)),
    chance: (share) => next() < share,
    pick: (values) => values[Math.floor(next() * values.length)] as (typeof values)[number],
    some: (values, share) => values.filter(() => next() < share),
    shuffled: (values) =>
      values
        .map((value) => ({ value, at: next() }))
        .sort((a, b) => a.at - b.at)
        .map(({ value }) => value),
  };
}

/** FNV-1a. */
function hashed(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}
