/** Reads Anthropic's answers, streamed or whole, into parts. Facts: Anthropic's API reference, Messages and Streaming. */
import type { Part } from '../../core/conversation.ts';
import { asObject, asText, someText } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import type { PartReader, ReadEvent } from '../dialect.ts';
import { BadAnswer } from '../dialect.ts';
import { parseAnswer } from '../json-answer.ts';
import type { SseEvent } from '../sse.ts';
import { finishOf } from './stop-reason.ts';
import { readAnthropicUsage } from './usage.ts';

const nothing: ReadEvent = { parts: [], last: false };

/** Reads one stream. `usage` grows: `message_start` has the input, `message_delta` running totals of everything. */
export class AnthropicReader implements PartReader {
  #usage: Record<string, JsonValue> = {};
  /** Index of a tool_use block → whether any of its arguments were seen. */
  #calls = new Map<number, boolean>();

  read({ data }: SseEvent): ReadEvent {
    const event = parseAnswer(data);
    switch (event['type']) {
      case 'message_start':
        return { parts: this.#start(asObject(event['message'])), last: false };
      case 'content_block_start':
        return { parts: this.#open(index(event), asObject(event['content_block'])), last: false };
      case 'content_block_delta':
        return { parts: this.#delta(index(event), asObject(event['delta'])), last: false };
      case 'content_block_stop':
        return { parts: this.#close(index(event)), last: false };
      case 'message_delta':
        return { parts: this.#end(event), last: false };
      case 'message_stop':
        return { parts: [], last: true };
      case 'error':
        return { ...nothing, error: { status: 200, headers: {}, body: data.toString('utf8') } };
      default:
        return nothing;
    }
  }

  #start(message: JsonObject): Part[] {
    Object.assign(this.#usage, present(asObject(message['usage'])));
    const id = message['id'];
    return [
      { type: 'start', ...optional('id', typeof id === 'string' ? id : undefined) },
      ...this.#usagePart(),
    ];
  }

  #open(at: number, block: JsonObject): Part[] {
    if (block['type'] === 'tool_use') {
      this.#calls.set(at, false);
      return [{ type: 'call', index: at, id: asText(block['id']), name: asText(block['name']) }];
    }
    return saidIn(block);
  }

  #delta(at: number, delta: JsonObject): Part[] {
    switch (delta['type']) {
      case 'text_delta':
        return [{ type: 'text', text: asText(delta['text']) }];
      case 'thinking_delta':
        return [{ type: 'thinking', text: asText(delta['thinking']) }];
      case 'signature_delta':
        return signed(delta['signature']);
      case 'input_json_delta': {
        // Hosted tools stream their arguments too; those are not the client's to run.
        if (!this.#calls.has(at) || delta['partial_json'] === '') return [];
        this.#calls.set(at, true);
        return [{ type: 'arguments', index: at, json: asText(delta['partial_json']) }];
      }
      default:
        return [];
    }
  }

  /** A call without arguments streams none; clients parse the text, so it must be an object. */
  #close(at: number): Part[] {
    return this.#calls.get(at) === false ? [{ type: 'arguments', index: at, json: '{}' }] : [];
  }

  #end(event: JsonObject): Part[] {
    Object.assign(this.#usage, present(asObject(event['usage'])));
    const reason = asObject(event['delta'])['stop_reason'];
    const finish: Part[] =
      typeof reason === 'string' ? [{ type: 'finish', reason: finishOf(reason), raw: reason }] : [];
    return [...this.#usagePart(), ...finish];
  }

  #usagePart(): Part[] {
    const usage = readAnthropicUsage(this.#usage);
    return usage ? [{ type: 'usage', usage, raw: { ...this.#usage } }] : [];
  }
}

/** Reads a whole answer. Throws BadAnswer when it is none. */
export function readAnthropicAnswer(body: Buffer): Part[] {
  const message = parseAnswer(body);
  const content = message['content'];
  const reason = message['stop_reason'];
  if (!Array.isArray(content) || typeof reason !== 'string') throw new BadAnswer('the answer has no content');
  const usage = readAnthropicUsage(asObject(message['usage']));
  return [
    { type: 'start', ...optional('id', typeof message['id'] === 'string' ? message['id'] : undefined) },
    ...(content as readonly JsonObject[]).flatMap((block, at) => readBlock(block, at)),
    ...(usage ? [{ type: 'usage', usage, raw: message['usage'] ?? null } as const] : []),
    { type: 'finish', reason: finishOf(reason), raw: reason },
  ];
}

function readBlock(block: JsonObject, at: number): Part[] {
  if (block['type'] !== 'tool_use') return saidIn(block);
  return [
    { type: 'call', index: at, id: asText(block['id']), name: asText(block['name']) },
    { type: 'arguments', index: at, json: JSON.stringify(block['input'] ?? {}) },
  ];
}

/** A block of text or thinking stands apart from its neighbours; hosted tools and their results are nobody else's. */
function saidIn(block: JsonObject): Part[] {
  switch (block['type']) {
    case 'text': {
      const text = asText(block['text']);
      return [{ type: 'break' }, ...(text === '' ? [] : [{ type: 'text', text } as const])];
    }
    case 'thinking': {
      const text = asText(block['thinking']);
      const thought = text === '' ? [] : [{ type: 'thinking', text } as const];
      return [{ type: 'break' }, ...thought, ...signed(block['signature'])];
    }
    case 'redacted_thinking':
      return [{ type: 'redacted', data: asText(block['data']) }];
    default:
      return [];
  }
}

function signed(value: JsonValue | undefined): Part[] {
  const signature = someText(value);
  return signature === undefined ? [] : [{ type: 'signature', signature }];
}

function index(event: JsonObject): number {
  return typeof event['index'] === 'number' ? event['index'] : 0;
}

function present(values: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null));
}
