/** Writes the parts of an answer from another wire as a message of Anthropic's, streamed or whole. */
import type { Answer, AssistantBlock, Part } from '../../core/conversation.ts';
import { fold } from '../../core/conversation.ts';
import { optional } from '../../core/optional.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import { completionTokens, nothing } from '../../core/usage.ts';
import {
  BadAnswer,
  type AnswerFacts,
  type AnswerIdentity,
  type Bill,
  type PartReader,
  type Step,
  type StreamTranslator,
  type WholeAnswer,
} from '../dialect.ts';
import type { SseEvent } from '../sse.ts';
import { BlockWriter, event, toolUse } from './frames.ts';
import { stopReasonOf } from './stop-reason.ts';
import { anthropicUsage, writeMessagesUsage } from './usage.ts';

/** The message's id, made from the generation's: whoever sees one can find the other. */
export function messageId({ generation }: AnswerIdentity): string {
  return `msg_${generation.replace(/^gen-/, '').replaceAll(/[^a-zA-Z0-9]/g, '')}`;
}

/** Writes a foreign stream as Anthropic's events; the reader understands the foreign wire. */
export class MessagesWriter implements StreamTranslator {
  readonly #identity: AnswerIdentity;
  readonly #reader: PartReader;
  readonly #blocks = new BlockWriter();
  readonly #signatures: string[] = [];
  #facts: AnswerFacts;
  #started = false;
  #refusal = false;

  constructor(identity: AnswerIdentity, reader: PartReader) {
    this.#identity = identity;
    this.#reader = reader;
    this.#facts = { outputSeen: 0, answerId: messageId(identity), signatures: this.#signatures };
  }

  event(incoming: SseEvent): Step {
    const { parts, error, last } = this.#reader.read(incoming);
    let out = '';
    let content = false;
    for (const part of parts) {
      if (part.type === 'finish' && part.reason === 'error')
        return { content: false, last: false, error: brokenOff(part.raw), ...optional('out', bytes(out)) };
      out += this.#start() + this.#write(part);
      content ||= isContent(part);
    }
    return { content, last, ...optional('out', bytes(out)), ...optional('error', error) };
  }

  finished(): boolean {
    return this.#facts.finish !== undefined;
  }

  facts(): AnswerFacts {
    return this.#facts;
  }

  closing(bill: Bill): Uint8Array {
    const reason = stopReasonOf(this.#facts.finish ?? 'stop', this.#blocks.called);
    const end = JSON.stringify({ type: 'message_delta', delta: ending(reason) });
    const usage = writeMessagesUsage(bill);
    return Buffer.from(
      `${this.#start()}${this.#blocks.close()}event: message_delta\ndata: ${end.slice(0, -1)},"usage":${usage}}\n\n${event('message_stop', {})}`,
    );
  }

  #start(): string {
    if (this.#started) return '';
    this.#started = true;
    return event('message_start', {
      message: {
        ...head(this.#identity),
        content: [],
        ...ending(null),
        usage: anthropicUsage(this.#facts.usage ?? nothing),
      },
    });
  }

  #write(part: Part): string {
    switch (part.type) {
      case 'start':
        this.#facts = { ...this.#facts, ...optional('upstreamId', part.id) };
        return '';
      case 'text':
        this.#seen(part.text);
        return part.text === '' ? '' : this.#apart(part.refusal === true) + this.#blocks.text(part.text);
      case 'thinking':
        this.#seen(part.text);
        return part.text === '' ? '' : this.#blocks.thinking(part.text);
      case 'signature':
        this.#signatures.push(part.signature);
        return this.#blocks.signature(part.signature);
      case 'redacted':
        this.#signatures.push(part.data);
        return this.#blocks.redacted(part.data);
      case 'break':
        return this.#blocks.close();
      case 'call':
        return this.#blocks.call(part.index, part.id, part.name);
      case 'arguments':
        this.#seen(part.json);
        return this.#blocks.arguments(part.index, part.json);
      case 'usage':
        this.#facts = { ...this.#facts, usage: part.usage };
        return '';
      case 'finish':
        this.#facts = { ...this.#facts, finish: part.reason, nativeFinish: part.raw };
        return this.#blocks.close();
      case 'logprobs':
        return '';
    }
  }

  /** A refusal is a text of its own. */
  #apart(refusal: boolean): string {
    const same = refusal === this.#refusal;
    this.#refusal = refusal;
    return same ? '' : this.#blocks.close();
  }

  #seen(text: string): void {
    this.#facts = {
      ...this.#facts,
      outputSeen: this.#facts.outputSeen + Math.ceil(Buffer.byteLength(text) / 4),
    };
  }
}

function bytes(text: string): Uint8Array | undefined {
  return text === '' ? undefined : Buffer.from(text);
}

/** The dialect has no stop reason for it, and a cut answer must not look finished. */
function brokenOff(raw: string): NonNullable<Step['error']> {
  const error = { type: 'server_error', message: `the provider ended its answer with "${raw}"` };
  return { status: 200, headers: {}, body: JSON.stringify({ error }) };
}

function head(identity: AnswerIdentity): JsonObject {
  return { id: messageId(identity), type: 'message', role: 'assistant', model: identity.model };
}

/** Why it ended, with every field that the dialect's types promise. */
function ending(reason: string | null): JsonObject {
  return { stop_reason: reason, stop_sequence: null, stop_details: null, container: null };
}

/** Anything the model wrote, or the end of it: from then on nothing may be taken back. */
function isContent(part: Part): boolean {
  return !['start', 'usage', 'signature', 'break', 'logprobs'].includes(part.type);
}

/** A whole foreign answer, given as parts, as a message. Throws BadAnswer when the provider ended it with an error. */
export function messagesAnswer(parts: readonly Part[], identity: AnswerIdentity): WholeAnswer {
  const answer = fold(parts);
  if (answer.finish === 'error') throw new BadAnswer('the provider ended its answer with an error');
  return {
    facts: {
      ...optional('upstreamId', answer.id),
      answerId: messageId(identity),
      ...optional('usage', answer.usage),
      ...optional('finish', answer.finish),
      ...optional('nativeFinish', answer.nativeFinish),
      signatures: answer.blocks.flatMap(proofOf),
      outputSeen: answer.usage
        ? completionTokens(answer.usage)
        : Math.ceil(JSON.stringify(answer.blocks).length / 4),
    },
    compose: (bill) => {
      const called = answer.blocks.some((block) => block.type === 'call');
      const message = JSON.stringify({
        ...head(identity),
        content: answer.blocks.map(writeBlock),
        ...ending(stopReasonOf(answer.finish ?? 'stop', called)),
      });
      return [Buffer.from(`${message.slice(0, -1)},"usage":${writeMessagesUsage(bill)}}`)];
    },
  };
}

function proofOf(block: Answer['blocks'][number]): readonly string[] {
  const proof = block.type === 'thinking' ? (block.redacted ?? block.signature) : undefined;
  return proof === undefined ? [] : [proof];
}

function writeBlock(block: AssistantBlock): JsonObject {
  switch (block.type) {
    case 'text':
      return { type: 'text', text: block.text, citations: null };
    case 'thinking':
      return block.redacted === undefined
        ? { type: 'thinking', thinking: block.text, signature: block.signature ?? '' }
        : { type: 'redacted_thinking', data: block.redacted };
    case 'call':
      return toolUse(block.id, block.name, inputOf(block.arguments));
  }
}

/** Arguments that an output cap cut off are no JSON: Anthropic, too, then sends an input without them. */
function inputOf(text: string): JsonValue {
  try {
    const value = JSON.parse(text || '{}') as JsonValue;
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : {};
  } catch {
    return {};
  }
}
