/**
 * Chat completions in, chat completions out: bytes pass. Of each event only `model` is replaced, a null
 * `system_fingerprint` or `usage` is dropped, for OpenRouter's SDK refuses both, and `usage` is held back until the
 * cost is known; the rest is never re-serialised.
 */
import type { FinishReason } from '../../core/conversation.ts';
import { asObject } from '../../core/json.ts';
import { optional, type Draft } from '../../core/optional.ts';
import type { JsonObject } from '../../core/snapshot.ts';
import {
  BadAnswer,
  type AnswerFacts,
  type AnswerIdentity,
  type Bill,
  type Step,
  type StreamTranslator,
  type WholeAnswer,
} from '../dialect.ts';
import { JsonFault } from '../json-scan.ts';
import { bytesOf, parseJson, readSource, splice, type Edits } from '../json-source.ts';
import type { Source } from '../../core/ask.ts';
import { hasDetails, proofsIn } from './own-details.ts';
import { Repeat } from './repeat.ts';
import { metadataEdit, metadataMember, readCharge, readChatUsage, writeChatUsage } from './usage.ts';
import type { SseEvent } from '../sse.ts';

const done = Buffer.from('data: [DONE]\n\n');
const dataPrefix = Buffer.from('data: ');
const frameEnd = Buffer.from('\n\n');
/** No JSON has a bare control character: it can stand nowhere else. */
const hole = '\u0001';
/** `choices` of a delta without text is some 60 bytes, and up to twice that with logprobs and native reasons. */
const mostFrame = 120;
const nothingYet: Step = { content: false, last: false };

type Choice = {
  readonly index?: number;
  readonly delta?: JsonObject | null;
  readonly finish_reason?: string | null;
};

/** Translates one upstream stream of the same wire. */
export class ChatPass implements StreamTranslator {
  readonly #identity: AnswerIdentity;
  readonly #model: string;
  #id: string | undefined;
  #created: unknown;
  #usage: JsonObject | undefined;
  /** The event that carries the final usage: it goes out last, with the cost. */
  #held: Source | undefined;
  #finish: string | undefined;
  /** Indexes of the choices that have ended; several answers may be asked for. */
  readonly #ended = new Set<number>();
  #done = false;
  #committed = false;
  readonly #proofs: string[] = [];
  #events = 0;
  #bytes = 0;
  #contentBytes = 0;
  readonly #repeat = new Repeat();
  /** The least bytes of `choices` seen; never so many that a long delta passes for the frame of a short one. */
  #frame = mostFrame;

  constructor(identity: AnswerIdentity) {
    this.#identity = identity;
    this.#model = JSON.stringify(identity.model);
  }

  event({ data }: SseEvent): Step {
    if (data.length === 6 && data.toString('latin1') === '[DONE]') {
      this.#done = true;
      return { content: false, last: true };
    }
    const alike = this.#committed ? this.#repeat.match(data) : undefined;
    if (alike && !hasFinish(alike) && !hasDetails(alike)) {
      this.#count(alike);
      return { content: true, last: false, out: this.#repeat.write(alike) };
    }
    const source = readEvent(data);
    const error = bytesOf(source, 'error');
    if (error && !isNull(error))
      return { ...nothingYet, error: { status: 200, headers: {}, body: data.toString('utf8') } };
    const choices = bytesOf(source, 'choices');
    const content = choices !== undefined && this.#readChoices(choices);
    if (content) this.#count(choices);
    if (choices && hasDetails(choices)) this.#proofs.push(...proofsIn(parseChoices(choices)));
    return { content, last: false, ...optional('out', this.#pass(source, choices)) };
  }

  finished(): boolean {
    return this.#ended.size >= this.#identity.answers || (this.#done && this.#committed);
  }

  facts(): AnswerFacts {
    return {
      ...optional('upstreamId', this.#id),
      ...optional('answerId', this.#id),
      ...optional('usage', readChatUsage(this.#usage)),
      ...optional('charged', readCharge(this.#usage)),
      ...optional('finish', unifiedFinish(this.#finish)),
      ...optional('nativeFinish', this.#finish),
      ...(this.#proofs.length > 0 ? { signatures: this.#proofs } : {}),
      outputSeen: Math.max(
        this.#events,
        Math.ceil((this.#bytes - this.#events * Math.min(this.#frame, this.#bytes)) / 4),
      ),
      outputBytes: this.#contentBytes,
    };
  }

  closing(bill: Bill): Uint8Array {
    const usage = writeChatUsage(bill, readChatUsage(this.#usage) ? this.#usage : undefined);
    const held = this.#held;
    const last = held
      ? frame(splice(held, new Map([...this.#edits(held, usage), ...metadataEdit(bill)])))
      : Buffer.from(`data: ${this.#usageChunk(usage, bill)}\n\n`);
    return Buffer.concat([last, done]);
  }

  /** An upstream that never sent usage: the chunk that OpenAI would have sent, with our numbers. */
  #usageChunk(usage: string, bill: Bill): string {
    const head = JSON.stringify({
      id: this.#id ?? this.#identity.generation,
      object: 'chat.completion.chunk',
      created: this.#created ?? this.#identity.created,
      model: this.#identity.model,
      choices: [],
    });
    return `${head.slice(0, -1)},"usage":${usage}${metadataMember(bill)}}`;
  }

  /** True when the event carries model output or ends the answer. Parsed only where that is not plain already. */
  #readChoices(choices: Buffer): boolean {
    if (choices.length < 3) return false;
    const ends = hasFinish(choices);
    if (this.#committed && !ends) return true;
    const list = parseChoices(choices);
    for (const choice of list) {
      if (typeof choice.finish_reason !== 'string') continue;
      this.#finish = choice.finish_reason;
      this.#ended.add(choice.index ?? 0);
    }
    this.#committed ||= this.#ended.size > 0 || list.some((choice) => hasContent(choice.delta));
    return this.#committed;
  }

  #count(choices: Buffer): void {
    this.#events += 1;
    this.#bytes += choices.length;
    this.#contentBytes += Math.max(1, contentBytes(choices));
    this.#frame = Math.min(this.#frame, choices.length);
  }

  /** The event's bytes for the client, or nothing yet where it is held back. */
  #pass(source: Source, choices: Buffer | undefined): Uint8Array | undefined {
    if (this.#id === undefined) this.#remember(source);
    const usage = bytesOf(source, 'usage');
    if (!usage || isNull(usage)) {
      const edits = this.#edits(source, undefined);
      if (this.#committed && this.#repeat.open) this.#learn(source, edits);
      return frame(splice(source, edits));
    }
    const earlier = this.#held;
    this.#usage = asObject(parsed(usage));
    this.#held = undefined;
    const flushed = earlier ? this.#withoutUsage(earlier) : undefined;
    if (choices && choices.length > 2 && !hasFinish(choices))
      return joined(flushed, this.#withoutUsage(source));
    this.#held = source;
    return flushed;
  }

  #learn(source: Source, edits: Edits): void {
    const place = source.members.get('choices');
    if (!place) return;
    const { body } = source;
    const written = Buffer.from(frame(splice(source, new Map([...edits, ['choices', hole]]))));
    const at = written.indexOf(hole);
    this.#repeat.learn(
      { before: body.subarray(0, place.value), after: body.subarray(place.end) },
      { before: written.subarray(0, at), after: written.subarray(at + hole.length) },
    );
  }

  /** Running totals that some providers send in every event: only the last is the bill. */
  #withoutUsage(source: Source): Uint8Array | undefined {
    const choices = bytesOf(source, 'choices');
    if (!choices || choices.length < 3) return undefined;
    return frame(splice(source, new Map([...this.#edits(source, undefined), ['usage', undefined]])));
  }

  #edits(source: Source, usage: string | undefined): Map<string, string | undefined> {
    const edits = new Map<string, string | undefined>();
    if (source.members.has('model')) edits.set('model', this.#model);
    const fingerprint = bytesOf(source, 'system_fingerprint');
    if (fingerprint && isNull(fingerprint)) edits.set('system_fingerprint', undefined);
    const own = bytesOf(source, 'usage');
    if (usage !== undefined) edits.set('usage', usage);
    else if (own && isNull(own)) edits.set('usage', undefined);
    return edits;
  }

  #remember(source: Source): void {
    const id = bytesOf(source, 'id');
    const text = parsed(id);
    if (typeof text !== 'string' || text === '') return;
    this.#id = text;
    const created = bytesOf(source, 'created');
    this.#created = parsed(created);
  }
}

function readEvent(data: Buffer): Source {
  try {
    return readSource(data);
  } catch (error) {
    if (error instanceof JsonFault) throw new BadAnswer(`an event of the stream is broken: ${error.message}`);
    throw error;
  }
}

function parseChoices(choices: Buffer): readonly Choice[] {
  try {
    return choicesIn(JSON.parse(choices.toString('utf8')));
  } catch {
    throw new BadAnswer('an event of the stream is broken');
  }
}

function choicesIn(list: unknown): readonly Choice[] {
  return Array.isArray(list)
    ? (list as readonly Choice[]).filter((choice) => typeof choice === 'object' && choice !== null)
    : [];
}

function hasContent(delta: JsonObject | null | undefined): boolean {
  if (!delta) return false;
  return [
    'content',
    'reasoning_content',
    'reasoning',
    'reasoning_details',
    'tool_calls',
    'function_call',
    'refusal',
    'audio',
  ].some((key) => {
    const value = delta[key];
    return (
      value !== undefined && value !== null && value !== '' && !(Array.isArray(value) && value.length === 0)
    );
  });
}

const deltaKey = '"delta":{';
/** The shortest key that carries text, with its quotes. */
const contentKey = '"content":"';

/** How many bytes of text an event has at most; found without parsing it, for several tokens may come in one. */
function contentBytes(choices: Buffer): number {
  const start = choices.indexOf(deltaKey);
  const end = choices.lastIndexOf('"}');
  return start === -1 || end < start ? choices.length : end - start - deltaKey.length - contentKey.length;
}

/** True when some choice has a `finish_reason` that is not null. Inside a JSON string the quotes would be escaped. */
function hasFinish(choices: Buffer): boolean {
  const key = '"finish_reason":';
  for (let at = choices.indexOf(key); at !== -1; at = choices.indexOf(key, at + key.length)) {
    let value = at + key.length;
    while (choices[value] === 0x20) value++;
    if (choices[value] === 0x22) return true;
  }
  return choices.includes('"finish_reason" ');
}

function isNull(bytes: Buffer): boolean {
  return bytes.length === 4 && bytes.toString('latin1') === 'null';
}

function frame(pieces: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([dataPrefix, ...pieces, frameEnd]);
}

function joined(a: Uint8Array | undefined, b: Uint8Array | undefined): Uint8Array | undefined {
  return a && b ? Buffer.concat([a, b]) : (a ?? b);
}

/** OpenAI's finish reasons are the unified ones; anything else is kept raw and counts as a stop. */
export function unifiedFinish(raw: string): FinishReason;
export function unifiedFinish(raw: string | undefined): FinishReason | undefined;
export function unifiedFinish(raw: string | undefined): FinishReason | undefined {
  switch (raw) {
    case undefined:
      return undefined;
    case 'length':
    case 'content_filter':
    case 'error':
      return raw;
    case 'tool_calls':
    case 'function_call':
      return 'tool_calls';
    default:
      return 'stop';
  }
}

/** Reads a complete answer of the same wire. Throws BadAnswer when it has no choices or is no answer at all. */
export function passAnswer(body: Buffer, identity: AnswerIdentity): WholeAnswer {
  const source = readEvent(body);
  const { choices: given, usage: raw, id } = asObject(parsed(source.body));
  const choices = bytesOf(source, 'choices');
  const list = choicesIn(given);
  if (!choices || list.length === 0) throw new BadAnswer('the answer has no choices');
  const finish = list.find(({ finish_reason: reason }) => typeof reason === 'string')?.finish_reason;
  const usage = readChatUsage(raw);
  const charged = readCharge(raw);
  const facts: Draft<AnswerFacts> = { outputSeen: Math.ceil(choices.length / 4) };
  if (typeof id === 'string') facts.upstreamId = id;
  if (usage) facts.usage = usage;
  if (charged !== undefined) facts.charged = charged;
  if (finish !== undefined && finish !== null) {
    facts.finish = unifiedFinish(finish);
    facts.nativeFinish = finish;
  }
  if (hasDetails(choices)) facts.signatures = proofsIn(list);
  return {
    facts,
    compose: (bill) => {
      const own = usage ? (raw as JsonObject) : undefined;
      const edits = new Map<string, string | undefined>([
        ['model', JSON.stringify(identity.model)],
        ['usage', writeChatUsage(bill, own)],
        ...metadataEdit(bill),
      ]);
      // In a whole answer OpenRouter's SDK demands the field, and takes null; in a stream it refuses null.
      if (!source.members.has('system_fingerprint')) edits.set('system_fingerprint', 'null');
      return splice(source, edits);
    },
  };
}

function parsed(bytes: Buffer | undefined): unknown {
  if (!bytes) return undefined;
  try {
    return parseJson(bytes);
  } catch {
    throw new BadAnswer('the answer is not valid JSON');
  }
}
