/** What the bench of limits found, as lines of text, and which promises were broken. Pure. */
import type { Case, Outcome } from './cell.ts';
import type { LedgerCost } from './ledger-cost.ts';
import { promisedFrom } from './options.ts';
import { policyNames, type PolicyName } from './policies.ts';

/** One cell under every policy. */
export type Row = { readonly case: Case; readonly outcomes: Readonly<Record<PolicyName, Outcome>> };

/** Marks what is wrong; leaves the text as it is where nobody sees colours. */
export type Paint = (text: string) => string;

/** The share of a limit that must be usable where it is worth enough holds. */
const usable = 0.95;
/** µs of processor time for one request at the ledger. */
const ledgerBar = 10;

const widths = { cell: 33, share: 14, count: 10 };

/** The heading of the table, two lines. */
export function heading(): string {
  const cells = ['streams', 'failing', 'leaving', 'holds'].map((name) => name.padStart(8)).join('');
  const policies = policyNames.map((name) => name.padStart(widths.share)).join('');
  const own = ['counted', 'answered', 'shortened', 'exhausted', 'busy']
    .map((name) => name.padStart(widths.count))
    .join('');
  const groups = `${' '.repeat(widths.cell)}${'billed ÷ limit'.padEnd(widths.share * policyNames.length)}ours`;
  return `${groups}\n${cells} ${policies}${own}`;
}

/** One line of the table. */
export function line({ case: which, outcomes }: Row, paint: Paint): string {
  const { clients, failing, leaving, holds } = which;
  const cells = [String(clients), whole(failing), whole(leaving), String(holds)];
  const shares = policyNames.map((name) => {
    const { billed, cap } = outcomes[name];
    const text = percent(billed / cap).padStart(widths.share);
    return billed > cap ? paint(text) : text;
  });
  const { counted, cap, answered, shortened, refused } = outcomes.ours;
  const own = [
    percent(counted / cap),
    answered,
    shortened,
    refused['limit_exhausted'] ?? 0,
    refused['limit_busy'] ?? 0,
  ];
  return `${cells.map((text) => text.padStart(8)).join('')} ${shares.join('')}${own.map((value) => String(value).padStart(widths.count)).join('')}`;
}

/** What was promised of ours and not kept in this cell, in words. */
export function brokenPromises({ case: which, outcomes: { ours } }: Row): readonly string[] {
  const { clients, failing, leaving, holds } = which;
  const { billed, counted, cap, wrong, refused } = ours;
  const where = `${clients} streams, ${whole(failing)} failing, ${whole(leaving)} leaving, ${holds} holds`;
  const others = Object.keys(refused).filter((code) => code !== 'limit_exhausted' && code !== 'limit_busy');
  const promised = holds >= promisedFrom;
  return [
    ...(billed > cap ? [`spent ${percent(billed / cap)} of the limit`] : []),
    ...(counted > cap ? [`counted ${percent(counted / cap)} of the limit`] : []),
    ...(promised && counted < usable * cap ? [`only ${percent(counted / cap)} of the limit was usable`] : []),
    // Of whoever leaves, the bound is counted: then less than that is billed.
    ...(promised && leaving === 0 && billed < usable * cap
      ? [`only ${percent(billed / cap)} of the limit was spent`]
      : []),
    ...others.map((code) => `refused with ${code}`),
    ...wrong,
  ].map((words) => `${where}: ${words}`);
}

/** The scenario of the agents in words, for one policy. */
export function agentsLine(name: PolicyName, outcome: Outcome): string {
  const { answered, requests, billed, cap } = outcome;
  const refused = Object.entries(outcome.refused).map(([code, count]) => `, ${count} × ${code}`);
  return `  ${name.padEnd(14)}${answered} of ${requests} answered${refused.join('')}; billed $${(billed / 1e9).toFixed(2)} of $${(cap / 1e9).toFixed(2)}`;
}

/** What a request costs at the ledger, with its bar, a line each. */
export function costLines({ small, large, turns, keys, budgets }: LedgerCost): string {
  const count = (value: number): string => value.toLocaleString('en-US');
  const row = (name: string, us: number): string =>
    `  ${name.padEnd(62)}${us.toFixed(2).padStart(6)} µs   ≤ ${ledgerBar} µs ${us <= ledgerBar ? 'pass' : 'FAIL'}`;
  return [
    row('one key, five budgets', small),
    row(`the same key among ${count(keys)}, with ${count(budgets)} budgets`, large),
    row(`${count(budgets)} keys of those in turn, each with a budget of its own`, turns),
  ].join('\n');
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}

function whole(share: number): string {
  return `${Math.round(100 * share)} %`;
}
