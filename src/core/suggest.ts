/** "Did you mean": the known name nearest to a mistaken one. */

/** The nearest of `known`, or undefined when nothing is near enough to be worth saying. */
export function suggest(wrong: string, known: Iterable<string>): string | undefined {
  const target = wrong.toLowerCase();
  let best: string | undefined;
  let bestScore = Math.max(2, Math.floor(wrong.length / 4)) + 0.5;
  for (const candidate of known) {
    const score = distance(target, candidate.toLowerCase(), bestScore);
    if (score < bestScore) [best, bestScore] = [candidate, score];
  }
  return best;
}

/** Edit distance; a name that begins with the other counts as near. Gives up above `limit`. */
function distance(a: string, b: string, limit: number): number {
  if (a === b) return 0;
  if (b.startsWith(a) && a.length >= 4) return 0.5 + Math.min(1, (b.length - a.length) / 20);
  if (Math.abs(a.length - b.length) > limit) return Infinity;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const swap = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(swap, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? Infinity;
}
