/** Reads Responses answers, streamed or whole, into parts: for clients of another dialect. */
import type { Part } from '../../core/conversation.ts';
import { asObject, asText, someText } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import type { PartReader, ReadEvent } from '../dialect.ts';
import { parseAnswer } from '../json-answer.ts';
import type { SseEvent } from '../sse.ts';
import { errorIn, failedAnswer, finishOf } from './pass.ts';
import { readResponsesUsage } from './usage.ts';

const nothing: ReadEvent = { parts: [], last: false };

/** What was streamed of one output item. Items are known by their place: some providers change ids on the way. */
type Item = {
  /** The piece that is growing: a text, a summary, each by its place in the item. */
  piece?: string;
  arguments: boolean;
};

/** Reads one stream. What an item did not stream is taken from its end, where it stands whole. */
export class ResponsesReader implements PartReader {
  #items = new Map<number, Item>();
  #calls = false;

  read({ name, data }: SseEvent): ReadEvent {
    if (data.toString('latin1', 0, 6) === '[DONE]') return { parts: [], last: true };
    const event = parseAnswer(data);
    const type = someText(event['type']) ?? name ?? '';
    const error = errorIn(type, data);
    if (error !== undefined) return { ...nothing, error: { status: 200, headers: {}, body: error } };
    const response = asObject(event['response']);
    switch (type) {
      case 'response.created':
        return told([{ type: 'start', ...optional('id', someText(response['id'])) }]);
      case 'response.output_item.added':
        return told(this.#open(place(event), asObject(event['item'])));
      case 'response.output_item.done':
        return told(this.#close(place(event), asObject(event['item'])));
      case 'response.completed':
      case 'response.incomplete':
        return { parts: endParts(response, this.#calls), last: true };
      default:
        return told(this.#delta(type, event));
    }
  }

  #open(index: number, item: JsonObject): readonly Part[] {
    this.#items.set(index, { arguments: false });
    if (!isCall(item))
      return item['type'] === 'message' || item['type'] === 'reasoning' ? [{ type: 'break' }] : [];
    this.#calls = true;
    return [callPart(item, index)];
  }

  #delta(type: string, event: JsonObject): readonly Part[] {
    const text = asText(event['delta']);
    if (text === '') return [];
    const index = place(event);
    const item = this.#item(index);
    switch (type) {
      case 'response.refusal.delta':
        return [
          ...this.#turnTo(item, `text ${at(event, 'content_index')}`),
          { type: 'text', text, refusal: true },
        ];
      case 'response.output_text.delta':
        return [
          ...this.#turnTo(item, `text ${at(event, 'content_index')}`),
          ...logprobs(event),
          { type: 'text', text },
        ];
      case 'response.reasoning_summary_text.delta':
        return [...this.#thinkOn(item, `summary ${at(event, 'summary_index')}`), { type: 'thinking', text }];
      case 'response.reasoning_text.delta':
        return [...this.#thinkOn(item, `thought ${at(event, 'content_index')}`), { type: 'thinking', text }];
      case 'response.function_call_arguments.delta':
        item.arguments = true;
        return [{ type: 'arguments', index, json: text }];
      default:
        return [];
    }
  }

  #item(index: number): Item {
    const known = this.#items.get(index) ?? { arguments: false };
    this.#items.set(index, known);
    return known;
  }

  /** Another text of the same message is a block of its own. */
  #turnTo(item: Item, piece: string): readonly Part[] {
    const same = item.piece === piece || item.piece === undefined;
    item.piece = piece;
    return same ? [] : [{ type: 'break' }];
  }

  /** All that one reasoning item holds is one thought: its encrypted content proves the whole. */
  #thinkOn(item: Item, piece: string): readonly Part[] {
    const same = item.piece === piece || item.piece === undefined;
    item.piece = piece;
    return same ? [] : [{ type: 'thinking', text: betweenPieces }];
  }

  #close(index: number, whole: JsonObject): readonly Part[] {
    const unknown = !this.#items.has(index);
    const opening = unknown ? this.#open(index, whole) : [];
    const item = this.#item(index);
    if (isCall(whole)) return [...opening, ...(item.arguments ? [] : argumentParts(whole, index))];
    const body = item.piece === undefined ? bodyParts(whole) : [];
    return [...opening, ...body, ...proofParts(whole)];
  }
}

const betweenPieces = '\n\n';

function told(parts: readonly Part[]): ReadEvent {
  return parts.length === 0 ? nothing : { parts, last: false };
}

function place(event: JsonObject): number {
  return at(event, 'output_index');
}

function at(event: JsonObject, key: string): number {
  const index = event[key];
  return typeof index === 'number' ? index : 0;
}

/** Calls that the caller answers; those of hosted tools were answered by the provider. */
function isCall(item: JsonObject): boolean {
  return item['type'] === 'function_call' || item['type'] === 'custom_tool_call';
}

function callPart(item: JsonObject, index: number): Part {
  return {
    type: 'call',
    index,
    id: someText(item['call_id']) ?? someText(item['id']) ?? `call_${index}`,
    name: asText(item['name']),
  };
}

function argumentParts(item: JsonObject, index: number): readonly Part[] {
  const json =
    item['type'] === 'custom_tool_call'
      ? JSON.stringify({ input: asText(item['input']) })
      : (someText(item['arguments']) ?? '{}');
  return [{ type: 'arguments', index, json }];
}

/** The texts of a message, each a block; or what a reasoning item shows, as one thought. */
function bodyParts(item: JsonObject): readonly Part[] {
  if (item['type'] === 'message')
    return pieces(item['content']).flatMap((piece, index): readonly Part[] => {
      const refused = someText(piece['refusal']);
      const text = refused ?? someText(piece['text']);
      if (text === undefined) return [];
      return [
        ...(index > 0 ? [{ type: 'break' } as const] : []),
        ...logprobs(piece),
        { type: 'text', text, ...(refused === undefined ? {} : { refusal: true }) },
      ];
    });
  if (item['type'] !== 'reasoning') return [];
  const text = [...pieces(item['summary']), ...pieces(item['content'])]
    .map((piece) => asText(piece['text']))
    .filter((piece) => piece !== '')
    .join(betweenPieces);
  return text === '' ? [] : [{ type: 'thinking', text }];
}

function proofParts(item: JsonObject): readonly Part[] {
  const signature = item['type'] === 'reasoning' ? someText(item['encrypted_content']) : undefined;
  return signature === undefined
    ? []
    : [{ type: 'signature', signature, ...optional('id', someText(item['id'])) }];
}

function pieces(list: JsonValue | undefined): readonly JsonObject[] {
  return Array.isArray(list) ? list.map((piece: JsonValue) => asObject(piece)) : [];
}

function logprobs(source: JsonObject): readonly Part[] {
  const content = source['logprobs'];
  return Array.isArray(content) && content.length > 0 ? [{ type: 'logprobs', content }] : [];
}

function endParts(response: JsonObject, calls: boolean): readonly Part[] {
  const raw = response['usage'] ?? null;
  const usage = readResponsesUsage(raw);
  return [
    ...(usage ? [{ type: 'usage', usage, raw } as const] : []),
    { type: 'finish', ...finishOf(response, calls) },
  ];
}

/** Reads a whole answer. Throws BadAnswer when it has no output. */
export function readResponsesAnswer(body: Buffer): Part[] {
  const answer = parseAnswer(body);
  if (!Array.isArray(answer['output']) || answer['status'] === 'failed') throw failedAnswer(body);
  const items = pieces(answer['output']);
  return [
    { type: 'start', ...optional('id', someText(answer['id'])) },
    ...items.flatMap((item, index): readonly Part[] =>
      isCall(item)
        ? [callPart(item, index), ...argumentParts(item, index)]
        : [{ type: 'break' }, ...bodyParts(item), ...proofParts(item)],
    ),
    ...endParts(answer, items.some(isCall)),
  ];
}
