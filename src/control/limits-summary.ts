/** All limits there are, for people: start-up says which stand and whether they hold. */
import { describeLimit, type Limit } from '../core/limit.ts';
import { printPath } from '../core/mistake.ts';
import { defaultWorkspace } from '../core/defaults.ts';
import type { Snapshot } from '../core/snapshot.ts';

export type LimitsSummary = {
  readonly count: number;
  /** `presets.coder: $50.00 per day`; at most as many as asked for. */
  readonly lines: readonly string[];
};

export function summarizeLimits(snapshot: Snapshot, most = 50): LimitsSummary {
  let count = 0;
  const lines: string[] = [];
  for (const [scope, limits] of limitedScopes(snapshot)) {
    count += limits.length;
    if (lines.length < most) lines.push(...limits.map((limit) => `${scope}: ${describeLimit(limit)}`));
  }
  return { count, lines: lines.slice(0, most) };
}

function* limitedScopes(snapshot: Snapshot): Iterable<readonly [scope: string, limits: readonly Limit[]]> {
  if (snapshot.limits) yield ['gateway', snapshot.limits];
  for (const { name, limits } of snapshot.providers.values())
    if (limits) yield [printPath(['providers', name]), limits];
  for (const [slug, limits] of snapshot.modelLimits ?? []) yield [printPath(['models', slug]), limits];
  for (const { name, limits, presets } of snapshot.workspaces.values()) {
    if (limits) yield [printPath(['workspaces', name]), limits];
    const place = name === defaultWorkspace ? [] : ['workspaces', name];
    for (const [slug, { active, status }] of presets)
      if (active.limits && status !== 'archived')
        yield [printPath([...place, 'presets', slug]), active.limits];
  }
  for (const { name, limits } of snapshot.keys.values())
    if (limits) yield [printPath(['keys', name]), limits];
}
