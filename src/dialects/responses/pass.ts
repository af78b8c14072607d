/**
 * Responses in, Responses out: bytes pass. Of each event only the `model` inside `response` is replaced; the
 * terminal event is held back until the cost is known, and everything else is never re-serialised.
 */
import type { Source } from '../../core/ask.ts';
import type { FinishReason } from '../../core/conversation.ts';
import { asObject, asText, someText } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import { metadataEdit, readCharge } from '../chat/usage.ts';
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
import { readResponsesUsage, writeResponsesUsage } from './usage.ts';

const nothingYet: Step = { content: false, last: false };
const terminals: ReadonlySet<string> = new Set(['response.completed', 'response.incomplete']);

/** What the end of an answer, or a whole one, tells. */
type Told = Pick<AnswerFacts, 'usage' | 'charged' | 'finish' | 'nativeFinish'>;

/** Translates one upstream stream of the same wire. */
export class ResponsesPass implements StreamTranslator {
  readonly #identity: AnswerIdentity;
  #id: string | undefined;
  /** The provider keeps the answer: then the ids of its items are good there, and nowhere else. */
  #stored = false;
  #held: { readonly name: string | undefined; readonly event: Source; readonly response: Source } | undefined;
  #told: Told = {};
  #proofs = new Set<string>();
  #committed = false;
  #deltas = 0;
  #bytes = 0;

  constructor(identity: AnswerIdentity) {
    this.#identity = identity;
  }

  event({ name, data }: SseEvent): Step {
    if (data.toString('latin1', 0, 6) === '[DONE]') return { content: false, last: true };
    const source = sourceOf(data);
    const type = textIn(source, 'type') ?? name ?? '';
    const error = errorIn(type, data);
    if (error !== undefined) return { ...nothingYet, error: { status: 200, headers: {}, body: error } };
    const response = bytesOf(source, 'response');
    const inner = response?.[0] === 0x7b ? sourceOf(response) : undefined;
    if (inner) this.#remember(inner);
    if (inner && terminals.has(type)) return this.#end({ name, event: source, response: inner });
    this.#committed ||= isContent(type, source);
    this.#count(type, source);
    const edits = inner ? new Map([['response', this.#named(inner)]]) : undefined;
    const out = frame(name, edits ? splice(source, edits) : [data]);
    return { out, content: this.#committed, last: false };
  }

  finished(): boolean {
    return this.#held !== undefined;
  }

  facts(): AnswerFacts {
    return {
      ...optional('upstreamId', this.#id),
      ...optional('answerId', this.#id),
      ...this.#told,
      ...(this.#proofs.size > 0 ? { signatures: [...this.#proofs] } : {}),
      outputSeen: Math.max(this.#deltas, Math.ceil(this.#bytes / 4)),
    };
  }

  closing(bill: Bill): Uint8Array {
    const held = this.#held;
    if (!held) return Buffer.alloc(0);
    const own = parsed(bytesOf(held.response, 'usage'));
    const usage = writeResponsesUsage(bill, readResponsesUsage(own) ? asObject(own) : undefined);
    const edits = new Map<string, string | readonly Uint8Array[]>([
      ['response', this.#named(held.response, usage)],
      ...metadataEdit(bill),
    ]);
    return frame(held.name, splice(held.event, edits));
  }

  #end(held: { name: string | undefined; event: Source; response: Source }): Step {
    this.#held = held;
    this.#told = toldBy(held.response);
    const output = parsed(bytesOf(held.response, 'output'));
    for (const item of Array.isArray(output) ? output : []) this.#prove(asObject(item));
    return { content: true, last: true };
  }

  #remember(response: Source): void {
    this.#id ??= textIn(response, 'id');
    this.#stored ||= bytesOf(response, 'store')?.toString('latin1') === 'true';
  }

  /** The output text counts as seen; and items that are complete tell what only their issuer can read. */
  #count(type: string, source: Source): void {
    const delta = bytesOf(source, 'delta');
    if (delta) {
      this.#deltas += 1;
      this.#bytes += Math.max(0, delta.length - 2);
    }
    if (type === 'response.output_item.done') this.#prove(asObject(parsed(bytesOf(source, 'item'))));
  }

  #prove(item: JsonObject): void {
    for (const proof of proofsOf(item, this.#stored)) this.#proofs.add(proof);
  }

  #named(response: Source, usage?: string): readonly Uint8Array[] {
    return splice(response, answerEdits(response, this.#identity, usage));
  }
}

/** What only its issuer can read or look up: encrypted reasoning, and the ids of items that it has stored. */
function proofsOf(item: JsonObject, stored: boolean): readonly string[] {
  return [item['encrypted_content'], ...(stored ? [item['id']] : [])].filter(
    (proof) => typeof proof === 'string',
  );
}

function answerEdits(
  response: Source,
  { model }: AnswerIdentity,
  usage: string | undefined,
): Map<string, string | undefined> {
  const edits = new Map<string, string | undefined>();
  if (response.members.has('model')) edits.set('model', JSON.stringify(model));
  if (usage !== undefined) edits.set('usage', usage);
  return edits;
}

/** Start-up events, and items and parts that are still empty, are no output of the model. */
function isContent(type: string, source: Source): boolean {
  if (!type.startsWith('response.')) return false;
  if (startUp.has(type)) return false;
  if (type !== 'response.output_item.added') return true;
  const item = asObject(parsed(bytesOf(source, 'item')));
  return item['type'] !== 'message' && item['type'] !== 'reasoning';
}

const startUp: ReadonlySet<string> = new Set([
  'response.created',
  'response.queued',
  'response.in_progress',
  'response.content_part.added',
  'response.reasoning_summary_part.added',
]);

/** The error of a failed stream as JSON, in one shape: `error` events are flat at OpenAI and nested elsewhere. */
export function errorIn(type: string, data: Buffer): string | undefined {
  if (type !== 'error' && type !== 'response.failed') return undefined;
  const event = asObject(parsed(data));
  const nested = asObject(type === 'error' ? event['error'] : asObject(event['response'])['error']);
  if (Object.keys(nested).length > 0) return JSON.stringify({ error: nested });
  const { code, message, param } = event;
  return JSON.stringify({
    error: { code: code ?? null, message: message ?? 'the answer failed', param: param ?? null },
  });
}

/** Why an answer ended, unified and as the provider said it. Calls in it make it a hand-over to the caller. */
export function finishOf(response: JsonObject, calls: boolean): { reason: FinishReason; raw: string } {
  const status = asText(response['status']) || 'completed';
  if (status !== 'incomplete') return { reason: calls ? 'tool_calls' : 'stop', raw: status };
  const why = someText(asObject(response['incomplete_details'])['reason']) ?? status;
  return { reason: why === 'content_filter' ? 'content_filter' : 'length', raw: why };
}

function toldBy(response: Source): Told {
  const raw = parsed(bytesOf(response, 'usage'));
  const status = textIn(response, 'status') ?? null;
  const output = bytesOf(response, 'output');
  const calls = ['"function_call"', '"custom_tool_call"'].some((mark) => output?.includes(mark) === true);
  const details = parsed(bytesOf(response, 'incomplete_details')) ?? null;
  const { reason, raw: native } = finishOf({ status, incomplete_details: details }, calls);
  return {
    ...optional('usage', readResponsesUsage(raw)),
    ...optional('charged', readCharge(raw)),
    finish: reason,
    nativeFinish: native,
  };
}

/** Why a whole answer is none: with the provider's own error, where there is one in it. */
export function failedAnswer(body: Buffer): BadAnswer {
  const error = asObject(parsed(body))['error'] ?? null;
  const reply = { status: 200, headers: {}, body: JSON.stringify({ error }) };
  return new BadAnswer('the answer has no output', error === null ? undefined : reply);
}

function sourceOf(bytes: Buffer): Source {
  try {
    return readSource(bytes);
  } catch (error) {
    if (error instanceof JsonFault) throw new BadAnswer(`the answer is broken: ${error.message}`);
    throw error;
  }
}

function parsed(bytes: Buffer | undefined): JsonValue | undefined {
  if (!bytes) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8')) as JsonValue;
  } catch {
    throw new BadAnswer('the answer is not valid JSON');
  }
}

function textIn(source: Source, key: string): string | undefined {
  const bytes = bytesOf(source, key);
  return bytes?.[0] === 0x22 ? someText(parsed(bytes)) : undefined;
}

const dataPrefix = Buffer.from('data: ');
const frameEnd = Buffer.from('\n\n');

function frame(name: string | undefined, pieces: readonly Uint8Array[]): Uint8Array {
  const head = name === undefined ? [] : [Buffer.from(`event: ${name}\n`)];
  return Buffer.concat([...head, dataPrefix, ...pieces, frameEnd]);
}

/** Reads a complete answer of the same wire. Throws BadAnswer when it is none. */
export function passAnswer(body: Buffer, identity: AnswerIdentity): WholeAnswer {
  const source = sourceOf(body);
  const output = parsed(bytesOf(source, 'output'));
  if (!Array.isArray(output) || textIn(source, 'status') === 'failed') throw failedAnswer(body);
  const raw = parsed(bytesOf(source, 'usage'));
  const id = textIn(source, 'id');
  const stored = bytesOf(source, 'store')?.toString('latin1') === 'true';
  const items = output.map((item: JsonValue) => asObject(item));
  const proofs = items.flatMap((item) => proofsOf(item, stored));
  return {
    facts: {
      ...optional('upstreamId', id),
      ...optional('answerId', id),
      ...toldBy(source),
      ...(proofs.length > 0 ? { signatures: proofs } : {}),
      outputSeen: Math.ceil((bytesOf(source, 'output')?.length ?? 0) / 4),
    },
    compose: (bill) => {
      const usage = writeResponsesUsage(bill, readResponsesUsage(raw) ? asObject(raw) : undefined);
      return splice(source, new Map([...answerEdits(source, identity, usage), ...metadataEdit(bill)]));
    },
  };
}
