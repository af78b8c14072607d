/** Writes the parts of an answer from another wire as a Responses answer, streamed or whole. */
import type { FinishReason, Part } from '../../core/conversation.ts';
import { fold } from '../../core/conversation.ts';
import { optional } from '../../core/optional.ts';
import type { JsonObject } from '../../core/snapshot.ts';
import { completionTokens } from '../../core/usage.ts';
import type {
  AnswerFacts,
  AnswerIdentity,
  Bill,
  PartReader,
  Step,
  StreamTranslator,
  WholeAnswer,
} from '../dialect.ts';
import { namedFrame, type SseEvent } from '../sse.ts';
import { itemIdOf, itemOf, type ToldNames } from './output.ts';
import { answerIdOf, emptyResponse } from './response.ts';
import { ItemStream } from './item-stream.ts';
import { writeResponsesUsage } from './usage.ts';
import { metadataMember } from '../chat/usage.ts';

/** What the answer must know of the request: its settings, and its tools by their flat names. */
export type Asked = { readonly request: JsonObject; readonly names: ToldNames };

const nothingAsked: Asked = { request: {}, names: new Map() };

/** Writes a foreign stream as events; the reader understands the foreign wire. */
export class ResponsesWriter implements StreamTranslator {
  readonly #identity: AnswerIdentity;
  readonly #reader: PartReader;
  readonly #asked: Asked;
  readonly #items: ItemStream;
  #facts: AnswerFacts;
  #sequence = 0;
  #started = false;

  constructor(identity: AnswerIdentity, reader: PartReader, asked: Asked = nothingAsked) {
    this.#identity = identity;
    this.#reader = reader;
    this.#asked = asked;
    this.#items = new ItemStream(identity, asked.names);
    this.#facts = { answerId: answerIdOf(identity), outputSeen: 0 };
  }

  event(event: SseEvent): Step {
    const { parts, error, last } = this.#reader.read(event);
    let out = '';
    let content = false;
    for (const part of parts) {
      out += this.#write(part);
      content ||= isContent(part);
    }
    return {
      content,
      last,
      ...optional('out', out === '' ? undefined : Buffer.from(out)),
      ...optional('error', error),
    };
  }

  finished(): boolean {
    return this.#facts.finish !== undefined && this.#facts.finish !== 'error';
  }

  facts(): AnswerFacts {
    return this.#facts;
  }

  closing(bill: Bill): Uint8Array {
    const end = endOf(this.#facts.finish);
    const { usage: _later, ...empty } = this.#response();
    const response = { ...empty, ...end, output: this.#items.output() };
    const type = `response.${end.status}`;
    const head = JSON.stringify({ type, sequence_number: this.#sequence++ }).slice(0, -1);
    return Buffer.from(
      namedFrame(type, `${head},"response":${billed(response, bill)}}${metadataMember(bill)}}`),
    );
  }

  #write(part: Part): string {
    this.#note(part);
    return (
      this.#start() +
      this.#items
        .write(part)
        .map((event) => this.#frame(event))
        .join('')
    );
  }

  #note(part: Part): void {
    const facts = this.#facts;
    switch (part.type) {
      case 'start':
        this.#facts = { ...facts, ...optional('upstreamId', part.id) };
        return;
      case 'text':
      case 'thinking':
        this.#seen(part.text);
        return;
      case 'arguments':
        this.#seen(part.json);
        return;
      case 'signature':
        this.#facts = { ...facts, signatures: [...(facts.signatures ?? []), part.signature] };
        return;
      case 'redacted':
        this.#facts = { ...facts, signatures: [...(facts.signatures ?? []), part.data] };
        return;
      case 'call':
        if (part.signature !== undefined)
          this.#facts = { ...facts, signatures: [...(facts.signatures ?? []), part.signature] };
        return;
      case 'usage':
        this.#facts = { ...facts, usage: part.usage };
        return;
      case 'finish':
        this.#facts = { ...facts, finish: part.reason, nativeFinish: part.raw };
        return;
      case 'logprobs':
      case 'break':
        return;
    }
  }

  #seen(text: string): void {
    this.#facts = {
      ...this.#facts,
      outputSeen: this.#facts.outputSeen + Math.ceil(Buffer.byteLength(text) / 4),
    };
  }

  /** Once, before anything else: clients build the answer upon it. */
  #start(): string {
    if (this.#started) return '';
    this.#started = true;
    const response = this.#response();
    return ['response.created', 'response.in_progress']
      .map((type) => this.#frame({ type, response }))
      .join('');
  }

  #response(): JsonObject {
    return emptyResponse(this.#identity, this.#asked.request);
  }

  #frame({ type, ...event }: JsonObject & { readonly type: string }): string {
    return namedFrame(type, JSON.stringify({ type, sequence_number: this.#sequence++, ...event }));
  }
}

/** Anything the model wrote, or the end of it: from then on nothing may be taken back. */
function isContent(part: Part): boolean {
  return !['start', 'usage', 'signature', 'break', 'logprobs'].includes(part.type);
}

type End = { readonly status: 'completed' | 'incomplete'; readonly incomplete_details: JsonObject | null };

function endOf(finish: FinishReason | undefined): End {
  if (finish === 'length')
    return { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } };
  if (finish === 'content_filter')
    return { status: 'incomplete', incomplete_details: { reason: 'content_filter' } };
  return { status: 'completed', incomplete_details: null };
}

/** The object with the bill in it. */
function billed(object: JsonObject, bill: Bill): string {
  return `${JSON.stringify(object).slice(0, -1)},"usage":${writeResponsesUsage(bill)}`;
}

/** A whole foreign answer, given as parts. */
export function responsesAnswer(
  parts: readonly Part[],
  identity: AnswerIdentity,
  asked: Asked = nothingAsked,
): WholeAnswer {
  const answer = fold(parts);
  const end = endOf(answer.finish);
  const base = identity.generation.replace(/^gen-/, '');
  const output = answer.blocks.map((block, index) => {
    const last = index === answer.blocks.length - 1;
    const frame = {
      id: itemIdOf(block, base, index, asked.names),
      status: last ? end.status : ('completed' as const),
    };
    return itemOf(block, { ...frame, names: asked.names });
  });
  const signatures = answer.blocks.flatMap((block) =>
    block.type === 'text'
      ? []
      : [...own(block.signature), ...(block.type === 'thinking' ? own(block.redacted) : [])],
  );
  return {
    facts: {
      ...optional('upstreamId', answer.id),
      answerId: answerIdOf(identity),
      ...optional('usage', answer.usage),
      ...optional('finish', answer.finish),
      ...optional('nativeFinish', answer.nativeFinish),
      ...(signatures.length > 0 ? { signatures } : {}),
      outputSeen: answer.usage
        ? completionTokens(answer.usage)
        : Math.ceil(JSON.stringify(output).length / 4),
    },
    compose: (bill) => {
      const { usage: _later, ...response } = emptyResponse(identity, asked.request);
      return [Buffer.from(`${billed({ ...response, ...end, output }, bill)}${metadataMember(bill)}}`)];
    },
  };
}

function own(proof: string | undefined): readonly string[] {
  return proof === undefined ? [] : [proof];
}
