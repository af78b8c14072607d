/** Reads a V8 CPU profile: where the time went, and which of our functions sent it there. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export type Profile = {
  readonly nodes: readonly ProfileNode[];
  /** The node that each sample found running, and µs since the sample before. */
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
};

type ProfileNode = {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
  readonly children?: readonly number[];
};

export type Cost = { readonly where: string; readonly ms: number };

export type Costs = {
  /** In the function itself; what is built into Node names the script that called it. */
  readonly self: readonly Cost[];
  /** In the gateway's own functions, with everything they called. */
  readonly whole: readonly Cost[];
  /** Not idle, in ms. */
  readonly total: number;
};

/** The costs, the dearest first. */
export function costsOf({ nodes, samples, timeDeltas }: Profile): Costs {
  const stacks = stacksOf(nodes);
  const self = new Map<string, number>();
  const whole = new Map<string, number>();
  let total = 0;
  samples.forEach((id, index) => {
    const stack = stacks.get(id) ?? [];
    const ms = (timeDeltas[index] ?? 0) / 1_000;
    const top = stack[0];
    if (top === undefined || top.name === '(idle)' || top.name === '(root)') return;
    total += ms;
    add(self, nameOf(stack), ms);
    for (const place of new Set(stack.filter(({ file }) => isOwn(file)).map(textOf))) add(whole, place, ms);
  });
  return { self: sorted(self), whole: sorted(whole), total };
}

type Frame = { readonly name: string; readonly file: string; readonly line: number };

/** For every node its frames, the innermost first. A parent stands before its children. */
function stacksOf(nodes: readonly ProfileNode[]): ReadonlyMap<number, readonly Frame[]> {
  const parents = new Map(nodes.flatMap(({ id, children = [] }) => children.map((child) => [child, id])));
  const stacks = new Map<number, readonly Frame[]>();
  for (const { id, callFrame } of nodes) {
    const { functionName, url, lineNumber } = callFrame;
    const file = /\/((?:src|dist|node_modules)\/.*)$/.exec(url)?.[1] ?? url;
    const frame = { name: functionName || '(anonymous)', file, line: lineNumber + 1 };
    stacks.set(id, [frame, ...(stacks.get(parents.get(id) ?? -1) ?? [])]);
  }
  return stacks;
}

function nameOf(stack: readonly Frame[]): string {
  const [top, ...callers] = stack;
  if (!top) return '';
  const caller = top.file === '' ? callers.find(({ file }) => file !== '') : undefined;
  return caller ? `${top.name} < ${textOf(caller)}` : textOf(top);
}

function textOf({ name, file, line }: Frame): string {
  return file === '' ? name : `${name} ${file}:${line}`;
}

function isOwn(file: string): boolean {
  return file.startsWith('src/') || file.startsWith('dist/');
}

function add(sums: Map<string, number>, where: string, ms: number): void {
  sums.set(where, (sums.get(where) ?? 0) + ms);
}

function sorted(sums: ReadonlyMap<string, number>): readonly Cost[] {
  return [...sums].map(([where, ms]) => ({ where, ms })).sort((a, b) => b.ms - a.ms);
}

/** Of the profiles in a folder, one for each thread, that with the most work in it. */
export function busiestProfile(folder: string): Costs | undefined {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.cpuprofile'))
    .map((name) => costsOf(JSON.parse(readFileSync(join(folder, name), 'utf8')) as Profile))
    .sort((a, b) => b.total - a.total)[0];
}

/** Both lists as text, a line break at the end. */
export function profileText({ self, whole, total }: Costs, most: number): string {
  const list = (costs: readonly Cost[]): string[] =>
    costs.slice(0, most).map(({ where, ms }) => `${((100 * ms) / total).toFixed(1).padStart(5)} %  ${where}`);
  return [
    `of ${total.toFixed(0)} ms not idle, in the function itself:`,
    ...list(self),
    '',
    'with all that it called:',
    ...list(whole),
    '',
  ].join('\n');
}
