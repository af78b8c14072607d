/** Reads a V8 CPU profile: which functions the time was spent in, themselves. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

export type Profile = {
  readonly nodes: readonly ProfileNode[];
  /** The node that each sample found running, and µs since the sample before. */
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
};

type ProfileNode = {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
};

export type Cost = { readonly where: string; readonly ms: number };

/** Self time by function and place, the most expensive first; idle time left out. */
export function costsOf({ nodes, samples, timeDeltas }: Profile): readonly Cost[] {
  const places = new Map(nodes.map((node) => [node.id, placeOf(node)]));
  const times = new Map<string, number>();
  samples.forEach((id, index) => {
    const where = places.get(id);
    if (where !== undefined) times.set(where, (times.get(where) ?? 0) + (timeDeltas[index] ?? 0) / 1_000);
  });
  return [...times].map(([where, ms]) => ({ where, ms })).sort((a, b) => b.ms - a.ms);
}

function placeOf({ callFrame: { functionName, url, lineNumber } }: ProfileNode): string | undefined {
  if (functionName === '(idle)' || functionName === '(root)') return undefined;
  const name = functionName || '(anonymous)';
  if (url === '') return name;
  const path = /\/((?:src|dist|node_modules)\/.*)$/.exec(url)?.[1] ?? url;
  return `${name} ${path}:${lineNumber + 1}`;
}

/** The profile of the main thread among those in a folder: the one with the most work in it. */
export function busiestProfile(
  folder: string,
): { readonly file: string; readonly costs: readonly Cost[] } | undefined {
  const all = readdirSync(folder)
    .filter((name) => name.endsWith('.cpuprofile'))
    .map((name) => ({
      file: basename(name),
      costs: costsOf(JSON.parse(readFileSync(join(folder, name), 'utf8')) as Profile),
    }));
  return all.sort((a, b) => totalMs(b.costs) - totalMs(a.costs))[0];
}

export function totalMs(costs: readonly Cost[]): number {
  return costs.reduce((sum, { ms }) => sum + ms, 0);
}
