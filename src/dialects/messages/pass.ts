/**
 * Anthropic in, Anthropic out: bytes pass. Of a stream only `model` in `message_start` and the usage of the last
 * `message_delta` change; that one is held back until the cost is known, and the rest is never re-serialised.
 */
import type { Source } from '../../core/ask.ts';
import { asObject, someText } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
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
import { bytesOf, readSource, splice } from '../json-source.ts';
import type { SseEvent } from '../sse.ts';
import { finishOf } from './stop-reason.ts';
import { readAnthropicUsage, writeMessagesUsage } from './usage.ts';

const lineFeed = 0x0a;
const frameEnd = Buffer.from('\n\n');
const messageStop = Buffer.from('event: message_stop\ndata: {"type":"message_stop"}\n\n');
/** Bytes around the text in an event that carries a piece of it. */
const deltaFrame = 80;

/** Passes one stream of the same wire on. */
export class MessagesPass implements StreamTranslator {
  readonly #identity: AnswerIdentity;
  #id: string | undefined;
  #usage: JsonObject = {};
  /** The event that ends the message: it goes out last, with the cost. */
  #held: Source | undefined;
  #finish: string | undefined;
  #stopped = false;
  #committed = false;
  #signatures: string[] = [];
  #seen = 0;

  constructor(identity: AnswerIdentity) {
    this.#identity = identity;
  }

  event({ data }: SseEvent): Step {
    const source = readEvent(
      data.includes(lineFeed) ? Buffer.from(data.toString('utf8').replaceAll('\n', ' ')) : data,
    );
    const type = textIn(source, 'type') ?? '';
    switch (type) {
      case 'message_start':
        return this.#step(this.#start(source));
      case 'content_block_start':
        this.#open(source);
        return this.#step(frame(type, [source.body]));
      case 'content_block_delta':
        this.#delta(source);
        return this.#step(frame(type, [source.body]));
      case 'message_delta':
        return this.#step(this.#end(source));
      case 'message_stop':
        this.#stopped = true;
        return { content: this.#committed, last: true };
      case 'error':
        return {
          content: false,
          last: false,
          error: { status: 200, headers: {}, body: data.toString('utf8') },
        };
      default:
        return this.#step(frame(type, [source.body]));
    }
  }

  finished(): boolean {
    return this.#stopped && this.#committed;
  }

  facts(): AnswerFacts {
    return {
      ...optional('upstreamId', this.#id),
      ...optional('answerId', this.#id),
      ...optional('usage', readAnthropicUsage(this.#usage)),
      ...optional('finish', this.#finish === undefined ? undefined : finishOf(this.#finish)),
      ...optional('nativeFinish', this.#finish),
      signatures: this.#signatures,
      outputSeen: this.#seen,
    };
  }

  closing(bill: Bill): Uint8Array {
    const held = this.#held ?? readSource(endOfMessage);
    const own = readAnthropicUsage(this.#usage) ? valueIn(held, 'usage') : undefined;
    const usage = writeMessagesUsage(bill, own);
    return Buffer.concat([frame('message_delta', splice(held, new Map([['usage', usage]]))), messageStop]);
  }

  #step(out: Uint8Array | undefined): Step {
    return { content: this.#committed, last: false, ...optional('out', out) };
  }

  #start(source: Source): Uint8Array {
    const bytes = bytesOf(source, 'message');
    if (!bytes) throw new BadAnswer('message_start has no message');
    const message = readEvent(bytes);
    this.#id = textIn(message, 'id');
    this.#usage = valueIn(message, 'usage') ?? {};
    const renamed = splice(message, new Map([['model', JSON.stringify(this.#identity.model)]]));
    return frame('message_start', splice(source, new Map([['message', renamed]])));
  }

  /** An empty block of text or thinking promises nothing yet; any other is something that the model did. */
  #open(source: Source): void {
    const block = valueIn(source, 'content_block') ?? {};
    const text = someText(block['text']) ?? someText(block['thinking']);
    if (text !== undefined || (block['type'] !== 'text' && block['type'] !== 'thinking'))
      this.#committed = true;
    if (block['type'] === 'redacted_thinking') this.#sign(block['data']);
  }

  #delta(source: Source): void {
    const delta = bytesOf(source, 'delta');
    this.#committed = true;
    this.#seen += Math.max(1, Math.ceil((source.body.length - deltaFrame) / 4));
    if (delta?.includes('"signature_delta"') === true) this.#sign(valueIn(source, 'delta')?.['signature']);
  }

  #sign(signature: unknown): void {
    const text = someText(signature);
    if (text !== undefined) this.#signatures.push(text);
  }

  /** Running totals may come more than once: only the last is the bill. */
  #end(source: Source): Uint8Array | undefined {
    const earlier = this.#held;
    this.#held = source;
    const told = Object.entries(valueIn(source, 'usage') ?? {}).filter(([, value]) => value !== null);
    this.#usage = { ...this.#usage, ...Object.fromEntries(told) };
    const reason = someText(valueIn(source, 'delta')?.['stop_reason']);
    if (reason !== undefined) {
      this.#finish = reason;
      this.#committed = true;
    }
    return earlier && frame('message_delta', [earlier.body]);
  }
}

/** What Anthropic would have sent, for an upstream that stops without it. */
const endOfMessage = Buffer.from(
  '{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{}}',
);

/** Reads a complete answer of the same wire. Throws BadAnswer when it is none. */
export function passAnswer(body: Buffer, identity: AnswerIdentity): WholeAnswer {
  const source = readEvent(body);
  const content = bytesOf(source, 'content');
  const reason = textIn(source, 'stop_reason');
  if (content?.[0] !== 0x5b || reason === undefined) throw new BadAnswer('the answer has no content');
  const own = valueIn(source, 'usage');
  const usage = own && readAnthropicUsage(own);
  const id = textIn(source, 'id');
  return {
    facts: {
      ...optional('upstreamId', id),
      ...optional('answerId', id),
      ...optional('usage', usage),
      finish: finishOf(reason),
      nativeFinish: reason,
      signatures: signaturesIn(content),
      outputSeen: Math.ceil(content.length / 4),
    },
    compose: (bill) =>
      splice(
        source,
        new Map([
          ['model', JSON.stringify(identity.model)],
          ['usage', writeMessagesUsage(bill, usage ? own : undefined)],
        ]),
      ),
  };
}

function signaturesIn(content: Buffer): readonly string[] {
  if (!content.includes('"signature"') && !content.includes('"redacted_thinking"')) return [];
  return (parsed(content) as readonly unknown[]).flatMap((item) => {
    const block = asObject(item);
    if (block['type'] === 'thinking') return someText(block['signature']) ?? [];
    return block['type'] === 'redacted_thinking' ? (someText(block['data']) ?? []) : [];
  });
}

function readEvent(data: Buffer): Source {
  try {
    return readSource(data);
  } catch (error) {
    if (error instanceof JsonFault) throw new BadAnswer(`an event of the stream is broken: ${error.message}`);
    throw error;
  }
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new BadAnswer('an event of the stream is broken');
  }
}

function valueIn(source: Source, key: string): JsonObject | undefined {
  const bytes = bytesOf(source, key);
  return bytes?.[0] === 0x7b ? asObject(parsed(bytes)) : undefined;
}

function textIn(source: Source, key: string): string | undefined {
  const bytes = bytesOf(source, key);
  return bytes?.[0] === 0x22 ? someText(parsed(bytes)) : undefined;
}

function frame(type: string, pieces: readonly Uint8Array[]): Uint8Array {
  return Buffer.concat([Buffer.from(`event: ${type}\ndata: `), ...pieces, frameEnd]);
}
