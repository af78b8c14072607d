/**
 * The plan: the ordered endpoints for one request and, for each one left out, why. Pure, so that `explain`,
 * the dashboard's preview and the simulator print the very value that `serve` walks.
 */
import type { Ask } from './ask.ts';
import type { Rest } from './breaker.ts';
import { compareTiers } from './catalog.ts';
import { answersOf } from './demand.ts';
import { endpointsOf } from './endpoints.ts';
import { lackOf } from './lack.ts';
import { merge, type Merged } from './merge.ts';
import type { Nano } from './money.ts';
import { optional, type Draft } from './optional.ts';
import { arranged, type Outlook } from './order.ts';
import { idleAt, notPreferred, sortsAcrossModels, tooDear } from './preferences.ts';
import { isPriced, worstCase } from './price.ts';
import type { Skip } from './record.ts';
import type { Route } from './resolve.ts';
import type { Endpoint, Floor, Member, Preset, ProviderPreferences, Snapshot } from './snapshot.ts';
import { addedByPreset, promptBoundAt } from './token-bound.ts';

/** One endpoint to try. */
export type PlanStep = {
  /** Place of its model in the chain; 0 is the primary. */
  readonly position: number;
  readonly endpoint: Endpoint;
  readonly merged: Merged;
  /** The most this request can cost there; undefined = no price is known. */
  readonly worst?: Nano;
  /** Set on a fallback whose tier is below the primary's: in words for people. */
  readonly tierDrop?: string;
  /** It comes first because the conversation stays there, not by its place. */
  readonly kept?: true;
};

export type Plan = {
  readonly steps: readonly PlanStep[];
  /** Those that could serve, whether or not they rest, in the order that the preset and the request ask for. */
  readonly order: readonly PlanStep[];
  readonly skipped: readonly Skip[];
  /** Of those left out the ones that nothing keeps from serving but their breaker, or a pause; in order. */
  readonly resting: readonly PlanStep[];
  /** The first endpoint of the primary, whether or not it can serve: what costs are compared with. */
  readonly primary?: Endpoint;
  /** Other models than the chain's serve, for a limit is nearly used up. */
  readonly downgraded?: true;
};

export type PlanInput = {
  readonly ask: Ask;
  readonly route: Route;
  readonly workspace: string;
  readonly snapshot: Snapshot;
  /** Epoch ms. */
  readonly now: number;
  /** Models that serve instead of the chain, for a limit is nearly used up. */
  readonly instead?: readonly string[] | undefined;
  /** Which endpoints are left alone now, and why; absent = none. */
  readonly health?: { rest(endpoint: Endpoint): Rest | undefined } | undefined;
  /** What is known beyond the configuration; absent = nothing. */
  readonly outlook?: Outlook;
};

/** The dialects that attempts can be made in; others are left out by name until they are spoken. */
export const spokenWires: ReadonlySet<string> = new Set([
  'openai-chat',
  'openai-responses',
  'anthropic',
  'gemini',
]);

/**
 * Orders the endpoints of the chain and leaves out, with the reason, those that may not or cannot serve. Where none of
 * the models that should serve instead can, the chain goes on: its limit is not used up yet.
 */
export function makePlan(input: PlanInput): Plan {
  if (!input.instead) return planOf(input);
  const instead = planOf(input);
  return instead.steps.length > 0
    ? { ...instead, downgraded: true }
    : planOf({ ...input, instead: undefined });
}

function planOf(input: PlanInput): Plan {
  const listed = input.route.chain.map((member, position) => ({ member, position }));
  const chain = input.instead ? downgraded(listed, input.instead, input.snapshot) : listed;
  const candidates = chain.flatMap(({ member, position }) => candidatesOf(input, member, position));
  const [first] = listed;
  const primary =
    input.instead && first ? candidatesOf(input, first.member, first.position)[0] : candidates[0];
  const judged = judge(candidates, input, primary);
  const resting = new Set<PlanStep>();
  for (const { step, reason } of judged) if (isRest(reason)) resting.add(step);
  const able = judged
    .filter(({ step, reason }) => reason === undefined || resting.has(step))
    .map(({ step }) => step);
  const fit = withoutBackups(able, input.route.provider);
  const dressed = (step: PlanStep): PlanStep => {
    const drop = tierDrop(step, primary);
    return drop === undefined ? step : { ...step, tierDrop: drop };
  };
  const skipped = judged.flatMap(({ step, reason }) =>
    reason === undefined
      ? []
      : [
          {
            endpoint: step.endpoint.id,
            reason,
            ...optional('why', resting.has(step) ? input.health?.rest(step.endpoint)?.why : undefined),
          },
        ],
  );
  const order = ordered(fit, input);
  const well = resting.size === 0 ? order : order.filter((step) => !resting.has(step));
  const plan: Draft<Plan> = {
    steps: well.map(dressed),
    order,
    resting: resting.size === 0 ? [] : order.filter((step) => resting.has(step)).map(dressed),
    skipped,
  };
  if (primary) plan.primary = primary.endpoint;
  return plan;
}

type Judged = { readonly step: PlanStep; readonly reason: string | undefined };

/**
 * Who is left out, and why. Where a longer answer is asked for than anybody can give, the longest there is beats a
 * refusal; a warning reports it. Who could give it and only rests is somebody.
 */
function judge(
  candidates: readonly PlanStep[],
  input: PlanInput,
  primary: PlanStep | undefined,
): readonly Judged[] {
  const judged = candidates.map((step) => ({ step, reason: reasonToSkip(step, input, primary) }));
  if (judged.some(({ reason }) => reason === undefined || isRest(reason))) return judged;
  return judged.map(({ step, reason }) => ({
    step,
    reason: reason === 'output' ? restOf(step, input) : reason,
  }));
}

function restOf({ endpoint }: PlanStep, { health }: PlanInput): string | undefined {
  return health?.rest(endpoint)?.reason;
}

/** Whether it is left out for its health alone. */
export function isRest(reason: string | undefined): boolean {
  return reason === 'breaker' || reason === 'paused';
}

type Placed = { readonly member: Member; readonly position: number };

/** The models that serve instead, each in its place of the chain, or behind it where it has none. */
function downgraded(
  listed: readonly Placed[],
  instead: readonly string[],
  { catalogue }: Snapshot,
): readonly Placed[] {
  return instead
    .map((name) => catalogue.aliases.get(name) ?? name)
    .map(
      (model, index) =>
        listed.find(({ member }) => member.model === model) ?? {
          member: { model, parameters: {} },
          position: listed.length + index,
        },
    );
}

function candidatesOf(input: PlanInput, member: Member, position: number): readonly PlanStep[] {
  const { ask, route, snapshot } = input;
  const steps = endpointsOf(snapshot, member.model).map((endpoint): PlanStep => {
    const merged = withWarnings(
      merge(ask, route.preset, member, endpoint),
      idleAt(endpoint, route.provider, snapshot),
    );
    const step: Draft<PlanStep> = { position, endpoint, merged };
    const worst = worstOf(endpoint, merged, input);
    if (worst !== undefined) step.worst = worst;
    return step;
  });
  return arranged(steps, input);
}

function withWarnings(merged: Merged, more: readonly string[]): Merged {
  return more.length === 0 ? merged : { ...merged, warnings: [...merged.warnings, ...more] };
}

function worstOf(endpoint: Endpoint, merged: Merged, { ask, now, route }: PlanInput): Nano | undefined {
  if (!isPriced(endpoint.price)) return undefined;
  const until = now + route.failover.timeouts.startBy + route.failover.timeouts.total;
  return worstCase(endpoint.price, {
    input: promptBoundAt(endpoint, ask.needs) + addedByPreset(route.preset),
    output: merged.outputCap * answersOf(ask, merged),
    from: now,
    until,
    later: ask.needs.later,
  });
}

/** `allow_fallbacks: false`: of each model only its first endpoint, and those that the caller ordered by name. */
function withoutBackups(
  steps: readonly PlanStep[],
  { allow_fallbacks: allowed, order }: ProviderPreferences,
): readonly PlanStep[] {
  if (allowed !== false) return steps;
  return steps.filter(
    (step, index) =>
      order?.includes(step.endpoint.provider.name) === true ||
      steps.findIndex(({ position }) => position === step.position) === index,
  );
}

/** A fallback of a lower tier is called, for it was listed; nobody is left unaware of it. */
function tierDrop({ position, endpoint }: PlanStep, primary: PlanStep | undefined): string | undefined {
  const from = primary?.endpoint.model.tier;
  const to = endpoint.model.tier;
  if (position === 0 || from === undefined || to === undefined || compareTiers(to, from) >= 0)
    return undefined;
  return `tier_drop: ${endpoint.model.slug} is of the tier ${to}, the primary is ${from}`;
}

/** The first reason why an endpoint may not or cannot serve this request, or undefined. */
function reasonToSkip(
  candidate: PlanStep,
  input: PlanInput,
  primary: PlanStep | undefined,
): string | undefined {
  const { endpoint } = candidate;
  const { preset, provider: preferences } = input.route;
  return (
    notAllowed(endpoint, input) ??
    wrongKind(endpoint, input.ask, primary) ??
    notPreferred(endpoint, preferences, input.snapshot) ??
    tooDear(endpoint, input.route, input.ask, input.now) ??
    cannotServe(candidate, input.ask) ??
    (candidate.position > 0 && preset?.floor?.below !== 'last_resort'
      ? belowFloor(endpoint, preset?.floor)
      : undefined) ??
    aboveMultiplier(candidate, primary, input.route.failover.maxCostMultiplier) ??
    tooShort(candidate, input.ask) ??
    restOf(candidate, input)
  );
}

function notAllowed({ provider, wire }: Endpoint, { workspace }: PlanInput): string | undefined {
  if (provider.workspaces && !provider.workspaces.has(workspace)) return 'workspace';
  if (provider.credentialMissing === true) return 'credential';
  return spokenWires.has(wire) ? undefined : 'wire';
}

/** The wires on which texts can be embedded. */
const embeddingWires: ReadonlySet<string> = new Set(['openai-chat', 'gemini']);

/** Chat models embed nothing, and embeddings of two models cannot be compared: only the primary's endpoints serve. */
function wrongKind(
  { model, wire }: Endpoint,
  { api }: Ask,
  primary: PlanStep | undefined,
): string | undefined {
  if ((model.kind === 'embedding') !== (api === 'embeddings')) return 'embedding';
  if (api !== 'embeddings') return undefined;
  if (model.slug !== primary?.endpoint.model.slug) return 'embeddings';
  return embeddingWires.has(wire) ? undefined : 'wire';
}

/** Wires that give one answer, or of whose several answers only one can be told. */
const oneAnswer: ReadonlySet<string> = new Set(['anthropic', 'gemini', 'openai-responses']);

function cannotServe({ endpoint }: PlanStep, ask: Ask): string | undefined {
  if (ask.api === 'embeddings') return undefined;
  const { needs, values } = ask;
  const lack = lackOf(endpoint, ask);
  if (lack !== undefined) return lack;
  return oneAnswer.has(endpoint.wire) && needs.answers > 1 && values['n'] !== undefined ? 'n' : undefined;
}

/** The last reason of all: an endpoint that is too short for what is asked may still be the longest that may serve. */
function tooShort({ endpoint, merged }: PlanStep, { api }: Ask): string | undefined {
  const { maxOutput } = endpoint;
  if (api === 'embeddings' || merged.wanted === undefined || maxOutput === undefined) return undefined;
  return maxOutput < merged.wanted ? 'output' : undefined;
}

function belowFloor({ model, context, features }: Endpoint, floor: Floor | undefined): string | undefined {
  if (!floor) return undefined;
  if (floor.tier !== undefined && (model.tier === undefined || compareTiers(model.tier, floor.tier) < 0))
    return 'floor:tier';
  if (floor.context !== undefined && (context ?? 0) < floor.context) return 'floor:context';
  const missing = floor.features.find((feature) => !features.has(feature));
  return missing === undefined ? undefined : `floor:${missing}`;
}

/** A fallback that is called only as a last resort, or never. */
export function isUnderFloor({ position, endpoint }: PlanStep, preset: Preset | undefined): boolean {
  return position > 0 && belowFloor(endpoint, preset?.floor) !== undefined;
}

/** A hop's worst case ÷ the primary's; above a free or unpriced primary every priced hop is refused. */
function aboveMultiplier(
  { position, worst }: PlanStep,
  primary: PlanStep | undefined,
  most: number | undefined,
): string | undefined {
  if (most === undefined || position === 0 || worst === 0) return undefined;
  if (worst === undefined) return 'unpriced';
  return worst > most * (primary?.worst ?? 0) ? 'max_cost_multiplier' : undefined;
}

/**
 * Those under a floor of `last_resort` go last. Else the chain's order, unless the caller sorts across models, or
 * `order: price` says cheapest worst case first, the unpriced after the priced.
 */
function ordered(steps: readonly PlanStep[], input: PlanInput): readonly PlanStep[] {
  if (steps.length < 2) return steps;
  const { preset, failover, provider } = input.route;
  const under = (step: PlanStep): number => (isUnderFloor(step, preset) ? 1 : 0);
  const across = sortsAcrossModels(provider.sort);
  const price = (step: PlanStep): number =>
    failover.order === 'price' && !across ? (step.worst ?? Number.MAX_SAFE_INTEGER) : 0;
  const listed = across ? arranged(steps, input) : steps;
  return [...listed].sort((a, b) => under(a) - under(b) || price(a) - price(b));
}
