/** Providers that cannot be trusted. What they bill follows from what they were sent and what they said. */
import type { Exchange, UpstreamCall, UpstreamSink } from '../ports.ts';
import { makeAnswer, type SimAnswer, type Tokens } from './answer.ts';
import { nonsense } from './body.ts';
import type { VirtualClock } from './clock.ts';
import type { SimEndpoint } from './configuration.ts';
import type { Dice } from './dice.ts';
import { timeline } from './timeline.ts';
import { moods, type Mood } from './universe.ts';

/** One call as its provider sees it. Moments are ticks of the clock that never steps back. */
export type ProviderCall = {
  readonly endpoint: SimEndpoint;
  readonly credential: string;
  readonly mood: Mood | 'answer' | 'caller';
  readonly at: number;
  /** Epoch ms. */
  readonly wallAt: number;
  /** Output cap that it was sent; undefined = none. */
  readonly cap: number | undefined;
  readonly bodyBytes: number;
  readonly stream: boolean;
  readonly answer: SimAnswer;
  readonly retryAfter: number;
  readonly state: CallState;
  /** Tokens that are billed as things stand. */
  billed(): Tokens | undefined;
};

export type CallState = {
  /** The request has arrived: from now on it may be billed. */
  arrived: boolean;
  free: boolean;
  /** Content and tokens that have left. */
  content: string;
  output: number;
  contentAt: number | undefined;
  /** The first content, or the name of a tool that is called. */
  shownAt: number | undefined;
  saidAt: number | undefined;
  /** Some of the sign of the end has left; all of it has. */
  ending: boolean;
  finished: boolean;
  finishedAt: number | undefined;
  closed: 'ended' | 'broken' | 'cancelled' | undefined;
  closedAt: number | undefined;
  pausedAt: number | undefined;
  everPaused: boolean;
};

export type CallOrder = {
  readonly call: UpstreamCall;
  readonly sink: UpstreamSink;
  readonly endpoint: SimEndpoint;
  readonly mood: Mood | 'answer';
  readonly tag: string;
  readonly promptBytes: number;
  readonly clock: VirtualClock;
  readonly die: Dice;
};

/** The mood of a call outside any outage. What rests for hours is rare, or soon nobody would be left. */
export function someMood(die: Dice): Mood {
  const mood = die.pick(moods);
  return (mood === 'auth' || mood === 'quota' || mood === 'gone') && !die.chance(0.15)
    ? 'server_error'
    : mood;
}

export function beginCall(order: CallOrder): { readonly call: ProviderCall; readonly exchange: Exchange } {
  const { call: sent, endpoint, clock, die } = order;
  const bytes = Buffer.concat(sent.body);
  const text = bytes.toString();
  const state: CallState = {
    arrived: false,
    free: false,
    content: '',
    output: 0,
    contentAt: undefined,
    shownAt: undefined,
    saidAt: undefined,
    ending: false,
    finished: false,
    finishedAt: undefined,
    closed: undefined,
    closedAt: undefined,
    pausedAt: undefined,
    everPaused: false,
  };
  const cap = capIn(text);
  const answer = makeAnswer(
    {
      tag: order.tag,
      wire: endpoint.wire,
      model: sent.model,
      at: clock.now(),
      cap: cap ?? 1_000,
      promptBytes: order.promptBytes,
      stream: sent.headers['accept'] === 'text/event-stream',
      tool: /"(tools|functionDeclarations)":/.test(text) && (cap ?? 1_000) >= 20 && die.chance(0.5),
    },
    die,
  );
  const call: ProviderCall = {
    endpoint,
    credential: credentialIn(sent.headers),
    mood: text.includes(nonsense) ? 'caller' : order.mood,
    at: clock.ticks(),
    wallAt: clock.now(),
    cap,
    bodyBytes: bytes.length,
    stream: sent.headers['accept'] === 'text/event-stream',
    answer,
    retryAfter: die.pick([1, 2, 20, 120]),
    state,
    billed: () => billedOf(call),
  };
  return { call, exchange: perform(call, order) };
}

/** Whose billing does not stop with the connection bills the whole answer, if it had begun to work on it. */
function billedOf({ state, answer, endpoint, stream }: ProviderCall): Tokens | undefined {
  if (!state.arrived || state.free) return undefined;
  if (state.finished && answer.reported) return answer.reported;
  if (stream && endpoint.stops) return { input: answer.used.input, output: state.output };
  return answer.used;
}

/** Acts the timeline out; waits while nobody reads. A deaf provider goes on for a while after it was cancelled. */
function perform(call: ProviderCall, { sink, clock, die }: CallOrder): Exchange {
  const { state } = call;
  const close = (how: 'ended' | 'broken' | 'cancelled'): void => {
    state.closed ??= how;
    state.closedAt ??= clock.ticks();
  };
  const acts = timeline({ call, sink, die, now: () => clock.ticks(), close });
  const deaf = !call.endpoint.stops && die.chance(0.3) ? 2 : 0;
  const instant = call.mood === 'answer' && die.chance(0.1);
  let waiting: (() => void) | undefined;
  const next = (index: number, late: number): void => {
    const act = acts[index];
    if (!act) return;
    const run = (): void => {
      const cancelled = state.closed === 'cancelled';
      if (cancelled && late >= deaf) return;
      if (state.pausedAt !== undefined) {
        waiting = run;
        return;
      }
      act[1]();
      next(index + 1, cancelled ? late + 1 : 0);
    };
    if (instant) queueMicrotask(run);
    else clock.after(act[0], run);
  };
  next(0, 0);
  return {
    cancel: () => close('cancelled'),
    pause: () => {
      state.pausedAt ??= clock.ticks();
      state.everPaused = true;
    },
    resume: () => {
      state.pausedAt = undefined;
      const run = waiting;
      waiting = undefined;
      if (run) clock.after(0, run);
    },
  };
}

function capIn(text: string): number | undefined {
  const cap = /"(?:max_tokens|max_completion_tokens|max_output_tokens|maxOutputTokens)":\s*(\d+)/.exec(
    text,
  )?.[1];
  return cap === undefined ? undefined : Number(cap);
}

function credentialIn(headers: Readonly<Record<string, string>>): string {
  const header = headers['authorization'] ?? headers['x-api-key'] ?? headers['x-goog-api-key'] ?? '';
  return header.replace(/^Bearer /, '');
}
