/** Any conversation crosses from any dialect to any wire and back, and keeps what was said, called and answered. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Wire } from '../src/core/catalog.ts';
import type { Content, Conversation, Turn } from '../src/core/conversation.ts';
import { idGrammars, type IdGrammar } from '../src/core/hand-over.ts';
import { asObject, asText } from '../src/core/json.ts';
import type { JsonObject, JsonValue } from '../src/core/snapshot.ts';
import { code, wires } from '../src/dialects/table.ts';
import { readGeminiAsk } from '../src/emulator/gemini-ask.ts';
import { conversation } from './support/conversations.ts';
import {
  conversing,
  dialectNames,
  onItsWay,
  wireNames,
  type Conversing,
  type Way,
} from './support/crossing.ts';
import { endpointOf } from './support/responses.ts';

/** Every signature is at home everywhere here: what must not travel is the subject of other tests. */
const home = { keeps: () => true };

/** The request as a client of the dialect writes it. */
function asked(dialect: Conversing, drawn: Conversation): JsonObject {
  const wire = conversing[dialect].sameWire;
  const body = wires[wire]?.request(drawn, endpointOf(wire)).body;
  assert.ok(body);
  return body;
}

/** The request as the upstream gets it. */
function sent(dialect: Conversing, body: JsonObject, way: Way): JsonObject {
  const coded = code(conversing[dialect], onItsWay(conversing[dialect], body, { ...home, ...way }));
  return JSON.parse(Buffer.concat(coded.body).toString()) as JsonObject;
}

function readAs(dialect: Conversing, body: JsonObject): Conversation {
  return conversing[dialect].conversation(onItsWay(conversing[dialect], body, { ...home, wire: 'gemini' }));
}

/** One side's words until the other side speaks. */
type Speech = {
  readonly speaker: string;
  text: string[];
  calls: unknown[];
  thoughts: unknown[];
  media: unknown[];
};

/** What was said, by whom, in which order: however the dialect cuts it into messages, items or parts. */
function speeches(turns: readonly Turn[]): readonly Speech[] {
  const told: Speech[] = [];
  for (const turn of turns) {
    const speaker = turn.role === 'tool' ? `tool ${turn.callId}` : turn.role;
    const last = told.at(-1);
    const speech =
      last?.speaker === speaker ? last : { speaker, text: [], calls: [], thoughts: [], media: [] };
    if (speech !== last) told.push(speech);
    for (const block of turn.content) tellOf(speech, block, turn);
  }
  return told.map((speech) => ({
    ...speech,
    text: [speech.text.join(speech.speaker === 'assistant' ? '' : '\n\n')],
  }));
}

function tellOf(speech: Speech, block: Content | AssistantIn, turn: Turn): void {
  switch (block.type) {
    case 'text':
      // A failure is told in words where the wire has no mark for it.
      speech.text.push(turn.role === 'tool' && turn.failed === true ? `Error: ${block.text}` : block.text);
      return;
    case 'call':
      speech.calls.push([block.id, block.name, JSON.parse(block.arguments || '{}')]);
      return;
    case 'thinking':
      speech.thoughts.push([block.text, block.signature]);
      return;
    case 'image':
      speech.media.push([block.image, block.detail ?? 'auto']);
      return;
    default:
      speech.media.push(block);
  }
}

type AssistantIn = (Turn & { readonly role: 'assistant' })['content'][number];

function essence({ turns, tools, toolChoice }: Conversation): unknown {
  return { speeches: speeches(turns), tools, toolChoice };
}

/** Nine letters and digits: an id that every wire takes as it is. */
const plainId = (place: number): string => `call${String(place).padStart(5, '0')}`;

for (const a of dialectNames)
  for (const b of dialectNames)
    test(`${a} → ${b} → ${a} keeps text, calls, results and their ids`, () => {
      const extras = { thinks: a !== 'chat' && b !== 'chat', details: a !== 'messages' && b !== 'messages' };
      const [there, back] = [conversing[b].sameWire, conversing[a].sameWire];
      fc.assert(
        fc.property(conversation(plainId, extras), (drawn) => {
          const atB = sent(a, asked(a, drawn), { wire: there });
          assert.deepEqual(essence(readAs(b, atB)), essence(drawn));
          const atA = sent(b, atB, { wire: back });
          assert.deepEqual(essence(readAs(a, atA)), essence(drawn));
        }),
      );
    });

/** Gemini has no inbound dialect: its request is read here as the emulator and its API reference read it. */
function readGemini(body: JsonObject): Conversation['turns'] {
  const partsOf = (value: JsonValue | undefined): readonly JsonObject[] => {
    const parts = asObject(value)['parts'];
    return Array.isArray(parts) ? parts.map((part: JsonValue) => asObject(part)) : [];
  };
  const system = partsOf(body['systemInstruction']).map(({ text }): Turn => ({
    role: 'system',
    content: [{ type: 'text', text: asText(text) }],
  }));
  const contents = body['contents'];
  const turns = (Array.isArray(contents) ? contents : []).flatMap((content: JsonValue) =>
    partsOf(content).map((part) => geminiTurn(asObject(content)['role'] === 'model', part)),
  );
  return [...system, ...turns];
}

function geminiTurn(model: boolean, part: JsonObject): Turn {
  const { text, functionCall, functionResponse, inlineData, fileData, thought, thoughtSignature } = part;
  const call = asObject(functionCall);
  if (functionCall !== undefined) {
    const named = { id: asText(call['id']), name: asText(call['name']) };
    return {
      role: 'assistant',
      content: [{ type: 'call', ...named, arguments: JSON.stringify(call['args']) }],
    };
  }
  if (functionResponse !== undefined) {
    const { id, response } = asObject(functionResponse);
    const { output, error } = asObject(response);
    const failed = error !== undefined;
    return {
      role: 'tool',
      callId: asText(id),
      content: [{ type: 'text', text: asText(error ?? output) }],
      failed,
    };
  }
  const bytes = asObject(inlineData);
  const file = asObject(fileData);
  if (inlineData !== undefined)
    return userSays({
      type: 'image',
      image: { kind: 'base64', mediaType: asText(bytes['mimeType']), data: asText(bytes['data']) },
    });
  if (fileData !== undefined)
    return userSays({ type: 'image', image: { kind: 'url', url: asText(file['fileUri']) } });
  const said = { type: 'text', text: asText(text) } as const;
  if (!model) return userSays(said);
  const signature = asText(thoughtSignature);
  return {
    role: 'assistant',
    content: [thought === true ? { ...said, type: 'thinking', signature } : said],
  };
}

function userSays(content: Content): Turn {
  return { role: 'user', content: [content] };
}

for (const a of dialectNames)
  test(`${a} → gemini keeps text, calls, results and their ids, and Gemini takes it`, () => {
    const model = 'gemini-2.5-flash';
    fc.assert(
      fc.property(conversation(plainId), (drawn) => {
        const body = sent(a, asked(a, drawn), { wire: 'gemini', model });
        assert.deepEqual(speeches(readGemini(body)), speeches(drawn.turns));
        const ask = readGeminiAsk({ ...body, model });
        assert.deepEqual(
          ask.tools.map(({ name, schema }) => ({ name, schema })),
          drawn.tools.map(({ name, schema }) => ({ name, schema })),
        );
        assert.equal(ask.toolResults, drawn.turns.filter(({ role }) => role === 'tool').length);
      }),
    );
  });

/** Where a request may go, and which ids are taken there. */
const places: readonly (Way & { readonly grammar: IdGrammar })[] = [
  ...wireNames.map((wire): Way & { grammar: IdGrammar } => ({
    wire,
    model: 'gemini-2.5-flash',
    grammar: wire === 'anthropic' ? idGrammars.anthropic : idGrammars.openai,
  })),
  { wire: 'openai-chat', catalog: 'mistral', grammar: idGrammars.mistral },
];

/** Short and long, with anything in them; all of them different. */
const id = fc.oneof(
  fc.string({ minLength: 1, maxLength: 80, unit: 'grapheme' }),
  fc.string({ minLength: 60, maxLength: 70, unit: fc.constantFrom('a', '"', '\\', '_') }),
);
const ids = fc.uniqueArray(id, { minLength: 16, maxLength: 16 });

/** Call ids and result ids, in the order in which they stand in the request. */
function idsIn(
  wire: Wire,
  body: JsonObject,
): { readonly calls: readonly string[]; readonly results: readonly string[] } {
  const dialect = dialectNames.find((name) => conversing[name].sameWire === wire);
  const turns = dialect ? readAs(dialect, body).turns : readGemini(body);
  return {
    calls: turns.flatMap((turn) =>
      turn.role === 'assistant'
        ? turn.content.flatMap((block) => (block.type === 'call' ? [block.id] : []))
        : [],
    ),
    results: turns.flatMap((turn) => (turn.role === 'tool' ? [turn.callId] : [])),
  };
}

for (const dialect of dialectNames)
  for (const { grammar, ...place } of places)
    test(`ids of ${dialect} at ${place.catalog ?? place.wire}: taken there, all different, results linked`, () => {
      fc.assert(
        fc.property(
          ids,
          conversation((at) => `#${at}`),
          (chosen, drawn) => {
            const named = renamed(drawn, (id) => chosen[Number(id.slice(1)) % chosen.length] ?? id);
            const own = idsIn(conversing[dialect].sameWire, asked(dialect, named));
            const theirs = idsIn(place.wire, sent(dialect, asked(dialect, named), place));
            const map = new Map(own.calls.map((id, index) => [id, theirs.calls[index] ?? '']));
            assert.deepEqual(
              theirs.results,
              own.results.map((id) => map.get(id)),
            );
            assert.equal(new Set(map.values()).size, map.size, 'no two ids become one');
            for (const [id, other] of map) {
              assert.match(other, grammar.valid);
              if (grammar.valid.test(id)) assert.equal(other, id, 'an id that is taken stays');
            }
            const again = idsIn(place.wire, sent(dialect, asked(dialect, named), place));
            assert.deepEqual(again, theirs, 'the same every time, for the cache');
          },
        ),
      );
    });

function renamed(drawn: Conversation, name: (id: string) => string): Conversation {
  return {
    ...drawn,
    turns: drawn.turns.map((turn): Turn => {
      if (turn.role === 'tool') return { ...turn, callId: name(turn.callId) };
      if (turn.role !== 'assistant') return turn;
      const content = turn.content.map((block) =>
        block.type === 'call' ? { ...block, id: name(block.id) } : block,
      );
      return { ...turn, content };
    }),
  };
}
