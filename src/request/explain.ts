/** What would happen to a request, without sending anything: the very plan that `serve` would walk. */
import type { Api } from '../core/ask.ts';
import { makePlan } from '../core/chain.ts';
import type { Explanation, ExplainedStep } from '../core/explanation.ts';
import { guessApi } from '../core/guess-api.ts';
import { asObject } from '../core/json.ts';
import { optional } from '../core/optional.ts';
import { Refused } from '../core/problem.ts';
import { resolve } from '../core/resolve.ts';
import type { Key, Snapshot } from '../core/snapshot.ts';
import { problemOfPlan } from '../core/verdict.ts';
import { chatDialect } from '../dialects/chat/dialect.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { guarded, parseJson } from '../dialects/json-source.ts';
import { dialects } from '../dialects/table.ts';

export type ExplainOptions = {
  readonly workspace: string;
  /** Epoch ms: prices depend on it. */
  readonly now: number;
  /** The dialect that the request is written in; absent = the one that it looks like. */
  readonly dialect?: Api;
};

/** Explains a request, asked by a key of the workspace that may use everything. Never throws for a bad request. */
export function explain(snapshot: Snapshot, body: Buffer, options: ExplainOptions): Explanation {
  const { workspace, now } = options;
  const key: Key = { name: 'explain', workspace, aliases: new Map(), disabled: false };
  let requested = '';
  try {
    const ask = dialectOf(body, options.dialect).read(body);
    requested = ask.model ?? ask.preset ?? '';
    const route = resolve(ask, key, snapshot);
    const plan = makePlan({ ask, route, workspace, snapshot, now });
    const primary = plan.steps.find(({ position }) => position === 0)?.worst;
    const steps = plan.steps.slice(0, route.failover.attempts);
    return {
      ...optional('preset', route.preset && `${route.preset.slug}@${route.preset.version}`),
      requested,
      warnings: [...new Set([...route.warnings, ...steps.flatMap(({ merged }) => merged.warnings)])],
      steps: steps.map(({ position, endpoint, merged, worst }): ExplainedStep => ({
        position,
        endpoint: endpoint.id,
        model: endpoint.model.slug,
        provider: endpoint.provider.name,
        ...optional('worst', worst),
        outputCap: merged.outputCap,
        ...optional(
          'multiplier',
          worst !== undefined && primary ? Number((worst / primary).toPrecision(3)) : undefined,
        ),
      })),
      skipped: plan.skipped,
      ...(steps.length === 0 ? { problem: problemOfPlan(plan.skipped) } : {}),
    };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { requested, warnings: [], steps: [], skipped: [], problem: error.problem };
  }
}

function dialectOf(body: Buffer, named: Api | undefined): Dialect {
  const api = named ?? guessApi(asObject(guarded(() => parseJson(body))));
  return dialects[api] ?? chatDialect;
}
