/** What would happen to a request, without sending anything: the very plan that `serve` would walk. */
import type { Api, Ask } from '../core/ask.ts';
import { lastResort, type Rest } from '../core/breaker.ts';
import type { Caller } from '../core/budget.ts';
import { makePlan, type Plan, type PlanStep } from '../core/chain.ts';
import { likelyCost } from '../core/effective-cost.ts';
import type { Explanation, ExplainedStep } from '../core/explanation.ts';
import { guessApi } from '../core/guess-api.ts';
import { asObject } from '../core/json.ts';
import type { Nano } from '../core/money.ts';
import { optional } from '../core/optional.ts';
import type { Outlook } from '../core/order.ts';
import { sortWord } from '../core/preferences.ts';
import { Refused } from '../core/problem.ts';
import { problemOfDenial } from '../core/refusal.ts';
import { explainRoute, resolve, type Route } from '../core/resolve.ts';
import { presetsOf, taskText, type JudgedPreset } from '../core/route.ts';
import type { RouteFacts } from '../core/route-rule.ts';
import { presetIn } from '../core/shared-preset.ts';
import type { Key, Preset, Snapshot } from '../core/snapshot.ts';
import type { Place } from '../core/stay.ts';
import { problemOfPlan, problemOfResting } from '../core/verdict.ts';
import { chatDialect } from '../dialects/chat/dialect.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { guarded, parseJson } from '../dialects/json-source.ts';
import { dialects } from '../dialects/table.ts';
import type { Caches, Foresight, Health, Paces, Stays } from '../ports.ts';
import type { Digest, Headers } from './authenticate.ts';
import { threadOf, type Thread } from './conversation.ts';
import { foreseeStep, type Sight } from './foresee.ts';
import { outlookOf } from './outlook.ts';
import { routeFacts } from './route-facts.ts';
import { followPlace, placeOf, scopeOf } from './stay.ts';

export type ExplainOptions = {
  readonly workspace: string;
  /** Epoch ms: prices depend on it. */
  readonly now: number;
  /** The dialect that the request is written in; absent = the one that it looks like. */
  readonly dialect?: Api;
  /** Of the request, names in lower case: rules and recognisers go by them. */
  readonly headers?: Headers;
  /** Who asks; a key of the workspace that may use everything, and has no limits of its own, when absent. */
  readonly key?: Key;
  /** How limits stand; absent = nobody knows. */
  readonly foresee?: (caller: Caller) => Foresight;
  /** What is known of endpoints; absent = nobody knows. */
  readonly health?: Pick<Health, 'rest' | 'calm'>;
  /** What the running gateway knows of paces, caches and conversations; absent = nothing. */
  readonly known?: Known;
};

export type Known = {
  readonly caches: Caches;
  readonly stays: Stays;
  readonly pace: Paces;
  readonly digest: Digest;
};

/** Explains a request. Never throws for a bad one. */
export function explain(snapshot: Snapshot, body: Buffer, options: ExplainOptions): Explanation {
  const { workspace, now, foresee, health } = options;
  const key: Key = options.key ?? { name: 'explain', workspace, aliases: new Map(), disabled: false };
  let requested = '';
  let told: Pick<Explanation, 'route' | 'task'> = { route: [] };
  try {
    const ask = dialectOf(body, options.dialect).read(body);
    requested = ask.model ?? ask.preset ?? '';
    const asked = routeFacts(ask, options.headers ?? {}, now);
    told = tellRoute(explainRoute(ask, key, snapshot, asked), asked);
    const route = resolve(ask, key, snapshot, asked);
    const foresight = foresee?.(callerOf(key, route, ask));
    const downgrade = foresight?.downgrade();
    const thread = options.known && threadOf(ask, options.headers ?? {}, options.known.digest);
    const outlook = thread && lookOut(thread, options);
    const made = makePlan({
      ask,
      route,
      workspace,
      snapshot,
      now,
      ...optional('instead', downgrade?.to),
      ...optional('health', health),
      ...optional('outlook', outlook),
    });
    const { stays } = options.known ?? {};
    const plan = thread ? followPlace(made, { key, route, thread, now, stays, health }) : made;
    const place = thread && stays && placeOf(stays, scopeOf(key, route), thread);
    const contact = snapshot.workspaces.get(workspace)?.contact;
    const until = now + route.failover.timeouts.total;
    const facts = { ask, preset: route.preset, primary: plan.primary, now, until, contact };
    const sight = foresight && { foresight, ...facts };
    const primary = plan.steps.find(({ position }) => position === 0)?.worst;
    const resting = restingOf(plan, health);
    const unbidden = plan.steps.length > 0 ? undefined : lastResort(resting);
    const steps = unbidden ? [unbidden.step] : plan.steps.slice(0, route.failover.attempts);
    const [rests, ...others] = resting;
    return {
      ...told,
      ...optional('preset', route.preset && `${route.preset.slug}@${route.preset.version}`),
      requested,
      warnings: [
        ...new Set([
          ...route.warnings,
          ...(downgrade ? [downgrade.why] : []),
          ...rollingOut(route.preset, snapshot),
          ...(unbidden ? [`every endpoint rests: ${unbidden.endpoint} is asked all the same`] : []),
          ...(sortWord(route.provider.sort) === 'balance' ? [drawn] : []),
          ...steps.flatMap(({ merged }) => merged.warnings),
        ]),
      ],
      steps: steps.map((step): ExplainedStep => ({
        ...explained(step, primary, sight),
        ...optional('likely', likelyCost(step, { ask, now, cached: outlook?.cached(step.endpoint.id) ?? 0 })),
      })),
      skipped: plan.skipped.map((skip) => tellSkip(skip, resting, endOf(place, now))),
      ...(steps.length === 0
        ? { problem: rests ? problemOfResting([rests, ...others], now) : problemOfPlan(plan.skipped) }
        : {}),
      ...(foresight?.entry ? { problem: problemOfDenial(foresight.entry, { now, contact }) } : {}),
    };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    return { ...told, requested, warnings: [], steps: [], skipped: [], problem: error.problem };
  }
}

/** `stays` is when the conversation leaves the endpoint it stays at, epoch ms. */
function tellSkip(
  skip: Plan['skipped'][number],
  resting: readonly RestingStep[],
  stays: number | undefined,
): Explanation['skipped'][number] {
  if (skip.reason === 'stay') return { ...skip, ...optional('until', stays) };
  const { rest } = resting.find(({ endpoint }) => endpoint === skip.endpoint) ?? {};
  return { ...skip, ...(rest && { why: rest.why, ...optional('until', rest.until) }) };
}

/** When the stay is over; afterwards nobody knows: it waits for the others to be calm. */
function endOf(place: Place | undefined, now: number): number | undefined {
  const { until } = place?.kept ?? {};
  return until !== undefined && until > now ? until : undefined;
}

function callerOf({ workspace, name }: Key, { preset, hops }: Route, { user }: Ask): Caller {
  return {
    workspace,
    key: name,
    ...optional('preset', preset?.slug),
    ...optional('via', presetsOf(hops)),
    ...optional('user', user),
  };
}

function tellRoute(route: readonly JudgedPreset[], facts: RouteFacts): Pick<Explanation, 'route' | 'task'> {
  return { route, ...optional('task', route.length === 0 ? undefined : taskText(facts)) };
}

/** Whose conversation it is decides: the plan is that of the active version. */
function rollingOut(preset: Preset | undefined, snapshot: Snapshot): readonly string[] {
  const entry = preset && presetIn(snapshot, preset.workspace, preset.slug);
  if (!entry?.rollout || entry.active.version !== preset?.version) return [];
  const { preset: next, percent } = entry.rollout;
  return [`version ${next.version} is being rolled out: it serves ${percent} % of conversations instead`];
}

type RestingStep = { readonly step: PlanStep; readonly endpoint: string; readonly rest: Rest };

function restingOf({ resting }: Plan, health: ExplainOptions['health']): readonly RestingStep[] {
  return resting.flatMap((step) => {
    const rest = health?.rest(step.endpoint);
    return rest ? [{ step, endpoint: step.endpoint.id, rest }] : [];
  });
}

const drawn = 'sort: balance draws lots for each request: this is the order of one draw';

function lookOut({ name }: Thread, { workspace, known }: ExplainOptions): Outlook | undefined {
  return known && outlookOf({ seed: 'explain', workspace, conversation: name, world: known });
}

function dialectOf(body: Buffer, named: Api | undefined): Dialect {
  const api = named ?? guessApi(asObject(guarded(() => parseJson(body))));
  return dialects[api] ?? chatDialect;
}

function explained(step: PlanStep, primary: Nano | undefined, sight: Sight | undefined): ExplainedStep {
  const { position, endpoint, merged, worst, kept } = step;
  return {
    position,
    endpoint: endpoint.id,
    model: endpoint.model.slug,
    provider: endpoint.provider.name,
    ...optional('worst', worst),
    outputCap: merged.outputCap,
    ...(kept ? { kept } : {}),
    ...optional(
      'multiplier',
      worst !== undefined && primary ? Number((worst / primary).toPrecision(3)) : undefined,
    ),
    ...optional('limits', sight && foreseeStep(step, sight)),
  };
}
