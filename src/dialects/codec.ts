/** One place that knows which codec serves which wire, for callers of the chat dialect. */
import type { Conversation } from '../core/conversation.ts';
import type { JsonObject } from '../core/snapshot.ts';
import { AnthropicReader, readAnthropicAnswer } from './anthropic-answer.ts';
import { writeAnthropic } from './anthropic-request.ts';
import { readConversation } from './chat-conversation.ts';
import { ChatPass, passAnswer } from './chat-pass.ts';
import { writeChatRequest, type ChatRequest } from './chat-request.ts';
import { chatAnswer, ChatWriter } from './chat-write.ts';
import type { AnswerIdentity, StreamTranslator, WholeAnswer } from './dialect.ts';
import { parseJson } from './json-source.ts';

/** A request on its way to an endpoint, and how to read what comes back. */
export type Coded = {
  /** Appended to the provider's base URL. */
  readonly path: string;
  readonly body: readonly Uint8Array[];
  /** Headers that the wire itself demands. */
  readonly headers: Readonly<Record<string, string>>;
  /** True when the request was translated. */
  readonly translated: boolean;
  readonly warnings: readonly string[];
  stream(identity: AnswerIdentity): StreamTranslator;
  whole(body: Buffer, identity: AnswerIdentity): WholeAnswer;
};

/** Anthropic's API version whose events the reader understands; the client's own header takes its place. */
const anthropicVersion = '2023-06-01';

/** Writes the request in the endpoint's wire. Throws Refused when it cannot be understood well enough to cross. */
export function codeChat(request: ChatRequest): Coded {
  const { wire } = request.endpoint;
  if (wire === 'openai-chat') {
    return {
      path: '/chat/completions',
      body: writeChatRequest(request),
      headers: {},
      translated: false,
      warnings: [],
      stream: (identity) => new ChatPass(identity),
      whole: passAnswer,
    };
  }
  if (wire === 'anthropic') return codeAnthropic(request);
  throw new Error(`the wire ${wire} is not spoken; the plan leaves it out`);
}

function codeAnthropic(request: ChatRequest): Coded {
  const merged = parseJson(Buffer.concat(writeChatRequest(request))) as JsonObject;
  const conversation: Conversation = readConversation(merged, request.merged.outputCap);
  const { body, warnings } = writeAnthropic(conversation, request.endpoint.providerModel);
  return {
    path: '/messages',
    body: [Buffer.from(JSON.stringify(body))],
    headers: { 'anthropic-version': anthropicVersion },
    translated: true,
    warnings,
    stream: (identity) => new ChatWriter(identity, new AnthropicReader()),
    whole: (bytes, identity) => chatAnswer(readAnthropicAnswer(bytes), identity),
  };
}
