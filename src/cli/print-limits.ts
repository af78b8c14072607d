/** Limits, loans and releases for people. Pure. */
import { isMoney, type LimitUnit } from '../core/document-limit.ts';
import { durationWords } from '../core/window.ts';
import type * as schemas from '../control/limit-schemas.ts';
import type { LimitView, LoanView, ReleaseView } from '../control/limit-views.ts';
import type { View } from '../control/api-views.ts';
import type { Paint, Style } from './shell.ts';
import { clean, columns, counted, dateAndTime, dollars, indent, whole, type Align } from './table.ts';

const barWidth = 10;
/** Counters of one limit that are printed below it. */
const printed = 5;

/** Limits as a table; below those with one counter for each, the largest counters. */
export function limitLines(
  { limits, at }: Pick<View<typeof schemas.limitsAnswer>, 'limits' | 'at'>,
  paint: Paint,
): string[] {
  const titles = ['SCOPE', 'LIMIT', 'USED', '', 'LEFT', 'HELD', 'RESETS IN', 'NOTES'];
  const align: Align[] = ['left', 'left', 'right', 'left', 'right', 'right', 'right', 'left'];
  const rows = limits.map((limit) => limitRow(limit, Date.parse(at), paint));
  const lines = columns([titles.map((title) => (title === '' ? '' : paint('dim', title))), ...rows], align);
  const [head = '', ...rest] = lines;
  return [head, ...rest.flatMap((line, index) => [line, ...counterLines(limits[index], paint)])];
}

function limitRow(limit: LimitView, now: number, paint: Paint): string[] {
  const { unit, spent, held } = limit;
  const request = limit.per === 'request';
  return [
    clean(where(limit)),
    ceiling(limit),
    request ? '' : amount(unit, unit === 'concurrent' ? held : spent),
    request ? '' : bar(limit, limit.mode, paint),
    request ? '' : amount(unit, limit.remaining),
    held === 0 || unit === 'concurrent' ? '' : amount(unit, held),
    limit.resets_at === null ? '' : durationWords(Date.parse(limit.resets_at) - now),
    notes(limit, paint),
  ];
}

/** `key/ci`; of another workspace than the default with its name. */
function where({ address, workspace = 'default' }: Pick<LimitView, 'address' | 'workspace'>): string {
  return workspace === 'default' ? address : `${address} in ${workspace}`;
}

/** `$5.00 + $50.00 per day`, `600 requests per minute for each user`. */
function ceiling({ unit, limit, loans, per, each }: LimitView): string {
  const extra = loans > 0 ? ` + ${amount(unit, loans)}` : '';
  const words = {
    usd: '',
    premium_usd: ' premium',
    requests: ' requests',
    tokens: ' tokens',
    concurrent: ' at once',
  };
  const name = limit === 1 && loans === 0 ? words[unit].replace(/s$/, '') : words[unit];
  const window = per === undefined ? '' : per === 'total' ? ' in all' : ` per ${per}`;
  return `${amount(unit, limit)}${extra}${name}${window}${each === undefined ? '' : `, each ${each}`}`;
}

function amount(unit: LimitUnit, value: number): string {
  return isMoney(unit) ? dollars(value) : whole(value);
}

/** `██████····  62 %`; full only when it is. */
function bar(
  { share, spent }: Pick<LimitView, 'share' | 'spent'>,
  mode: LimitView['mode'],
  paint: Paint,
): string {
  const filled = Math.min(barWidth, Math.floor((share * barWidth) / 100));
  const text = '█'.repeat(filled) + '·'.repeat(barWidth - filled);
  const percent = spent > 0 && share < 1 ? '<1 %' : `${whole(Math.floor(share))} %`;
  return `${paint(colourOf(share, mode), text)} ${percent.padStart(5)}`;
}

function colourOf(share: number, mode: LimitView['mode']): Style {
  if (mode === 'observe') return 'dim';
  if (share >= 100) return 'red';
  return share >= 80 ? 'yellow' : 'green';
}

function notes(limit: LimitView, paint: Paint): string {
  const { unit, mode, loans, lost, downgrade, share } = limit;
  return [
    ...(mode === 'observe' ? ['observes only'] : []),
    ...(loans > 0 ? [paint('cyan', 'raised for a time')] : []),
    ...(lost > 0 ? [paint('yellow', `${amount(unit, lost)} counted by a crash`)] : []),
    ...(downgrade && share >= downgrade.at
      ? [paint('yellow', `downgraded to ${clean(downgrade.to.join(', '))}`)]
      : []),
  ].join(', ');
}

function counterLines(limit: LimitView | undefined, paint: Paint): string[] {
  if (!limit?.counters || limit.counters.length === 0) return [];
  const shown = limit.counters.slice(0, printed);
  const rest = limit.counters.length - shown.length + (limit.more_counters ?? 0);
  const rows = shown.map((counter) => [
    clean(counter.each),
    amount(limit.unit, counter.spent),
    bar(counter, limit.mode, paint),
    counter.lost > 0 ? paint('yellow', `${amount(limit.unit, counter.lost)} counted by a crash`) : '',
  ]);
  return indent([
    ...columns(rows, ['left', 'right']),
    ...(rest > 0 ? [paint('dim', `and ${counted(rest, `other ${limit.each ?? ''}`)}`)] : []),
  ]);
}

/** What a loan has come to, on one line. */
export function loanLine({ loan, limit }: View<typeof schemas.raiseAnswer>): string {
  const each = loan.each === undefined ? '' : ` for each ${loan.each}`;
  const now = limit.limit + limit.loans;
  return clean(
    `${where(loan)} may spend ${dollars(now)}${window(loan)}${each} until ${dateAndTime(loan.until)} UTC (loan ${loan.id}); ${dollars(limit.remaining)} left`,
  );
}

function window({ unit, per }: Pick<LoanView, 'unit' | 'per'>): string {
  const what = unit === 'premium_usd' ? ' on what failover costs extra' : '';
  return per === undefined ? what : `${what} ${per === 'total' ? 'in all' : `per ${per}`}`;
}

export function releaseLine(release: ReleaseView): string {
  const whose = release.counter === undefined ? '' : `, ${release.counter}`;
  const unit = isMoney(release.unit) ? '' : ` ${release.unit}`;
  return clean(
    `${where(release)}${window(release)}${whose}: ${amount(release.unit, release.amount)}${unit} no longer counted as spent`,
  );
}

/** Loans, then releases; newest first. */
export function loanLines(
  { loans, releases }: { readonly loans: readonly LoanView[]; readonly releases: readonly ReleaseView[] },
  paint: Paint,
): string[] {
  const head = (...titles: string[]): string[] => titles.map((title) => paint('dim', title));
  return [
    ...(loans.length === 0
      ? []
      : columns(
          [head('LOAN', 'SCOPE', 'LENT', 'FROM', 'UNTIL', 'STATE', 'BY', 'WHY'), ...loans.map(loanRow)],
          ['right'],
        )),
    ...(loans.length > 0 && releases.length > 0 ? [''] : []),
    ...(releases.length === 0
      ? []
      : columns([head('RELEASED', 'SCOPE', 'AMOUNT', 'BY', 'WHY'), ...releases.map(releaseRow)])),
  ];
}

function loanRow(loan: LoanView): string[] {
  const ended = loan.ended_by === undefined ? 'ended' : `ended by ${loan.ended_by}: ${loan.ended_why ?? ''}`;
  const each = loan.each === undefined ? '' : `, each ${loan.each}`;
  return [
    String(loan.id),
    clean(where(loan)),
    `${dollars(loan.amount_usd)}${window(loan)}${each}`,
    dateAndTime(loan.from),
    dateAndTime(loan.until),
    loan.running ? 'runs' : clean(ended),
    clean(loan.author),
    clean(loan.reason),
  ];
}

function releaseRow(release: ReleaseView): string[] {
  const whose = release.counter === undefined ? '' : `, ${release.counter}`;
  return [
    dateAndTime(release.at),
    clean(where(release) + whose),
    `${amount(release.unit, release.amount)}${isMoney(release.unit) ? '' : ` ${release.unit}`}${window(release)}`,
    clean(release.author),
    clean(release.reason),
  ];
}
