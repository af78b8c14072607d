/**
 * The mix of tasks that is replayed: recorded requests of coding agents, of a chat and of code completion, by their
 * numbers alone (when, how many tokens in, of which how many were sent before, how many out). Nothing is copied from
 * the traces; they are read where they lie.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dice } from '../../src/sim/dice.ts';

/** What a request is for; what a client would declare in `x-spillway-task`. */
export const tasks = ['agent', 'explore', 'chat', 'complete'] as const;
export type Task = (typeof tasks)[number];

export type Sample = {
  readonly task: Task;
  /** Who goes on talking: its prompts begin alike. */
  readonly conversation: string;
  /** Ms since the world began. */
  readonly at: number;
  readonly input: number;
  /** Of the input, what the request before in this conversation had sent already. */
  readonly repeated: number;
  readonly output: number;
};

const files = {
  agent: 'weka-claude-code-requests.csv',
  chat: 'azure-llm-2023-conv.csv',
  complete: 'azure-llm-2023-code.csv',
} as const;

/** The folder of the traces, or the sentence that says what is missing. */
export function findTraces(): { readonly folder: string } | { readonly missing: string } {
  const shared = process.env['SPILLWAY_SHARED'] ?? join(import.meta.dirname, '../../../shared');
  const folder = join(shared, 'data/traces');
  const missing = Object.values(files).filter((file) => !existsSync(join(folder, file)));
  return missing.length === 0
    ? { folder }
    : { missing: `${missing.join(', ')} absent below SPILLWAY_SHARED/data/traces: nothing is replayed` };
}

function rowsOf(folder: string, file: string): readonly (readonly string[])[] {
  const text = readFileSync(join(folder, file), 'utf8');
  const [, ...lines] = text.split(/\r?\n/);
  return lines.filter((line) => line !== '').map((line) => line.split(','));
}

export type Mix = {
  /** Sessions of agents. */
  readonly sessions: number;
  /** Of all requests, those of chat and completion. */
  readonly light: number;
  /** How long the mix is played, in ms. */
  readonly lengthMs: number;
  readonly seed: number;
};

/** Sessions begin at random within the time, each as far as it gets; chats and completions are spread evenly. */
export function mixOf(folder: string, { sessions, light, lengthMs, seed }: Mix): readonly Sample[] {
  const chance = dice(seed);
  const traces = Map.groupBy(rowsOf(folder, files.agent), ([id = '']) => id);
  const ids = shuffled([...traces.keys()], chance).slice(0, sessions);
  const agents = ids.flatMap((id) => {
    const begins = chance.between(0, lengthMs);
    return (traces.get(id) ?? []).map((row) => agentSample(row, begins)).filter(({ at }) => at < lengthMs);
  });
  const others = light >= 1 ? agents.length : Math.round((agents.length * light) / (1 - light));
  const half = Math.ceil(others / 2);
  return [
    ...agents,
    ...plainSamples({ folder, task: 'chat', count: half, lengthMs }, chance),
    ...plainSamples({ folder, task: 'complete', count: others - half, lengthMs }, chance),
  ].toSorted((a, b) => a.at - b.at);
}

/** Columns: trace, sub-agent, model, seconds, input, repeated prefix, output, … Sub-agents are their own conversation. */
function agentSample(row: readonly string[], begins: number): Sample {
  const [id = '', sub, model = '', seconds, input, repeated, output] = row;
  const light = sub === '1' || model.startsWith('haiku');
  return {
    task: light ? 'explore' : 'agent',
    conversation: light ? `${id}-explore` : id,
    at: begins + Number(seconds) * 1_000,
    input: Math.max(1, Number(input)),
    repeated: Math.min(Number(repeated), Number(input)),
    output: Math.max(1, Number(output)),
  };
}

type Plain = {
  readonly folder: string;
  readonly task: 'chat' | 'complete';
  readonly count: number;
  readonly lengthMs: number;
};

function plainSamples({ folder, task, count, lengthMs }: Plain, chance: ReturnType<typeof dice>): Sample[] {
  const rows = rowsOf(folder, files[task]);
  return Array.from({ length: count }, (_, index) => {
    const [, input, output] = rows[chance.whole(0, rows.length - 1)] ?? [];
    return {
      task,
      conversation: `${task}-${index}`,
      at: chance.between(0, lengthMs),
      input: Math.max(1, Number(input)),
      repeated: 0,
      output: Math.max(1, Number(output)),
    };
  });
}

function shuffled<T>(values: readonly T[], chance: ReturnType<typeof dice>): T[] {
  return values
    .map((value) => ({ value, key: chance.between(0, 1) }))
    .toSorted((a, b) => a.key - b.key)
    .map(({ value }) => value);
}
