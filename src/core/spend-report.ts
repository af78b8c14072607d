/**
 * Spend by whatever is asked for. The roll-up is first added up by the columns that the dimensions need, and then
 * grouped here. A generation with several tags stands in several rows of `tag`; the total counts it once.
 */
import { isoDay, type HourRange } from './spend-range.ts';
import { addSums, noSums, spent, type Measure, type SpendPlace, type Sums } from './spend.ts';
import { suggest } from './suggest.ts';

/** What the roll-up can be added up by. `day` counts days since 1970. */
export type SpendColumn = Exclude<keyof SpendPlace, 'hour'> | 'day';

/** What a report can be broken down by, and the columns that it needs. */
const columnsOf = {
  workspace: ['workspace'],
  preset: ['workspace', 'preset'],
  version: ['workspace', 'preset', 'version'],
  position: ['position'],
  model: ['model'],
  provider: ['provider'],
  key: ['key'],
  user: ['user'],
  tag: ['tags'],
  day: ['day'],
  month: ['day'],
} as const satisfies Record<string, readonly SpendColumn[]>;

/** A name above, or `tag:NAME`: the values of one tag. */
export type Dimension = keyof typeof columnsOf | `tag:${string}`;

export const dimensionNames = Object.keys(columnsOf) as readonly (keyof typeof columnsOf)[];

/** Only what fits all of these. A preset is a slug, or `workspace/slug`. */
export type SpendFilter = {
  readonly workspace?: string;
  readonly key?: string;
  readonly preset?: string;
  readonly model?: string;
  readonly provider?: string;
  readonly user?: string;
};

export type SpendQuery = {
  readonly by: readonly Dimension[];
  readonly range: HourRange;
  readonly filter: SpendFilter;
  /** Rows at most. */
  readonly limit: number;
};

/** One sum of the roll-up: the columns that were asked for, and what stands there. */
export type SpendSum = {
  readonly place: Partial<Readonly<Record<SpendColumn, string | number>>>;
  readonly sums: Sums;
};

export type SpendRow = {
  /** One value for each dimension; undefined = none, e.g. no user. */
  readonly group: readonly (string | undefined)[];
  readonly sums: Sums;
};

export type SpendReport = {
  /** Dearest first. */
  readonly rows: readonly SpendRow[];
  /** Rows beyond the limit. */
  readonly leftOut: number;
  /** Of the generations, not of the rows. */
  readonly total: Sums;
  /** A generation stands in several rows, so that they add up to more than the total. */
  readonly overlapping: boolean;
};

/** `workspace,tag:customer` as dimensions, or a sentence about what is wrong. */
export function readDimensions(text: string): readonly Dimension[] | string {
  const names = text.split(',').map((name) => name.trim());
  for (const name of names) {
    if (isDimension(name)) continue;
    const near = suggest(name, dimensionNames);
    return `cannot group by "${name}": ${near ? `did you mean ${near}?` : `there is ${dimensionNames.join(', ')} and tag:NAME`}`;
  }
  return [...new Set(names)] as Dimension[];
}

function isDimension(name: string): name is Dimension {
  return Object.hasOwn(columnsOf, name) || /^tag:./.test(name);
}

/** The columns that these dimensions need. */
export function columnsFor(by: readonly Dimension[]): readonly SpendColumn[] {
  return [...new Set(by.flatMap((name) => (isOneTag(name) ? ['tags' as const] : columnsOf[name])))];
}

/** Adds sums up by dimension. */
export function reportOf({ by, limit }: SpendQuery, sums: Iterable<SpendSum>): SpendReport {
  const rows = new Map<string, SpendRow & { readonly sums: Record<Measure, bigint> }>();
  const total = { ...noSums };
  let overlapping = false;
  for (const each of sums) {
    const groups = groupsOf(by, each.place);
    overlapping ||= groups.length > 1;
    addSums(total, each.sums);
    for (const group of groups) {
      const name = JSON.stringify(group);
      const row = rows.get(name) ?? { group, sums: { ...noSums } };
      addSums(row.sums, each.sums);
      rows.set(name, row);
    }
  }
  const dearest = [...rows].sort(dearestFirst).slice(0, limit);
  return {
    rows: dearest.map(([, row]) => row),
    leftOut: rows.size - dearest.length,
    total,
    overlapping,
  };
}

type Named = readonly [name: string, row: SpendRow];

function dearestFirst([a, { sums: left }]: Named, [b, { sums: right }]: Named): number {
  if (spent(left) !== spent(right)) return spent(left) < spent(right) ? 1 : -1;
  if (left.requests !== right.requests) return left.requests < right.requests ? 1 : -1;
  return a < b ? -1 : 1;
}

/** Every combination of values; more than one only where there are several tags. */
function groupsOf(by: readonly Dimension[], place: SpendSum['place']): readonly SpendRow['group'][] {
  let groups: readonly SpendRow['group'][] = [[]];
  for (const name of by) {
    const values = valuesOf(name, place);
    groups = groups.flatMap((group) => values.map((value) => [...group, value]));
  }
  return groups;
}

function valuesOf(name: Dimension, place: SpendSum['place']): readonly (string | undefined)[] {
  if (isOneTag(name)) return [tagsOf(place)[name.slice('tag:'.length)]];
  if (name !== 'tag') return [valueOf(name, place)];
  const pairs = Object.entries(tagsOf(place)).map(([tag, value]) => `${tag}=${value}`);
  return pairs.length === 0 ? [undefined] : pairs;
}

function isOneTag(name: Dimension): name is `tag:${string}` {
  return name.startsWith('tag:');
}

/** Without a prototype, so that a tag named `constructor` is only there when it is. */
function tagsOf({ tags }: SpendSum['place']): Readonly<Record<string, string>> {
  return Object.assign(Object.create(null), JSON.parse(String(tags))) as Record<string, string>;
}

const dayMs = 86_400_000;

function valueOf(
  name: Exclude<Dimension, 'tag' | `tag:${string}`>,
  place: SpendSum['place'],
): string | undefined {
  switch (name) {
    case 'preset':
      return presetName(place);
    case 'version': {
      const preset = presetName(place);
      return preset === undefined ? undefined : `${preset}@${place.version === 0 ? 'draft' : place.version}`;
    }
    case 'position':
      return place.position === -1 ? undefined : String(place.position);
    case 'day':
      return isoDay(Number(place.day) * dayMs);
    case 'month':
      return isoDay(Number(place.day) * dayMs).slice(0, 7);
    default:
      return place[name] === '' ? undefined : String(place[name]);
  }
}

/** `coder`, or `workspace/coder` outside the workspace `default`. */
function presetName({ workspace, preset }: SpendSum['place']): string | undefined {
  if (preset === '') return undefined;
  return workspace === 'default' ? String(preset) : `${workspace}/${preset}`;
}
