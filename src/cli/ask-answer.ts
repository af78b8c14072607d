/** Reads a chat answer, whole or streamed, piece by piece. */
import { eventData } from './event-stream.ts';

/** What an answer turned out to be. */
export type AnswerEnd = {
  readonly text: string;
  readonly finish: string | undefined;
  readonly usage: unknown;
  /** Set when the answer broke off: what the gateway said, or that it said nothing. */
  readonly broken: string | undefined;
};

type Chunk = {
  readonly error?: { readonly message?: string };
  readonly usage?: unknown;
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string | null };
    readonly message?: { readonly content?: string | null };
    readonly finish_reason?: string | null;
  }[];
};

/** Hands every piece of text to `piece` as it comes. */
export async function readStream(
  body: AsyncIterable<Uint8Array>,
  piece: (text: string) => void,
): Promise<AnswerEnd> {
  let end: AnswerEnd = { text: '', finish: undefined, usage: undefined, broken: undefined };
  try {
    for await (const data of eventData(body)) {
      if (data === '[DONE]') return end;
      const chunk = parseChunk(data);
      const text = chunk.choices?.[0]?.delta?.content ?? '';
      if (text !== '') piece(text);
      end = advance(end, chunk, text);
    }
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  if (end.broken !== undefined || end.finish !== undefined) return end;
  return { ...end, broken: 'the connection closed in mid-answer' };
}

function advance(end: AnswerEnd, chunk: Chunk, text: string): AnswerEnd {
  return {
    text: end.text + text,
    finish: chunk.choices?.[0]?.finish_reason ?? end.finish,
    usage: chunk.usage ?? end.usage,
    broken: end.broken ?? (chunk.error ? (chunk.error.message ?? 'no reason given') : undefined),
  };
}

export function readWhole(body: string): AnswerEnd {
  const answer = parseChunk(body);
  return advance(
    { text: '', finish: undefined, usage: undefined, broken: undefined },
    answer,
    answer.choices?.[0]?.message?.content ?? '',
  );
}

function parseChunk(data: string): Chunk {
  try {
    return JSON.parse(data) as Chunk;
  } catch {
    return { error: { message: 'the gateway sent something that is not JSON' } };
  }
}
