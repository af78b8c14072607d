/** Promise 2, and the books: what providers bill is what limits count, and never more than a limit allows. */
import type { LimitState } from '../core/limit-state.ts';
import { counterOf, eachOf, endOf, inScope, ruleOf, standsFor, type Rule } from './limit-rules.ts';
import type { ProviderCall } from './provider.ts';
import { overAt, priceOf, type Say, type Sight } from './sight.ts';
import type { SimWorld, Visit } from './world.ts';

type Counted = { readonly visit: Visit; readonly call: ProviderCall };

const callsOf = (visits: readonly Visit[]): readonly Counted[] =>
  visits.flatMap((visit) => visit.calls.map((call) => ({ visit, call })));

const truth = ({ call }: Counted): number => priceOf(call.endpoint, call.billed());

function counts(rule: Rule, { visit: { plan }, call }: Counted): boolean {
  const { provider, model } = call.endpoint;
  return inScope(rule, { key: plan.key, preset: plan.preset, user: plan.user, provider, model });
}

function amountOf({ unit }: Rule, counted: Counted): number {
  const tokens = counted.call.billed();
  if (unit === 'tokens') return tokens ? tokens.input + tokens.output : 0;
  if (unit === 'premium_usd') return premiumOf(counted);
  return truth(counted);
}

/** What an attempt is recorded with is what its provider bills, or for what nobody measured a bound of it. */
export function judgeAttempts({ visit, record }: Sight, say: Say): void {
  visit.calls.forEach((call, index) => {
    const attempt = record.attempts[index];
    if (!attempt || call.answer.over) return;
    const billed = priceOf(call.endpoint, call.billed());
    const counted = attempt.carried ?? attempt.cost;
    if (billed > counted) say(2, `${attempt.id}: ${billed} nano-USD are billed, ${counted} are counted`);
    if (attempt.basis === 'measured' && attempt.cost !== billed)
      say(2, `${attempt.id}: ${billed} nano-USD are billed, ${attempt.cost} are measured`);
    if (call.state.free && counted !== 0) say(2, `${attempt.id}: a refusal is free, ${counted} are counted`);
  });
}

/** While it happens: the ledger counts no less than the truth. */
export function auditBooks(world: SimWorld, say: Say): void {
  const began = world.universe.configurations[0]?.configuration;
  const sameSince = began?.revision === world.configuration.revision;
  if (!sameSince) return;
  const all = callsOf(world.visits);
  for (const rule of world.configuration.limits.map(ruleOf)) {
    if (rule.unit === 'requests' || rule.unit === 'concurrent') continue;
    for (const state of world.ledger.standings().filter((one) => standsFor(one, rule))) {
      const honest = within(rule, state, all).filter(({ call }) => !call.answer.over);
      const billed = honest.reduce((sum, one) => sum + amountOf(rule, one), 0);
      if (state.held < 0 || state.spent < 0)
        say(2, `${rule.name}: less than nothing ${JSON.stringify(state)}`);
      if (billed > state.spent + state.held)
        say(2, `${rule.name}: providers bill ${billed}, the ledger counts ${state.spent} + ${state.held}`);
      const after = world.store.afterCrash(counterOf(rule, state));
      if (rule.enforced && billed > after)
        say(2, `${rule.name}: providers bill ${billed}, after a crash ${after} would count`);
    }
  }
}

/** An attempt that begins is counted in the windows of now. */
export function auditWindows(world: SimWorld, counted: Counted, say: Say): void {
  const now = world.clock.now();
  for (const rule of world.configuration.limits.map(ruleOf)) {
    const { per } = rule.body;
    if (per === 'request' || rule.unit !== 'usd' || !counts(rule, counted)) continue;
    const each = eachOf(rule, counted.visit.plan);
    const states = world.ledger.standings().filter((one) => standsFor(one, rule) && one.each === each);
    if (!states.some(({ resetsAt }) => (resetsAt ?? Infinity) === endOf(per, now)))
      say(2, `${rule.name}: an attempt begins, and is not counted now`);
  }
}

function within(rule: Rule, { each, resetsAt }: LimitState, all: readonly Counted[]): readonly Counted[] {
  return all.filter(
    (one) =>
      counts(rule, one) &&
      eachOf(rule, one.visit.plan) === each &&
      endOf(rule.body.per, one.call.wallAt) === (resetsAt ?? Infinity),
  );
}

/** After the last request: nothing is held, what is spent is what records say, and no limit was exceeded. */
export function judgeLimits(world: SimWorld, sights: readonly Sight[], say: Say): void {
  for (const state of world.ledger.standings())
    if (state.held !== 0)
      say(3, `${state.kind} ${state.of} ${state.unit}: ${state.held} are held at the end`);
  const eras = world.universe.configurations.map(({ configuration }) => configuration.limits.map(ruleOf));
  for (const rule of eras[0] ?? []) {
    const same = eras.map((rules) => rules.find(({ name, enforced }) => name === rule.name && enforced));
    if (same.some((one) => one === undefined)) continue;
    const highest = Math.max(...same.map((one) => one?.amount ?? 0));
    judgeLimit(rule, highest, world.visits, say);
    if (eras.length === 1 && world.universe.steps.length === 0) judgeSpent(world, rule, sights, say);
  }
}

function judgeLimit(rule: Rule, most: number, visits: readonly Visit[], say: Say): void {
  const named = (what: string): void => say(2, `${rule.name}: ${what} of ${most}`);
  if (rule.unit === 'concurrent') {
    for (const running of groups(rule, visits, () => '')) {
      const peak = peakOf(rule, running);
      if (peak > most) named(`${peak} at once`);
    }
    return;
  }
  const windowOf = ({ visit, call }: Counted): string =>
    rule.body.per === 'request' ? visit.id : String(endOf(rule.body.per, call.wallAt));
  for (const group of groups(rule, visits, windowOf)) {
    const sum = sumOf(rule, group);
    const over = group.filter(({ call }) => call.answer.over);
    const excess = over.reduce((all, one) => all + amountOf(rule, one), 0);
    if (sum > most + excess) named(`${sum}, ${excess} of it overrun,`);
  }
}

/** The calls that a limit counts, by window and by whose counter it is. */
function groups(
  rule: Rule,
  visits: readonly Visit[],
  windowOf: (one: Counted) => string,
): readonly (readonly Counted[])[] {
  const all = Map.groupBy(
    callsOf(visits).filter((one) => counts(rule, one)),
    (one) => `${windowOf(one)} ${eachOf(rule, one.visit.plan) ?? ''}`,
  );
  return [...all.values()];
}

/** Callers are counted by request, providers and models by attempt. */
function byAttempt({ at }: Rule): boolean {
  return at === 'provider' || at === 'model';
}

function sumOf(rule: Rule, group: readonly Counted[]): number {
  switch (rule.unit) {
    case 'requests':
      return byAttempt(rule)
        ? group.length
        : new Set(group.filter((one) => isSameWindow(rule, one)).map(({ visit }) => visit.id)).size;
    default:
      return group.reduce((sum, one) => sum + amountOf(rule, one), 0);
  }
}

function isSameWindow({ body: { per } }: Rule, { visit, call }: Counted): boolean {
  return endOf(per, visit.wallAt) === endOf(per, call.wallAt);
}

/** Of whoever answered alone: what the tokens cost there above what they cost at the primary. */
function premiumOf({ visit, call }: Counted): number {
  const preset = visit.configuration.presets.find(({ name }) => name === visit.plan.preset);
  const primary = visit.configuration.endpoints.find(({ model }) => model === preset?.chain[0]);
  if (!primary || preset?.sort !== undefined || !call.state.finished) return 0;
  return Math.max(0, priceOf(call.endpoint, call.billed()) - priceOf(primary, call.billed()));
}

function peakOf(rule: Rule, group: readonly Counted[]): number {
  const spans = byAttempt(rule)
    ? group.map(({ visit, call }) => [call.at, overAt(visit, visit.calls.indexOf(call))] as const)
    : [...Map.groupBy(group, ({ visit }) => visit).keys()].map(
        ({ calls, doneAt }) => [calls[0]?.at ?? 0, doneAt ?? Infinity] as const,
      );
  return Math.max(
    0,
    ...spans.map(([at]) => spans.filter(([from, until]) => from <= at && at < until).length),
  );
}

/** Each attempt is paid exactly once: the counter stands where the records say. */
function judgeSpent(world: SimWorld, rule: Rule, sights: readonly Sight[], say: Say): void {
  if (rule.unit !== 'usd' && rule.unit !== 'tokens') return;
  for (const state of world.ledger.standings().filter((one) => standsFor(one, rule))) {
    let recorded = 0;
    for (const { visit, record } of sights)
      visit.calls.forEach((call, index) => {
        const attempt = record.attempts[index];
        if (!attempt || within(rule, state, [{ visit, call }]).length === 0) return;
        const { usage, bound } = attempt;
        const tokens = bound
          ? bound.input + bound.output
          : (usage?.input ?? 0) +
            (usage?.cacheRead ?? 0) +
            (usage?.cacheWrite ?? 0) +
            (usage?.output ?? 0) +
            (usage?.reasoning ?? 0);
        recorded += rule.unit === 'usd' ? (attempt.carried ?? attempt.cost) : tokens;
      });
    if (state.spent !== recorded)
      say(3, `${rule.name}: the ledger has spent ${state.spent}, records come to ${recorded}`);
  }
}
