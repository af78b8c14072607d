/** A request and its answer on their way through the codecs alone, from any dialect to any wire: no sockets, no time. */
import type { Wire } from '../../src/core/catalog.ts';
import { fold, type Answer, type Part } from '../../src/core/conversation.ts';
import type { Merged } from '../../src/core/merge.ts';
import type { JsonObject, Preset } from '../../src/core/snapshot.ts';
import { chatDialect } from '../../src/dialects/chat/dialect.ts';
import {
  BadAnswer,
  type AnswerFacts,
  type Bill,
  type Dialect,
  type Outgoing,
  type StreamTranslator,
} from '../../src/dialects/dialect.ts';
import { messagesDialect } from '../../src/dialects/messages/dialect.ts';
import { responsesDialect } from '../../src/dialects/responses/dialect.ts';
import { SseReader, type SseEvent } from '../../src/dialects/sse.ts';
import { code, wires, type Coded } from '../../src/dialects/table.ts';
import { bill, identity } from './messages.ts';
import { endpointOf } from './responses.ts';

/** The dialects that hold conversations. */
export const conversing = {
  chat: chatDialect,
  responses: responsesDialect,
  messages: messagesDialect,
} as const satisfies Record<string, Dialect>;
export type Conversing = keyof typeof conversing;

export const dialectNames = Object.keys(conversing) as readonly Conversing[];
export const wireNames: readonly Wire[] = ['openai-chat', 'openai-responses', 'anthropic', 'gemini'];

export type Way = {
  readonly wire: Wire;
  /** The provider's own model id. */
  readonly model?: string;
  /** The provider as the catalogue knows it. */
  readonly catalog?: string;
  readonly merged?: Partial<Merged>;
  readonly preset?: Partial<Preset>;
  readonly keeps?: (signature: string) => boolean;
};

/** The request `body` on its way to an endpoint, capped at its own cap or at 1,000 tokens. */
export function onItsWay(dialect: Dialect, body: JsonObject, way: Way): Outgoing {
  const ask = dialect.read(Buffer.from(JSON.stringify(body)));
  const endpoint = endpointOf(way.wire);
  const catalog = way.catalog ?? endpoint.provider.catalog;
  return {
    ask,
    merged: { set: {}, drop: [], outputCap: ask.outputCap ?? 1_000, warnings: [], ...way.merged },
    endpoint: {
      ...endpoint,
      provider: { ...endpoint.provider, catalog },
      providerModel: way.model ?? endpoint.providerModel,
    },
    ...(way.preset ? { preset: { tools: [], ...way.preset } as unknown as Preset } : {}),
    provider: {},
    ownProviders: new Set(),
    keeps: way.keeps ?? (() => false),
    now: 0,
  };
}

const hi = [{ role: 'user', content: 'hi' }];

/** The plainest request of each dialect. */
export const plainest: Readonly<Record<Conversing, JsonObject>> = {
  chat: { model: 'm', messages: hi },
  responses: { model: 'm', input: 'hi' },
  messages: { model: 'm', max_tokens: 1_000, messages: hi },
};

/** How the answer to a plain streaming request comes back. */
export function plainly(dialect: Conversing, wire: Wire): Coded {
  const body = { ...plainest[dialect], stream: true };
  return code(conversing[dialect], onItsWay(conversing[dialect], body, { wire }));
}

/** The events in the bytes, which arrive in these pieces. */
export function eventsIn(pieces: readonly Buffer[]): readonly SseEvent[] {
  const reader = new SseReader();
  const events = pieces.flatMap((piece) => reader.push(piece));
  const rest = reader.end();
  return rest ? [...events, rest] : events;
}

/** What the client got of a stream, and what is known of it. */
export type Told = {
  readonly raw: string;
  /** What broke it: the provider's error, or what cannot be read. */
  readonly error: string | undefined;
  readonly finished: boolean;
  readonly facts: AnswerFacts;
};

/** Lets an upstream's stream through, as an attempt does. */
export function tell(coded: Coded, events: readonly SseEvent[]): Told {
  const translator = coded.stream(identity);
  const out: Uint8Array[] = [];
  const error = letThrough(translator, events, out);
  const finished = translator.finished();
  if (finished) out.push(translator.closing(billFor(translator.facts())));
  return { raw: Buffer.concat(out).toString(), error, finished, facts: translator.facts() };
}

function letThrough(
  translator: StreamTranslator,
  events: readonly SseEvent[],
  out: Uint8Array[],
): string | undefined {
  try {
    for (const event of events) {
      const step = translator.event(event);
      if (step.error) return step.error.body;
      if (step.out) out.push(step.out);
      if (step.last) return undefined;
    }
    return undefined;
  } catch (error) {
    if (error instanceof BadAnswer) return error.message;
    throw error;
  }
}

/** An upstream's whole answer as the client gets it, and what is known of it. Throws BadAnswer. */
export function tellWhole(
  coded: Coded,
  sent: JsonObject,
): { readonly body: string; readonly facts: AnswerFacts } {
  const answer = coded.whole(Buffer.from(JSON.stringify(sent)), identity);
  return { body: Buffer.concat(answer.compose(billFor(answer.facts))).toString(), facts: answer.facts };
}

function billFor({ usage }: AnswerFacts): Bill {
  return usage ? { ...bill, usage } : bill;
}

/** The answer that a stream of this wire spells. */
export function readStream(wire: Wire, events: readonly SseEvent[]): Answer {
  const reader = wires[wire]?.reader();
  const parts: Part[] = [];
  for (const event of events) {
    const read = reader?.read(event);
    parts.push(...(read?.parts ?? []));
    if (read?.last === true) break;
  }
  return fold(parts);
}

/** The answer that a body of this wire spells. */
export function readWhole(wire: Wire, body: string): Answer {
  return fold(wires[wire]?.readWhole(Buffer.from(body)) ?? []);
}
