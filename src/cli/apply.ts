/** `apply`, `export`, `history`: the configuration of a running gateway. */
import type * as schemas from '../control/api-schemas.ts';
import type { View } from '../control/api-views.ts';
import type { Run } from './command.ts';
import { defaultFile, readDocument } from './document-file.ts';
import { connectAdmin, refusal } from './gateway.ts';
import { changeLines, changeSummary, diffLines, revisionLines } from './print-changes.ts';
import { findingLine } from './print-findings.ts';
import type { Shell } from './shell.ts';
import { exit, type ExitCode } from './stop.ts';
import { indent } from './table.ts';

type Applied = View<typeof schemas.applyAnswer>;

export const apply: Run = async (args, shell) => {
  const file = args.text('file') ?? defaultFile;
  const admin = await connectAdmin(shell);
  const answer = await admin.exchange('POST', 'apply', {
    text: await readDocument(shell, file),
    message: args.text('message') ?? `apply ${file}`,
    force: args.on('force'),
    prune: args.on('prune'),
    dry_run: args.on('dry-run'),
  });
  if (!isOutcome(answer.body)) throw refusal(answer, admin.gateway);
  if (args.on('json')) shell.out.line(JSON.stringify(answer.body));
  else printOutcome(file, answer.body, shell);
  return exitCodes[answer.body.outcome];
};

const exitCodes: Record<Applied['outcome'], ExitCode> = {
  applied: exit.ok,
  invalid: exit.usage,
  conflict: exit.conflict,
};

function isOutcome(body: unknown): body is Applied {
  return typeof body === 'object' && body !== null && 'outcome' in body;
}

function printOutcome(file: string, result: Applied, { out, err }: Shell): void {
  for (const finding of result.findings) err.line(findingLine(file, finding, err.paint));
  switch (result.outcome) {
    case 'applied': {
      for (const line of changeLines(result.changes, out.paint)) out.line(line);
      const where = result.dry_run ? 'dry run, nothing was changed' : `revision ${result.revision}`;
      return out.line(`${where}: ${changeSummary(result.changes)}`);
    }
    case 'invalid':
      return err.line(result.error.message);
    case 'conflict': {
      for (const conflict of result.conflicts) {
        out.line(out.paint('bold', `${conflict.kind} ${conflict.name}: edited since its last apply`));
        for (const line of indent(diffLines(conflict.diff, out.paint))) out.line(line);
      }
      return err.line(
        'nothing was applied: bring the edits into the document, or use --force to override them',
      );
    }
  }
}

export const exportDocument: Run = async (args, shell) => {
  const admin = await connectAdmin(shell);
  const text = await (await admin.open('export')).text();
  if (args.on('json')) shell.out.line(JSON.stringify({ document: text }));
  else shell.out.write(text);
  return exit.ok;
};

export const history: Run = async (args, shell) => {
  const admin = await connectAdmin(shell);
  const limit = args.whole('last', 1) ?? 20;
  const { revisions } = await admin.call<View<typeof schemas.revisionsAnswer>>(
    'GET',
    `revisions?limit=${limit}`,
  );
  if (args.on('json')) shell.out.line(JSON.stringify({ revisions }));
  else if (revisions.length === 0)
    shell.err.line('no revisions yet: make the first one with `spillway apply`');
  else for (const line of revisionLines(revisions, shell.out.paint)) shell.out.line(line);
  return exit.ok;
};
