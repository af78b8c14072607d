/** `check`: validates a document without a server and without side effects. */
import type { Run } from './command.ts';
import { defaultFile, readDocument } from './document-file.ts';
import { findingLine, findingSummary, githubLine, hasErrors } from './print-findings.ts';
import { exit } from './stop.ts';

export const check: Run = async (args, shell) => {
  const file = args.text('file') ?? defaultFile;
  const text = await readDocument(shell, file);
  const { checkOffline } = await import('./offline.ts');
  const findings = checkOffline(shell, text);
  const code = hasErrors(findings) ? exit.usage : exit.ok;
  if (args.on('json')) {
    shell.out.line(JSON.stringify({ valid: code === exit.ok, findings }));
    return code;
  }
  const line = args.on('github') ? githubLine : undefined;
  for (const finding of findings)
    shell.out.line(line ? line(file, finding) : findingLine(file, finding, shell.out.paint));
  shell.err.line(findingSummary(file, findings));
  return code;
};
