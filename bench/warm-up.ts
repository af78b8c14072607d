/**
 * Warming up: gateways run for weeks, and code that is compiled while it runs is itself only after tens of thousands of
 * requests. The rule is the same for every candidate.
 */

/** A window that is not at least this much cheaper than the best before it counts as no cheaper: noise is as large. */
const cheaper = 0.98;
/** Windows in a row that are no cheaper. */
const calmWindows = 2;
const mostWindows = 10;

export const warmUpRule = `every lane until ${calmWindows} windows in a row are less than 2 % cheaper in CPU than the best before, ${mostWindows} at most`;

/** Measures until it is steady; returns how often. `measure` gives the CPU time of a piece, or undefined. */
export async function warmUntilSteady(measure: () => Promise<number | undefined>): Promise<number> {
  let best = Infinity;
  let calm = 0;
  for (let windows = 1; ; windows++) {
    const cost = await measure();
    if (cost === undefined) return windows;
    calm = cost < best * cheaper ? 0 : calm + 1;
    best = Math.min(best, cost);
    if (calm === calmWindows || windows === mostWindows) return windows;
  }
}
