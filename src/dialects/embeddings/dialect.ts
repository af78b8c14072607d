/** Embeddings as OpenAI has them: JSON only. On OpenAI's wire bytes pass; there is no conversation to translate. */
import type { Source } from '../../core/ask.ts';
import { asObject } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
import type { JsonObject } from '../../core/snapshot.ts';
import { promptTokens } from '../../core/usage.ts';
import { chatError, chatErrorEvent } from '../chat/error.ts';
import { readCharge, readChatUsage, writeChatUsage } from '../chat/usage.ts';
import {
  BadAnswer,
  type AnswerIdentity,
  type Dialect,
  type Outgoing,
  type StreamTranslator,
  type WholeAnswer,
} from '../dialect.ts';
import { JsonFault } from '../json-scan.ts';
import { bytesOf, readSource, splice, valueOf } from '../json-source.ts';
import { heartbeat } from '../sse.ts';
import { embedElsewhere } from './cross.ts';
import { readEmbeddings } from './read.ts';

export const embeddingsDialect: Dialect = {
  api: 'embeddings',
  sameWire: 'openai-chat',
  path: '/embeddings',
  read: readEmbeddings,
  splice: spliceEmbeddings,
  embed: embedElsewhere,
  conversation: cannotCross,
  pass: () => noStream,
  passWhole,
  write: cannotCross,
  writeWhole: cannotCross,
  error: chatError,
  errorEvent: chatErrorEvent,
  heartbeat,
};

/** The plan leaves out wires that embed nothing; to get here is a mistake of ours. */
function cannotCross(): never {
  throw new Error('embeddings cannot be translated');
}

/** Keys that only the gateway understands. */
const gatewayKeys: readonly string[] = ['preset', 'models', 'route', 'provider'];
/** Of a preset's parameters those that mean something here. */
const parameters: readonly string[] = ['dimensions', 'encoding_format', 'user', 'input_type'];

function spliceEmbeddings({ ask, merged, endpoint }: Outgoing): Uint8Array[] {
  const edits = new Map<string, string | undefined>([['model', JSON.stringify(endpoint.providerModel)]]);
  for (const key of [...gatewayKeys, ...merged.drop]) if (ask.keys.has(key)) edits.set(key, undefined);
  for (const key of parameters) {
    const value = merged.set[key];
    if (value !== undefined) edits.set(key, JSON.stringify(value));
  }
  return splice(ask.source, edits);
}

/** Nothing is streamed: what comes is collected, and `passWhole` reads it. */
const noStream: StreamTranslator = {
  event: () => ({ content: false, last: false }),
  finished: () => false,
  facts: () => ({ outputSeen: 0 }),
  closing: () => Buffer.alloc(0),
};

/** Throws BadAnswer when it holds no embeddings. */
function passWhole(body: Buffer, identity: AnswerIdentity): WholeAnswer {
  const { source, raw } = readAnswer(body);
  const data = bytesOf(source, 'data');
  if (!data || data[0] !== 0x5b || /^\[\s*\]$/.test(data.toString('latin1', 0, 64)))
    throw new BadAnswer('the answer has no embeddings');
  return {
    facts: {
      ...optional('usage', readChatUsage(raw)),
      ...optional('charged', readCharge(raw)),
      outputSeen: 0,
    },
    compose: (bill) =>
      splice(
        source,
        new Map([
          ['model', JSON.stringify(identity.model)],
          ['usage', writeChatUsage(bill, readChatUsage(raw) ? raw : counted(promptTokens(bill.usage)))],
        ]),
      ),
  };
}

function readAnswer(body: Buffer): { readonly source: Source; readonly raw: JsonObject } {
  try {
    const source = readSource(body);
    return { source, raw: asObject(valueOf(source, 'usage')) };
  } catch (error) {
    if (error instanceof JsonFault) throw new BadAnswer('the answer is not valid JSON');
    throw error;
  }
}

function counted(tokens: number): JsonObject {
  return { prompt_tokens: tokens, total_tokens: tokens };
}
