/** Every dialect and every wire, and how a request finds its way from one to the other. */
import type { Api } from '../core/ask.ts';
import type { Wire } from '../core/catalog.ts';
import { fitIds, grammarOf, leftBehind, ownThinking } from '../core/hand-over.ts';
import { orderTools } from '../core/tool-turns.ts';
import { chatDialect } from './chat/dialect.ts';
import { chatWire } from './chat/wire.ts';
import type {
  AnswerIdentity,
  Dialect,
  Outgoing,
  StreamTranslator,
  WholeAnswer,
  WireCodec,
  WireRequest,
} from './dialect.ts';
import { embeddingsDialect } from './embeddings/dialect.ts';
import { geminiWire } from './gemini/wire.ts';
import { messagesDialect } from './messages/dialect.ts';
import { anthropicWire } from './messages/wire.ts';
import { responsesDialect } from './responses/dialect.ts';
import { responsesWire } from './responses/wire.ts';
import { wrong } from './shape.ts';

export const dialects: Readonly<Partial<Record<Api, Dialect>>> = {
  chat: chatDialect,
  responses: responsesDialect,
  messages: messagesDialect,
  embeddings: embeddingsDialect,
};

export const wires: Readonly<Partial<Record<Wire, WireCodec>>> = {
  'openai-chat': chatWire,
  'openai-responses': responsesWire,
  anthropic: anthropicWire,
  gemini: geminiWire,
};

/** A request on its way to an endpoint, and how to read what comes back. */
export type Coded = WireRequest & {
  /** True when the request was translated. */
  readonly translated: boolean;
  /** What stays behind in every hand-over to such an endpoint, in words for people: no fault of its parameters. */
  readonly notes: readonly string[];
  stream(identity: AnswerIdentity): StreamTranslator;
  whole(body: Buffer, identity: AnswerIdentity): WholeAnswer;
};

/** Writes the request in the endpoint's wire. Throws Refused when it cannot be understood well enough to cross. */
export function code(dialect: Dialect, out: Outgoing): Coded {
  const codec = wires[out.endpoint.wire];
  if (!codec) throw new Error(`the wire ${out.endpoint.wire} is not spoken; the plan leaves it out`);
  const address = codec.address(out.endpoint, out.ask.stream);
  if (dialect.sameWire === codec.wire) {
    return {
      headers: address.headers,
      path: dialect.path ?? address.path,
      body: dialect.splice(out),
      warnings: dialect.spliceWarnings?.(out) ?? [],
      translated: false,
      notes: [],
      stream: (identity) => dialect.pass(identity),
      whole: (body, identity) => dialect.passWhole(body, identity),
    };
  }
  if (dialect.embed && codec.embeddings)
    return {
      ...address,
      ...dialect.embed(out, codec.embeddings),
      translated: true,
      notes: [],
      stream: (identity) => dialect.pass(identity),
    };
  const whole = orderTools(dialect.conversation(out));
  const own = ownThinking(whole, out.keeps);
  const conversation = fitIds(own, grammarOf(out.endpoint));
  const { body, warnings } = codec.request(conversation, out.endpoint);
  if (isEmpty(body['messages'] ?? body['input'] ?? body['contents']))
    throw wrong(
      dialect.api === 'responses' ? 'input' : 'messages',
      'holds nothing that could be told to this provider',
    );
  const { text, mended } = wellFormed(JSON.stringify(body));
  return {
    ...address,
    body: [Buffer.from(text)],
    warnings: [...new Set([...conversation.warnings, ...warnings, ...mended])],
    translated: true,
    notes: leftBehind(whole, own, out.endpoint),
    stream: (identity) => dialect.write(identity, codec.reader(), out),
    whole: (bytes, identity) => dialect.writeWhole(codec.readWhole(bytes), identity, out),
  };
}

function isEmpty(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

const loneSurrogate = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g;

/** JSON may hold halves of characters, which are no Unicode: providers refuse the whole request for one. */
function wellFormed(json: string): { readonly text: string; readonly mended: readonly string[] } {
  const text = json.includes('\\ud') ? json.replaceAll(loneSurrogate, '$1\ufffd') : json;
  return {
    text,
    mended: text === json ? [] : ['text that is no well-formed Unicode was replaced by U+FFFD'],
  };
}
