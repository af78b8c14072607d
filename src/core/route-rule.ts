/** Does a rule fit a request, and why? Each condition is asked once, and can say in words what it found. Pure. */
import { weekDays } from './document-route.ts';
import { anyFits } from './glob.ts';
import type { Needs } from './ask.ts';
import { once } from './once.ts';
import { backgroundKind, type Recognised } from './recognise.ts';
import type { RouteTime, RouteWhen } from './snapshot.ts';

/** What rules may ask about a request. What costs anything is read when asked for, and once. */
export type RouteFacts = {
  /** Epoch ms. */
  readonly now: number;
  readonly needs: Needs;
  /** The model's name as sent; beside a preset the part that names a model. */
  readonly model: string;
  readonly user: string | undefined;
  /** Of the client's request; the name in lower case. */
  readonly header: (name: string) => string | undefined;
  /** Declared by the caller (`x-spillway-task`, `metadata.task`), else `background:KIND` of what was recognised. */
  readonly task: string | undefined;
  /** Of a request that declares no task. */
  readonly recognised: Recognised | undefined;
  readonly toolNames: readonly string[];
  /** What a roll-out draws its lots by: the same for all of a conversation. Absent = the active version serves. */
  readonly seed?: (() => string) | undefined;
};

type Named = Required<RouteWhen>;

/** What is wanted, and what was found, in words: `FOUND is WANTED`, `FOUND is not WANTED`. */
type Condition<K extends keyof Named> = {
  readonly holds: (wanted: Named[K], facts: RouteFacts) => boolean;
  readonly wanted: (wanted: Named[K]) => string;
  readonly found: (facts: RouteFacts, wanted: Named[K]) => string;
};

/** What each condition means. */
const table: { readonly [K in keyof Named]: Condition<K> } = {
  promptTokens: {
    holds: ({ gt, gte, lt, lte }, { needs: { promptTokens: tokens } }) =>
      tokens > (gt ?? -Infinity) &&
      tokens >= (gte ?? -Infinity) &&
      tokens < (lt ?? Infinity) &&
      tokens <= (lte ?? Infinity),
    wanted: (range) => bounds(range).join(' and '),
    found: ({ needs }) => `prompt_tokens ${whole(needs.promptTokens)}`,
  },
  modality: {
    holds: (kinds, { needs }) => kinds.some((kind) => has(needs, kind)),
    wanted: anyOf,
    found: ({ needs }) =>
      `modality ${(['image', 'audio', 'file'] as const).filter((kind) => has(needs, kind)).join(', ') || 'text alone'}`,
  },
  model: {
    holds: (names, { model }) => anyFits(names, model),
    wanted: anyOf,
    found: ({ model }) => `model ${model || 'none'}`,
  },
  user: {
    holds: (names, { user }) => anyFits(names, user),
    wanted: anyOf,
    found: ({ user }) => `user ${user ?? 'none'}`,
  },
  header: {
    holds: (headers, { header }) =>
      [...headers].every(([name, values]) => anyFits(values, header(name)?.trim())),
    wanted: (headers) => [...headers].map(([name, values]) => `${name}: ${anyOf(values)}`).join(' and '),
    found: ({ header }, headers) =>
      `header ${[...headers.keys()].map((name) => `${name}: ${header(name)?.slice(0, 80) ?? 'none'}`).join(', ')}`,
  },
  time: {
    holds: isWithin,
    wanted: timeText,
    found: ({ now }) => {
      const at = new Date(now);
      return `time ${weekDays[at.getUTCDay()] ?? ''} ${at.toISOString().slice(11, 16)} UTC`;
    },
  },
  task: {
    holds: (names, { task }) => anyFits(names, task),
    wanted: anyOf,
    found: ({ task }) => `task ${task ?? 'none'}`,
  },
  background: {
    holds: (wanted, { task }) => {
      const kind = backgroundKind(task);
      return typeof wanted === 'boolean'
        ? (kind !== undefined) === wanted
        : wanted.some((name) => name === kind);
    },
    wanted: (wanted) => (typeof wanted === 'boolean' ? String(wanted) : anyOf(wanted)),
    found: ({ task }) => `background ${backgroundKind(task) ?? 'false'}`,
  },
  tools: {
    holds: (wanted, { needs, toolNames }) =>
      typeof wanted === 'boolean'
        ? needs.tools === wanted
        : needs.tools && toolNames.some((name) => anyFits(wanted, name)),
    wanted: (wanted) => (typeof wanted === 'boolean' ? String(wanted) : anyOf(wanted)),
    found: ({ needs, toolNames }, wanted) => {
      if (typeof wanted === 'boolean') return `tools ${needs.tools}`;
      return `tools ${needs.tools ? shortened(toolNames) : 'none'}`;
    },
  },
};

/** A condition of the table together with what a rule wants of it. */
type Asked = {
  /** As the document writes it. */
  readonly name: string;
  readonly holds: (facts: RouteFacts) => boolean;
  readonly found: (facts: RouteFacts) => string;
  readonly wanted: () => string;
};

/** Nothing where the rule does not ask. */
function asked<K extends keyof Named>(
  name: K,
  of: Named[K] | undefined,
  condition: Condition<K>,
): readonly Asked[] {
  if (of === undefined) return [];
  return [
    {
      name: name === 'promptTokens' ? 'prompt_tokens' : name,
      holds: (facts) => condition.holds(of, facts),
      found: (facts) => condition.found(facts, of),
      wanted: () => condition.wanted(of),
    },
  ];
}

/** Everything that a rule asks, in the order in which it is asked: what costs nothing comes first. */
const conditionsOf = once((when: RouteWhen): readonly Asked[] => [
  ...asked('promptTokens', when.promptTokens, table.promptTokens),
  ...asked('modality', when.modality, table.modality),
  ...asked('model', when.model, table.model),
  ...asked('user', when.user, table.user),
  ...asked('header', when.header, table.header),
  ...asked('time', when.time, table.time),
  ...asked('task', when.task, table.task),
  ...asked('background', when.background, table.background),
  ...asked('tools', when.tools, table.tools),
]);

/** Whether all of it holds. Stops at the first condition that does not. */
export function ruleFits(when: RouteWhen, facts: RouteFacts): boolean {
  return conditionsOf(when).every(({ holds }) => holds(facts));
}

export type Verdict = { readonly holds: boolean; readonly text: string };

/** Every condition with what was found: `prompt_tokens 1,203 is not > 150,000`. */
export function verdicts(when: RouteWhen, facts: RouteFacts): readonly Verdict[] {
  return conditionsOf(when).map((condition) => {
    const holds = condition.holds(facts);
    return { holds, text: `${condition.found(facts)} ${holds ? 'is' : 'is not'} ${condition.wanted()}` };
  });
}

/** The conditions as they were written, in words; nothing for a rule that always fits. */
export function whenText(when: RouteWhen): string {
  return conditionsOf(when)
    .map(({ name, wanted }) => `${name} ${wanted()}`)
    .join(', ');
}

function has({ vision, audio, pdf }: Needs, kind: 'image' | 'audio' | 'file'): boolean {
  return { image: vision, audio, file: pdf }[kind];
}

const dayMinutes = 24 * 60;

function isWithin({ from, to, days }: RouteTime, { now }: RouteFacts): boolean {
  const at = new Date(now);
  const [today, minute] = [at.getUTCDay(), at.getUTCHours() * 60 + at.getUTCMinutes()];
  const on = (day: number): boolean => days?.has(day) !== false;
  if (from < to) return minute >= from && minute < to && on(today);
  return (minute >= from && on(today)) || (minute < to && on((today + 6) % 7));
}

function timeText({ from, to, days }: RouteTime): string {
  const hours = from === 0 && to === dayMinutes ? '' : `${clock(from)} to ${clock(to)}`;
  const on = days && [...days].map((day) => weekDays[day] ?? '').join(', ');
  return [hours, on].filter(Boolean).join(' on ');
}

function clock(minutes: number): string {
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function bounds({ gt, gte, lt, lte }: Named['promptTokens']): string[] {
  const marks = [
    ['>', gt],
    ['≥', gte],
    ['<', lt],
    ['≤', lte],
  ] as const;
  return marks.flatMap(([mark, value]) => (value === undefined ? [] : [`${mark} ${whole(value)}`]));
}

function anyOf(names: readonly string[]): string {
  return names.join(' or ');
}

const shown = 5;

function shortened(names: readonly string[]): string {
  const more = names.length > shown ? ` and ${names.length - shown} more` : '';
  return names.slice(0, shown).join(', ') + more;
}

function whole(value: number): string {
  return value.toLocaleString('en-US');
}
