/** What a provider does with a call, step by step, in each of its moods. */
import type { UpstreamSink } from '../ports.ts';
import { withoutUsage, type Piece } from './answer.ts';
import type { Dice } from './dice.ts';
import type { ProviderCall } from './provider.ts';
import { callersFault, errorEventOf, refusalOf, type Refusal } from './refusals.ts';
import type { Mood } from './universe.ts';

/** So many ms after the step before. */
export type Act = readonly [afterMs: number, act: () => void];

export type Stage = {
  readonly call: ProviderCall;
  readonly sink: UpstreamSink;
  readonly die: Dice;
  readonly now: () => number;
  readonly close: (how: 'ended' | 'broken') => void;
};

export function timeline(stage: Stage): readonly Act[] {
  const { call, sink, die, close } = stage;
  const { mood, endpoint } = call;
  const arrive: Act = [
    die.whole(1, 40),
    () => {
      if (!call.state.closed) call.state.arrived = true;
      sink.connected();
    },
  ];
  if (mood === 'caller') return refuses(stage, arrive, callersFault);
  if (mood === 'answer') return [arrive, ...answers(stage)];
  if (mood === 'silent_connect') return [];
  if (mood === 'refused')
    return [
      [
        die.whole(1, 40),
        () => {
          close('broken');
          sink.broken({ kind: 'unreachable', message: 'ECONNREFUSED' });
        },
      ],
    ];
  const refusal = refusalOf(mood, endpoint.wire, call.retryAfter);
  return refusal ? refuses(stage, arrive, refusal) : [arrive, ...breaks(stage, mood)];
}

/** Sometimes head, body and end come one after the other, and sometimes the body is long in coming. */
function refuses(
  { call, sink, die, close }: Stage,
  arrive: Act,
  { status, headers, body }: Refusal,
): readonly Act[] {
  const head = (): void => {
    if (!call.state.closed) call.state.free = true;
    sink.head(status, headers);
  };
  const rest = (): void => {
    sink.data(Buffer.from(body));
    close('ended');
    sink.end();
  };
  return [arrive, [die.pick([1, 30, 400]), head], [die.pick([0, 0, 0, 7]), rest]];
}

function headOf({ call, sink }: Stage): Act {
  const type = call.stream ? 'text/event-stream; charset=utf-8' : 'application/json';
  return [1, () => sink.head(200, { 'content-type': type })];
}

function ends({ sink, close }: Stage, afterMs = 0): Act {
  return [
    afterMs,
    () => {
      close('ended');
      sink.end();
    },
  ];
}

function resets({ sink, close }: Stage, afterMs: number): Act {
  return [
    afterMs,
    () => {
      close('broken');
      sink.broken({ kind: 'reset', message: 'ECONNRESET' });
    },
  ];
}

function breaks(stage: Stage, mood: Mood): readonly Act[] {
  const { call, sink, die } = stage;
  const head = headOf(stage);
  const says = (text: string): Act => [die.pick([1, 20]), () => sink.data(Buffer.from(text))];
  const error = call.stream ? errorEventOf(call.endpoint.wire) : errorBody;
  switch (mood) {
    case 'empty':
      return [head, ends(stage)];
    case 'garbage':
      return [head, says(call.stream ? 'data: {"id": "x", "choi\n\n' : '{"id": "x", "choi'), ends(stage)];
    case 'error_first':
      return [head, says(error), ends(stage)];
    case 'error_later':
      return [...begins(stage), says(error), ends(stage)];
    case 'stall':
      return [];
    case 'stall_head':
      return [head];
    case 'stall_later':
      return begins(stage);
    case 'cut':
      return [...begins(stage), ends(stage, die.pick([0, 30]))];
    case 'reset_later':
      return [...begins(stage), resets(stage, die.pick([0, 30]))];
    default:
      return [resets(stage, die.pick([1, 200]))];
  }
}

const errorBody = '{"error":{"message":"Overloaded","type":"overloaded_error"}}';

/** Some of the content, but never all of it; of a whole answer its first half. */
function begins(stage: Stage): readonly Act[] {
  const { call, sink, die } = stage;
  const { pieces, whole } = call.answer;
  const gap = die.pick([1, 20, 300]);
  if (!call.stream)
    return [headOf(stage), [gap, () => sink.data(Buffer.from(whole.slice(0, whole.length / 2)))]];
  const open = pieces.filter(({ ends: last }) => !last);
  const some = open.slice(0, die.whole(Math.min(1, open.length), open.length));
  return [headOf(stage), ...some.map((piece): Act => [gap, () => say(stage, [piece])])];
}

function say({ call, sink, now }: Stage, pieces: readonly Piece[], bytes?: Buffer): void {
  if (!call.state.closed) noteSaid(call, pieces, now());
  sink.data(bytes ?? Buffer.from(pieces.map((piece) => piece.bytes).join('')));
}

function noteSaid({ state, answer }: ProviderCall, pieces: readonly Piece[], at: number): void {
  for (const { content, shows, output, ends: last } of pieces) {
    state.output = Math.max(state.output, output);
    if (content !== '') state.contentAt ??= at;
    if (shows) state.shownAt ??= at;
    state.content = content;
    state.ending ||= last;
  }
  state.saidAt = at;
  if (pieces.at(-1) !== answer.pieces.at(-1)) return;
  state.finished = true;
  state.finishedAt = at;
}

function answers(stage: Stage): readonly Act[] {
  const { call, die } = stage;
  const { pieces } = call.answer;
  const first = die.pick([1, 1, 200, 900]);
  const gap = die.pick([0, 1, 20, 150]);
  if (!call.stream) return [headOf(stage), [first, () => sayWhole(stage)], ends(stage)];
  const way = die.pick(['pieces', 'pieces', 'pieces', 'pairs', 'bytes', 'lump', 'split'] as const);
  const said: readonly Act[] =
    way === 'lump'
      ? [[first, () => say(stage, pieces)]]
      : way === 'pairs'
        ? pairs(pieces).map((pair, index) => [index === 0 ? first : gap, () => say(stage, pair)])
        : pieces.flatMap((piece, index) => inBits(stage, { piece, way, afterMs: index === 0 ? first : gap }));
  return [headOf(stage), ...said, ...after(stage)];
}

function sayWhole({ call, sink, now }: Stage): void {
  const { state, answer } = call;
  if (!state.closed)
    Object.assign(state, {
      content: answer.content,
      output: answer.used.output,
      contentAt: now(),
      shownAt: now(),
      saidAt: now(),
      ending: true,
      finished: true,
      finishedAt: now(),
    });
  sink.data(Buffer.from(answer.whole));
}

/** The same frame whole, byte by byte, or cut in two where nobody expects it. Its last bit counts as the frame. */
function inBits(
  stage: Stage,
  {
    piece,
    way,
    afterMs,
  }: { readonly piece: Piece; readonly way: 'pieces' | 'bytes' | 'split'; readonly afterMs: number },
): readonly Act[] {
  const { sink, die, now, call } = stage;
  const bytes = Buffer.from(piece.bytes);
  // A client may understand a frame before its last byte, the blank line, has come.
  const cut = way === 'pieces' || bytes.length < 8 ? 0 : die.whole(1, bytes.length - 4);
  if (cut === 0) return [[afterMs, () => say(stage, [piece])]];
  const early = (): void => {
    call.state.saidAt = now();
    if (way === 'split') sink.data(bytes.subarray(0, cut));
    else for (let at = 0; at < cut; at++) sink.data(bytes.subarray(at, at + 1));
  };
  return [
    [afterMs, early],
    [0, () => say(stage, [piece], bytes.subarray(cut))],
  ];
}

function pairs(pieces: readonly Piece[]): readonly (readonly Piece[])[] {
  return Array.from({ length: Math.ceil(pieces.length / 2) }, (_, index) =>
    pieces.slice(2 * index, 2 * index + 2),
  );
}

/** Behind the end: nothing; the end once more; more content; or a connection that stays open, or breaks. */
function after(stage: Stage): readonly Act[] {
  const { call, sink, die } = stage;
  const { pieces } = call.answer;
  const again = (some: readonly Piece[]): Act => [
    die.pick([0, 1]),
    () => sink.data(Buffer.from(some.map(({ bytes }) => withoutUsage(bytes)).join(''))),
  ];
  switch (die.pick(['end', 'end', 'end', 'twice', 'more', 'open', 'reset'] as const)) {
    case 'end':
      return [ends(stage)];
    case 'twice':
      return [again(pieces.filter(({ ends: last }) => last)), ends(stage)];
    case 'more':
      return [again(pieces.slice(1, 3)), ends(stage)];
    case 'open':
      return [];
    case 'reset':
      return [resets(stage, die.pick([0, 5]))];
  }
}
