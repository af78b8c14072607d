/** Writes the parts of an answer from another wire as chat completions, streamed or whole. */
import type { Answer, FinishReason, Part } from '../core/conversation.ts';
import { fold } from '../core/conversation.ts';
import { optional } from '../core/optional.ts';
import type { JsonObject } from '../core/snapshot.ts';
import { completionTokens } from '../core/usage.ts';
import type { AnswerFacts, AnswerIdentity, Bill, Step, StreamTranslator, WholeAnswer } from './dialect.ts';
import { writeChatUsage } from './chat-usage.ts';
import { dataFrame, type SseEvent } from './sse.ts';
import type { ErrorReply } from '../core/failure.ts';

/** What a wire's reader makes of one event. */
export type ReadEvent = {
  readonly parts: readonly Part[];
  readonly error?: ErrorReply;
  readonly last: boolean;
};

/** Reads one wire's stream; keeps what it must remember between events. */
export type PartReader = { read(event: SseEvent): ReadEvent };

/** Writes a foreign stream as chat chunks; the reader understands the foreign wire. */
export class ChatWriter implements StreamTranslator {
  readonly #identity: AnswerIdentity;
  readonly #reader: PartReader;
  #facts: AnswerFacts = { outputSeen: 0 };
  #calls = 0;
  #callIndex = new Map<number, number>();
  #started = false;

  constructor(identity: AnswerIdentity, reader: PartReader) {
    this.#identity = identity;
    this.#reader = reader;
  }

  event(event: SseEvent): Step {
    const { parts, error, last } = this.#reader.read(event);
    let out = '';
    let content = false;
    for (const part of parts) {
      out += this.#write(part);
      content ||= part.type !== 'start' && part.type !== 'usage' && part.type !== 'signature';
    }
    return {
      content,
      last,
      ...optional('out', out === '' ? undefined : Buffer.from(out)),
      ...optional('error', error),
    };
  }

  finished(): boolean {
    return this.#facts.finish !== undefined;
  }

  facts(): AnswerFacts {
    return this.#facts;
  }

  closing(bill: Bill): Uint8Array {
    const head = JSON.stringify(this.#envelope([]));
    return Buffer.from(
      `${dataFrame(`${head.slice(0, -1)},"usage":${writeChatUsage(bill)}}`)}data: [DONE]\n\n`,
    );
  }

  #write(part: Part): string {
    switch (part.type) {
      case 'start':
        this.#facts = { ...this.#facts, ...optional('upstreamId', part.id) };
        return this.#delta({});
      case 'text':
        this.#seen(part.text);
        return this.#delta({ content: part.text });
      case 'thinking':
        this.#seen(part.text);
        return this.#delta({ reasoning: part.text });
      case 'call':
        this.#callIndex.set(part.index, this.#calls++);
        return this.#call(part.index, {
          id: part.id,
          type: 'function',
          function: { name: part.name, arguments: '' },
        });
      case 'arguments':
        this.#seen(part.json);
        return this.#call(part.index, { function: { arguments: part.json } });
      case 'usage':
        this.#facts = { ...this.#facts, usage: part.usage };
        return '';
      case 'finish':
        this.#facts = { ...this.#facts, finish: part.reason, nativeFinish: part.raw };
        return this.#delta({}, part.reason, part.raw);
      case 'signature':
        return '';
    }
  }

  #seen(text: string): void {
    this.#facts = { ...this.#facts, outputSeen: this.#facts.outputSeen + Math.ceil(text.length / 4) };
  }

  #call(index: number, call: JsonObject): string {
    return this.#delta({ tool_calls: [{ index: this.#callIndex.get(index) ?? 0, ...call }] });
  }

  #delta(delta: JsonObject, finish: FinishReason | null = null, raw?: string): string {
    const role = this.#started ? {} : { role: 'assistant', content: '' };
    this.#started = true;
    const choice = {
      index: 0,
      delta: { ...role, ...delta },
      finish_reason: finish,
      ...optional('native_finish_reason', raw),
    };
    return dataFrame(JSON.stringify(this.#envelope([choice])));
  }

  #envelope(choices: readonly JsonObject[]): JsonObject {
    const { generation, created, model } = this.#identity;
    return { id: generation, object: 'chat.completion.chunk', created, model, choices };
  }
}

/** A whole foreign answer, given as parts, as a chat completion. */
export function chatAnswer(parts: readonly Part[], identity: AnswerIdentity): WholeAnswer {
  const answer = fold(parts);
  return {
    facts: {
      ...optional('upstreamId', answer.id),
      ...optional('usage', answer.usage),
      ...optional('finish', answer.finish),
      ...optional('nativeFinish', answer.nativeFinish),
      outputSeen: answer.usage
        ? completionTokens(answer.usage)
        : Math.ceil((answer.text.length + answer.thinking.length) / 4),
    },
    compose: (bill) => {
      const head = JSON.stringify({
        id: identity.generation,
        object: 'chat.completion',
        created: identity.created,
        model: identity.model,
        choices: [choiceOf(answer)],
      });
      return [Buffer.from(`${head.slice(0, -1)},"usage":${writeChatUsage(bill)}}`)];
    },
  };
}

function choiceOf(answer: Answer): JsonObject {
  const calls = answer.calls.map(({ id, name, arguments: json }) => ({
    id,
    type: 'function',
    function: { name, arguments: json },
  }));
  const message = {
    role: 'assistant',
    content: answer.text === '' && calls.length > 0 ? null : answer.text,
    refusal: null,
    ...(answer.thinking === '' ? {} : { reasoning: answer.thinking }),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
  return {
    index: 0,
    message,
    logprobs: null,
    finish_reason: answer.finish ?? 'stop',
    ...optional('native_finish_reason', answer.nativeFinish),
  };
}
