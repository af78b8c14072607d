/** What the emulated model says. The same request always gets the same answer. */
import { hash } from 'node:crypto';
import type { Ask, ToolOffer } from './ask.ts';
import { directions } from './directions.ts';
import { sample } from './schema-sample.ts';
import { pieces } from './tokens.ts';

/** One content block of an answer, cut into tokens. Of a tool call they are its JSON arguments. */
export type Part =
  | { readonly kind: 'reasoning' | 'text'; readonly pieces: readonly string[] }
  | { readonly kind: 'tool'; readonly name: string; readonly pieces: readonly string[] };

export type Choice = {
  readonly parts: readonly Part[];
  readonly finish: 'stop' | 'length' | 'tool';
  /** The stop sequence that ended it. */
  readonly stopSequence?: string;
};

/** All `n` answers to a request. */
export function answer(ask: Ask): readonly Choice[] {
  return Array.from({ length: ask.choices }, (_, index) => choose(ask, index));
}

function choose(ask: Ask, index: number): Choice {
  const told = directions(ask.userText)[ask.toolResults];
  const directed = told && ask.tools.find(({ name }) => name === told.name);
  const tool = directed ?? toolToCall(ask);
  const thoughts = ask.reasoning === 'none' ? '' : think(ask, tool);
  const reasoning: Part = { kind: 'reasoning', pieces: pieces(thoughts) };
  if (tool) {
    const args = JSON.stringify(directed ? told.arguments : sample(tool.schema, ask.userText));
    return cap([reasoning, { kind: 'tool', name: tool.name, pieces: pieces(args) }], ask, 'tool');
  }
  const said = ask.answerSchema ? JSON.stringify(sample(ask.answerSchema, ask.userText)) : write(ask, index);
  const stop = firstStop(said, ask.stop);
  const kept = stop ? said.slice(0, said.indexOf(stop)) : said;
  const choice = cap([reasoning, { kind: 'text', pieces: pieces(kept) }], ask, 'stop');
  return stop && choice.finish === 'stop' ? { ...choice, stopSequence: stop } : choice;
}

/** Cuts the answer to its cap; parts without a token are left out. */
function cap(parts: readonly Part[], ask: Ask, finish: 'stop' | 'tool'): Choice {
  const most = ask.maxTokens ?? Infinity;
  let left = most;
  const kept = parts.map((part) => {
    const cut = part.pieces.slice(0, left);
    left -= cut.length;
    return { ...part, pieces: cut };
  });
  const length = parts.reduce((sum, part) => sum + part.pieces.length, 0);
  return { parts: kept.filter((part) => part.pieces.length > 0), finish: length > most ? 'length' : finish };
}

/** The stop sequence that comes first in `said`. */
function firstStop(said: string, stops: readonly string[]): string | undefined {
  const found = stops.filter((stop) => stop !== '' && said.includes(stop));
  return found.toSorted((a, b) => said.indexOf(a) - said.indexOf(b))[0];
}

/** The tool that the choice demands, or that the user's words suggest; none after a tool result. */
function toolToCall(ask: Ask): ToolOffer | undefined {
  const { tools, toolChoice: choice } = ask;
  if (choice === 'none' || tools.length === 0) return undefined;
  if (typeof choice === 'object') return tools.find(({ name }) => name === choice.name);
  if (choice === 'auto' && ask.toolResult !== undefined) return undefined;
  return (
    tools.find(({ name }) => suggests(ask.userText, name)) ?? (choice === 'required' ? tools[0] : undefined)
  );
}

/** True when the text has the tool's name in it, or one of the name's longer words. */
function suggests(userText: string, name: string): boolean {
  const said = new Set(userText.toLowerCase().match(/[\p{L}\d_-]+/gu));
  const words = name
    .replaceAll(/(?<=[a-z\d])(?=[A-Z])/g, ' ')
    .toLowerCase()
    .split(/[^a-z\d]+/);
  return said.has(name.toLowerCase()) || words.some((word) => word.length >= 4 && said.has(word));
}

function think(ask: Ask, tool: ToolOffer | undefined): string {
  const plan = tool ? `The tool ${tool.name} can find that out.` : 'A short and direct reply will do.';
  return `The request is: ${quote(ask.userText, 80)} ${plan}`;
}

function write(ask: Ask, index: number): string {
  const signature = `This is the emulator playing ${ask.model}.`;
  if (ask.toolResult !== undefined) return `The tool returned ${quote(ask.toolResult, 200)}. ${signature}`;
  const words = /\b(\d{1,5})[ -]words?\b/i.exec(ask.userText)?.[1];
  if (words) return essay(Math.min(Number(words), 20_000));
  const { said } = kinds.find(({ when }) => when.test(ask.userText)) ?? { said: replies };
  const turn = hash('sha256', `${ask.model}\n${ask.userText}\n${index}`, 'buffer').readUInt32BE();
  return `${said[turn % said.length]?.(quote(ask.userText, 80))} ${signature}`;
}

type Reply = (topic: string) => string;

const replies: readonly Reply[] = [
  (topic) =>
    `You wrote ${topic}. Here is where a model would reason about it and reply in a paragraph or two.`,
  (topic) => `About ${topic}: the short answer is that it depends, and the next step is to say on what.`,
  (topic) => `Good question. To ${topic} there are two sides, and a real model would now weigh them for you.`,
];

/** What is said to requests of a recognisable kind. */
const kinds: readonly { readonly when: RegExp; readonly said: readonly Reply[] }[] = [
  {
    when: /\bsummar|\btl;?dr\b/i,
    said: [(topic) => `In one sentence: the text says ${topic}. Nothing that matters was left out.`],
  },
  {
    when: /\bclassif|\blabel\b|\bcategor/i,
    said: [(topic) => `Label: general. It fits ${topic} better than the other labels do.`],
  },
  {
    when: /\b(code|function|implement|refactor|bug|script|test)\b/i,
    said: [
      (topic) =>
        `For ${topic}, start with this:\n\n\`\`\`ts\nexport const answer = (): number => 42;\n\`\`\`\n\nThen add a test.`,
      (topic) =>
        `A first step for ${topic}:\n\n\`\`\`ts\nexport function todo(): never {\n  throw new Error('todo');\n}\n\`\`\`\n`,
    ],
  },
];

/** So many words of plain prose, for those who ask for a length. */
function essay(length: number): string {
  const prose =
    'Water finds the lowest place in the wall, and a spillway decides beforehand where that place is.'.split(
      ' ',
    );
  return Array.from({ length }, (_, index) => prose[index % prose.length]).join(' ');
}

/** A text on one line, shortened, in quotation marks. */
function quote(text: string, most: number): string {
  const line = text.replaceAll(/\s+/g, ' ').trim();
  return `“${line.length > most ? `${line.slice(0, most - 1).trimEnd()}…` : line}”`;
}
