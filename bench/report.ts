/** From rounds of measurements to rows, bars and a table. Pure. */
import type { CandidateName } from './candidates.ts';
import { outageNames, type LaneName, type OutageName } from './lanes.ts';
import type { Measure, Spread } from './messages.ts';
import { pacedPerSecond } from './traffic.ts';
import { median } from './numbers.ts';

/** One pass over every candidate and lane. */
export type Round = Partial<Record<CandidateName, Partial<Record<LaneName, Measure>>>>;

/** What may be asked of ourselves: at most so many times nginx's value of the same round, or an absolute most. */
export type Bar = { readonly timesNginx: number } | { readonly atMost: number };

export type Row = {
  readonly name: string;
  readonly unit: string;
  readonly digits: number;
  /** The medians over the rounds. */
  readonly values: Partial<Record<CandidateName, number>>;
  /** Ours ÷ nginx's, the median of the rounds' ratios: the machine's mood cancels out. Of differences there is none. */
  readonly ratio?: number;
  readonly bar?: Bar;
  /** Absent without a bar, or where it could not be measured. */
  readonly passed?: boolean;
};

type Reading = {
  readonly name: string;
  readonly unit: string;
  readonly digits: number;
  readonly read: (round: Round, candidate: CandidateName) => number | undefined;
  readonly bar?: Bar;
};

const cpu =
  (lane: LaneName): Reading['read'] =>
  (round, candidate) =>
    round[candidate]?.[lane]?.cpuUs;

/** Latency above that of asking the mock itself, in the same round; `base` is the lane it is compared with. */
const added =
  (lane: LaneName, which: 'p50Ms' | 'p99Ms', base: LaneName = lane): Reading['read'] =>
  (round, candidate) => {
    const own = round[candidate]?.[lane]?.[which];
    const without = round.direct?.[base]?.[which];
    return own === undefined || without === undefined || candidate === 'direct' ? undefined : own - without;
  };

const death: Readonly<Record<OutageName, string>> = {
  stalling: 'primary silent',
  refusing: 'primary refuses connections',
  erring: 'primary answers 500',
};

/** Of the fallback's first token: what it comes later than the limit, and than from the fallback asked by itself. */
function outageReadings(lane: OutageName): readonly Reading[] {
  const both = (
    name: string,
    bar: Bar,
    read: (which: keyof Spread) => Reading['read'],
  ): readonly Reading[] => [
    { name: `${death[lane]}: ${name}, p50`, unit: 'ms', digits: 3, read: read('p50'), bar },
    { name: `${death[lane]}: ${name}, p99`, unit: 'ms', digits: 3, read: read('p99') },
  ];
  return [
    ...both(
      'first token beyond the limit',
      { atMost: 5 },
      (which) => (round, candidate) => round[candidate]?.[lane]?.firstToken?.before[which],
    ),
    ...both(
      'past its open breaker, over asking the fallback',
      { atMost: 1 },
      (which) => (round, candidate) => {
        const times = round[candidate]?.[lane]?.firstToken;
        return times && times.open[which] - times.straight[which];
      },
    ),
  ];
}

const everybody = `${pacedPerSecond} a second for everybody`;

const readings: readonly Reading[] = [
  { name: 'CPU per request, 2 KB', unit: 'µs', digits: 1, read: cpu('small'), bar: { timesNginx: 5 } },
  { name: `CPU per request, 2 KB, ${everybody}`, unit: 'µs', digits: 1, read: cpu('paced') },
  { name: 'CPU per request, 200 KB', unit: 'µs', digits: 1, read: cpu('large'), bar: { timesNginx: 8 } },
  {
    name: 'CPU per SSE chunk, 100 streams',
    unit: 'µs',
    digits: 1,
    read: cpu('streams'),
    bar: { timesNginx: 2.5 },
  },
  {
    name: 'crossing wires ÷ same wire, CPU per SSE chunk',
    unit: 'x',
    digits: 2,
    read: (round, candidate) => {
      const [crossed, same] = [cpu('crossing')(round, candidate), cpu('streams')(round, candidate)];
      return crossed === undefined || !same ? undefined : crossed / same;
    },
    bar: { atMost: 3 },
  },
  {
    name: 'added p50, 2 KB, 1 at a time',
    unit: 'ms',
    digits: 3,
    read: added('single', 'p50Ms'),
    bar: { atMost: 1 },
  },
  { name: 'added p99, 2 KB, 1 at a time', unit: 'ms', digits: 3, read: added('single', 'p99Ms') },
  {
    name: 'added p50, 2 KB, 8 at a time',
    unit: 'ms',
    digits: 3,
    read: added('small', 'p50Ms'),
    bar: { atMost: 1 },
  },
  { name: 'added p99, 2 KB, 8 at a time', unit: 'ms', digits: 3, read: added('small', 'p99Ms') },
  { name: `added p50, 2 KB, ${everybody}`, unit: 'ms', digits: 3, read: added('paced', 'p50Ms') },
  { name: `added p99, 2 KB, ${everybody}`, unit: 'ms', digits: 3, read: added('paced', 'p99Ms') },
  { name: 'added p50, 200 KB, 8 at a time', unit: 'ms', digits: 3, read: added('large', 'p50Ms') },
  {
    name: 'failover from a 500, breaker included, p50',
    unit: 'ms',
    digits: 3,
    read: added('failover', 'p50Ms', 'single'),
  },
  {
    name: 'failover from a 500, breaker included, p99',
    unit: 'ms',
    digits: 3,
    read: added('failover', 'p99Ms', 'single'),
  },
  {
    name: 'failover from a 429, breaker included, p50',
    unit: 'ms',
    digits: 3,
    read: added('limited', 'p50Ms', 'single'),
  },
  ...outageNames.flatMap(outageReadings),
  {
    name: 'requests per second, 2 KB',
    unit: '/s',
    digits: 0,
    read: (round, candidate) => round[candidate]?.small?.perSecond,
  },
  {
    name: 'memory under 100 streams',
    unit: 'MB',
    digits: 0,
    read: (round, candidate) => round[candidate]?.streams?.rssMb,
  },
];

/** The rows of the table. */
export function rowsOf(rounds: readonly Round[], candidates: readonly CandidateName[]): readonly Row[] {
  return readings.map((reading) => rowOf(reading, rounds, candidates));
}

function rowOf(
  { name, unit, digits, read, bar }: Reading,
  rounds: readonly Round[],
  candidates: readonly CandidateName[],
): Row {
  const values: Partial<Record<CandidateName, number>> = {};
  for (const candidate of candidates) {
    const middle = median(defined(rounds.map((round) => read(round, candidate))));
    if (middle !== undefined) values[candidate] = middle;
  }
  const ratio = median(
    defined(
      (unit === 'ms' || unit === 'x' ? [] : rounds).map((round) => {
        const [own, yardstick] = [read(round, 'ours'), read(round, 'nginx')];
        return own === undefined || !yardstick ? undefined : own / yardstick;
      }),
    ),
  );
  const reached = bar && ('atMost' in bar ? values.ours : ratio);
  return {
    name,
    unit,
    digits,
    values,
    ...(ratio === undefined ? {} : { ratio }),
    ...(bar === undefined ? {} : { bar }),
    ...(bar === undefined || reached === undefined ? {} : { passed: reached <= most(bar) }),
  };
}

/** The median share of their time in which others used the gateway's processor; undefined when nothing was pinned. */
export function disturbance(rounds: readonly Round[]): number | undefined {
  const measures = rounds.flatMap((round) => Object.values(round).flatMap((lanes) => Object.values(lanes)));
  return median(defined(measures.map(({ disturbed }) => disturbed)));
}

function most(bar: Bar): number {
  return 'atMost' in bar ? bar.atMost : bar.timesNginx;
}

function defined(values: readonly (number | undefined)[]): number[] {
  return values.filter((value) => value !== undefined);
}

/** The table as text, a line break at the end. */
export function tableOf(rows: readonly Row[], candidates: readonly CandidateName[]): string {
  const shown = candidates.filter((candidate) => rows.some(({ values }) => values[candidate] !== undefined));
  const ownAndYardstick = shown.includes('ours') && shown.includes('nginx');
  const head = ['', ...shown, ...(ownAndYardstick ? ['ours ÷ nginx'] : []), 'bar'];
  const lines = rows.map((row) => [
    `${row.name} (${row.unit})`,
    ...shown.map((candidate) => row.values[candidate]?.toFixed(row.digits) ?? '-'),
    ...(ownAndYardstick ? [row.ratio === undefined ? '-' : `${row.ratio.toFixed(2)}x`] : []),
    barText(row),
  ]);
  const widths = head.map((_, column) =>
    Math.max(...[head, ...lines].map((line) => line[column]?.length ?? 0)),
  );
  const text = [head, ...lines].map((line) =>
    line
      .map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      .join('  '),
  );
  return `${text.join('\n')}\n`;
}

function barText({ bar, passed, unit }: Row): string {
  if (bar === undefined) return '';
  const wanted = 'atMost' in bar ? `≤ ${bar.atMost} ${unit}` : `≤ ${bar.timesNginx}x`;
  return `${wanted} ${passed === undefined ? 'not measured' : passed ? 'pass' : 'FAIL'}`;
}
