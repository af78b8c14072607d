/**
 * Judges what the gateway does with money by the design alone: what the providers bill, which limits were in force,
 * and what a store would say after a crash at this very moment.
 */
import assert from 'node:assert/strict';
import type { LimitUnit } from '../../src/core/document-limit.ts';
import type { LimitState } from '../../src/core/limit-state.ts';
import { CrashStore } from '../../src/sim/lease-store.ts';
import {
  counterOf,
  eachOf,
  endOf,
  inScope,
  ruleOf,
  standsFor,
  type Rule,
} from '../../src/sim/limit-rules.ts';
import { billed, ceilingOf } from './money-provider.ts';
import type { LimitSpec, Scene } from './money-scene.ts';
import { scopeName, type Asking, type Calling, type Closing, type MoneyWorld } from './money-world.ts';

/** A call, with the limits that have counted it from its beginning on. */
type Counted = Calling & { readonly under: ReadonlySet<string>; readonly hard: ReadonlySet<string> };

/** Which limits stood at which moment, in ticks. */
type Era = { readonly since: number; readonly rules: readonly Rule[] };

export class Oracle {
  readonly calls: Counted[] = [];
  readonly closings: Closing[] = [];
  readonly store = new CrashStore();
  readonly #scene: Scene;
  #world: MoneyWorld | undefined;
  #eras: Era[] = [];
  #found: unknown;

  constructor(scene: Scene) {
    this.#scene = scene;
  }

  watch(world: MoneyWorld): void {
    this.#world = world;
    this.#eras = [{ since: 0, rules: world.limits.map(ruleAt) }];
  }

  /** The limits may have changed. */
  changed(): void {
    const { clock, limits } = this.#seen();
    this.#eras.push({ since: clock.ticks(), rules: limits.map(ruleAt) });
  }

  /** What was found in the middle of a request, where throwing would look like a fault of the gateway. */
  get found(): unknown {
    return this.#found;
  }

  called(calling: Calling): void {
    this.#note(() => this.#onCalled(calling));
  }

  closed(closing: Closing): void {
    this.closings.push(closing);
    this.store.settle(closing);
    this.#note(() => this.audit());
  }

  #note(judge: () => void): void {
    try {
      judge();
    } catch (error) {
      this.#found ??= error;
    }
  }

  /** An attempt begins: what is held for it must be held already. */
  #onCalled(calling: Calling): void {
    const { clock } = this.#seen();
    const recent = this.#recent(clock.ticks() - 3 * this.#scene.storeMs);
    const always = (keep: (rule: Rule) => boolean): Set<string> =>
      new Set(
        (recent[0]?.rules ?? [])
          .filter(({ name }) =>
            recent.every(({ rules }) => rules.some((rule) => rule.name === name && keep(rule))),
          )
          .map(({ name }) => name),
      );
    this.calls.push({ ...calling, under: always(() => true), hard: always(({ enforced }) => enforced) });
    for (const rule of this.#rules()) this.#checkCeiling(rule, calling);
    this.audit();
  }

  /** At any moment: the ledger counts no less than the truth, and so would a store after a crash now. */
  audit(): void {
    for (const rule of this.#rules()) {
      const { per } = rule.body;
      if (per === 'request' || rule.unit === 'concurrent') continue;
      for (const state of this.#states(rule)) {
        const counts = state.spent + state.held;
        const truth = this.#truth(rule, state, 'under');
        assert.ok(
          state.held >= 0 && state.spent >= 0,
          `${rule.name}: nothing is negative ${JSON.stringify(state)}`,
        );
        assert.ok(truth <= counts, `${rule.name}: providers bill ${truth}, the ledger counts ${counts}`);
        if (!rule.enforced || !this.#alwaysHard(rule)) continue;
        const counter = counterOf(rule, state);
        const after = this.store.afterCrash(counter);
        // What a provider bills beyond its bound is leased by nobody until it is known.
        const known = this.#truth(rule, state, 'hard') - this.#excess(rule, state);
        if (rule.unit !== 'requests')
          assert.ok(
            known <= after,
            `${counter}: providers bill ${known}, after a crash ${after} would count`,
          );
        const slice = Math.max(this.#highest(rule) / 100, this.#largestHold(rule, state));
        assert.ok(
          after <= counts + slice + (this.#seen().returning.get(counter) ?? 0),
          `${counter}: ${counts} counts, after a crash ${after} would, a slice is ${slice}`,
        );
      }
    }
  }

  /** What the store says after a crash is what the leases and the journal leave, for each counter that refuses. */
  restarted(spent: (counter: string) => number): void {
    this.audit();
    for (const rule of this.#rules()) {
      if (!rule.enforced || rule.unit === 'concurrent' || rule.body.per === 'request') continue;
      for (const state of this.#states(rule)) {
        const counter = counterOf(rule, state);
        assert.equal(spent(counter), this.store.afterCrash(counter), `${counter}: after the crash`);
      }
    }
  }

  /** A counter that was forgotten and is needed again counts its idle lease as spent. */
  get #stepped(): boolean {
    return this.#scene.steps.some((step) => step.do === 'clock');
  }

  /** After the last request: nothing is held, each request has one record, and the journal says what counters say. */
  conclude(requests: number): void {
    assert.equal(this.closings.length, requests, 'one record for each request');
    assert.equal(new Set(this.closings.map(({ record }) => record.id)).size, requests);
    for (const { record } of this.closings) {
      const calls = this.calls.filter(({ asking }) => asking.id === record.id);
      assert.equal(record.attempts.length, calls.length, `${record.id}: every attempt is recorded`);
      calls.forEach((call, index) => this.#checkAttempt(call, record.attempts[index]));
    }
    for (const rule of this.#rules())
      for (const state of this.#states(rule)) {
        assert.equal(state.held, 0, `${rule.name}: nothing is held at the end`);
        if (rule.unit !== 'concurrent' && this.#eras.length === 1 && !this.#stepped)
          assert.equal(
            this.store.settled(counterOf(rule, state)),
            state.spent,
            `${rule.name}: journal and counter`,
          );
      }
  }

  #checkAttempt(call: Counted, attempt: Closing['record']['attempts'][number] | undefined): void {
    assert.ok(attempt);
    const truth = this.#usd(call);
    const counts = attempt.carried ?? attempt.cost;
    assert.ok(truth <= counts, `${attempt.id}: ${truth} was billed, ${counts} is counted`);
    if (attempt.basis === 'measured')
      assert.equal(attempt.cost, truth, `${attempt.id}: what is measured is exact`);
    if (attempt.worst !== undefined && attempt.basis === 'measured')
      assert.equal(attempt.overrun === true, truth > attempt.worst, `${attempt.id}: an overrun is flagged`);
  }

  /** New attempts fit under the limit in force when they were admitted, but for what providers overran. */
  #checkCeiling(rule: Rule, calling: Calling): void {
    const { per } = rule.body;
    if (!rule.enforced || per === 'request' || !inScope(rule, askedBy(calling))) return;
    // Where a limit was lowered below what was admitted, what costs nothing still passes.
    const free = rule.unit === 'usd' && this.#scene.prices[calling.model]?.free === true;
    if (free || (rule.unit === 'premium_usd' && this.#eras.length > 1)) return;
    const admission = rule.unit === 'requests' || rule.unit === 'concurrent';
    const since = admission ? calling.asking.began : this.#seen().clock.ticks() - 3 * this.#scene.storeMs;
    const highest = this.#highest(rule, since);
    const now = this.#states(rule).filter(
      (state) => isOf(state, rule, calling.asking) && this.#isNow(rule, state),
    );
    assert.ok(
      now.length > 0 || this.#eras.length > 1 || admission,
      `${rule.name}: counts in the window of now`,
    );
    for (const state of now) {
      const excess = this.#excess(rule, state);
      if (admission && rule.at !== 'provider' && rule.at !== 'model' && this.#eras.length > 1) continue;
      assert.ok(
        state.spent + state.held <= highest + excess,
        `${rule.name}: ${state.spent} spent and ${state.held} held of ${highest}, overrun by ${excess}`,
      );
    }
  }

  /** The window that things begin in now. */
  #isNow({ body }: Rule, { resetsAt }: LimitState): boolean {
    return (resetsAt ?? Infinity) === endOf(body.per, this.#seen().clock.now());
  }

  /** What may go beyond a limit: overruns; and of premium, what failed before a hop that itself costs nothing extra. */
  #excess(rule: Rule, state: LimitState): number {
    const calls = this.#within(rule, state, 'under');
    const over = calls
      .filter((call) => call.over)
      .reduce((sum, call) => sum + this.#amount(rule.unit, call), 0);
    if (rule.unit !== 'premium_usd') return over;
    const requests = new Set(calls.map(({ asking }) => asking));
    return this.calls
      .filter((call) => requests.has(call.asking) && this.#failedFirst(call))
      .reduce((sum, call) => sum + Math.max(this.#usd(call), this.#most(call)), over);
  }

  /** An attempt that was followed by another of the same request. */
  #failedFirst(call: Counted): boolean {
    return this.calls.findLast(({ asking }) => asking === call.asking) !== call;
  }

  #truth(rule: Rule, state: LimitState, counted: 'under' | 'hard'): number {
    const calls = this.#within(rule, state, counted);
    if (rule.unit === 'premium_usd') return this.#premium(calls);
    if (rule.unit === 'requests' && rule.at !== 'provider' && rule.at !== 'model') return 0;
    return calls.reduce((sum, call) => sum + this.#amount(rule.unit, call), 0);
  }

  /** Of requests that were answered, all in one window: what all attempts cost above the primary's price, cold. */
  #premium(calls: readonly Counted[]): number {
    let sum = 0;
    for (const { record } of this.closings) {
      const own = this.calls.filter(({ asking }) => asking.id === record.id);
      const last = own.at(-1);
      if (!last || record.ending !== 'ok' || last.silent || !own.every((call) => calls.includes(call)))
        continue;
      const spec = this.#scene.prices[0];
      const tokens = last.billed();
      if (!spec || !tokens) continue;
      const flat = {
        input: tokens.input + tokens.cached + tokens.written,
        cached: 0,
        written: 0,
        output: tokens.output + tokens.reasoning,
        reasoning: 0,
      };
      const paid = own.reduce((all, call) => all + this.#usd(call), 0);
      const primary = last.model === 0 ? this.#usd(last) : billed(spec, flat, last.at);
      sum += Math.max(0, paid - primary);
    }
    return sum;
  }

  #amount(unit: LimitUnit, call: Counted): number {
    const tokens = call.billed();
    switch (unit) {
      case 'usd':
      case 'premium_usd':
        return this.#usd(call);
      case 'tokens':
        return tokens ? tokens.input + tokens.cached + tokens.written + tokens.output + tokens.reasoning : 0;
      case 'requests':
      case 'concurrent':
        return 1;
    }
  }

  #usd(call: Calling): number {
    const spec = this.#scene.prices[call.model];
    const tokens = call.billed();
    return spec && tokens ? billed(spec, tokens, call.at) : 0;
  }

  /** More than a call can honestly cost. */
  #most(call: Calling): number {
    const spec = this.#scene.prices[call.model];
    return spec ? ceilingOf(spec, call.most) : 0;
  }

  /** A hold is never larger than this, in the unit of the rule. */
  #largestHold(rule: Rule, state: LimitState): number {
    const all = this.#world?.askings.filter((asking) => isOf(state, rule, asking)) ?? [];
    const each = all.flatMap(({ bytes, cap, n }) =>
      this.#scene.prices.map((spec) => {
        const most = { input: bytes + 16, output: cap * n };
        if (rule.unit === 'requests') return 1;
        if (rule.unit === 'tokens') return most.input + most.output;
        const attempts = rule.unit === 'premium_usd' ? 4 : 1;
        return attempts * ceilingOf(spec, most);
      }),
    );
    return Math.max(0, ...each);
  }

  #within(rule: Rule, state: LimitState, counted: 'under' | 'hard'): readonly Counted[] {
    return this.calls.filter(
      (call) =>
        call[counted].has(rule.name) &&
        inScope(rule, askedBy(call)) &&
        isOf(state, rule, call.asking) &&
        endOf(rule.body.per, call.at) === (state.resetsAt ?? Infinity),
    );
  }

  #rules(): readonly Rule[] {
    const { rules } = this.#eras.at(-1) ?? { rules: [] };
    return rules.filter((rule, index) => rules.findIndex(({ name }) => name === rule.name) === index);
  }

  #recent(since: number): readonly Era[] {
    const first = this.#eras.findLastIndex((era) => era.since < since);
    return this.#eras.slice(Math.max(0, first));
  }

  #alwaysHard({ name }: Rule): boolean {
    return this.#eras.every(({ rules }) => rules.some((rule) => rule.name === name && rule.enforced));
  }

  /** The highest amount that was in force since then; of several limits of one name the smallest counts. */
  #highest({ name }: Rule, since = 0): number {
    return Math.max(
      ...this.#recent(since).map(({ rules }) =>
        Math.min(...rules.filter((rule) => rule.name === name && rule.enforced).map(({ amount }) => amount)),
      ),
    );
  }

  #states(rule: Rule): readonly LimitState[] {
    return this.#seen()
      .ledger.standings()
      .filter((state) => standsFor(state, rule));
  }

  #seen(): MoneyWorld {
    if (!this.#world) throw new Error('nothing is watched yet');
    return this.#world;
  }
}

function ruleAt({ at, body }: LimitSpec): Rule {
  return ruleOf({ at, of: scopeName[at], body });
}

/** A call as limits see it. */
function askedBy({ asking: { key, user }, provider, model }: Calling): Parameters<typeof inScope>[1] {
  return { key, user, provider, preset: scopeName.preset, model: `acme/m${model}` };
}

/** True where the counter of a limit is this request's. */
function isOf(state: LimitState, rule: Rule, asking: Asking): boolean {
  return state.each === eachOf(rule, asking);
}
