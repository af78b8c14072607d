/** `limits`: how every limit stands; loans to limits, and releases of what a crash had counted. */
import { optional } from '../core/optional.ts';
import { suggest } from '../core/suggest.ts';
import type * as schemas from '../control/limit-schemas.ts';
import type { View } from '../control/api-views.ts';
import type { Arguments } from './arguments.ts';
import type { Run } from './command.ts';
import { connectAdmin, type Admin } from './gateway.ts';
import { limitLines, loanLine, loanLines, releaseLine } from './print-limits.ts';
import type { Shell } from './shell.ts';
import { exit, usageError } from './stop.ts';
import { counted, whole } from './table.ts';
import { readUntil } from './until.ts';

type Output = { readonly admin: Admin; readonly args: Arguments; readonly shell: Shell };
type Action = (scope: string, output: Output) => Promise<void>;

const actions: Readonly<Record<string, Action>> = { raise, lower, release };

export const limits: Run = async (args, shell) => {
  const [first, scope, extra] = args.positionals;
  const action = first !== undefined && Object.hasOwn(actions, first) ? actions[first] : undefined;
  if (!action) {
    if (scope !== undefined) throw usageError(unknownAction(first ?? ''));
    await list(first, { admin: await connectAdmin(shell), args, shell });
    return exit.ok;
  }
  if (scope === undefined) throw usageError(`which limit? spillway limits ${first} SCOPE, e.g. key/ci`);
  if (extra !== undefined)
    throw usageError(`one argument too many: "${extra}" (put a text with spaces in quotes)`);
  checkBefore(first ?? '', args, shell.now());
  await action(scope, { admin: await connectAdmin(shell), args, shell });
  return exit.ok;
};

function unknownAction(word: string): string {
  const known = Object.keys(actions);
  const near = suggest(word, known);
  return `unknown: limits ${word}; ${near ? `did you mean limits ${near}?` : `there is ${known.join(', ')}`}`;
}

/** What the command line itself says wrongly is told before anybody is asked. `now` is epoch ms. */
function checkBefore(verb: string, args: Arguments, now: number): void {
  if (verb === 'raise') {
    amountOf(args);
    readUntil(args.text('until'), now);
  }
  if (verb !== 'lower' && args.text('reason') === undefined)
    throw usageError('why? --reason "…" is kept with your name');
}

async function list(scope: string | undefined, { admin, args, shell }: Output): Promise<void> {
  if (args.on('loans')) return await listLoans(scope, { admin, args, shell });
  const query = new URLSearchParams({ limit: String(args.whole('top', 1) ?? 100) });
  if (scope !== undefined) query.set('scope', scope);
  const workspace = args.text('workspace');
  if (workspace !== undefined) query.set('workspace', workspace);
  const answer = await admin.call<View<typeof schemas.limitsAnswer>>('GET', `limits?${query.toString()}`);
  if (args.on('json')) return shell.out.line(JSON.stringify(answer));
  if (answer.limits.length === 0) return shell.err.line(`${nothing(scope)}; see docs/limits.md`);
  for (const line of limitLines(answer, shell.out.paint)) shell.out.line(line);
  const rest = answer.total - answer.limits.length;
  if (rest > 0)
    shell.err.line(
      `${whole(rest)} less full ${rest === 1 ? 'one is' : 'ones are'} not shown: name a SCOPE, or --top ${answer.total}`,
    );
}

function nothing(scope: string | undefined): string {
  return scope === undefined ? 'no limits: nothing bounds what is spent' : `no limits on ${scope}`;
}

async function listLoans(scope: string | undefined, { admin, args, shell }: Output): Promise<void> {
  const path = `limits/loans?limit=${args.whole('top', 1) ?? 100}`;
  const answer = await admin.call<View<typeof schemas.loansAnswer>>('GET', path);
  const on = ({ address }: { readonly address: string }): boolean =>
    scope === undefined || address === scope || address.startsWith(`${scope}/`);
  const found = { loans: answer.loans.filter(on), releases: answer.releases.filter(on) };
  if (args.on('json')) return shell.out.line(JSON.stringify(found));
  if (found.loans.length + found.releases.length === 0)
    return shell.err.line('nothing was ever lent or released: spillway limits raise SCOPE lends');
  for (const line of loanLines(found, shell.out.paint)) shell.out.line(line);
}

async function raise(scope: string, { admin, args, shell }: Output): Promise<void> {
  const until = new Date(readUntil(args.text('until'), shell.now())).toISOString();
  const answer = await admin.call<View<typeof schemas.raiseAnswer>>('POST', 'limits/raise', {
    scope,
    by_usd: amountOf(args),
    until,
    ...optional('workspace', args.text('workspace')),
    ...optional('per', args.text('per')),
    ...optional('each', args.text('each')),
    ...(args.on('premium') ? { unit: 'premium_usd' } : {}),
    reason: args.text('reason'),
  });
  if (args.on('json')) return shell.out.line(JSON.stringify(answer));
  shell.out.line(loanLine(answer));
}

function amountOf(args: Arguments): number {
  const text = args.text('by');
  if (text === undefined) throw usageError('by how much? --by 50 lends $50');
  const amount = Number(text.replace(/^\$/, ''));
  if (text.trim() === '' || !Number.isFinite(amount) || amount <= 0)
    throw usageError(`--by takes an amount in dollars above 0, such as 50 or 2.50, not "${text}"`);
  return amount;
}

async function lower(scope: string, { admin, args, shell }: Output): Promise<void> {
  const answer = await admin.call<View<typeof schemas.lowerAnswer>>('POST', 'limits/lower', {
    scope,
    ...optional('workspace', args.text('workspace')),
    ...optional('loan', args.whole('loan', 1)),
    ...optional('reason', args.text('reason')),
  });
  if (args.on('json')) return shell.out.line(JSON.stringify(answer));
  const ids = answer.ended.map(({ id }) => id).join(', ');
  shell.out.line(`${counted(answer.ended.length, 'loan')} on ${scope} ended: ${ids}`);
}

async function release(scope: string, { admin, args, shell }: Output): Promise<void> {
  const answer = await admin.call<View<typeof schemas.releaseAnswer>>('POST', 'limits/release', {
    scope,
    ...optional('workspace', args.text('workspace')),
    reason: args.text('reason'),
  });
  if (args.on('json')) return shell.out.line(JSON.stringify(answer));
  if (answer.released.length === 0)
    return shell.err.line(
      `nothing to release: no crash has counted anything against ${scope} in the windows that are now`,
    );
  for (const one of answer.released) shell.out.line(releaseLine(one));
}
