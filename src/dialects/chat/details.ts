/**
 * OpenRouter's `reasoning_details`: thinking with the proof of who issued it, in a shape that chat clients keep and
 * send back. Facts: OpenRouter API reference, ReasoningDetailUnion and ReasoningFormat.
 */
import type { Wire } from '../../core/catalog.ts';
import type { Part, Thinking } from '../../core/conversation.ts';
import { asObject, asText, someText } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';

const gemini = 'google-gemini-v1';
const responses = 'openai-responses-v1';
const formats: Readonly<Record<Wire, string>> = {
  anthropic: 'anthropic-claude-v1',
  gemini,
  'openai-responses': responses,
  'openai-chat': 'unknown',
};

/** Tells thinking as details, part by part; pieces of one thought have one index. */
export class DetailWriter {
  readonly #format: string;
  #index = 0;
  /** A thought has begun that may still grow. */
  #open = false;

  constructor(wire: Wire) {
    this.#format = formats[wire];
  }

  /** `next` is the part that follows at once, if one does. */
  details(part: Part, next: Part | undefined): readonly JsonObject[] {
    switch (part.type) {
      case 'thinking':
        if (part.text === '') return [];
        this.#open = true;
        return [this.#detail(this.#said(part.text))];
      case 'signature':
        // The signature of a call is told before it too, for dialects that have no place in a call.
        if (next?.type === 'call' && next.signature === part.signature) return [];
        return [this.#signed(part.signature, part.id)];
      case 'call':
        return part.signature === undefined ? this.#close() : [this.#sealed(part.signature, part.id)];
      case 'redacted':
        return [this.#sealed(part.data)];
      case 'text':
        return part.text === '' ? [] : this.#close();
      case 'break':
        return this.#close();
      default:
        return [];
    }
  }

  #said(text: string): JsonObject {
    return this.#format === responses
      ? { type: 'reasoning.summary', summary: text }
      : { type: 'reasoning.text', text };
  }

  #signed(signature: string, id: string | undefined): JsonObject {
    if (this.#format !== formats.anthropic) return this.#sealed(signature, id);
    const detail = this.#detail({ type: 'reasoning.text', text: '', signature });
    this.#index += 1;
    this.#open = false;
    return detail;
  }

  #sealed(data: string, id?: string): JsonObject {
    this.#close();
    const detail = this.#detail({ type: 'reasoning.encrypted', data, ...optional('id', id) });
    this.#index += 1;
    return detail;
  }

  #detail(detail: JsonObject): JsonObject {
    return { ...detail, format: this.#format, index: this.#index };
  }

  #close(): readonly JsonObject[] {
    if (this.#open) this.#index += 1;
    this.#open = false;
    return [];
  }
}

/** The details of a whole answer: the pieces of each thought as one. */
export function wholeDetails(parts: readonly Part[], wire: Wire): readonly JsonObject[] {
  const writer = new DetailWriter(wire);
  const pieces = parts.flatMap((part, at) => writer.details(part, parts[at + 1]));
  return pieces.reduce<JsonObject[]>((list, piece) => {
    const last = list.at(-1);
    if (last?.['index'] !== piece['index'] || last?.['type'] !== piece['type']) return [...list, piece];
    const grown = piece['type'] === 'reasoning.summary' ? 'summary' : 'text';
    const text = asText(last?.[grown]) + asText(piece[grown]);
    return [...list.slice(0, -1), { ...last, ...piece, [grown]: text }];
  }, []);
}

export type ReadDetails = {
  /** Thoughts, in order; what was sealed without any text is one of its own. */
  readonly thoughts: readonly Thinking[];
  /** Proofs of Gemini's that belong to the text rather than to a thought before it. */
  readonly ofText: readonly Thinking[];
  /** Call id → its proof. */
  readonly ofCalls: ReadonlyMap<string, string>;
};

type Growing = { thought: Thinking; readonly index: JsonValue | undefined };

/** Reads what came back; clients may have joined the pieces of a stream, or not. */
export function readDetails(value: JsonValue | undefined, callIds: ReadonlySet<string>): ReadDetails {
  const list = Array.isArray(value) ? value.map((item: JsonValue) => asObject(item)) : [];
  const thoughts: Growing[] = [];
  const ofText: Thinking[] = [];
  const ofCalls = new Map<string, string>();
  for (const detail of list) {
    const data = someText(detail['data']);
    const id = someText(detail['id']);
    if (detail['type'] === 'reasoning.text' || detail['type'] === 'reasoning.summary') grow(thoughts, detail);
    else if (detail['type'] !== 'reasoning.encrypted' || data === undefined) continue;
    else if (detail['format'] === gemini && id !== undefined && callIds.has(id)) ofCalls.set(id, data);
    else if (detail['format'] === gemini) ofText.push({ type: 'thinking', text: '', signature: data });
    else if (asText(detail['format']).includes('responses')) seal(thoughts, data, id);
    else thoughts.push({ thought: { type: 'thinking', text: '', redacted: data }, index: undefined });
  }
  return { thoughts: thoughts.map(({ thought }) => thought), ofText, ofCalls };
}

function grow(thoughts: Growing[], detail: JsonObject): void {
  const text = asText(detail['text'] ?? detail['summary']);
  const proof = optional('signature', someText(detail['signature']));
  const last = thoughts.at(-1);
  const index = detail['index'];
  if (last && isOpen(last.thought) && last.index === index)
    last.thought = { ...last.thought, text: last.thought.text + text, ...proof };
  else if (text !== '' || proof.signature !== undefined)
    thoughts.push({ thought: { type: 'thinking', text, ...proof }, index });
}

/** OpenAI's encrypted content proves the summary before it. */
function seal(thoughts: Growing[], signature: string, id: string | undefined): void {
  const last = thoughts.at(-1);
  const own = { signature, ...optional('id', id) };
  if (last && isOpen(last.thought)) last.thought = { ...last.thought, ...own };
  else thoughts.push({ thought: { type: 'thinking', text: '', ...own }, index: undefined });
}

function isOpen({ signature, redacted }: Thinking): boolean {
  return signature === undefined && redacted === undefined;
}

/** What proves a detail to be its issuer's. */
export function proofOf(detail: JsonObject): string | undefined {
  return someText(detail['signature']) ?? someText(detail['data']);
}
