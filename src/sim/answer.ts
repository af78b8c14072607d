/**
 * What a simulated model says, in the words of its wire. Every answer is unlike any other, so that whoever sees a piece
 * of it knows whose it is.
 */
import { anthropicWire } from '../emulator/anthropic-wire.ts';
import type { Choice } from '../emulator/answer.ts';
import { geminiWire } from '../emulator/gemini-wire.ts';
import { openaiWire } from '../emulator/openai-wire.ts';
import { responsesWire } from '../emulator/responses-wire.ts';
import { tokensOf, type Reading, type Wire } from '../emulator/wire.ts';
import { zero } from '../core/money.ts';
import type { Wire as WireName } from '../core/catalog.ts';
import type { Dice } from './dice.ts';

export const wires: Readonly<Record<WireName, Wire>> = {
  'openai-chat': openaiWire,
  'openai-responses': responsesWire,
  anthropic: anthropicWire,
  gemini: geminiWire,
};

/** Tokens as a provider bills them. */
export type Tokens = { readonly input: number; readonly output: number };

export type AnswerOrder = {
  /** Stands in every piece of it. */
  readonly tag: string;
  readonly wire: WireName;
  readonly model: string;
  readonly at: number;
  readonly cap: number;
  readonly promptBytes: number;
  readonly stream: boolean;
  /** A call of the tool `find` instead of text. */
  readonly tool: boolean;
};

export type Piece = {
  readonly bytes: string;
  /** What a client has of the content once it has this. */
  readonly content: string;
  /** It has some of the content by then, or the name of the tool that is called. */
  readonly shows: boolean;
  /** Tokens of output that were made so far. */
  readonly output: number;
  /** Belongs to the sign that the answer is complete. */
  readonly ends: boolean;
};

export type SimAnswer = {
  readonly content: string;
  readonly pieces: readonly Piece[];
  readonly whole: string;
  readonly used: Tokens;
  /** What it says of its usage; undefined = nothing. */
  readonly reported: Tokens | undefined;
  /** It bills more than it was allowed to use. */
  readonly over: boolean;
};

export function makeAnswer(order: AnswerOrder, die: Dice): SimAnswer {
  const { wire: name, tag, cap, tool } = order;
  const report = die.pick(['exact', 'exact', 'exact', 'exact', 'none', 'more'] as const);
  const padding = die.pick([0, 0, 60, 400]);
  // No token has less than a byte. Gemini counts the events of a stream.
  const perPiece = name === 'gemini' ? 1 : die.whole(1, 5 + padding / 2);
  const most = Math.max(1, Math.floor(cap / (tool ? 1 : perPiece)));
  const wanted = die.whole(1, 9);
  const texts = textsOf(tag, tool ? 0 : wanted, padding);
  const whole = texts.length <= most;
  const shown = whole ? texts : texts.slice(0, most);
  const used: Tokens = {
    input: 1 + Math.floor(die.between(0, 1) * order.promptBytes),
    output: Math.min(cap, shown.length * (tool ? 1 : perPiece)),
  };
  const stated = report === 'more' ? { input: used.input + 3_000, output: used.output + cap } : used;
  const choice: Choice = {
    parts: [tool ? { kind: 'tool', name: 'find', pieces: shown } : { kind: 'text', pieces: shown }],
    finish: whole ? (tool ? 'tool' : 'stop') : 'length',
  };
  const written = write(order, choice, stated, report !== 'none');
  // Gemini counts the events of a stream by itself.
  const counted = name === 'gemini' && order.stream ? { ...stated, output: shown.length } : stated;
  return {
    ...written,
    pieces: written.pieces.map((piece) => ({
      ...piece,
      output: Math.min(used.output, piece.output * (tool ? 1 : perPiece)),
    })),
    content: shown.join(''),
    used,
    reported: report === 'none' ? undefined : counted,
    over: report === 'more',
  };
}

/** Arguments that were cut are no JSON, and what wires make of them differs: so calls of tools are short. */
function textsOf(tag: string, count: number, padding: number): readonly string[] {
  if (count === 0) return ['{"q":"', `${tag}:0 `, `${tag}:1`, '"}'];
  return Array.from({ length: count }, (_, index) => `${tag}:${index}${'.'.repeat(padding)} `);
}

function write(
  { wire: name, model, at, cap }: AnswerOrder,
  choice: Choice,
  stated: Tokens,
  tells: boolean,
): Pick<SimAnswer, 'pieces' | 'whole'> {
  const wire = wires[name];
  const prompt = { input: stated.input, cacheRead: 0, cacheWrite: 0, cacheWrite1h: 0 };
  const reading: Reading = { usage: { input: stated.input, output: stated.output }, cost: zero };
  const transcript = wire.transcript({
    id: `answer-${choice.parts[0]?.pieces[0]?.trim() ?? ''}`,
    vendor: 'openai',
    at,
    ask: {
      model,
      stream: true,
      reportUsage: true,
      choices: 1,
      maxTokens: cap,
      stop: [],
      prompt: [],
      userText: '',
      toolResults: 0,
      tools: [],
      toolChoice: 'auto',
      reasoning: 'none',
    },
    choices: [choice],
    prompt,
  });
  const shown = (text: string): string => (tells ? text : withoutUsage(text));
  let content = '';
  let shows = false;
  const pieces: Piece[] = [];
  const say = (bytes: string, output: number, ends: boolean): void => {
    for (const frame of framesOf(bytes)) {
      shows ||= content !== '' || frame.includes('"name":"find"');
      pieces.push({ bytes: shown(frame), content, shows, output, ends });
    }
  };
  say(transcript.start(), 0, false);
  let made = '';
  for (const [index, token] of tokensOf([choice]).entries()) {
    made += token.text;
    const frames = framesOf(transcript.token(token));
    // Some wires open a block before they say anything.
    const at = frames.findIndex((frame) => frame.includes(JSON.stringify(token.text).slice(1, -1)));
    const first = at === -1 ? frames.length - 1 : at;
    for (const [place, frame] of frames.entries()) {
      if (place === first) content = made;
      say(frame, content === made ? index + 1 : index, false);
    }
  }
  say(transcript.end(reading), pieces.at(-1)?.output ?? 0, true);
  return { pieces, whole: shown(JSON.stringify(transcript.whole(reading))) };
}

function framesOf(bytes: string): readonly string[] {
  return bytes
    .split('\n\n')
    .filter((frame) => frame !== '')
    .map((frame) => `${frame}\n\n`);
}

/** Takes every statement of usage out of a frame or of a body. */
export function withoutUsage(text: string): string {
  const at = text.indexOf('{');
  if (at === -1) return text;
  const end = text.lastIndexOf('}') + 1;
  const silent = JSON.stringify(JSON.parse(text.slice(at, end)), (key, value: unknown) =>
    key === 'usage' || key === 'usageMetadata' ? undefined : value,
  );
  return text.slice(0, at) + silent + text.slice(end);
}
