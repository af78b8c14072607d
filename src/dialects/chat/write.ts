/** Writes the parts of an answer from another wire as chat completions, streamed or whole. */
import type { Wire } from '../../core/catalog.ts';
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
import { DetailWriter, proofOf, wholeDetails } from './details.ts';
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
  #logprobs: readonly JsonValue[] = [];

  readonly #details: DetailWriter;
  readonly #signatures: string[] = [];

  constructor(identity: AnswerIdentity, reader: PartReader, wire: Wire) {
    this.#identity = identity;
    this.#reader = reader;
    this.#details = new DetailWriter(wire);
  }

  event(event: SseEvent): Step {
    const { parts, error, last } = this.#reader.read(event);
    let out = '';
    let content = false;
    for (const [at, part] of parts.entries()) {
      out += this.#write(part, this.#details.details(part, parts[at + 1]));
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
    return this.#signatures.length > 0 ? { ...this.#facts, signatures: this.#signatures } : this.#facts;
  }

  closing(bill: Bill): Uint8Array {
    const head = JSON.stringify(this.#envelope([]));
    return Buffer.from(
      `${dataFrame(`${head.slice(0, -1)},"usage":${writeChatUsage(bill)}${metadataMember(bill)}}`)}data: [DONE]\n\n`,
    );
  }

  #write(part: Part, details: readonly JsonObject[]): string {
    this.#signatures.push(...details.flatMap((detail) => proofOf(detail) ?? []));
    const told = details.length > 0 ? { reasoning_details: details } : {};
    switch (part.type) {
      case 'start':
        this.#facts = { ...this.#facts, ...optional('upstreamId', part.id) };
        return this.#delta({});
      case 'text':
        this.#seen(part.text);
        return this.#delta(part.refusal ? { refusal: part.text } : { content: part.text });
      case 'thinking':
        this.#seen(part.text);
        return this.#delta({ reasoning: part.text, ...told });
      case 'call':
        this.#callIndex.set(part.index, this.#calls++);
        return this.#call(
          part.index,
          { id: part.id, type: 'function', function: { name: part.name, arguments: '' } },
          told,
        );
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
        this.#logprobs = [...this.#logprobs, ...part.content];
        return '';
      case 'signature':
      case 'redacted':
      case 'break':
        return details.length > 0 ? this.#delta(told) : '';
    }
  }

  #seen(text: string): void {
    this.#facts = {
      ...this.#facts,
      outputSeen: this.#facts.outputSeen + Math.ceil(Buffer.byteLength(text) / 4),
    };
  }

  #call(index: number, call: JsonObject, told: JsonObject = {}): string {
    return this.#delta({ ...told, tool_calls: [{ index: this.#callIndex.get(index) ?? 0, ...call }] });
  }

  #delta(delta: JsonObject, finish: FinishReason | null = null, raw?: string): string {
    const role = this.#started ? {} : { role: 'assistant', content: '' };
    this.#started = true;
    const logprobs = this.#logprobs;
    this.#logprobs = [];
    const choice = {
      index: 0,
      delta: { ...role, ...delta },
      ...optional('logprobs', logprobs.length === 0 ? undefined : logprobsOf(logprobs)),
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
  return !['start', 'usage', 'signature', 'break', 'logprobs'].includes(part.type);
}

function logprobsOf(content: JsonValue): JsonObject {
  return { content, refusal: null };
}

/** A whole foreign answer, given as parts, as a chat completion. */
export function chatAnswer(parts: readonly Part[], identity: AnswerIdentity, wire: Wire): WholeAnswer {
  const answer = fold(parts);
  const details = wholeDetails(parts, wire);
  const signatures = details.flatMap((detail) => proofOf(detail) ?? []);
  return {
    facts: {
      ...optional('upstreamId', answer.id),
      ...optional('usage', answer.usage),
      ...optional('finish', answer.finish),
      ...optional('nativeFinish', answer.nativeFinish),
      ...(signatures.length > 0 ? { signatures } : {}),
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
        choices: [choiceOf(answer, details)],
        system_fingerprint: null,
      });
      return [Buffer.from(`${head.slice(0, -1)},"usage":${writeChatUsage(bill)}${metadataMember(bill)}}`)];
    },
  };
}

function choiceOf(answer: Answer, details: readonly JsonObject[]): JsonObject {
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
  const texts = answer.blocks.filter((block) => block.type === 'text');
  const text = textOf(texts.filter(({ refusal }) => !refusal));
  const refusal = textOf(texts.filter((block) => block.refusal));
  const logprobs = texts.flatMap((block) => block.logprobs ?? []);
  const thinking = thoughtOf(answer);
  const message = {
    role: 'assistant',
    content: text === '' && (calls.length > 0 || refusal !== '') ? null : text,
    refusal: refusal === '' ? null : refusal,
    ...(thinking === '' ? {} : { reasoning: thinking }),
    ...(details.length > 0 ? { reasoning_details: details } : {}),
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
  return {
    index: 0,
    message,
    logprobs: logprobs.length === 0 ? null : logprobsOf(logprobs),
    finish_reason: answer.finish ?? 'stop',
    ...optional('native_finish_reason', answer.nativeFinish),
  };
}

function thoughtOf(answer: Answer): string {
  return answer.blocks.map((block) => (block.type === 'thinking' ? block.text : '')).join('');
}
