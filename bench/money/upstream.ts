/**
 * A provider that streams, fails and bills on a virtual clock. What it bills is the truth that every ledger is
 * compared with: it is added up here, from the provider's side, by nothing that the gateway uses.
 */
import type { Upstream, UpstreamCall, UpstreamSink } from '../../src/ports.ts';
import type { VirtualClock } from '../../src/sim/clock.ts';
import type { Dice } from '../../src/sim/dice.ts';

/** Nano-USD per token. */
export type Prices = { readonly input: number; readonly output: number };

export type ProviderOptions = {
  readonly clock: VirtualClock;
  readonly dice: Dice;
  /** By the provider's model id. */
  readonly prices: Readonly<Record<string, Prices>>;
  /** The share of calls to this model that fail. */
  readonly failing: { readonly model: string; readonly share: number };
  /** How long an answer becomes that may have so many tokens at most. */
  readonly tokens: (most: number, dice: Dice) => number;
  /** Between two pieces of an answer, at most. */
  readonly slowestMs: number;
};

export type Provider = Upstream & {
  /** Everything billed so far, in nano-USD. */
  billed(): number;
};

/** Bytes of text for each token, as a middling tokenizer makes them of English. */
const bytesPerToken = 4;
const word = 'abc ';
const pieces = 5;
/** How far generation is ahead of what has reached the gateway, in ms. */
const aheadMs = 50;

type Answer = {
  readonly prices: Prices;
  readonly prompt: number;
  readonly tokens: number;
  readonly firstMs: number;
  readonly everyMs: number;
};

export function scriptedProvider(options: ProviderOptions): Provider {
  const { clock, dice, failing } = options;
  let billed = 0;
  const bill = ({ prices: { input, output }, prompt }: Answer, tokens: number): void => {
    billed += prompt * input + Math.ceil(tokens) * output;
  };
  return {
    billed: () => billed,
    send(call, sink) {
      const fails = call.model === failing.model && dice.chance(failing.share);
      if (fails) return refuse(clock, sink, dice.pick([429, 500, 503, 529]));
      return stream(clock, sink, { answer: answerTo(call, options), bill });
    },
  };
}

function answerTo(
  { model, body }: UpstreamCall,
  { prices, dice, tokens, slowestMs }: ProviderOptions,
): Answer {
  const text = Buffer.concat(body).toString('latin1');
  const most = Number(/"max_(?:completion_)?tokens":\s*(\d+)/.exec(text)?.[1]);
  const known = prices[model];
  if (!known || !Number.isSafeInteger(most)) throw new Error(`sent to ${model} without a price or a cap`);
  return {
    prices: known,
    prompt: Math.ceil(text.length / bytesPerToken),
    tokens: tokens(most, dice),
    firstMs: dice.whole(200, 900),
    everyMs: dice.whole(100, slowestMs),
  };
}

const nothing = { pause: () => undefined, resume: () => undefined };

function refuse(clock: VirtualClock, sink: UpstreamSink, status: number): ReturnType<Upstream['send']> {
  const cancel = clock.after(20, () => {
    sink.connected();
    sink.head(status, {});
    sink.data(Buffer.from('{"error":{"message":"made up"}}'));
    sink.end();
  });
  return { cancel, ...nothing };
}

type Streaming = { readonly answer: Answer; readonly bill: (answer: Answer, tokens: number) => void };

/** One token, then the rest in equal pieces, then the usage. Whoever hangs up pays for what was generated. */
function stream(
  clock: VirtualClock,
  sink: UpstreamSink,
  { answer, bill }: Streaming,
): ReturnType<Upstream['send']> {
  const { prompt, tokens, firstMs, everyMs } = answer;
  const perPiece = (tokens - 1) / pieces;
  let sent = 0;
  let over = false;
  const connectedAt = 5;
  const began = clock.ticks();
  const say = (piece: number): void => {
    if (over) return;
    const until = 1 + Math.floor(piece * perPiece);
    sink.data(frame([{ index: 0, delta: { content: word.repeat(until - sent) }, finish_reason: null }]));
    sent = until;
    if (!over) clock.after(piece < pieces ? everyMs : 1, () => (piece < pieces ? say(piece + 1) : finish()));
  };
  const finish = (): void => {
    if (over) return;
    over = true;
    bill(answer, tokens);
    sink.data(frame([{ index: 0, delta: {}, finish_reason: 'stop' }]));
    sink.data(frame([], { prompt_tokens: prompt, completion_tokens: tokens }));
    sink.data(Buffer.from('data: [DONE]\n\n'));
    sink.end();
  };
  clock.after(connectedAt, () => {
    if (over) return;
    sink.connected();
    sink.head(200, { 'content-type': 'text/event-stream' });
    clock.after(firstMs, () => say(0));
  });
  const cancel = (): void => {
    if (over) return;
    over = true;
    if (clock.ticks() - began < connectedAt) return;
    const ahead = sent === 0 ? 0 : (perPiece * aheadMs) / everyMs;
    bill(answer, Math.min(tokens, sent + ahead));
  };
  return { cancel, ...nothing };
}

function frame(choices: readonly object[], usage?: object): Buffer {
  const event = { id: 'u', object: 'chat.completion.chunk', created: 1, model: 'm', choices, usage };
  return Buffer.from(`data: ${JSON.stringify(event)}\n\n`);
}
