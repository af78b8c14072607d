/** Whether an answer is streamed or whole, a client of any dialect learns the same from it, whatever wire it came on. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Wire } from '../src/core/catalog.ts';
import { fold, textOf, type Answer, type Part } from '../src/core/conversation.ts';
import { zero } from '../src/core/money.ts';
import type { JsonObject } from '../src/core/snapshot.ts';
import type { Dialect, PartReader } from '../src/dialects/dialect.ts';
import type { SseEvent } from '../src/dialects/sse.ts';
import type { Coded } from '../src/dialects/table.ts';
import { anthropicWire } from '../src/emulator/anthropic-wire.ts';
import type { Choice } from '../src/emulator/answer.ts';
import type { Ask } from '../src/emulator/ask.ts';
import { geminiWire } from '../src/emulator/gemini-wire.ts';
import { openaiWire } from '../src/emulator/openai-wire.ts';
import { responsesWire } from '../src/emulator/responses-wire.ts';
import { tokensOf, type Wire as EmulatedWire } from '../src/emulator/wire.ts';
import { choice, parts } from './support/answers.ts';
import {
  conversing,
  dialectNames,
  eventsIn,
  onItsWay,
  plainest,
  plainly,
  readStream,
  readWhole,
  tell,
  tellWhole,
  wireNames,
  type Conversing,
} from './support/crossing.ts';

/** An answer as an upstream sends it: both ways. */
type Sent = { readonly events: readonly SseEvent[]; readonly whole: JsonObject };

/** What a client makes of it. */
function seen(coded: Coded, dialect: Dialect, { events, whole }: Sent): { streamed: Answer; whole: Answer } {
  const { raw, error, finished } = tell(coded, events);
  assert.ok(error === undefined && finished, String(error));
  return {
    streamed: readStream(dialect.sameWire, eventsIn([Buffer.from(raw)])),
    whole: readWhole(dialect.sameWire, tellWhole(coded, whole).body),
  };
}

/** All that chat completions can tell: texts and calls each in their order. */
function inChat({ blocks, ...answer }: Answer): unknown {
  return {
    ...answer,
    text: textOf(blocks.filter((block) => block.type === 'text' && !block.refusal)),
    refusal: textOf(blocks.filter((block) => block.type === 'text' && block.refusal)),
    logprobs: blocks.flatMap((block) => (block.type === 'text' ? (block.logprobs ?? []) : [])),
    thought: blocks.map((block) => (block.type === 'thinking' ? block.text : '')).join(''),
    calls: callsOf({ blocks }),
  };
}

function callsOf({ blocks }: Pick<Answer, 'blocks'>): unknown {
  return blocks.flatMap((block) =>
    block.type === 'call' ? [[block.id, block.name, JSON.parse(block.arguments || '{}')]] : [],
  );
}

const emulated: Readonly<Record<Wire, readonly [EmulatedWire, vendor: string]>> = {
  'openai-chat': [openaiWire, 'deepseek'],
  'openai-responses': [responsesWire, 'openai'],
  anthropic: [anthropicWire, 'anthropic'],
  gemini: [geminiWire, 'google'],
};

type Scene = { readonly said: Choice; readonly reasoning: 'shown' | 'hidden'; readonly cacheRead: number };

const anyAsk: Omit<Ask, 'reasoning'> = {
  model: 'raw-1',
  stream: true,
  reportUsage: true,
  choices: 1,
  stop: [],
  prompt: [],
  userText: 'hi',
  toolResults: 0,
  tools: [],
  toolChoice: 'auto',
};

/** As the emulated vendor would send it. */
function emulate(wire: Wire, { said, reasoning, cacheRead }: Scene): Sent {
  const [emulator, vendor] = emulated[wire];
  const prompt = { input: 7, cacheRead, cacheWrite: 0, cacheWrite1h: 0 };
  const tokens = tokensOf([said]);
  const reading = { usage: emulator.usage(prompt, tokens, vendor), cost: zero };
  const ask = { ...anyAsk, reasoning };
  const transcript = emulator.transcript({ id: 'up-1', vendor, at: 0, ask, choices: [said], prompt });
  const stream = [
    transcript.start(),
    ...tokens.map((token) => transcript.token(token)),
    transcript.end(reading),
  ];
  return {
    events: eventsIn(stream.map((text) => Buffer.from(text))),
    whole: transcript.whole(reading) as JsonObject,
  };
}

const scene = fc.record({
  said: choice,
  reasoning: fc.constantFrom('shown', 'hidden'),
  cacheRead: fc.nat(99),
});

for (const wire of wireNames)
  for (const dialect of dialectNames)
    test(`${wire} → ${dialect}: an emulated answer is the same, streamed or whole`, () => {
      fc.assert(
        fc.property(scene, (drawn) => {
          const upstream = emulate(wire, drawn);
          const client = seen(plainly(dialect, wire), conversing[dialect], upstream);
          assert.deepEqual(client.streamed, client.whole);
          const sent = {
            streamed: readStream(wire, upstream.events),
            whole: readWhole(wire, JSON.stringify(upstream.whole)),
          };
          assert.deepEqual(callsOf(client.whole), callsOf(sent.whole), 'the client sees its own ids');
          assert.equal(textOf(client.whole.blocks), textIn(drawn.said));
          assert.equal(client.whole.finish, finishes[drawn.said.finish]);
          assert.deepEqual(inChat(told(client.whole)), inChat(told(sent.whole)));
          assert.deepEqual(inChat(told(client.streamed)), inChat(told(sent.streamed)));
        }),
      );
    });

const finishes = { stop: 'stop', length: 'length', tool: 'tool_calls' } as const;

function textIn({ parts: drawn }: Choice): string {
  return drawn.flatMap((part) => (part.kind === 'text' ? part.pieces : [])).join('');
}

/** Without the names that an answer has at each side. */
function told({ blocks, finish }: Answer): Answer {
  return { blocks, ...(finish ? { finish } : {}) };
}

/** A wire that sends parts as they are. */
const bare: PartReader = {
  read: ({ data }) => ({ parts: [JSON.parse(data.toString()) as Part], last: false }),
};

/** The drawn answer as an upstream that speaks the dialect would send it. */
function written(dialect: Conversing, drawn: readonly Part[]): Sent {
  const codec = conversing[dialect];
  const out = onItsWay(codec, plainest[dialect], { wire: 'gemini' });
  const coded: Coded = {
    path: '',
    body: [],
    headers: {},
    warnings: [],
    translated: true,
    notes: [],
    stream: (identity) => codec.write(identity, bare, out),
    whole: (_body, identity) => codec.writeWhole(drawn, identity, out),
  };
  const { raw } = tell(
    coded,
    drawn.map((part) => ({ data: Buffer.from(JSON.stringify(part)) })),
  );
  return { events: eventsIn([Buffer.from(raw)]), whole: JSON.parse(tellWhole(coded, {}).body) as JsonObject };
}

/**
 * The blocks as the dialect can tell them: Responses has no word for thinking that only its issuer can read, Messages
 * none for log probabilities.
 */
function blocksIn(dialect: Conversing, answer: Answer): unknown {
  if (dialect === 'chat') return inChat(told(answer));
  return answer.blocks.map((block) => {
    if (block.type === 'text') return dialect === 'messages' ? { text: block.text } : block;
    if (block.type !== 'thinking') return block;
    const { id: _id, redacted, ...thought } = block;
    if (redacted === undefined) return thought;
    return dialect === 'responses' ? { ...thought, signature: `redacted:${redacted}` } : block;
  });
}

for (const dialect of dialectNames)
  test(`${dialect}: any answer written streamed or whole reads as what was said`, () => {
    fc.assert(
      fc.property(parts, (drawn) => {
        const { events, whole } = written(dialect, drawn);
        const wire = conversing[dialect].sameWire;
        for (const answer of [readStream(wire, events), readWhole(wire, JSON.stringify(whole))]) {
          assert.deepEqual(blocksIn(dialect, answer), blocksIn(dialect, fold(drawn)));
        }
      }),
    );
  });

for (const upstream of dialectNames)
  for (const dialect of dialectNames)
    test(`${upstream} → ${dialect}: any answer passes the same, streamed or whole`, () => {
      const exactly = upstream === 'chat' || dialect === 'chat' ? inChat : (answer: Answer) => answer;
      fc.assert(
        fc.property(parts, (drawn) => {
          const sent = written(upstream, drawn);
          const coded = plainly(dialect, conversing[upstream].sameWire);
          const { streamed, whole } = seen(coded, conversing[dialect], sent);
          assert.deepEqual(exactly(streamed), exactly(whole));
        }),
      );
    });
