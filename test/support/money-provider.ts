/**
 * Providers that cannot be trusted, and what they bill. A bill follows from what was sent and what was said, never
 * from what the gateway thinks.
 */
import { perMillion } from '../../src/core/money.ts';
import type { Price, Rate } from '../../src/core/price.ts';
import type { UpstreamCall, UpstreamSink } from '../../src/ports.ts';
import type { Behaviour, PriceSpec } from './money-scene.ts';
import type { VirtualClock } from '../../src/sim/clock.ts';

export type Tokens = {
  readonly input: number;
  readonly cached: number;
  readonly written: number;
  readonly output: number;
  readonly reasoning: number;
};

const none: Tokens = { input: 0, cached: 0, written: 0, output: 0, reasoning: 0 };

/** The price as the gateway is told it. */
export function priceOf(spec: PriceSpec): Price {
  const overrides = [
    ...(spec.tier ? [{ rate: rateOf(spec, spec.tier.times), minPromptTokens: spec.tier.above }] : []),
    ...(spec.window
      ? [
          {
            rate: rateOf(spec, spec.window.times),
            utcStart: spec.window.from,
            utcEnd: (spec.window.from + spec.window.length) % 1_440,
          },
        ]
      : []),
  ];
  return { base: rateOf(spec, 1), overrides, ...(spec.free ? { free: true } : {}) };
}

function rateOf(spec: PriceSpec, times: number): Rate {
  const pico = (thousandths: number): ReturnType<typeof perMillion> =>
    perMillion((thousandths * times) / 1_000);
  return {
    input: pico(spec.input),
    output: pico(spec.output),
    ...(spec.cacheRead === null ? {} : { cacheRead: pico(spec.input * spec.cacheRead) }),
    ...(spec.cacheWrite === null ? {} : { cacheWrite: pico(spec.input * spec.cacheWrite) }),
    ...(spec.reasoning === null ? {} : { reasoning: pico(spec.reasoning) }),
    ...(spec.perRequest === 0 ? {} : { perRequest: spec.perRequest as NonNullable<Rate['perRequest']> }),
  };
}

/** What a provider bills for tokens, in nano-USD: worked out from the price list alone. */
export function billed(spec: PriceSpec, tokens: Tokens, at: number): number {
  const prompt = tokens.input + tokens.cached + tokens.written;
  const minute = Math.floor(at / 60_000) % 1_440;
  const { tier, window } = spec;
  const sinceStart = window ? (minute - window.from + 1_440) % 1_440 : 0;
  const times =
    window && sinceStart < window.length ? window.times : tier && prompt > tier.above ? tier.times : 1;
  const pico = (thousandths: number): number => Math.round(thousandths * times * 1_000);
  const sum =
    tokens.input * pico(spec.input) +
    tokens.cached * pico(spec.input * (spec.cacheRead ?? 1)) +
    tokens.written * pico(spec.input * (spec.cacheWrite ?? 1)) +
    tokens.output * pico(spec.output) +
    tokens.reasoning * pico(spec.reasoning ?? spec.output);
  return Math.ceil(sum / 1_000) + spec.perRequest;
}

/** More than any use of the call can cost, whatever the time and the tier; nano-USD. */
export function ceilingOf(spec: PriceSpec, { input, output }: { input: number; output: number }): number {
  const times = Math.max(1, spec.tier?.times ?? 1, spec.window?.times ?? 1);
  const dearIn = spec.input * Math.max(1, spec.cacheRead ?? 1, spec.cacheWrite ?? 1);
  const dearOut = Math.max(spec.output, spec.reasoning ?? 0);
  return Math.ceil((input * dearIn + output * dearOut) * times) + spec.perRequest + 2;
}

/** One call as the provider sees it. */
export type ProviderCall = {
  /** What is billed as things stand. */
  billed(): Tokens | undefined;
  /** It bills more than it was allowed to use. */
  readonly over: boolean;
  /** It answered whole, and told no usage. */
  readonly silent: boolean;
  readonly reported: () => boolean;
  readonly open: () => boolean;
  /** Upper bounds of what it may honestly use. */
  readonly most: { readonly input: number; readonly output: number };
  cancel(): void;
};

type Asked = { readonly max_tokens: number; readonly n?: number; readonly stream?: boolean };

/** Plays one behaviour. `stops` = billing ends with the connection; else the whole answer is billed. */
export function playCall(
  call: UpstreamCall,
  sink: UpstreamSink,
  { behaviour, stops, clock }: { behaviour: Behaviour; stops: boolean; clock: VirtualClock },
): ProviderCall {
  const bytes = Buffer.concat(call.body);
  const asked = JSON.parse(bytes.toString()) as Asked;
  const most = { input: bytes.length, output: asked.max_tokens * (asked.n ?? 1) };
  const content = /"content":"([^"]*)"/.exec(bytes.toString())?.[1] ?? '';
  const used = usedBy(behaviour, content.length, most.output);
  const reported = reportOf(behaviour, used, most.output);
  const state = { arrived: false, sent: 0, told: false, free: false, open: true };
  const act = script(behaviour, {
    stream: asked.stream === true,
    answers: asked.n ?? 1,
    used,
    reported,
    sink,
    state,
  });
  const next = (index: number): void => {
    const todo = act[index];
    if (!todo) return;
    clock.after(index === 0 ? 1 : behaviour.afterMs, () => {
      if (!state.open) return;
      todo();
      next(index + 1);
    });
  };
  next(0);
  return {
    billed() {
      if (!state.arrived || state.free) return undefined;
      if (state.told && reported) return reported;
      return stops && asked.stream === true ? upTo(used, state.sent) : used;
    },
    over: behaviour.report === 'more',
    silent: behaviour.kind === 'answer' && behaviour.report === 'none',
    reported: () => state.told,
    open: () => state.open,
    most,
    cancel: () => {
      state.open = false;
    },
  };
}

function usedBy(behaviour: Behaviour, promptBytes: number, mostOutput: number): Tokens {
  const prompt = 1 + Math.floor(behaviour.promptShare * promptBytes);
  const cached = Math.floor(behaviour.cachedShare * prompt);
  const written = Math.floor(behaviour.writtenShare * (prompt - cached));
  const answer = Math.max(1, Math.floor(behaviour.outputShare * mostOutput));
  const reasoning = Math.floor(behaviour.reasoningShare * answer);
  return { input: prompt - cached - written, cached, written, output: answer - reasoning, reasoning };
}

function reportOf({ report }: Behaviour, used: Tokens, mostOutput: number): Tokens | undefined {
  if (report === 'none') return undefined;
  if (report === 'less')
    return { ...none, input: Math.floor(used.input / 2), output: Math.floor(used.output / 2) };
  return report === 'more' ? { ...used, input: used.input + 3_000, output: used.output + mostOutput } : used;
}

/** What was generated when so many tokens of the answer had been sent. */
function upTo(used: Tokens, sent: number): Tokens {
  const reasoning = Math.min(used.reasoning, sent);
  return { ...used, reasoning, output: Math.min(used.output, sent - reasoning) };
}

type Playing = {
  readonly stream: boolean;
  readonly answers: number;
  readonly used: Tokens;
  readonly reported: Tokens | undefined;
  readonly sink: UpstreamSink;
  readonly state: { arrived: boolean; sent: number; told: boolean; free: boolean; open: boolean };
};

function script(behaviour: Behaviour, playing: Playing): (() => void)[] {
  const { sink, state } = playing;
  const arrive = (): void => {
    state.arrived = true;
    sink.connected();
  };
  switch (behaviour.kind) {
    case 'unreachable':
      return [() => sink.broken({ kind: 'unreachable', message: 'ECONNREFUSED' })];
    case 'refuse':
      return [
        () => {
          state.free = true;
          arrive();
        },
        () => {
          sink.head(429, {});
          sink.data(Buffer.from('{"error":{"message":"slow down"}}'));
          sink.end();
        },
      ];
    case 'stall':
      return [arrive];
    case 'error':
      return [arrive, () => fails(playing)];
    case 'answer':
    case 'cut':
    case 'freeze':
      return playing.stream ? streamed(behaviour, playing, arrive) : whole(behaviour, playing, arrive);
  }
}

function fails({ stream, sink }: Playing): void {
  const error = '{"error":{"message":"boom","code":500}}';
  sink.head(200, { 'content-type': stream ? 'text/event-stream' : 'application/json' });
  sink.data(Buffer.from(stream ? `data: ${error}\n\n` : error));
  sink.end();
}

function streamed(behaviour: Behaviour, playing: Playing, arrive: () => void): (() => void)[] {
  const { sink, state, used, answers } = playing;
  const all = used.output + used.reasoning;
  const stopAt = behaviour.kind === 'answer' ? behaviour.events : Math.ceil(behaviour.events / 2);
  const deltas = Array.from({ length: stopAt }, (_, index) => (): void => {
    const upTo = Math.floor((all * (index + 1)) / behaviour.events);
    const fresh = upTo - state.sent;
    state.sent = upTo;
    const text = 'x'.repeat(Math.max(1, fresh * behaviour.bytesPerToken));
    sink.data(event({ choices: [{ index: 0, delta: { content: text }, finish_reason: null }] }));
  });
  const head = (): void => sink.head(200, { 'content-type': 'text/event-stream' });
  if (behaviour.kind === 'freeze') return [arrive, head, ...deltas];
  if (behaviour.kind === 'cut')
    return [arrive, head, ...deltas, () => sink.broken({ kind: 'reset', message: 'ECONNRESET' })];
  const finish = (): void => {
    for (let index = 0; index < answers; index++)
      sink.data(event({ choices: [{ index, delta: {}, finish_reason: 'stop' }] }));
  };
  return [
    arrive,
    head,
    ...deltas,
    finish,
    () => {
      if (playing.reported) sink.data(event({ choices: [], usage: usageOf(playing.reported) }));
      state.told = playing.reported !== undefined;
      sink.data(Buffer.from('data: [DONE]\n\n'));
      sink.end();
    },
  ];
}

function whole(behaviour: Behaviour, playing: Playing, arrive: () => void): (() => void)[] {
  const { sink, state, used, reported, answers } = playing;
  const content = 'x'.repeat((used.output + used.reasoning) * behaviour.bytesPerToken);
  const choices = Array.from({ length: answers }, (_, index) => ({
    index,
    message: { role: 'assistant', content },
    finish_reason: 'stop',
  }));
  const text = JSON.stringify({
    id: 'u',
    object: 'chat.completion',
    created: 1,
    model: 'x',
    choices,
    ...(reported ? { usage: usageOf(reported) } : {}),
  });
  const head = (): void => sink.head(200, { 'content-type': 'application/json' });
  const half = (): void => sink.data(Buffer.from(text.slice(0, text.length / 2)));
  if (behaviour.kind === 'freeze') return [arrive, head, half];
  if (behaviour.kind === 'cut')
    return [arrive, head, half, () => sink.broken({ kind: 'reset', message: 'ECONNRESET' })];
  return [
    arrive,
    head,
    () => {
      state.told = reported !== undefined;
      sink.data(Buffer.from(text));
      sink.end();
    },
  ];
}

function event(fields: Record<string, unknown>): Buffer {
  return Buffer.from(`data: ${JSON.stringify({ id: 'u', created: 1, model: 'x', ...fields })}\n\n`);
}

function usageOf({ input, cached, written, output, reasoning }: Tokens): Record<string, unknown> {
  return {
    prompt_tokens: input + cached + written,
    completion_tokens: output + reasoning,
    prompt_tokens_details: { cached_tokens: cached, cache_write_tokens: written },
    completion_tokens_details: { reasoning_tokens: reasoning },
  };
}
