/** `check`: validates a document without a server and without side effects. */
import { isAbsolute, relative, resolve } from 'node:path';
import { admittedLine, assumedTokens, type Admitted } from './admitted.ts';
import type { Arguments } from './arguments.ts';
import type { Run } from './command.ts';
import { defaultFile, readDocument } from './document-file.ts';
import { findingLine, findingSummary, githubLine, hasErrors } from './print-findings.ts';
import type { Shell } from './shell.ts';
import { exit, usageError } from './stop.ts';
import { whole } from './table.ts';

export const check: Run = async (args, shell) => {
  const file = fileOf(args);
  const format = formatOf(args, shell);
  const text = await readDocument(shell, file);
  const { admittedOffline, checkOffline } = await import('./offline.ts');
  const findings = checkOffline(shell, text);
  const code = hasErrors(findings) ? exit.usage : exit.ok;
  if (format === 'json') {
    const admitted = admittedOffline(shell, text);
    shell.out.line(JSON.stringify({ valid: code === exit.ok, findings, admitted }));
    return code;
  }
  for (const finding of findings)
    shell.out.line(
      format === 'github'
        ? githubLine(inRepository(file, shell), finding)
        : findingLine(file, finding, shell.out.paint),
    );
  shell.err.line(findingSummary(file, findings));
  if (format === 'text') printAdmitted(admittedOffline(shell, text), shell);
  return code;
};

/** `check FILE` and `check -f FILE` are the same. */
function fileOf(args: Arguments): string {
  const [named] = args.positionals;
  const flagged = args.text('file');
  if (named !== undefined && flagged !== undefined)
    throw usageError(`which document? ${named} and -f ${flagged} were both given`);
  return named ?? flagged ?? defaultFile;
}

const formats = ['text', 'json', 'github'] as const;
type Format = (typeof formats)[number];

/** What was asked for; a GitHub workflow, which says so itself, wants annotations. */
function formatOf(args: Arguments, shell: Shell): Format {
  const named = args.text('format');
  const asked = new Set<Format>([
    ...formats.filter((format) => format === named),
    ...(args.on('json') ? (['json'] as const) : []),
    ...(args.on('github') ? (['github'] as const) : []),
  ]);
  if (named !== undefined && !formats.some((format) => format === named))
    throw usageError(`--format is one of ${formats.join(', ')}, not "${named}"`);
  if (asked.size > 1) throw usageError(`${[...asked].join(' or ')}? Choose one format`);
  const [format] = asked;
  return format ?? (shell.env['GITHUB_ACTIONS'] === 'true' ? 'github' : 'text');
}

/** Annotations name files from the root of the repository, wherever the command runs in it. */
function inRepository(file: string, { env, cwd }: Shell): string {
  const root = env['GITHUB_WORKSPACE'];
  if (root === undefined || file === '-') return file;
  const path = relative(root, resolve(cwd, file));
  return path.startsWith('..') || isAbsolute(path) ? file : path;
}

function printAdmitted(admitted: readonly Admitted[], shell: Shell): void {
  if (admitted.length === 0) return;
  shell.err.line(`Of prompts of ${whole(assumedTokens)} tokens without an output cap of their own:`);
  for (const one of admitted) shell.err.line(`  ${admittedLine(one)}`);
}
