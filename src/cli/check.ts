/** `check`: validates a document without a server and without side effects. */
import { admittedLine, assumedTokens, type Admitted } from './admitted.ts';
import type { Run } from './command.ts';
import { defaultFile, readDocument } from './document-file.ts';
import { findingLine, findingSummary, githubLine, hasErrors } from './print-findings.ts';
import type { Shell } from './shell.ts';
import { exit } from './stop.ts';
import { whole } from './table.ts';

export const check: Run = async (args, shell) => {
  const file = args.text('file') ?? defaultFile;
  const text = await readDocument(shell, file);
  const { admittedOffline, checkOffline } = await import('./offline.ts');
  const findings = checkOffline(shell, text);
  const code = hasErrors(findings) ? exit.usage : exit.ok;
  if (args.on('json')) {
    const admitted = admittedOffline(shell, text);
    shell.out.line(JSON.stringify({ valid: code === exit.ok, findings, admitted }));
    return code;
  }
  const line = args.on('github') ? githubLine : undefined;
  for (const finding of findings)
    shell.out.line(line ? line(file, finding) : findingLine(file, finding, shell.out.paint));
  shell.err.line(findingSummary(file, findings));
  if (!args.on('github')) printAdmitted(admittedOffline(shell, text), shell);
  return code;
};

function printAdmitted(admitted: readonly Admitted[], shell: Shell): void {
  if (admitted.length === 0) return;
  shell.err.line(`Of prompts of ${whole(assumedTokens)} tokens without an output cap of their own:`);
  for (const one of admitted) shell.err.line(`  ${admittedLine(one)}`);
}
