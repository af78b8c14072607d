/** One request at the ledger: what it holds on every counter, what it has paid, and what is written down at its end. */
import { budgetsOfCaller, budgetsOfTarget, type Budget, type Caller, type Target } from '../core/budget.ts';
import type { Counter } from '../core/counter.ts';
import { amountIn, type Demand, type Room } from '../core/demand.ts';
import { isMoney, type LimitUnit } from '../core/document-limit.ts';
import { limitSentence, type LimitState } from '../core/limit-state.ts';
import type { Charge, Denial, Downgrade, Foresight, Hold, Paid, Ticket } from '../ports.ts';
import type { Order, ProcessLedger } from './ledger.ts';

/** A budget, the counter it counts on for this caller, and an amount of it. */
export type Claim = {
  readonly budget: Budget;
  readonly caller: Caller;
  readonly open: { warned: number };
  readonly counter: Counter;
  readonly amount: number;
  readonly ceiling: number;
};

type Taken = {
  readonly claims: readonly Claim[];
  readonly orders: readonly Order[];
  readonly hold: LedgerHold;
};
type Bill = { readonly counter: Counter; readonly ceiling: number; paid: number };

export class LedgerTicket implements Ticket {
  readonly observed: string[] = [];
  readonly #ledger: ProcessLedger;
  readonly #caller: Caller;
  /** Of this request alone: what its attempts have come to together, by budget. */
  readonly #own = new Map<string, number>();
  readonly #bills = new Map<Counter, Bill>();
  readonly #holds = new Set<LedgerHold>();
  #running: readonly Claim[] = [];

  constructor(ledger: ProcessLedger, caller: Caller) {
    this.#ledger = ledger;
    this.#caller = caller;
  }

  /** Counts the request itself; a denial where that does not fit. */
  enter(claims: readonly Claim[]): Denial | undefined {
    const denial = this.#firstDenial(claims);
    if (denial) return denial;
    // Not waited for: a crash may forget requests that were counted, which costs nothing.
    const orders = this.#take(claims);
    if (orders.length > 0) void this.#ledger.lease(orders);
    // What counts requests is paid at once; what counts those that run is freed at the end.
    for (const claim of claims.filter(({ budget }) => budget.unit === 'requests')) {
      claim.counter.settle(1, 1);
      this.#bill(claim, 1);
      this.#ledger.watch(claim);
    }
    this.#running = claims.filter(({ budget }) => budget.unit === 'concurrent');
    return undefined;
  }

  downgrade(): Downgrade | undefined {
    for (const budget of this.#spending()) {
      const limit = budget.limits.find(({ downgrade }) => downgrade);
      if (!limit?.downgrade || budget.per === 'request') continue;
      const claim = this.#ledger.claim(budget, this.#caller, 0);
      const lent = budget.enforced ? claim.ceiling - budget.enforced.amount : 0;
      const share = (claim.counter.spent * 100) / Math.max(1, limit.amount + lent);
      if (share < limit.downgrade.at) continue;
      const state = this.#ledger.state(claim);
      const why = `downgraded at ${limit.downgrade.at} %: ${limitSentence(state, this.#ledger.options.clock.now(), undefined)}`;
      return { to: limit.downgrade.to, why };
    }
    return undefined;
  }

  limits(target: Target): 'nothing' | 'counts' | 'money' {
    const budgets = this.#budgets(target);
    if (budgets.length === 0) return 'nothing';
    return budgets.some(({ unit, enforced }) => enforced && isMoney(unit)) ? 'money' : 'counts';
  }

  leastOutput(target: Target): number | undefined {
    const all = this.#budgets(target).flatMap(({ limits }) => limits.map(({ minOutput }) => minOutput));
    const said = all.filter((tokens) => tokens !== undefined);
    return said.length === 0 ? undefined : Math.max(...said);
  }

  hold(target: Target, demand: Demand): Hold | Denial | Promise<Hold | Denial> {
    const result = this.#hold(target, demand);
    // What the attempts before had leased is not kept idle for the whole request.
    for (const { counter, ceiling } of this.#bills.values()) this.#ledger.giveBack(counter, ceiling);
    return result;
  }

  #hold(target: Target, demand: Demand): Hold | Denial | Promise<Hold | Denial> {
    const claims = this.#claims(target, demand);
    if ('denied' in claims) return claims;
    if (claims.length === 0) return nothingHeld;
    const denial = this.#firstDenial(claims);
    if (denial) return denial;
    const orders = this.#take(claims);
    const hold = new LedgerHold(this, claims);
    this.#holds.add(hold);
    if (orders.length === 0 && claims.every((claim) => isOwn(claim) || claim.counter.covered)) return hold;
    return this.#cover({ claims, orders, hold }, () => this.hold(target, demand));
  }

  room(target: Target, freed: boolean): Room {
    const left = (unit: LimitUnit): number =>
      this.#budgets(target)
        .filter((budget) => budget.unit === unit && budget.enforced)
        .map((budget) => this.#room(this.#ledger.claim(budget, this.#caller, 0), freed))
        .reduce((least, room) => Math.min(least, room), Infinity);
    return { usd: left('usd'), premium: left('premium_usd'), tokens: left('tokens') };
  }

  close(): readonly Charge[] {
    // What our own bug left open was perhaps sent: it counts as spent.
    for (const hold of this.#holds) {
      this.fault('a hold was never settled');
      hold.forfeit();
    }
    for (const { counter, amount } of this.#running) counter.free(amount);
    const freed = this.#running.length > 0;
    this.#running = [];
    const charges = [...this.#bills.values()].map(({ counter, paid, ceiling }) =>
      this.#ledger.charge(counter, paid, ceiling),
    );
    this.#bills.clear();
    if (freed) this.#ledger.freed();
    return charges;
  }

  /** Pays a claim; called by the hold. */
  pay(claim: Claim, amount: number): void {
    if (isOwn(claim)) this.#own.set(claim.budget.name, this.#used(claim.budget) - claim.amount + amount);
    else {
      claim.counter.settle(claim.amount, amount);
      if (claim.budget.unit !== 'concurrent') this.#bill(claim, amount);
      this.#ledger.watch(claim);
    }
  }

  settled(hold: LedgerHold): void {
    this.#holds.delete(hold);
    this.#ledger.freed();
  }

  fault(message: string): void {
    this.#ledger.options.fault(new Error(message));
  }

  /** What would be said now to a request that claims `entry` when it comes in. */
  foresight(entry: readonly Claim[]): Foresight {
    return {
      entry: this.#firstDenial(entry),
      downgrade: () => this.downgrade(),
      limits: (target) => this.limits(target),
      leastOutput: (target) => this.leastOutput(target),
      room: (target, freed) => this.room(target, freed),
      denial: (target, demand) => {
        const claims = this.#claims(target, demand);
        return 'denied' in claims ? claims : this.#firstDenial(claims);
      },
    };
  }

  #claims(target: Target, demand: Demand): readonly Claim[] | Denial {
    const claims: Claim[] = [];
    for (const budget of this.#budgets(target)) {
      const amount = amountIn(demand, budget.unit);
      if (amount === undefined && budget.enforced) return { denied: 'unpriced' };
      claims.push(this.#ledger.claim(budget, this.#caller, amount ?? 0));
    }
    return claims;
  }

  #budgets(target: Target): readonly Budget[] {
    const there = budgetsOfTarget(this.#ledger.options.snapshot(), target);
    return there.length === 0 ? this.#spending() : [...this.#spending(), ...there];
  }

  /** Of the configuration that is active now, not of the one that the request began with. */
  #spending(): readonly Budget[] {
    return budgetsOfCaller(this.#ledger.options.snapshot(), this.#caller).spending;
  }

  #used(budget: Budget): number {
    return this.#own.get(budget.name) ?? 0;
  }

  #room(claim: Claim, freed: boolean): number {
    return isOwn(claim) ? claim.ceiling - this.#used(claim.budget) : claim.counter.room(claim.ceiling, freed);
  }

  /** Why the claims cannot all be granted: exhausted before busy, for waiting would not help. */
  #firstDenial(claims: readonly Claim[]): Denial | undefined {
    let busy: Claim | undefined;
    for (const claim of claims) {
      this.#observe(claim);
      if (claim.amount === 0 || claim.amount <= this.#room(claim, false)) continue;
      // A request that is held is never given back: waiting for it would be in vain.
      if (claim.budget.unit === 'requests' || claim.amount > this.#room(claim, true))
        return { denied: 'exhausted', limit: this.#needing(claim) };
      busy ??= claim;
    }
    return busy && { denied: 'busy', limit: this.#needing(busy), changed: this.#changeOf(busy) };
  }

  /** It fits now, or would not even if nothing were held, or its window has ended, or the limits are others. */
  #changeOf(claim: Claim): () => boolean {
    const { options } = this.#ledger;
    const [snapshot, loans] = [options.snapshot(), options.store.loans()];
    return () =>
      claim.amount <= this.#room(claim, false) ||
      claim.amount > this.#room(claim, true) ||
      options.clock.now() >= claim.counter.ends ||
      options.snapshot() !== snapshot ||
      options.store.loans() !== loans;
  }

  #needing(claim: Claim): LimitState {
    return { ...this.#ledger.state(claim), needed: claim.amount };
  }

  #observe(claim: Claim): void {
    const { observed } = claim.budget;
    if (!observed) return;
    const used = isOwn(claim) ? this.#used(claim.budget) : claim.counter.spent + claim.counter.held;
    if (used + claim.amount <= observed.amount) return;
    const state = { ...this.#ledger.state(claim), limit: observed.amount };
    const words = `observed: would have been refused. ${limitSentence(state, this.#ledger.options.clock.now(), undefined)}`;
    if (!this.observed.includes(words)) this.observed.push(words);
  }

  #take(claims: readonly Claim[]): readonly Order[] {
    const orders: Order[] = [];
    for (const claim of claims) {
      if (isOwn(claim)) this.#own.set(claim.budget.name, this.#used(claim.budget) + claim.amount);
      else {
        const amount = claim.counter.hold(claim.amount, claim.ceiling);
        if (amount > 0) orders.push({ counter: claim.counter, amount });
      }
    }
    return orders;
  }

  /** Waits until what is held is leased; `again` holds anew where a window has ended in the meantime. */
  async #cover(
    { claims, orders, hold }: Taken,
    again: () => Hold | Denial | Promise<Hold | Denial>,
  ): Promise<Hold | Denial> {
    const uncovered = (): Claim | undefined =>
      claims.find((claim) => !isOwn(claim) && !claim.counter.covered);
    let reached = await this.#ledger.lease(orders);
    let short = uncovered();
    // What others asked for at the same time is on its way.
    if (reached && short && short.counter.asked > 0) {
      reached = await this.#ledger.arrived(() => {
        short = uncovered();
        return !short || short.counter.asked === 0;
      });
    }
    const late = claims.some((claim) => !isOwn(claim) && !this.#ledger.isCurrent(claim.counter));
    if (reached && !short && !late) return hold;
    this.#undo(claims, hold);
    if (!reached) return { denied: 'unavailable' };
    return late ? await again() : { denied: 'busy', ...(short ? { limit: this.#ledger.state(short) } : {}) };
  }

  /** Nothing was sent of it. */
  #undo(claims: readonly Claim[], hold: LedgerHold): void {
    this.#holds.delete(hold);
    for (const claim of claims) {
      if (isOwn(claim)) this.#own.set(claim.budget.name, this.#used(claim.budget) - claim.amount);
      else {
        claim.counter.free(claim.amount);
        this.#ledger.giveBack(claim.counter, claim.ceiling);
      }
    }
    this.#ledger.freed();
  }

  #bill({ counter, ceiling }: Claim, paid: number): void {
    const bill = this.#bills.get(counter);
    if (bill) bill.paid += paid;
    else this.#bills.set(counter, { counter, ceiling, paid });
  }
}

/** `per: request` counts in this request alone. */
function isOwn({ budget }: Claim): boolean {
  return budget.per === 'request';
}

function paidIn(paid: Paid, unit: LimitUnit): number {
  switch (unit) {
    case 'usd':
      return paid.usd;
    case 'premium_usd':
      return paid.premium;
    case 'tokens':
      return paid.tokens;
    case 'requests':
      return 1;
    case 'concurrent':
      return 0;
  }
}

class LedgerHold implements Hold {
  readonly #ticket: LedgerTicket;
  readonly #claims: readonly Claim[];
  #settled = false;

  constructor(ticket: LedgerTicket, claims: readonly Claim[]) {
    this.#ticket = ticket;
    this.#claims = claims;
  }

  settle(paid: Paid): void {
    if (this.#settled) return this.#ticket.fault('an attempt was settled twice');
    this.#settled = true;
    for (const claim of this.#claims) this.#ticket.pay(claim, paidIn(paid, claim.budget.unit));
    this.#ticket.settled(this);
  }

  /** Pays everything that is held. */
  forfeit(): void {
    this.#settled = true;
    for (const claim of this.#claims) this.#ticket.pay(claim, claim.amount);
    this.#ticket.settled(this);
  }
}

const nothingHeld: Hold = { settle: () => undefined };
