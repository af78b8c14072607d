/** Which published schema judges what: our answers by their dialect, our translated requests by their wire. */
import { dict } from '../../src/emulator/json.ts';
import { SseReader } from '../../src/dialects/sse.ts';
import { openSpec, specFiles, type Spec, type SpecName } from './openapi.ts';
import { needsShared } from './shared.ts';

export type Api = 'chat' | 'responses' | 'messages';
export type Wire = 'openai-chat' | 'openai-responses' | 'anthropic' | 'gemini';
type Schemas = Partial<Record<SpecName, string>>;

type Judges = {
  readonly whole: Schemas;
  /** An event of a stream. */
  readonly event: Schemas;
  /** The event that ends a broken stream, where that is none of the usual ones. */
  readonly cut: Schemas;
  /** The body of a refusal. */
  readonly error: Schemas;
};

/** Errors have OpenRouter's shape on chat, OpenAI's on responses, Anthropic's on messages. */
const answers: Readonly<Record<Api, Judges>> = {
  chat: {
    whole: { openai: 'CreateChatCompletionResponse', openrouter: 'ChatResult' },
    event: { openai: 'CreateChatCompletionStreamResponse', openrouter: 'ChatStreamChunk' },
    cut: { openrouter: 'ChatStreamChunk' },
    error: { openrouter: 'BadRequestResponse' },
  },
  responses: {
    whole: { openai: 'Response', openrouter: 'OpenResponsesResult' },
    event: { openai: 'ResponseStreamEvent', openrouter: 'StreamEvents' },
    cut: { openai: 'ResponseFailedEvent', openrouter: 'StreamEventsResponseFailed' },
    error: { openai: 'ErrorResponse' },
  },
  messages: {
    whole: { anthropic: 'Message', openrouter: 'MessagesResult' },
    event: { anthropic: 'MessageStreamEvent', openrouter: 'MessagesStreamEvents' },
    cut: { anthropic: 'ErrorResponse', openrouter: 'MessagesErrorEvent' },
    error: { anthropic: 'ErrorResponse', openrouter: 'AnthropicMessagesErrorResponse' },
  },
};

/** No specification of Gemini's wire is at hand. */
const requests: Readonly<Record<Wire, Schemas>> = {
  'openai-chat': { openai: 'CreateChatCompletionRequest' },
  'openai-responses': { openai: 'CreateResponse' },
  anthropic: { anthropic: 'BetaCreateMessageParams' },
  gemini: {},
};

const opened = new Map<SpecName, Spec>();

/** What `value` breaks of the schemas, all of them together. */
export function broken(schemas: Schemas, value: unknown): readonly string[] {
  return Object.entries(schemas).flatMap(([name, schema]) => {
    const spec = opened.get(name as SpecName) ?? openSpec(name as SpecName);
    opened.set(name as SpecName, spec);
    return spec.violations(schema, value);
  });
}

/** What a request breaks that was written for the wire. */
export function brokenRequest(wire: Wire, body: unknown): readonly string[] {
  return broken(requests[wire], body);
}

/** What an answer of the dialect breaks: whole, a refusal, or every event of a stream. */
export function brokenAnswer(api: Api, body: string): readonly string[] {
  const judges = answers[api];
  if (!/^\s*\{/.test(body)) {
    const events = eventsOf(body);
    if (events.length === 0) return ['nothing was answered'];
    return events.flatMap((event) => broken(isCut(event) ? judges.cut : judges.event, event));
  }
  const value = JSON.parse(body) as unknown;
  return broken(isRefusal(value) ? judges.error : judges.whole, value);
}

/** The events of a stream, without the `[DONE]` that ends one of chat. */
export function eventsOf(stream: string): readonly unknown[] {
  const events = new SseReader().push(Buffer.from(stream)).map(({ data }) => data.toString());
  return events.filter((data) => data !== '[DONE]').map((data) => JSON.parse(data) as unknown);
}

function isCut(event: unknown): boolean {
  return 'error' in dict(event) || dict(event)['type'] === 'response.failed';
}

/** A response has an `error` too: null, as long as all is well. */
function isRefusal(value: unknown): boolean {
  return Object.keys(dict(dict(value)['error'])).length > 0;
}

/** For node:test: skips loudly where a file is absent. */
export function needsSpecs(): { readonly skip: string | false } {
  const files = [...Object.values(specFiles), 'data/fixtures/wire', 'data/requests'];
  return files.map(needsShared).find(({ skip }) => skip) ?? { skip: false };
}
