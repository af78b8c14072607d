/** `diff`, `revert`: the history of a running gateway, compared and undone. */
import type * as schemas from '../control/api-schemas.ts';
import type { View } from '../control/api-views.ts';
import type * as objectSchemas from '../control/object-schemas.ts';
import type { Change } from '../control/operations.ts';
import { optional } from '../core/optional.ts';
import type { Arguments } from './arguments.ts';
import { tellChange } from './changed.ts';
import type { Run } from './command.ts';
import { readDocument } from './document-file.ts';
import { connectAdmin, refusal } from './gateway.ts';
import { changeHeads, diffLines } from './print-changes.ts';
import { findingLine } from './print-findings.ts';
import type { Shell } from './shell.ts';
import { exit, usageError, type ExitCode } from './stop.ts';
import { indent } from './table.ts';

export const diff: Run = async (args, shell) => {
  const file = args.text('file');
  if (file !== undefined) return await drift(file, args, shell);
  const [from, to] = args.positionals.map(revisionNumber);
  if (from === undefined || to === undefined)
    throw usageError('which revisions? spillway diff 41 42, or -f FILE for the drift of a document');
  const admin = await connectAdmin(shell);
  const answer = await admin.call<View<typeof objectSchemas.compareAnswer>>(
    'GET',
    `revisions/${from}/diff/${to}`,
  );
  if (args.on('json')) shell.out.line(JSON.stringify(answer));
  else printChanges(answer.changes, shell);
  return exit.ok;
};

function revisionNumber(text: string): number {
  const number = Number(text);
  if (!/^\d{1,15}$/.test(text))
    throw usageError(`a revision is a number, not "${text}": see spillway history`);
  return number;
}

function printChanges(changes: readonly Change[], { out, err }: Shell): void {
  if (changes.length === 0) return err.line('no difference');
  const heads = changeHeads(changes, out.paint);
  for (const [index, { diff: lines }] of changes.entries()) {
    out.line(heads[index] ?? '');
    for (const line of indent(indent(diffLines(lines, out.paint)))) out.line(line);
  }
}

/** What applying a document would do, with the lines of what it would leave alone. */
async function drift(file: string, args: Arguments, shell: Shell): Promise<ExitCode> {
  if (args.positionals.length > 0) throw usageError('name two revisions, or -f FILE, not both');
  const admin = await connectAdmin(shell);
  const answer = await admin.exchange('POST', 'apply', {
    text: await readDocument(shell, file),
    dry_run: true,
  });
  const body = answer.body as View<typeof schemas.applyAnswer> | undefined;
  if (body === undefined || !('outcome' in body)) throw refusal(answer, admin.gateway);
  if (args.on('json')) shell.out.line(JSON.stringify(body));
  else if (body.outcome === 'invalid') {
    for (const finding of body.findings) shell.err.line(findingLine(file, finding, shell.err.paint));
  } else if (body.outcome === 'conflict') {
    printChanges(body.conflicts, shell);
    shell.err.line('edited since, and changed in the document: apply would refuse');
  } else
    printChanges(
      body.changes.filter(({ action }) => action !== 'unchanged'),
      shell,
    );
  return { applied: exit.ok, invalid: exit.usage, conflict: exit.conflict }[body.outcome];
}

export const revert: Run = async (args, shell) => {
  const [text = ''] = args.positionals;
  const number = revisionNumber(text);
  const admin = await connectAdmin(shell);
  const answer = await admin.exchange('POST', `revisions/${number}/revert`, {
    ...optional('message', args.text('message')),
    force: args.on('force'),
    dry_run: args.on('dry-run'),
  });
  return tellChange(answer, `revision ${number}`, { admin, args, shell });
};
