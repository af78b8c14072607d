/**
 * Held is not spent: while requests run, their worst cases are held, often ten times what they will cost. So a limit
 * admits only so many at once; the others wait. Pure.
 */
import { budgetsOfCaller, budgetsOfTarget, type Budget } from '../core/budget.ts';
import { describeLimit, type Limit } from '../core/limit.ts';
import { print, toUsd, type Nano } from '../core/money.ts';
import { printScope } from '../core/scope.ts';
import type { Key, Snapshot } from '../core/snapshot.ts';
import { explain } from '../request/explain.ts';
import { counted } from './table.ts';

/** What is assumed of a request: so many tokens of prompt, and no cap of its own. */
export const assumedTokens = 10_000;

export type Admitted = {
  /** `coder`; outside the workspace `default` with its name. */
  readonly preset: string;
  /** The tightest limit: `preset/coder`, `$10.00 per day`. */
  readonly scope: string;
  readonly limit: string;
  /** Requests at once; 0 = not even one, as it stands. */
  readonly requests: number;
  /** US dollars that one request holds at its primary. */
  readonly worst_usd: number;
};

/** For each preset whose dollars are limited, what its tightest limit admits. `now` is epoch ms: prices depend on it. */
export function admittedAtOnce(snapshot: Snapshot, now: number): readonly Admitted[] {
  return [...snapshot.workspaces.values()].flatMap(({ name: workspace, presets }) =>
    [...presets.values()].flatMap(({ active, status }) => {
      const found =
        status === 'active' ? tightest(snapshot, { workspace, preset: active.slug }, now) : undefined;
      return found ?? [];
    }),
  );
}

type Place = { readonly workspace: string; readonly preset: string };

function tightest(snapshot: Snapshot, { workspace, preset }: Place, now: number): Admitted | undefined {
  const request = {
    model: `@preset/${preset}`,
    messages: [{ role: 'user', content: 'word'.repeat(assumedTokens) }],
  };
  const [primary] = explain(snapshot, Buffer.from(JSON.stringify(request)), { workspace, now }).steps;
  if (!primary?.worst) return undefined;
  const keys = [...snapshot.keys.values()].filter((key) => mayUse(key, { workspace, preset }));
  const budgets = new Set([
    ...budgetsOfTarget(snapshot, primary),
    ...['', ...keys.map(({ name }) => name)].flatMap(
      (key) => budgetsOfCaller(snapshot, { workspace, preset, key }).spending,
    ),
  ]);
  const [least] = [...budgets].flatMap(inDollars).sort((a, b) => a.limit.amount - b.limit.amount);
  if (!least) return undefined;
  return {
    preset: workspace === 'default' ? preset : `${workspace}/${preset}`,
    scope: printScope({ kind: least.budget.kind, name: least.budget.of }),
    limit: describeLimit(least.limit),
    requests: Math.floor(least.limit.amount / primary.worst),
    worst_usd: toUsd(primary.worst),
  };
}

function mayUse(key: Key, { workspace, preset }: Place): boolean {
  return key.workspace === workspace && key.presets?.has(preset) !== false && key.limits !== undefined;
}

/** Limits for each request have nothing to share. */
function inDollars(budget: Budget): { readonly budget: Budget; readonly limit: Limit }[] {
  const { unit, per, enforced } = budget;
  return unit === 'usd' && per !== 'request' && enforced ? [{ budget, limit: enforced }] : [];
}

/** `coder: $10.00 per day (preset/coder) admits 169 requests at once; each holds up to $0.0589`. */
export function admittedLine({ preset, scope, limit, requests, worst_usd: usd }: Admitted): string {
  const worst = print(Math.round(usd * 1e9) as Nano);
  if (requests > 0)
    return `${preset}: ${limit} (${scope}) admits ${counted(requests, 'request')} at once; each holds up to ${worst}`;
  return `${preset}: ${limit} (${scope}) is less than one request may cost, ${worst}: its answer is shortened, or it is refused`;
}
