/** What `connect` was asked for, checked before anything is looked at. Pure. */
import { suggest } from '../core/suggest.ts';
import type { Arguments } from './arguments.ts';
import { tools, type Tool, type ToolName } from './connect-tools.ts';
import { usageError } from './stop.ts';

export type Wish = {
  readonly name: ToolName;
  readonly tool: Tool;
  readonly preset: string | undefined;
  readonly workspace: string | undefined;
  /** From `--key`: as it was typed, it may be shown. */
  readonly typed: string | undefined;
  readonly newKey: boolean;
  readonly write: boolean;
  readonly dryRun: boolean;
};

/** Every mistake on the command line is a usage error that names the fix. */
export function readWish(args: Arguments): Wish {
  const name = toolName(args.positionals[0] ?? '');
  const tool: Tool = tools[name];
  const dryRun = args.on('dry-run');
  const write = dryRun || args.on('write');
  const typed = args.text('key');
  if (write && tool.byHand !== undefined) throw usageError(tool.byHand);
  if (args.text('file') !== undefined && !write) throw usageError('--file goes with --write');
  if (typed !== undefined && args.on('new-key')) throw usageError('use either --key or --new-key');
  if (typed !== undefined && args.text('workspace') !== undefined)
    throw usageError('a key has its workspace already: leave --workspace out');
  return {
    name,
    tool,
    preset: args.text('preset'),
    workspace: args.text('workspace'),
    typed,
    newKey: args.on('new-key'),
    write,
    dryRun,
  };
}

function toolName(word: string): ToolName {
  const known = Object.keys(tools);
  if (Object.hasOwn(tools, word)) return word as ToolName;
  const near = suggest(word, known);
  throw usageError(
    `unknown tool "${word}": ${near ? `did you mean ${near}?` : `there is ${known.join(', ')}`}`,
  );
}
