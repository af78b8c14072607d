/** `explain`: what would be tried for a request, and why; of a past request what was tried, and why. */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Api } from '../core/ask.ts';
import { guessApi } from '../core/guess-api.ts';
import { optional } from '../core/optional.ts';
import type { JsonObject } from '../core/snapshot.ts';
import type { ExplanationView } from '../control/api-views.ts';
import type { HindsightView } from '../control/hindsight-view.ts';
import type { Arguments } from './arguments.ts';
import { modelName } from './ask.ts';
import type { Run } from './command.ts';
import { readDocument, readInput } from './document-file.ts';
import { connectAdmin } from './gateway.ts';
import { hindsightLines } from './print-hindsight.ts';
import { planLines } from './print-plan.ts';
import type { Shell } from './shell.ts';
import { exit, Stop, usageError, type ExitCode } from './stop.ts';

type Body = Readonly<Record<string, unknown>>;

export const explain: Run = async (args, shell) => {
  const [name] = args.positionals;
  if (name?.startsWith('gen-') === true) return await lookBack(name, args, shell);
  const dialect = readDialect(args);
  const request = await readRequest(args, shell, dialect);
  const workspace = args.text('workspace') ?? 'default';
  const headers = readHeaders(args);
  const question: Question = {
    request,
    workspace,
    ...optional('dialect', dialect),
    ...optional('headers', headers),
  };
  const file = args.text('file');
  const key = args.text('key');
  if (file !== undefined && key !== undefined)
    throw usageError('--key asks the running gateway how its limits stand: leave out --file');
  const plan =
    file === undefined
      ? await askGateway(shell, { ...question, ...optional('key', key) })
      : await planOf(shell, file, question);
  if (args.on('json')) shell.out.line(JSON.stringify(plan));
  else for (const line of planLines(plan, shell.out.paint)) shell.out.line(line);
  return plan.problem ? exit.failed : exit.ok;
};

/** What a request brings, and a record has already. */
const ofRequests = [
  'file',
  'request',
  'dialect',
  'tokens',
  'max-tokens',
  'key',
  'workspace',
  'task',
  'header',
];

async function lookBack(id: string, args: Arguments, shell: Shell): Promise<ExitCode> {
  const given = ofRequests.find((flag) => args.text(flag) !== undefined) ?? (args.on('tools') ? 'tools' : '');
  if (given !== '') throw usageError(`${id} is a past request: leave out --${given}`);
  const admin = await connectAdmin(shell);
  const path = `generations/${encodeURIComponent(id)}/explanation`;
  const found = await admin.call<HindsightView>('GET', path);
  if (args.on('json')) shell.out.line(JSON.stringify(found));
  else for (const line of hindsightLines(found, shell.out.paint)) shell.out.line(line);
  return exit.ok;
}

type Question = {
  readonly request: Body;
  readonly workspace: string;
  readonly dialect?: Api;
  readonly headers?: Readonly<Record<string, string>>;
  readonly key?: string;
};

async function askGateway(shell: Shell, question: Question): Promise<ExplanationView> {
  const admin = await connectAdmin(shell);
  return admin.call<ExplanationView>('POST', 'explain', question);
}

/** `--header "x-team: red"`, and `--task NAME` for the one that names a task. Names in lower case. */
function readHeaders(args: Arguments): Readonly<Record<string, string>> | undefined {
  const pairs = args.list('header').map((text) => {
    const colon = text.indexOf(':');
    if (colon < 1) throw usageError(`--header takes "name: value", not "${text}"`);
    return [text.slice(0, colon).trim().toLowerCase(), text.slice(colon + 1).trim()] as const;
  });
  const task = args.text('task');
  const all = task === undefined ? pairs : [...pairs, ['x-spillway-task', task] as const];
  return all.length === 0 ? undefined : Object.fromEntries(all);
}

function readDialect(args: Arguments): Api | undefined {
  const name = args.text('dialect');
  if (name === undefined || Object.hasOwn(samples, name)) return name as Api | undefined;
  throw usageError(`--dialect is one of ${Object.keys(samples).join(', ')}, not ${name}`);
}

/** Without a server: the snapshot that the document would become. */
async function planOf(shell: Shell, file: string, question: Question): Promise<ExplanationView> {
  const text = await readDocument(shell, file);
  const { planFromDocument } = await import('./offline.ts');
  return planFromDocument({ shell, file, text, ...question });
}

async function readRequest(args: Arguments, shell: Shell, dialect: Api | undefined): Promise<Body> {
  const [name] = args.positionals;
  const file = args.text('request');
  if (file === undefined) return sampleRequest(args, name, samples[dialect ?? 'chat']);
  if (args.whole('tokens') !== undefined)
    throw usageError('--tokens makes up a request; --request reads one: use either');
  const body = parseRequest(file === '-' ? await readInput(shell) : await readBody(shell, file), file);
  const sample = samples[dialect ?? guessApi(body as JsonObject)];
  return {
    ...body,
    ...requestOptions(args, sample),
    ...(name === undefined ? {} : { model: modelName(name) }),
  };
}

async function readBody(shell: Shell, file: string): Promise<string> {
  return readFile(resolve(shell.cwd, file), 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new Stop(`cannot read ${file}: ${error.code ?? error.message}`);
  });
}

function parseRequest(text: string, file: string): Body {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Body;
  } catch {
    // Said below, with the file's name.
  }
  throw usageError(`${file} is not a JSON object: it should be the body of a request`);
}

/** About four bytes make a token in English text, so this many letters stand for so many tokens. */
const bytesPerToken = 4;

const schema = { type: 'object', properties: {} };
const lookUp = { name: 'look_up', description: 'Looks something up' };

/** How a dialect says what the options say; what it has no word for is left out. */
type Sample = {
  readonly prompt: (text: string) => Body;
  readonly cap?: string;
  readonly tool?: Body;
};

const messages = (content: string): Body => ({ messages: [{ role: 'user', content }] });
const input = (text: string): Body => ({ input: text });

const samples: Readonly<Record<Api, Sample>> = {
  chat: {
    prompt: messages,
    cap: 'max_tokens',
    tool: { type: 'function', function: { ...lookUp, parameters: schema } },
  },
  responses: {
    prompt: input,
    cap: 'max_output_tokens',
    tool: { type: 'function', ...lookUp, parameters: schema },
  },
  messages: { prompt: messages, cap: 'max_tokens', tool: { ...lookUp, input_schema: schema } },
  embeddings: { prompt: input },
};

/** A request made up from the options: a prompt of `--tokens` (1,000) tokens. */
function sampleRequest(args: Arguments, name: string | undefined, sample: Sample): Body {
  if (name === undefined)
    throw usageError('what shall be explained? spillway explain PRESET|MODEL, or --request FILE');
  const text = 'word'.repeat(((args.whole('tokens', 1) ?? 1_000) * bytesPerToken) / 4);
  return { model: modelName(name), ...sample.prompt(text), ...requestOptions(args, sample) };
}

function requestOptions(args: Arguments, { cap, tool }: Sample): Body {
  return {
    ...(cap === undefined ? {} : optional(cap, args.whole('max-tokens', 1))),
    ...(args.on('tools') && tool ? { tools: [tool] } : {}),
  };
}
