/** Writes the parts of an answer from another wire as chat completions, streamed or whole. */
import type { Answer, FinishReason, Part } from '../../core/conversation.ts';
import { fold, textOf } from '../../core/conversation.ts';
import { optional } from '../../core/optional.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
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
import { metadataMember, writeChatUsage } from './usage.ts';
import { dataFrame, type SseEvent } from '../sse.ts';

/** Writes a foreign stream as chat chunks; the reader understands the foreign wire. */
export class ChatWriter implements StreamTranslator {
  readonly #identity: AnswerIdentity;
  readonly #reader: PartReader;
  #facts: AnswerFacts = { outputSeen: 0 };
  #calls = 0;
  #callIndex = new Map<number, number>();
  #started = false;
  /** They wait for the text they belong to. */
  #logprobs: JsonValue | undefined;

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
    return this.#facts.finish !== undefined;
  }

  facts(): AnswerFacts {
    return this.#facts;
  }

  closing(bill: Bill): Uint8Array {
    const head = JSON.stringify(this.#envelope([]));
    return Buffer.from(
      `${dataFrame(`${head.slice(0, -1)},"usage":${writeChatUsage(bill)}${metadataMember(bill)}}`)}data: [DONE]\n\n`,
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
      case 'logprobs':
        this.#logprobs = part.content;
        return '';
      case 'signature':
      case 'redacted':
      case 'break':
        return '';
    }
  }

  #seen(text: string): void {
    this.#facts = {
      ...this.#facts,
      outputSeen: this.#facts.outputSeen + Math.ceil(Buffer.byteLength(text) / 4),
    };
  }

  #call(index: number, call: JsonObject): string {
    return this.#delta({ tool_calls: [{ index: this.#callIndex.get(index) ?? 0, ...call }] });
  }

  #delta(delta: JsonObject, finish: FinishReason | null = null, raw?: string): string {
    const role = this.#started ? {} : { role: 'assistant', content: '' };
    this.#started = true;
    const logprobs = this.#logprobs;
    this.#logprobs = undefined;
    const choice = {
      index: 0,
      delta: { ...role, ...delta },
      ...optional('logprobs', logprobs && logprobsOf(logprobs)),
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

/** Anything the model wrote, or the end of it: from then on nothing may be taken back. */
function isContent(part: Part): boolean {
  return !['start', 'usage', 'signature', 'break'].includes(part.type);
}

function logprobsOf(content: JsonValue): JsonObject {
  return { content, refusal: null };
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
        : Math.ceil((textOf(answer.blocks).length + thoughtOf(answer).length) / 4),
    },
    compose: (bill) => {
      const head = JSON.stringify({
        id: identity.generation,
        object: 'chat.completion',
        created: identity.created,
        model: identity.model,
        choices: [choiceOf(answer)],
        system_fingerprint: null,
      });
      return [Buffer.from(`${head.slice(0, -1)},"usage":${writeChatUsage(bill)}${metadataMember(bill)}}`)];
    },
  };
}

function choiceOf(answer: Answer): JsonObject {
  const calls = answer.blocks.flatMap((block) =>
    block.type === 'call'
      ? [
          {
            id: block.id,
            type: 'function',
            function: { name: block.name, arguments: block.arguments || '{}' },
          },
        ]
      : [],
  );
  const text = textOf(answer.blocks);
  const thinking = thoughtOf(answer);
  const message = {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    refusal: null,
    ...(thinking === '' ? {} : { reasoning: thinking }),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
  return {
    index: 0,
    message,
    logprobs: answer.logprobs === undefined ? null : logprobsOf(answer.logprobs),
    finish_reason: answer.finish ?? 'stop',
    ...optional('native_finish_reason', answer.nativeFinish),
  };
}

function thoughtOf(answer: Answer): string {
  return answer.blocks.map((block) => (block.type === 'thinking' ? block.text : '')).join('');
}
