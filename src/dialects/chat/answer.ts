/** Reads chat completions answers, streamed or whole, into parts: for clients of another dialect. */
import type { Part } from '../../core/conversation.ts';
import { asObject, asText, someText } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import { BadAnswer, type PartReader, type ReadEvent } from '../dialect.ts';
import { parseAnswer } from '../json-answer.ts';
import type { SseEvent } from '../sse.ts';
import { unifiedFinish } from './pass.ts';
import { readChatUsage } from './usage.ts';

const nothing: ReadEvent = { parts: [], last: false };

/** Reads one stream. Of several choices only the first is told: other dialects know no more. */
export class ChatReader implements PartReader {
  #started = false;
  #id: string | undefined;
  /** Calls already opened, by the provider's index. */
  #calls = new Map<number, OpenCall>();
  #opened = 0;

  read({ data }: SseEvent): ReadEvent {
    if (data.toString('latin1') === '[DONE]') return { parts: [], last: true };
    const event = parseAnswer(data);
    const error = event['error'] ?? null;
    if (error !== null)
      return { ...nothing, error: { status: 200, headers: {}, body: data.toString('utf8') } };
    const choice = firstChoice(event);
    const start = this.#start(event);
    return { parts: [...start, ...(choice ? this.#choice(choice) : []), ...usageParts(event)], last: false };
  }

  #start(event: JsonObject): Part[] {
    if (this.#started) return [];
    this.#started = true;
    this.#id = someText(event['id']);
    return [{ type: 'start', ...optional('id', this.#id) }];
  }

  #choice(choice: JsonObject): Part[] {
    const delta = asObject(choice['delta']);
    const finish = someText(choice['finish_reason']);
    return [
      ...logprobParts(choice),
      ...contentParts(delta),
      ...this.#callParts(delta['tool_calls']),
      ...(finish === undefined ? [] : finishParts(finish)),
    ];
  }

  #callParts(calls: JsonValue | undefined): Part[] {
    if (!Array.isArray(calls)) return [];
    return calls.flatMap((one, place) => {
      const call = asObject(one);
      const at = typeof call['index'] === 'number' ? call['index'] : place;
      const known = this.#calls.get(at);
      const opening = known && goesOn(known, call) ? [] : this.#open(at, call);
      const json = asText(asObject(call['function'])['arguments']);
      const { index = 0 } = this.#calls.get(at) ?? {};
      return [...opening, ...(json === '' ? [] : [{ type: 'arguments', index, json } as const])];
    });
  }

  #open(at: number, call: JsonObject): Part[] {
    const [index, id] = [this.#opened++, someText(call['id'])];
    this.#calls.set(at, { index, id });
    return [callPart(call, index, this.#id)];
  }
}

type OpenCall = { readonly index: number; readonly id: string | undefined };

/** Some providers give all calls the same index: another id with a name is another call. */
function goesOn({ id }: OpenCall, call: JsonObject): boolean {
  const other = someText(call['id']);
  const named = someText(asObject(call['function'])['name']) !== undefined;
  return !named || id === undefined || other === undefined || other === id;
}

/** An id that is missing is made from the answer's, so that no two answers of a conversation have the same. */
function callPart(call: JsonObject, index: number, answer: string | undefined): Part {
  const made = ['call', ...(answer === undefined ? [] : [answer]), index].join('_');
  return {
    type: 'call',
    index,
    id: someText(call['id']) ?? made,
    name: asText(asObject(call['function'])['name']),
  };
}

/** Reads a whole answer. Throws BadAnswer when it has no choices. */
export function readChatAnswer(body: Buffer): Part[] {
  const answer = parseAnswer(body);
  const choice = firstChoice(answer);
  if (!choice) throw new BadAnswer('the answer has no choices');
  const message = asObject(choice['message']);
  const calls = Array.isArray(message['tool_calls']) ? message['tool_calls'] : [];
  const id = someText(answer['id']);
  return [
    { type: 'start', ...optional('id', id) },
    ...logprobParts(choice),
    ...contentParts(message),
    ...calls.flatMap((one: JsonValue, index): Part[] => {
      const call = asObject(one);
      const json = asText(asObject(call['function'])['arguments']);
      return [callPart(call, index, id), { type: 'arguments', index, json }];
    }),
    ...usageParts(answer),
    ...finishParts(someText(choice['finish_reason']) ?? 'stop'),
  ];
}

/** Thinking under the names of DeepSeek and OpenRouter, then text, then a refusal; Mistral sends a list. */
function contentParts(source: JsonObject): Part[] {
  const thought = someText(source['reasoning_content']) ?? someText(source['reasoning']);
  const content = source['content'];
  const listed = Array.isArray(content)
    ? content.flatMap((item: JsonValue) => listedPart(asObject(item)))
    : [];
  const text = someText(content);
  const refusal = someText(source['refusal']);
  return [
    ...(thought === undefined ? [] : [{ type: 'thinking', text: thought } as const]),
    ...listed,
    ...(text === undefined ? [] : [{ type: 'text', text } as const]),
    ...(refusal === undefined ? [] : [{ type: 'text', text: refusal, refusal: true } as const]),
  ];
}

function listedPart(item: JsonObject): Part[] {
  if (item['type'] === 'text') return [{ type: 'text', text: asText(item['text']) }];
  if (item['type'] !== 'thinking' || !Array.isArray(item['thinking'])) return [];
  return item['thinking'].map((piece: JsonValue) => ({
    type: 'thinking',
    text: asText(asObject(piece)['text']),
  }));
}

function logprobParts(choice: JsonObject): Part[] {
  const content = asObject(choice['logprobs'])['content'];
  return Array.isArray(content) && content.length > 0 ? [{ type: 'logprobs', content }] : [];
}

function usageParts(event: JsonObject): Part[] {
  const raw = event['usage'];
  const usage = readChatUsage(raw);
  return usage ? [{ type: 'usage', usage, raw: raw ?? null }] : [];
}

function finishParts(raw: string): Part[] {
  return [{ type: 'finish', reason: unifiedFinish(raw) ?? 'stop', raw }];
}

function firstChoice(event: JsonObject): JsonObject | undefined {
  const choices = Array.isArray(event['choices']) ? event['choices'] : [];
  const first = choices.find((choice: JsonValue) => (asObject(choice)['index'] ?? 0) === 0);
  return first === undefined ? undefined : asObject(first);
}
