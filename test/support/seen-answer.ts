/** What the caller of each dialect sees of one answer, streamed or whole, brought to one form. */
import { asObject } from '../../src/core/json.ts';
import type { Api } from '../../src/core/ask.ts';

export type Dialects = Exclude<Api, 'embeddings'>;

export type SeenAnswer = {
  readonly status: number;
  readonly headers: Headers;
  /** The body of an answer that was no event stream. */
  readonly body: unknown;
  /** Beginnings of an answer: one, or two were spliced. */
  readonly starts: number;
  readonly text: string;
  /** The dialect's own sign of the end. */
  readonly finished: boolean;
  /** Error events. */
  readonly errors: readonly unknown[];
  /** Nothing comes after the first error event. */
  readonly errorIsLast: boolean;
  /** The connection ended as HTTP says an answer ends. */
  readonly clean: boolean;
};

export const routes: Readonly<Record<Dialects, string>> = {
  chat: '/chat/completions',
  responses: '/responses',
  messages: '/messages',
};

/** A request in the caller's dialect. */
export function bodyOf(api: Dialects, model: string, prompt: string, stream: boolean): object {
  const base = { model, stream };
  if (api === 'responses') return { ...base, input: prompt, max_output_tokens: 2_000 };
  return { ...base, messages: [{ role: 'user', content: prompt }], max_tokens: 2_000 };
}

/** Reads an answer to its end, whatever that is. */
export async function readAnswer(api: Dialects, response: Response): Promise<SeenAnswer> {
  let raw = '';
  let clean = true;
  try {
    for await (const piece of response.body ?? []) raw += Buffer.from(piece as Uint8Array).toString();
  } catch {
    clean = false;
  }
  const { status, headers } = response;
  if (headers.get('content-type')?.includes('event-stream') !== true) {
    const body: unknown = JSON.parse(raw);
    const text = status === 200 ? wholeText[api](body) : '';
    const starts = text === '' ? 0 : 1;
    return {
      status,
      headers,
      body,
      starts,
      text,
      finished: starts === 1,
      errors: [],
      errorIsLast: true,
      clean,
    };
  }
  const events = payloads(raw);
  const signs = events.map((event) => signOf[api](event));
  const errors = events.filter((_event, index) => signs[index]?.error);
  return {
    status,
    headers,
    body: undefined,
    starts: signs.filter(({ start }) => start).length,
    text: signs.map(({ text = '' }) => text).join(''),
    finished: signs.some(({ finished }) => finished),
    errors,
    errorIsLast: errors.length === 0 || signs.at(-1)?.error === true,
    clean,
  };
}

function payloads(raw: string): readonly unknown[] {
  return raw
    .split('\n\n')
    .flatMap((frame) => frame.split('\n').filter((line) => line.startsWith('data: ')))
    .map((line) => line.slice('data: '.length))
    .map((data): unknown => (data === '[DONE]' ? data : JSON.parse(data)));
}

/** What one event says. */
type Sign = {
  readonly start?: boolean;
  readonly text?: string;
  readonly finished?: boolean;
  readonly error?: boolean;
};

const word = (value: unknown): string => (typeof value === 'string' ? value : '');
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

const signOf: Readonly<Record<Dialects, (event: unknown) => Sign>> = {
  chat(event) {
    if (event === '[DONE]') return { finished: true };
    const { choices, error } = asObject(event);
    const delta = asObject(asObject(list(choices)[0])['delta']);
    return { start: delta['role'] !== undefined, text: word(delta['content']), error: error !== undefined };
  },
  messages(event) {
    const { type, delta } = asObject(event);
    return {
      start: type === 'message_start',
      text: word(asObject(delta)['text']),
      finished: type === 'message_stop',
      error: type === 'error',
    };
  },
  responses(event) {
    const { type, delta } = asObject(event);
    return {
      start: type === 'response.created',
      text: type === 'response.output_text.delta' ? word(delta) : '',
      finished: type === 'response.completed' || type === 'response.incomplete',
      error: type === 'response.failed' || type === 'error',
    };
  },
};

const textOf = (parts: unknown): string =>
  list(parts)
    .map((part) => word(asObject(part)['text']))
    .join('');

const wholeText: Readonly<Record<Dialects, (body: unknown) => string>> = {
  chat: (body) => word(asObject(asObject(list(asObject(body)['choices'])[0])['message'])['content']),
  messages: (body) => textOf(asObject(body)['content']),
  responses: (body) =>
    list(asObject(body)['output'])
      .map((item) => textOf(asObject(item)['content']))
      .join(''),
};
