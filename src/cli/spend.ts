/** `spend`: what was spent, as a table, CSV or JSON. */
import { readDimensions } from '../core/spend-report.ts';
import { readRange } from '../core/spend-range.ts';
import type * as schemas from '../control/api-spend-schemas.ts';
import type { View } from '../control/api-views.ts';
import type { Arguments } from './arguments.ts';
import type { Run } from './command.ts';
import { connectAdmin } from './gateway.ts';
import { overlapNote, spendLines } from './print-spend.ts';
import { spendCsv } from './spend-csv.ts';
import { exit, usageError } from './stop.ts';

export type SpendView = View<typeof schemas.spendAnswer>;

/** Rows of a table that a person reads, and of a file that a machine does: as many as the gateway gives. */
const rows = { table: 40, file: 100_000 } as const;

export const spend: Run = async (args, shell) => {
  if (args.on('csv') && args.on('json')) throw usageError('--csv or --json, not both');
  checkMeaning(args, shell.now());
  const query = spendParameters(args);
  const admin = await connectAdmin(shell);
  const answer = await admin.call<SpendView>('GET', `spend?${query.toString()}`);
  if (args.on('json')) shell.out.line(JSON.stringify(answer));
  else if (args.on('csv')) {
    shell.out.write(spendCsv(answer));
    if (answer.overlapping) shell.err.line(overlapNote);
    if (answer.rows_left_out > 0) shell.err.line(`${answer.rows_left_out} more rows are only in the total`);
  } else for (const line of spendLines(answer, shell.out.paint)) shell.out.line(line);
  return exit.ok;
};

/** What cannot be meant is wrong usage, and is said without a gateway. `now` is epoch ms. */
function checkMeaning(args: Arguments, now: number): void {
  const [month, from, to, by] = ['month', 'from', 'to', 'by'].map((name) => args.text(name));
  const range = readRange({ month, from, to, days: args.whole('days', 1) }, now);
  if (typeof range === 'string') throw usageError(range);
  const dimensions = by === undefined ? [] : readDimensions(by);
  if (typeof dimensions === 'string') throw usageError(dimensions);
}

/** The flags as the control plane wants them. */
export function spendParameters(args: Arguments): URLSearchParams {
  const most = args.on('csv') || args.on('json') ? rows.file : rows.table;
  const query = new URLSearchParams({ limit: String(args.whole('limit', 1) ?? most) });
  const days = args.whole('days', 1);
  if (days !== undefined) query.set('days', String(days));
  for (const name of [
    'month',
    'from',
    'to',
    'by',
    'workspace',
    'preset',
    'model',
    'provider',
    'key',
    'user',
  ]) {
    const value = args.text(name);
    if (value !== undefined) query.set(name, value);
  }
  return query;
}
