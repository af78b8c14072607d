/**
 * The health of one endpoint, or of one credential, as a reducer: (state, event, now) → state. Closed; open until a
 * moment; then half-open, with a single probe. Times are ms on a clock that the caller chooses. Pure.
 */
import type { Failure, FailureClass } from './failure.ts';

export type Breaker = {
  /** Failures in a row. */
  readonly row: number;
  /** Outcomes since `from`, and in the half window before it: together the last 15 to 30 s. */
  readonly from: number;
  readonly good: number;
  readonly bad: number;
  readonly goodBefore: number;
  readonly badBefore: number;
  /** How often it opened without a calm minute in between: the back-off grows with it. */
  readonly trips: number;
  readonly closedAt: number;
  /** The last failure that counted. */
  readonly failedAt: number;
  /** Absent = closed. */
  readonly open?: Open;
};

/** The classes that blame somebody. */
export type Blamed = Extract<
  FailureClass,
  'auth' | 'quota' | 'model_gone' | 'rate_limit' | 'overloaded' | 'server_error' | 'timeout' | 'connection'
>;

export type Open = {
  readonly since: number;
  /** Infinity = until somebody acts. */
  readonly until: number;
  readonly why: Blamed;
  /** The request that probes now. */
  readonly probe?: number;
  /** Outcomes around the opening: those before it, and of calls that were on their way. */
  readonly good: number;
  readonly bad: number;
};

/** Whom a failure blames, and for how long. */
export type Blame = {
  readonly on: 'endpoint' | 'credential';
  readonly why: Blamed;
  /** Opens at once; else failures are counted. */
  readonly atOnce: boolean;
  /** Absent = a back-off that grows. */
  readonly forMs?: number;
};

export type BreakerEvent =
  /** A request takes the only slot of a half-open breaker. */
  | { readonly kind: 'probe'; readonly id: number }
  /** It ended without a word about the endpoint: the slot is free again. */
  | { readonly kind: 'returned'; readonly id: number }
  /** Content has arrived: others are let in, but one failure more opens it again. */
  | { readonly kind: 'content'; readonly began: number }
  | { readonly kind: 'success'; readonly began: number }
  | { readonly kind: 'failure'; readonly id: number; readonly began: number; readonly blame: Blame };

/** Failures in a row that open it. */
const rowLimit = 3;
/** Or this share of failures, of at least so many outcomes in the window. */
const shareLimit = 0.5;
const leastOutcomes = 10;
const halfWindowMs = 15_000;
/** The back-off of server errors. */
const firstMs = 1_000;
const mostMs = 30_000;
/** One that was closed for so long begins with the shortest back-off again. */
const calmMs = 60_000;
/** What a provider may ask for with `Retry-After`. */
const leastWaitMs = 1_000;
const mostWaitMs = 5 * 60_000;
const quotaMs = 2 * 3_600_000;
const goneMs = 24 * 3_600_000;

export const healthy: Breaker = {
  row: 0,
  from: -Infinity,
  good: 0,
  bad: 0,
  goodBefore: 0,
  badBefore: 0,
  trips: 0,
  closedAt: -Infinity,
  failedAt: -Infinity,
};

export type Standing = 'closed' | 'open' | 'half-open' | 'probing';

/** How it stands now. A clock that was set back behind the opening has nothing to say: the time is over. */
export function standing({ open }: Breaker, now: number): Standing {
  if (!open) return 'closed';
  if (open.probe !== undefined) return 'probing';
  if (open.until === Infinity) return 'open';
  return now >= open.since && now < open.until ? 'open' : 'half-open';
}

/** Whom a failure blames; undefined = nobody. `aggregator`: its 404s may speak of one request's own wishes. */
export function blameOf(failure: Failure, aggregator: boolean): Blame | undefined {
  const { class: why } = failure;
  switch (why) {
    case 'auth':
      return { on: 'credential', why, atOnce: true, forMs: Infinity };
    case 'quota':
      return { on: 'credential', why, atOnce: true, forMs: quotaMs };
    case 'model_gone':
      return aggregator ? undefined : { on: 'endpoint', why, atOnce: true, forMs: goneMs };
    case 'rate_limit':
      return { on: 'endpoint', why, atOnce: true, ...waitOf(failure.retryAfterMs) };
    case 'overloaded':
    case 'server_error':
    case 'timeout':
    case 'connection':
      return { on: 'endpoint', why, atOnce: false };
    case 'caller':
    case 'unsupported':
    case 'context':
    case 'moderation':
    case 'too_large_for_rate':
    case 'client_gone':
    case 'budget':
      return undefined;
  }
}

function waitOf(ms: number | undefined): { readonly forMs?: number } {
  if (ms === undefined || !Number.isFinite(ms) || ms < 0) return {};
  return { forMs: Math.min(Math.max(ms, leastWaitMs), mostWaitMs) };
}

/** What becomes of it. Outcomes of calls that began before it opened neither close it nor lengthen its back-off. */
export function reduce(state: Breaker, event: BreakerEvent, now: number): Breaker {
  const { open } = state;
  switch (event.kind) {
    case 'probe':
      return open && standing(state, now) === 'half-open'
        ? { ...state, open: { ...open, probe: event.id } }
        : state;
    case 'returned': {
      if (open?.probe !== event.id) return state;
      const { probe: _probe, ...rest } = open;
      return { ...state, open: rest };
    }
    case 'content':
      return open && event.began >= open.since ? closed(state, now, rowLimit - 1) : state;
    case 'success':
      if (open && event.began < open.since) return withOpen(state, open, around(open, true));
      if (open) return closed(state, now, 0);
      return counted(state, true, now);
    case 'failure':
      return open ? failedOpen(state, open, event, now) : failedClosed(state, event.blame, now);
  }
}

type Failed = Extract<BreakerEvent, { kind: 'failure' }>;

function failedOpen(state: Breaker, open: Open, { id, began, blame }: Failed, now: number): Breaker {
  if (open.probe === id || began >= open.since) return atLeast(open, opened(state, blame, now));
  const told = around(open, false);
  if (blame.forMs === undefined) return withOpen(state, open, told);
  const until = now + blame.forMs;
  // What was under way when this was said knows nothing of it, and its success closes nothing.
  if (until > open.until) return { ...state, open: { ...told, since: now, until, why: blame.why } };
  return withOpen(state, open, told);
}

/** What is known to last longer is not shortened by what happens meanwhile, unless the clock was set back. */
function atLeast({ since, until, why }: Open, next: Breaker): Breaker {
  const { open } = next;
  return open && open.since >= since && until > open.until
    ? { ...next, open: { ...open, until, why } }
    : next;
}

function failedClosed(state: Breaker, blame: Blame, now: number): Breaker {
  const next = counted(state, false, now);
  const bad = next.bad + next.badBefore;
  const all = bad + next.good + next.goodBefore;
  const often = all >= leastOutcomes && bad / all >= shareLimit;
  return blame.atOnce || often || next.row >= rowLimit ? opened(next, blame, now) : next;
}

function opened(state: Breaker, { why, forMs }: Blame, now: number): Breaker {
  const { trips: before, closedAt, open } = state;
  const trips = open || now - closedAt <= calmMs ? before : 0;
  const wait = forMs ?? Math.min(firstMs * 2 ** Math.min(trips, 10), mostMs);
  return {
    ...healthy,
    closedAt,
    failedAt: now,
    trips: trips + 1,
    open: { since: now, until: now + wait, why, ...tally(state) },
  };
}

function withOpen(state: Breaker, before: Open, now: Open): Breaker {
  return now === before ? state : { ...state, open: now };
}

/** What became of calls that were on their way, or were sent all the same. */
function around(open: Open, well: boolean): Open {
  if (open.why !== 'rate_limit') return open;
  return well ? { ...open, good: open.good + 1 } : { ...open, bad: open.bad + 1 };
}

/** Each refusal makes what was known before it count for less, so that a limit that turned total is soon known. */
const memory = 0.9;

function tally({ open, good, goodBefore, bad, badBefore }: Breaker): Pick<Open, 'good' | 'bad'> {
  return open
    ? { good: open.good * memory, bad: open.bad * memory + 1 }
    : { good: good + goodBefore, bad: bad + badBefore };
}

/** A rate limit that strikes a share of the calls is soon back: what is known of its share stays known. */
function closed({ trips, failedAt, open }: Breaker, now: number, row: number): Breaker {
  const share = open?.why === 'rate_limit' ? { from: now, good: open.good, bad: open.bad } : {};
  return { ...healthy, ...share, row, trips, closedAt: now, failedAt };
}

/** Most calls around the opening went well: it refuses a share of them, not everybody. */
export function isPartial({ good, bad }: Open): boolean {
  return good + bad >= leastOutcomes && good > bad;
}

function counted(state: Breaker, good: boolean, now: number): Breaker {
  const age = now - state.from;
  const same = age >= 0 && age < halfWindowMs;
  const next = age >= halfWindowMs && age < 2 * halfWindowMs;
  return {
    row: good ? 0 : state.row + 1,
    from: same ? state.from : now,
    good: (same ? state.good : 0) + (good ? 1 : 0),
    bad: (same ? state.bad : 0) + (good ? 0 : 1),
    goodBefore: same ? state.goodBefore : next ? state.good : 0,
    badBefore: same ? state.badBefore : next ? state.bad : 0,
    trips: state.trips,
    closedAt: state.closedAt,
    failedAt: good ? state.failedAt : now,
  };
}

/**
 * Whether nothing was heard against it for a minute: it has neither failed nor, after it was open, answered again less
 * long ago. One that is half-open may be calm: nobody has asked for a minute.
 */
export function isCalm({ closedAt, failedAt }: Breaker, now: number): boolean {
  return now - Math.max(closedAt, failedAt) >= calmMs;
}

/** Why an endpoint is left alone now. `until` is epoch ms; absent = until somebody acts. */
export type Rest =
  | {
      readonly reason: 'breaker';
      readonly why: Blamed;
      readonly until?: number;
      /** It has served most of the calls around its opening. */
      readonly partial?: true;
    }
  | { readonly reason: 'paused'; readonly why: string; readonly until?: number };

/** The one that is over first. */
export function soonest<T extends { readonly rest: Rest }>(resting: readonly T[]): T | undefined {
  const end = ({ rest }: T): number => rest.until ?? Infinity;
  return resting.reduce<T | undefined>(
    (first, one) => (first && end(first) <= end(one) ? first : one),
    undefined,
  );
}

/**
 * Whom to ask where everybody rests: the first to be back of those whose back-off is only our guess, and of those whose
 * rate limit strikes a share of the calls. Who refuses everybody until a named time, is out of credit, has no such model
 * or was paused is left alone.
 */
export function lastResort<T extends { readonly rest: Rest }>(resting: readonly T[]): T | undefined {
  return soonest(
    resting.filter(({ rest }) => rest.reason === 'breaker' && (isGuess(rest.why) || isShare(rest))),
  );
}

/** A rate limit, and most are served all the same. */
export function isShare(rest: Rest): boolean {
  return rest.reason === 'breaker' && rest.why === 'rate_limit' && rest.partial === true;
}

function isGuess(why: Blamed): boolean {
  return why === 'overloaded' || why === 'server_error' || why === 'timeout' || why === 'connection';
}
