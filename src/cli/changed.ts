/** What a change of one object came to, for people and for exit codes. */
import type { ChangeView } from '../control/object-views.ts';
import type { Arguments } from './arguments.ts';
import { refusal, type Admin, type Answer } from './gateway.ts';
import { changeLines, diffLines } from './print-changes.ts';
import { findingLine } from './print-findings.ts';
import type { Shell } from './shell.ts';
import { exit, type ExitCode } from './stop.ts';
import { clean, indent } from './table.ts';

const exitCodes: Record<ChangeView['outcome'], ExitCode> = {
  done: exit.ok,
  invalid: exit.usage,
  conflict: exit.conflict,
};

type Output = { readonly admin: Admin; readonly args: Arguments; readonly shell: Shell };

/** Prints the answer to a change. `where` is what findings are about: a file, or the object. */
export function tellChange(answer: Answer, where: string, { admin, args, shell }: Output): ExitCode {
  const { body } = answer;
  if (!isChange(body)) throw refusal(answer, admin.gateway);
  if (args.on('json')) shell.out.line(JSON.stringify(body));
  else printChange(body, where, shell);
  return exitCodes[body.outcome];
}

function isChange(body: unknown): body is ChangeView {
  return typeof body === 'object' && body !== null && 'outcome' in body;
}

function printChange(body: ChangeView, where: string, { out, err }: Shell): void {
  if (body.outcome === 'conflict') {
    err.line(clean(body.error.message));
    for (const line of indent(diffLines(body.diff ?? [], err.paint))) err.line(line);
    return;
  }
  for (const finding of body.findings) err.line(findingLine(where, finding, err.paint));
  if (body.outcome === 'invalid') return err.line(body.error.message);
  for (const line of changeLines(body.changes, out.paint)) out.line(line);
  const nothing = body.changes.length === 0 ? ': nothing to change' : '';
  out.line(body.dry_run ? `dry run, nothing was changed${nothing}` : `revision ${body.revision}${nothing}`);
}
