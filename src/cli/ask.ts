/** `ask`: one prompt to a preset or model; the answer, then one line that says what served it. */
import { optional } from '../core/optional.ts';
import type { Arguments } from './arguments.ts';
import { readStream, readWhole, type AnswerEnd } from './ask-answer.ts';
import { addGeneration, addUsage, factLine, factsFromHeaders, readTries, type Facts } from './ask-facts.ts';
import type { Run } from './command.ts';
import { findGateway, send, type Gateway } from './gateway.ts';
import type { Shell } from './shell.ts';
import { exit, Stop, usageError, type ExitCode } from './stop.ts';
import { clean, cleanBlock } from './table.ts';

export const ask: Run = async (args, shell) => {
  const [name = '', words] = args.positionals;
  const prompt = words === undefined || words === '-' ? await shell.input() : words;
  if (prompt === undefined || prompt.trim() === '')
    throw usageError(`what shall be asked? spillway ask ${name} "TEXT"`);
  const gateway = await findGateway(shell);
  const key = inferenceKey(args, gateway);
  const began = shell.now();
  const body = requestBody(args, name, prompt);
  const response = await send(`${gateway.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw refused(response, await response.text());
  const end = await readAnswer(response, shell, args.on('json'));
  const latency = shell.now() - began;
  const facts = await completeFacts(response, end, { gateway, key });
  return report({ args, shell, end, facts, latency });
};

function inferenceKey(args: Arguments, gateway: Gateway): string {
  const key = args.text('key') ?? gateway.inferenceKey;
  if (key !== undefined) return key;
  throw usageError('which key? set SPILLWAY_KEY or use --key (make one with `spillway keys add NAME`)');
}

/** The chat request: a bare name is a preset, anything with a slash or an @ goes as it stands. */
export function requestBody(
  args: Arguments,
  name: string,
  prompt: string,
): Readonly<Record<string, unknown>> {
  const system = args.text('system');
  return {
    model: modelName(name),
    messages: [
      ...(system === undefined ? [] : [{ role: 'system', content: system }]),
      { role: 'user', content: prompt },
    ],
    ...optional('max_tokens', args.whole('max-tokens', 1)),
    ...(args.on('no-stream') ? {} : { stream: true, stream_options: { include_usage: true } }),
  };
}

export function modelName(name: string): string {
  return /[/@]/.test(name) ? name : `@preset/${name}`;
}

async function readAnswer(response: Response, shell: Shell, quiet: boolean): Promise<AnswerEnd> {
  // On a terminal nothing a model says may move the cursor or change colours; a pipe gets every byte.
  const shown = (text: string): string => (shell.out.terminal ? cleanBlock(text) : text);
  const show = (text: string): void => (quiet ? undefined : shell.out.write(shown(text)));
  const streamed = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false;
  if (streamed && response.body) return readStream(response.body, show);
  const end = readWhole(await response.text());
  show(end.text);
  return end;
}

type Access = { readonly gateway: Gateway; readonly key: string };

/** Headers first, then the answer's usage, and the record where both leave something open. */
async function completeFacts(response: Response, end: AnswerEnd, { gateway, key }: Access): Promise<Facts> {
  const facts = addUsage(factsFromHeaders(response.headers), end.usage);
  const complete = facts.cost !== undefined && (!facts.fallback || facts.multiplier !== undefined);
  if (complete || facts.generation === undefined) return facts;
  const url = `${gateway.url}/v1/generation?id=${encodeURIComponent(facts.generation)}`;
  const record = await send(url, { headers: { authorization: `Bearer ${key}` } });
  return record.ok ? addGeneration(facts, await record.json().catch(() => undefined)) : facts;
}

type Report = {
  readonly args: Arguments;
  readonly shell: Shell;
  readonly end: AnswerEnd;
  readonly facts: Facts;
  /** Ms. */
  readonly latency: number;
};

function report({ args, shell, end, facts, latency }: Report): ExitCode {
  const code = end.broken === undefined ? exit.ok : exit.failed;
  if (args.on('json')) {
    shell.out.line(JSON.stringify(reportJson(end, facts, latency)));
    return code;
  }
  if (!end.text.endsWith('\n')) shell.out.write('\n');
  const paint = shell.err.paint;
  if (end.broken !== undefined) shell.err.line(`${paint('red', 'broken off')}: ${clean(end.broken)}`);
  for (const warning of facts.warnings) shell.err.line(`${paint('yellow', 'warning')}: ${clean(warning)}`);
  if (end.finish === 'length') shell.err.line(paint('dim', 'stopped at the output cap: see --max-tokens'));
  shell.out.line(factLine(facts, latency, shell.out.paint));
  return code;
}

function reportJson(end: AnswerEnd, facts: Facts, latency: number): object {
  const { generation, cost, multiplier, tries, ...served } = facts;
  return {
    answer: end.text,
    ...optional('finish', end.finish),
    ...optional('error', end.broken),
    ...served,
    attempts: tries,
    ...optional('generation_id', generation),
    ...optional('cost_usd', cost),
    ...optional('cost_multiplier', multiplier),
    latency_ms: latency,
    ...optional('usage', end.usage),
  };
}

/** The gateway's own sentence, and what was tried before it. */
function refused(response: Response, body: string): Stop {
  const message = errorMessage(body) ?? `the gateway answered ${response.status}`;
  const tried = readTries(response.headers.get('x-spillway-attempts') ?? '');
  const list = tried.map((attempt) => `${attempt.endpoint}: ${attempt.outcome}`).join(', ');
  return new Stop(clean(list === '' ? message : `${message} (tried ${list})`));
}

function errorMessage(body: string): string | undefined {
  try {
    return (JSON.parse(body) as { error?: { message?: string } }).error?.message;
  } catch {
    return undefined;
  }
}
