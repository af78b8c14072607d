/** `events`, `pause` and `resume`: what happened to the endpoints, and leaving one alone on purpose. */
import type { View } from '../control/api-views.ts';
import type * as schemas from '../control/health-schemas.ts';
import { parseDuration } from '../core/duration.ts';
import { optional } from '../core/optional.ts';
import type { Run } from './command.ts';
import { connectAdmin } from './gateway.ts';
import type { Paint } from './shell.ts';
import { exit, usageError } from './stop.ts';
import { clean, columns, counted, dateAndTime } from './table.ts';

type EventViews = View<typeof schemas.eventsAnswer>['events'];

export const events: Run = async (args, shell) => {
  const since = new Date(shell.now() - durationOf(args.text('since') ?? '1d', '--since')).toISOString();
  const admin = await connectAdmin(shell);
  const path = `events?since=${since}&limit=${args.whole('top', 1) ?? 1_000}`;
  const answer = await admin.call<View<typeof schemas.eventsAnswer>>('GET', path);
  if (args.on('json')) shell.out.line(JSON.stringify(answer));
  else if (answer.events.length === 0) shell.err.line(`nothing happened since ${dateAndTime(since)} UTC`);
  else for (const line of eventLines(answer.events, shell.out.paint)) shell.out.line(line);
  return exit.ok;
};

/** One line for each, in the order given. */
export function eventLines(list: EventViews, paint: Paint): string[] {
  return columns(
    list.map(({ at, kind, subject, why, until }) => [
      paint('dim', dateAndTime(at)),
      kind === 'breaker_opened' || kind === 'limit' ? paint('red', kind) : kind,
      clean(subject),
      clean(why),
      until === undefined ? '' : `until ${dateAndTime(until)}`,
    ]),
  );
}

export const pause: Run = async (args, shell) => {
  const [subject] = args.positionals;
  const reason = args.text('reason');
  const length = args.text('for');
  if (length === undefined) throw usageError('for how long? --for 2h; it ends by itself');
  if (reason === undefined) throw usageError('why? --reason "…" is kept with your name');
  const until = new Date(shell.now() + durationOf(length, '--for')).toISOString();
  const admin = await connectAdmin(shell);
  const answer = await admin.call<View<typeof schemas.pauseAnswer>>('POST', 'pauses', {
    subject,
    until,
    reason,
  });
  if (args.on('json')) shell.out.line(JSON.stringify(answer));
  else
    shell.out.line(
      `${clean(answer.pause.subject)} is left alone until ${dateAndTime(answer.pause.until)} UTC; spillway resume ends it early`,
    );
  return exit.ok;
};

export const resume: Run = async (args, shell) => {
  const [subject = ''] = args.positionals;
  const admin = await connectAdmin(shell);
  const query = new URLSearchParams({ subject, ...optional('reason', args.text('reason')) });
  const answer = await admin.call<View<typeof schemas.resumeAnswer>>('DELETE', `pauses?${query.toString()}`);
  if (args.on('json')) shell.out.line(JSON.stringify(answer));
  else shell.out.line(resumed(answer));
  return exit.ok;
};

function resumed({ subject, resumed, breakers_reset: reset }: View<typeof schemas.resumeAnswer>): string {
  const what = [
    ...(resumed ? ['its pause ended'] : []),
    ...(reset > 0 ? [`${counted(reset, 'breaker')} reset`] : []),
  ];
  return `${clean(subject)}: ${what.length === 0 ? 'nothing was paused or open' : what.join(', ')}`;
}

function durationOf(text: string, flag: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms <= 0)
    throw usageError(`${flag} takes a duration such as 30m, 2h or 1d, not "${text}"`);
  return ms;
}
