/** Limits, loans and releases in the words of the control plane: dollars, ISO times, shares in percent. Pure. */
import { readBudgetName, spanOf, type Budget } from '../core/budget.ts';
import { isMoney, type LimitUnit } from '../core/document-limit.ts';
import type { Limit } from '../core/limit.ts';
import { toUsd, type Nano } from '../core/money.ts';
import { optional } from '../core/optional.ts';
import { printScope, type LimitedScope } from '../core/scope.ts';
import { isoTime, type View } from './api-views.ts';
import type * as schemas from './limit-schemas.ts';
import type { CounterState, LimitReading, LoanRecord, Release } from './operations.ts';

export type LimitView = View<typeof schemas.limit>;
export type LoanView = View<typeof schemas.loan>;
export type ReleaseView = View<typeof schemas.release>;

type Where = Pick<LimitView, 'address' | 'scope' | 'name' | 'workspace' | 'unit' | 'per' | 'each'>;
type Standing = Pick<LimitView, 'spent' | 'held' | 'remaining' | 'share' | 'lost'>;

/** Counters of a limit with `each` that are listed. */
const listed = 20;

/** What the rows of one moment are made from. `now` is epoch ms. */
export type Moment = {
  readonly reading: LimitReading;
  readonly loans: readonly LoanRecord[];
  readonly now: number;
};

/** The limits of a scope: those that share a counter show the same of it. */
export function viewLimits(limited: LimitedScope, moment: Moment): readonly LimitView[] {
  return limited.budgets.flatMap((budget) => {
    const { counters, others } =
      budget.each === undefined
        ? { counters: [moment.reading.counter(budget)], others: 0 }
        : moment.reading.counters(budget, listed);
    return budget.limits.map((limit) => viewLimit(limit, { limited, budget, counters, others, moment }));
  });
}

type Row = {
  readonly limited: LimitedScope;
  readonly budget: Budget;
  readonly counters: readonly CounterState[];
  readonly others: number;
  readonly moment: Moment;
};

function viewLimit(limit: Limit, { limited, budget, counters, others, moment }: Row): LimitView {
  const { scope, contact } = limited;
  const lent = limit.mode === 'enforce' ? lentTo(budget.name, moment.loans) : 0;
  const ceiling = limit.amount + lent;
  const { end } = spanOf(budget, moment.now);
  const fullest = counters[0] ?? { each: '', spent: 0, held: 0, lost: 0 };
  return {
    address: printScope(scope),
    scope: scope.kind,
    ...(scope.name === '' ? {} : { name: scope.name }),
    ...optional('workspace', scope.workspace),
    unit: limit.unit,
    ...optional('per', limit.per),
    ...optional('each', limit.each),
    mode: limit.mode,
    limit: shown(limit.unit, limit.amount),
    loans: shown(limit.unit, lent),
    ...viewStanding(fullest, limit.unit, ceiling),
    resets_at: Number.isFinite(end) ? isoTime(end) : null,
    ...optional('contact', contact),
    warn: limit.warn,
    ...optional('downgrade', limit.downgrade),
    ...optional('min_output', limit.minOutput),
    ...(limit.each === undefined
      ? {}
      : {
          counters: counters.map((state) => ({
            each: state.each,
            ...viewStanding(state, limit.unit, ceiling),
          })),
          more_counters: others,
        }),
  };
}

function lentTo(budget: string, loans: readonly LoanRecord[]): number {
  return loans.filter((loan) => loan.budget === budget).reduce((sum, { amount }) => sum + amount, 0);
}

function viewStanding({ spent, held, lost }: CounterState, unit: LimitUnit, ceiling: number): Standing {
  // Of what runs at this moment nothing is ever spent.
  const used = unit === 'concurrent' ? held : spent;
  return {
    spent: shown(unit, spent),
    held: shown(unit, held),
    remaining: shown(unit, Math.max(0, ceiling - spent - held)),
    share: ceiling === 0 ? 100 : Math.floor((used * 10_000) / ceiling) / 100,
    lost: shown(unit, lost),
  };
}

function shown(unit: LimitUnit, value: number): number {
  return isMoney(unit) ? toUsd(value as Nano) : value;
}

/** A loan, as it stands at `now` (epoch ms). */
export function viewLoan(loan: LoanRecord, now: number): LoanView {
  return {
    id: loan.id,
    ...whereOf(loan.budget),
    amount_usd: toUsd(loan.amount as Nano),
    from: isoTime(loan.from),
    until: isoTime(loan.until),
    author: loan.author,
    reason: loan.reason,
    running: loan.from <= now && now < loan.until,
    ...optional('ended_by', loan.endedBy),
    ...optional('ended_why', loan.endedWhy),
  };
}

export function viewRelease({ counter, amount, at, author, reason }: Release): ReleaseView {
  const id = counter.replace(/ @\d+$/, '');
  const [, budget = id, whose] = /^(.*? each (?:user|key)) (.*)$/s.exec(id) ?? [];
  const where = whereOf(budget);
  return {
    ...where,
    ...optional('counter', whose),
    amount: shown(where.unit, amount),
    at: isoTime(at),
    author,
    reason,
  };
}

function whereOf(budget: string): Where {
  const parts = readBudgetName(budget);
  if (!parts) throw new Error(`not the name of a budget: ${budget}`);
  const { kind, of, workspace, unit, per, each } = parts;
  return {
    address: printScope({ kind, name: of }),
    scope: kind,
    ...(of === '' ? {} : { name: of }),
    ...optional('workspace', workspace),
    unit,
    ...optional('per', per),
    ...optional('each', each),
  };
}
