/** Spend as a table for people: rounded dollars, dearest first, the total below. Pure. */
import type { Paint } from './shell.ts';
import type { SpendView } from './spend.ts';
import { clean, columns, counted, dollars, whole } from './table.ts';

type Sums = SpendView['total'];

const titles = [
  'SPEND',
  'SHARE',
  'SETTLED',
  'ESTIMATED',
  'UNMEASURED',
  'FAILED',
  'PREMIUM',
  'REQUESTS',
  'FALLBACK',
];

export const overlapNote =
  'generations with several tags stand in several rows; the total counts each of them once';

export function spendLines(view: SpendView, paint: Paint): string[] {
  const span = view.from === view.to ? view.from : `${view.from} to ${view.to}`;
  if (view.total.requests + view.total.attempts === 0)
    return [`nothing was spent: no request ended, ${span} (UTC)`];
  const head = [...view.by.map((name) => clean(name).toUpperCase()), ...titles].map((title) =>
    paint('dim', title),
  );
  const total = ['total', ...view.by.slice(1).map(() => ''), ...cells(view.total, view.total, paint)];
  const body = view.rows.map((row) => [
    ...row.group.map((value) => (value === null ? paint('dim', '(none)') : clean(value))),
    ...cells(row, view.total, paint),
  ]);
  const align = [...view.by.map(() => 'left' as const), ...titles.map(() => 'right' as const)];
  const bold = total.map((cell) => (cell === '' ? cell : paint('bold', cell)));
  return [
    `${paint('bold', 'spend')} ${span} (UTC)`,
    '',
    ...columns([head, ...body, bold], align),
    ...notes(view).map((note) => `${paint('yellow', 'note')}: ${note}`),
  ];
}

function cells(sums: Sums, total: Sums, paint: Paint): string[] {
  const failed = shown(sums.failed_usd);
  const premium = Number(sums.premium_usd);
  return [
    shown(sums.spend_usd),
    share(Number(sums.spend_usd), Number(total.spend_usd)),
    shown(sums.settled_usd),
    shown(sums.estimated_usd),
    shown(sums.unmeasured_usd),
    Number(sums.failed_usd) === 0 ? failed : paint('red', failed),
    premium > 0 ? paint('yellow', `+${shown(sums.premium_usd)}`) : shown(sums.premium_usd),
    whole(sums.requests),
    share(sums.fallbacks, sums.requests),
  ];
}

function notes(view: SpendView): string[] {
  return [
    ...(view.rows_left_out > 0
      ? [`${counted(view.rows_left_out, 'row')} more: --limit, or --csv for all; the total has them`]
      : []),
    ...(view.overlapping ? [overlapNote] : []),
    ...(view.total.client_retries > 0
      ? [
          `${counted(view.total.client_retries, 'request')} repeated by clients cost ${shown(view.total.client_retries_usd)}`,
        ]
      : []),
    ...(view.total.overruns > 0
      ? [`${counted(view.total.overruns, 'attempt')} billed more than was held`]
      : []),
  ];
}

function share(part: number, all: number): string {
  if (all === 0) return '-';
  const percent = (part / all) * 100;
  return percent > 0 && percent < 0.05 ? '<0.1%' : `${percent.toFixed(1)}%`;
}

/** `$1,234.50`, `$0.0123`, `-$0.50`. */
function shown(exact: string): string {
  const usd = Number(exact);
  const size = Math.abs(usd);
  const text =
    size < 1
      ? dollars(size)
      : `$${size.toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 })}`;
  return usd < 0 ? `-${text}` : text;
}
