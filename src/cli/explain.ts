/** `explain`: what would be tried for a request, in which order, at what price, and why not the rest. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { optional } from '../core/optional.ts';
import type { ExplanationView } from '../control/api-views.ts';
import type { Arguments } from './arguments.ts';
import { modelName } from './ask.ts';
import type { Run } from './command.ts';
import { readDocument, readInput } from './document-file.ts';
import { connectAdmin } from './gateway.ts';
import { planLines } from './print-plan.ts';
import type { Shell } from './shell.ts';
import { exit, Stop, usageError } from './stop.ts';

type ChatRequest = Readonly<Record<string, unknown>>;

export const explain: Run = async (args, shell) => {
  const request = await readRequest(args, shell);
  const workspace = args.text('workspace') ?? 'default';
  const file = args.text('file');
  const key = args.text('key');
  if (file !== undefined && key !== undefined)
    throw usageError('--key asks the running gateway how its limits stand: leave out --file');
  const plan =
    file === undefined
      ? await askGateway(shell, { request, workspace, ...optional('key', key) })
      : await planOf(shell, file, { request, workspace });
  if (args.on('json')) shell.out.line(JSON.stringify(plan));
  else for (const line of planLines(plan, shell.out.paint)) shell.out.line(line);
  return plan.problem ? exit.failed : exit.ok;
};

type Question = { readonly request: ChatRequest; readonly workspace: string; readonly key?: string };

async function askGateway(shell: Shell, question: Question): Promise<ExplanationView> {
  const admin = await connectAdmin(shell);
  return admin.call<ExplanationView>('POST', 'explain', question);
}

/** Without a server: the snapshot that the document would become. */
async function planOf(
  shell: Shell,
  file: string,
  { request, workspace }: Question,
): Promise<ExplanationView> {
  const text = await readDocument(shell, file);
  const { planFromDocument } = await import('./offline.ts');
  return planFromDocument({ shell, file, text, request, workspace });
}

async function readRequest(args: Arguments, shell: Shell): Promise<ChatRequest> {
  const [name] = args.positionals;
  const file = args.text('request');
  if (file === undefined) return sampleRequest(args, name);
  if (args.whole('tokens') !== undefined)
    throw usageError('--tokens makes up a request; --request reads one: use either');
  const body = parseRequest(file === '-' ? await readInput(shell) : await readBody(shell, file), file);
  return { ...body, ...requestOptions(args), ...(name === undefined ? {} : { model: modelName(name) }) };
}

async function readBody(shell: Shell, file: string): Promise<string> {
  return readFile(resolve(shell.cwd, file), 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Stop(`cannot read ${file}: ${error.code ?? error.message}`);
  });
}

function parseRequest(text: string, file: string): ChatRequest {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as ChatRequest;
  } catch {
    // Said below, with the file's name.
  }
  throw usageError(`${file} is not a JSON object: it should be the body of a chat request`);
}

/** About four bytes make a token in English text, so this many letters stand for so many tokens. */
const bytesPerToken = 4;

/** A request made up from the options: a prompt of `--tokens` (1,000) tokens. */
export function sampleRequest(args: Arguments, name: string | undefined): ChatRequest {
  if (name === undefined)
    throw usageError('what shall be explained? spillway explain PRESET|MODEL, or --request FILE');
  const content = 'word'.repeat(((args.whole('tokens', 1) ?? 1_000) * bytesPerToken) / 4);
  return { model: modelName(name), messages: [{ role: 'user', content }], ...requestOptions(args) };
}

const sampleTool = {
  type: 'function',
  function: {
    name: 'look_up',
    description: 'Looks something up',
    parameters: { type: 'object', properties: {} },
  },
};

function requestOptions(args: Arguments): ChatRequest {
  return {
    ...optional('max_tokens', args.whole('max-tokens', 1)),
    ...(args.on('tools') ? { tools: [sampleTool] } : {}),
  };
}
