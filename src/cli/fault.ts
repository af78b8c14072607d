/** `fault`: breaks the built-in emulator on purpose, and mends it. */
import { optional } from '../core/optional.ts';
import type * as schemas from '../control/api-schemas.ts';
import type { View } from '../control/api-views.ts';
import { parseFault, suggestFault, type FaultKind } from '../emulator/faults.ts';
import type { Arguments } from './arguments.ts';
import type { Run } from './command.ts';
import { connectAdmin, type Admin } from './gateway.ts';
import type { Shell } from './shell.ts';
import { exit, usageError } from './stop.ts';
import { clean, columns, counted } from './table.ts';

type FaultView = View<typeof schemas.fault>;

export const fault: Run = async (args, shell) => {
  const [model, word] = args.positionals;
  const change = readChange(args, model, word);
  const admin = await connectAdmin(shell);
  if (change === 'list') await list(admin, args, shell);
  else if (change === 'clear') await clear(admin, model, args, shell);
  else await arm(admin, change, args, shell);
  return exit.ok;
};

/** What is wanted: to see, to mend, or to break. */
export function readChange(
  args: Arguments,
  model: string | undefined,
  word: string | undefined,
): 'list' | 'clear' | FaultView {
  if (args.on('clear')) {
    if (word !== undefined) throw usageError('--clear takes a model at most: spillway fault --clear MODEL');
    return 'clear';
  }
  if (model === undefined) return 'list';
  if (word === undefined)
    throw usageError(`which fault? spillway fault ${model} KIND, e.g. 429 (see spillway fault --help)`);
  return {
    model,
    kind: faultKind(word),
    ...optional('retry_after', args.whole('retry-after')),
    ...optional('times', args.whole('times', 1)),
    ...optional('delay_ms', args.whole('delay')),
    ...optional('tokens_per_second', args.whole('tps', 1)),
    ...optional('after_tokens', args.whole('after', 1)),
  };
}

function faultKind(word: string): FaultKind {
  const kind = parseFault(word);
  if (kind) return kind;
  const near = suggestFault(word);
  throw usageError(
    `unknown fault "${word}": ${near ? `did you mean ${near}?` : 'see spillway fault --help'}`,
  );
}

async function list(admin: Admin, args: Arguments, shell: Shell): Promise<void> {
  const answer = await admin.call<View<typeof schemas.faultsAnswer>>('GET', 'emulator/faults');
  if (args.on('json')) return shell.out.line(JSON.stringify(answer));
  if (answer.faults.length === 0) return shell.err.line('no faults: the emulator answers everything');
  for (const line of faultLines(answer.faults)) shell.out.line(line);
}

/** Armed faults, one line each. */
export function faultLines(faults: readonly FaultView[]): string[] {
  return columns(faults.map((fault) => [clean(fault.model), fault.kind, details(fault)]));
}

function details(fault: FaultView): string {
  const parts = [
    fault.retry_after === undefined ? '' : `retry after ${fault.retry_after} s`,
    fault.delay_ms === undefined ? '' : `first token after ${fault.delay_ms} ms`,
    fault.tokens_per_second === undefined ? '' : counted(fault.tokens_per_second, 'token') + ' per second',
    fault.after_tokens === undefined ? '' : `after ${counted(fault.after_tokens, 'token')}`,
    fault.times === undefined ? 'until cleared' : `for ${counted(fault.times, 'request')}`,
  ];
  return parts.filter((part) => part !== '').join(', ');
}

async function arm(admin: Admin, wanted: FaultView, args: Arguments, shell: Shell): Promise<void> {
  const answer = await admin.call<View<typeof schemas.faultAnswer>>('PUT', 'emulator/faults', wanted);
  if (args.on('json')) return shell.out.line(JSON.stringify(answer));
  for (const line of faultLines([answer.fault])) shell.out.line(line);
}

async function clear(admin: Admin, model: string | undefined, args: Arguments, shell: Shell): Promise<void> {
  const query = model === undefined ? '' : `?model=${encodeURIComponent(model)}`;
  const answer = await admin.call<View<typeof schemas.clearedAnswer>>('DELETE', `emulator/faults${query}`);
  if (args.on('json')) return shell.out.line(JSON.stringify(answer));
  shell.out.line(
    answer.cleared === 0 ? 'there was no fault to clear' : `${counted(answer.cleared, 'fault')} cleared`,
  );
}
