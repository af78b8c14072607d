/** Reads Gemini's answers, streamed or whole, into parts. Facts: Gemini API reference, and recorded answers. */
import type { Part } from '../../core/conversation.ts';
import type { ErrorReply } from '../../core/failure.ts';
import { asObject, asText, someText } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import { BadAnswer, type PartReader, type ReadEvent } from '../dialect.ts';
import { parseAnswer } from '../json-answer.ts';
import type { SseEvent } from '../sse.ts';
import { GrowingArguments } from './arguments.ts';
import { geminiFinish, readGeminiUsage } from './usage.ts';

/** Reads one stream. It has no end of its own: a `finishReason` completes the answer, then the connection closes. */
export class GeminiReader implements PartReader {
  #id: string | undefined;
  #started = false;
  #finished = false;
  /** Calls seen so far; a call's place is its index. */
  #calls = 0;
  /** The call whose arguments are still coming. */
  #open: GrowingArguments | undefined;
  #told = false;

  read({ data }: SseEvent): ReadEvent {
    const event = parseAnswer(data);
    if ((event['error'] ?? null) !== null) return failed(data.toString('utf8'));
    const start = this.#start(event);
    const usage = usageParts(event);
    const blocked = someText(asObject(event['promptFeedback'])['blockReason']);
    if (blocked !== undefined) return { ...refusedPrompt(blocked), parts: [...start, ...usage] };
    const candidate = firstCandidate(event);
    // What comes behind the finish belongs to no answer.
    const content = candidate && !this.#finished ? this.#content(candidate) : [];
    const finish = someText(candidate?.['finishReason']);
    if (finish === undefined || this.#finished)
      return { parts: [...start, ...content, ...usage], last: false };
    return this.#finish(finish, asText(candidate?.['finishMessage']), [...start, ...content, ...usage]);
  }

  #start(event: JsonObject): Part[] {
    this.#id ??= someText(event['responseId']);
    if (this.#started) return [];
    this.#started = true;
    return [{ type: 'start', ...optional('id', this.#id) }];
  }

  #content(candidate: JsonObject): Part[] {
    const parts = asObject(candidate['content'])['parts'];
    const read = Array.isArray(parts) ? parts.flatMap((part: JsonValue) => this.#part(asObject(part))) : [];
    const logprobs = readLogprobs(asObject(candidate['logprobsResult']));
    return logprobs.length > 0 ? [{ type: 'logprobs', content: logprobs }, ...read] : read;
  }

  #part(part: JsonObject): Part[] {
    const signature = someText(part['thoughtSignature']);
    const call = part['functionCall'];
    if (call !== undefined) return this.#call(asObject(call), signature);
    const text = asText(part['text']);
    const type = part['thought'] === true ? 'thinking' : 'text';
    this.#told ||= text !== '';
    return [
      ...(text === '' ? [] : [{ type, text } as const]),
      ...(signature === undefined ? [] : [{ type: 'signature', signature } as const]),
    ];
  }

  /** A name opens a call; without `willContinue` it is complete at once, else an event without it completes it. */
  #call(call: JsonObject, signature: string | undefined): Part[] {
    const name = someText(call['name']);
    const parts = name === undefined ? [] : this.#openCall(name, someText(call['id']), signature);
    this.#open?.take(call);
    return call['willContinue'] === true ? parts : [...parts, ...this.#closeCall()];
  }

  /** The signature is told before the call as well: most dialects can only carry it as that of a thought. */
  #openCall(name: string, id: string | undefined, signature: string | undefined): Part[] {
    const before = this.#closeCall();
    const index = this.#calls++;
    this.#open = new GrowingArguments();
    this.#told = true;
    const made = id ?? ['call', ...(this.#id === undefined ? [] : [this.#id]), index].join('_');
    return [
      ...before,
      ...(signature === undefined ? [] : [{ type: 'signature', signature } as const]),
      { type: 'call', index, id: made, name, ...optional('signature', signature) },
    ];
  }

  #closeCall(): Part[] {
    const json = this.#open?.text();
    this.#open = undefined;
    return json === undefined ? [] : [{ type: 'arguments', index: this.#calls - 1, json }];
  }

  #finish(raw: string, message: string, before: readonly Part[]): ReadEvent {
    this.#finished = true;
    const parts = [...before, ...this.#closeCall()];
    const reason = geminiFinish(raw, this.#calls > 0);
    if (reason === 'error' && !this.#told) return { ...failedToAnswer(raw, message), parts };
    return { parts: [...parts, { type: 'finish', reason, raw }], last: false };
  }
}

/** Reads a whole answer, which has the shape of a stream's event. Throws BadAnswer when it is none, or a refusal. */
export function readGeminiAnswer(body: Buffer): readonly Part[] {
  const { parts, error } = new GeminiReader().read({ data: body });
  if (error) throw new BadAnswer('the answer is an error', error);
  if (!parts.some(({ type }) => type === 'finish')) throw new BadAnswer('the answer has no candidates');
  return parts;
}

function failed(body: string): ReadEvent & { readonly error: ErrorReply } {
  return { parts: [], error: { status: 200, headers: {}, body }, last: false };
}

/** The words are those that the table of failures knows a refusal on content by. */
function refusedPrompt(reason: string): ReadEvent {
  const message = `the prompt was blocked by a content filter: ${reason}`;
  return failed(JSON.stringify({ error: { code: 400, status: reason, message } }));
}

/** Nothing was told yet, so another endpoint may still answer. */
function failedToAnswer(reason: string, message: string): ReadEvent {
  const said = `the model did not complete its answer: ${reason}${message === '' ? '' : ` (${message})`}`;
  return failed(JSON.stringify({ error: { code: 500, status: reason, message: said } }));
}

function usageParts(event: JsonObject): Part[] {
  const raw = asObject(event['usageMetadata']);
  const usage = readGeminiUsage(raw);
  return usage ? [{ type: 'usage', usage, raw }] : [];
}

/** Of several candidates only the first is told: other dialects know no more. */
function firstCandidate(event: JsonObject): JsonObject | undefined {
  const candidates = Array.isArray(event['candidates']) ? event['candidates'] : [];
  return candidates.map(asObject).find(({ index }) => (index ?? 0) === 0);
}

/** Log probabilities as chat completions writes them. */
function readLogprobs(result: JsonObject): readonly JsonObject[] {
  const chosen = Array.isArray(result['chosenCandidates']) ? result['chosenCandidates'] : [];
  const top = Array.isArray(result['topCandidates']) ? result['topCandidates'] : [];
  return chosen.map((one: JsonValue, place) => {
    const others = asObject(top[place])['candidates'];
    return {
      ...logprobOf(asObject(one)),
      top_logprobs: Array.isArray(others) ? others.map((other: JsonValue) => logprobOf(asObject(other))) : [],
    };
  });
}

function logprobOf(candidate: JsonObject): JsonObject {
  const token = asText(candidate['token']);
  const logprob = candidate['logProbability'];
  return { token, logprob: typeof logprob === 'number' ? logprob : 0, bytes: [...Buffer.from(token)] };
}
