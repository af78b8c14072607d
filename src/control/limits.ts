/** What an operator may see of limits and do about them, outside the document. */
import { setImmediate } from 'node:timers/promises';
import type { Budget } from '../core/budget.ts';
import { defaultWorkspace } from '../core/defaults.ts';
import { isMoney } from '../core/document-limit.ts';
import { describeLimit, type Limit } from '../core/limit.ts';
import { fromUsd } from '../core/money.ts';
import { findScope, isKind, limitedScopes, printScope, type LimitedScope } from '../core/scope.ts';
import type { Snapshot } from '../core/snapshot.ts';
import { ApiError } from './api-operation.ts';
import { isoTime, type View } from './api-views.ts';
import type * as schemas from './limit-schemas.ts';
import { viewLimits, viewLoan, viewRelease, type LimitView, type Moment } from './limit-views.ts';
import type { Actor, LimitBook, LoanRecord } from './operations.ts';

export type LimitDesk = {
  readonly snapshot: () => Snapshot;
  readonly book: LimitBook;
  /** Epoch ms. */
  readonly now: () => number;
};

/** A limit with a loan on it must stay countable in nano-USD. */
const mostUsd = 9_000_000;
/** Who lends for longer than a year means the document. */
const longestMs = 366 * 86_400_000;
const scopesAtOnce = 100;

/** One page of the limits of the active configuration, fullest first. */
export async function listLimits(
  desk: LimitDesk,
  { scope, workspace, limit, offset }: View<typeof schemas.limitsQuery>,
): Promise<View<typeof schemas.limitsAnswer>> {
  const moment = momentOf(desk);
  const rows: LimitView[] = [];
  for (const [index, each] of scopesOf(desk.snapshot(), scope, workspace).entries()) {
    // Each row is a look into the store: requests must not wait until thousands are read.
    if (index % scopesAtOnce === scopesAtOnce - 1) await setImmediate();
    rows.push(...viewLimits(each, moment));
  }
  rows.sort(fullestFirst);
  return { limits: rows.slice(offset, offset + limit), total: rows.length, at: isoTime(moment.now) };
}

/** Those that refuse before those that only observe, where they are as full. */
function fullestFirst(a: LimitView, b: LimitView): number {
  return b.share - a.share || a.mode.localeCompare(b.mode) || b.held - a.held;
}

function momentOf({ book, now }: LimitDesk): Moment {
  return { reading: book.read(), loans: book.loans(), now: now() };
}

function scopesOf(
  snapshot: Snapshot,
  scope: string | undefined,
  workspace: string | undefined,
): readonly LimitedScope[] {
  if (scope !== undefined && !isKind(scope)) return [mustFind(snapshot, scope, workspace)];
  return limitedScopes(snapshot).filter(
    (each) =>
      (scope === undefined || each.scope.kind === scope) &&
      (workspace === undefined ||
        each.scope.workspace === workspace ||
        (each.scope.kind === 'workspace' && each.scope.name === workspace)),
  );
}

function mustFind(snapshot: Snapshot, scope: string, workspace: string | undefined): LimitedScope {
  if (workspace !== undefined && !snapshot.workspaces.has(workspace))
    throw new ApiError(404, 'not_found', `there is no workspace "${workspace}"`, 'workspace');
  const found = findScope(snapshot, scope, workspace);
  if ('missing' in found) throw new ApiError(404, 'not_found', found.missing, 'scope');
  return found;
}

/** Lends to one limit in dollars until it ends by itself. */
export function raise(
  desk: LimitDesk,
  body: View<typeof schemas.raiseBody>,
  actor: Actor,
): View<typeof schemas.raiseAnswer> {
  const limited = mustFind(desk.snapshot(), body.scope, body.workspace);
  const { budget, limit } = lendable(limited, body);
  const now = desk.now();
  const amount = fromUsd(body.by_usd);
  const lent = desk.book.loans().filter((loan) => loan.budget === budget.name);
  const sum = lent.reduce((all, loan) => all + loan.amount, limit.amount + amount);
  if (sum > fromUsd(mostUsd))
    throw mistake('by_usd', `would lift the limit above $${mostUsd.toLocaleString('en-US')}`);
  const loan = desk.book.lend({
    budget: budget.name,
    amount,
    from: now,
    until: endOf(body.until, now),
    reason: body.reason,
    author: actor.name,
  });
  const moment = momentOf(desk);
  const [row] = viewLimits({ ...limited, budgets: [{ ...budget, limits: [limit] }] }, moment);
  if (!row) throw new Error(`the budget ${budget.name} has no limit`);
  return { loan: viewLoan(loan, now), limit: row };
}

function endOf(text: string, now: number): number {
  const until = Date.parse(text);
  if (until <= now) throw mistake('until', `is past: it is ${isoTime(now)} now`);
  if (until > now + longestMs)
    throw mistake('until', 'is more than a year away: for good, change the limit in the document');
  return until;
}

function mistake(field: string, message: string): ApiError {
  return new ApiError(400, 'invalid_request', message, field);
}

type Lendable = { readonly budget: Budget; readonly limit: Limit };
type Wish = Pick<View<typeof schemas.raiseBody>, 'unit' | 'per' | 'each'>;

/** The one limit that is meant; where the scope has several, the refusal names them. */
function lendable(limited: LimitedScope, { unit, per, each }: Wish): Lendable {
  const address = printScope(limited.scope);
  const all = limited.budgets.flatMap((budget): readonly Lendable[] =>
    budget.enforced && isMoney(budget.unit) && budget.per !== 'request'
      ? [{ budget, limit: budget.enforced }]
      : [],
  );
  const have = (some: readonly Lendable[]): string =>
    some.map(({ limit }) => describeLimit(limit)).join('; ');
  const inUnit = all.filter(({ budget }) => budget.unit === unit);
  if (inUnit.length === 0) {
    const word = unit === 'usd' ? 'limit in dollars' : 'limit on premium';
    const rest = all.length > 0 ? ` (it has ${have(all)})` : '';
    throw mistake(
      'scope',
      `${address} has no ${word} over a window that refuses, so there is none to raise${rest}`,
    );
  }
  const meant = inUnit.filter(
    ({ budget }) => (per === undefined || budget.per === per) && (each === undefined || budget.each === each),
  );
  if (meant.length === 0)
    throw mistake(per === undefined ? 'each' : 'per', `${address} has no such limit; it has ${have(inUnit)}`);
  const shared = meant.filter(({ budget }) => budget.each === undefined);
  const [only, ...others] = each === undefined && shared.length > 0 ? shared : meant;
  if (only && others.length === 0) return only;
  const field = new Set(meant.map(({ budget }) => budget.per)).size > 1 ? 'per' : 'each';
  throw mistake(field, `${address} has several limits: say which of ${have(meant)}`);
}

/** Ends loans before their time. */
export function lower(
  desk: LimitDesk,
  { scope, workspace, loan, reason = 'no longer needed' }: View<typeof schemas.lowerBody>,
  actor: Actor,
): View<typeof schemas.lowerAnswer> {
  const found = mustFind(desk.snapshot(), scope, workspace);
  const address = printScope(found.scope);
  const running = desk.book.loans().filter(({ budget }) => budget.startsWith(`${placeOf(found)} `));
  const ending = running.filter(({ id }) => loan === undefined || id === loan);
  if (running.length === 0) throw new ApiError(404, 'not_found', `no loan runs on ${address}`, 'scope');
  if (ending.length === 0) {
    const ids = running.map(({ id }) => id).join(', ');
    throw new ApiError(404, 'not_found', `no loan ${loan} runs on ${address}; there is ${ids}`, 'loan');
  }
  const at = desk.now();
  const ended = { until: at, endedBy: actor.name, endedWhy: reason };
  for (const { id } of ending) desk.book.endLoan(id, { at, author: actor.name, reason });
  return { ended: ending.map((one: LoanRecord) => viewLoan({ ...one, ...ended }, at)) };
}

/** How the budgets of a scope are named; a loan outlives the limit it was made for. */
function placeOf({ scope: { kind, name, workspace } }: LimitedScope): string {
  if (kind === 'gateway') return kind;
  const place = kind === 'key' || kind === 'preset' ? `${workspace ?? defaultWorkspace}/` : '';
  return `${kind} ${place}${name}`;
}

/** Takes back what a crash had counted as spent against a scope in its current windows. */
export function release(
  desk: LimitDesk,
  { scope, workspace, reason }: View<typeof schemas.releaseBody>,
  actor: Actor,
): View<typeof schemas.releaseAnswer> {
  const { budgets } = mustFind(desk.snapshot(), scope, workspace);
  const counted = budgets.filter(({ per }) => per !== undefined && per !== 'request');
  const released = desk.book.release(counted, { at: desk.now(), author: actor.name, reason });
  return { released: released.map(viewRelease) };
}

/** What was lent and released, newest first. */
export function pastInterventions({ book, now }: LimitDesk, most: number): View<typeof schemas.loansAnswer> {
  return {
    loans: book.pastLoans(most).map((loan) => viewLoan(loan, now())),
    releases: book.pastReleases(most).map(viewRelease),
  };
}
