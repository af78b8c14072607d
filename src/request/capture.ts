/**
 * A working request becomes a preset: what a preset can hold is kept in the words of the document, what belongs to the
 * one request is dropped. Whatever its dialect, it is read as the chat request that it crosses to. Pure.
 */
import { knownParameters } from '../core/check-parameters.ts';
import { parseName } from '../core/resolve.ts';
import type { Endpoint, JsonObject, JsonValue } from '../core/snapshot.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { wires } from '../dialects/table.ts';

export type Captured = {
  /** As a preset stands in the document. */
  readonly body: JsonObject;
  /** Keys of the request that no preset holds. */
  readonly dropped: readonly string[];
};

/** Throws Refused where the request cannot be understood. */
export function capture(dialect: Dialect, bytes: Buffer): Captured {
  const ask = dialect.read(bytes);
  const sent = JSON.parse(bytes.toString()) as JsonObject;
  const chat = dialect.api === 'chat' ? sent : asChat(dialect, bytes);
  const named = [...(ask.model === undefined ? [] : [ask.model]), ...ask.models];
  const models = named.filter((name) => parseName(name).preset === undefined);
  const parameters = parametersOf(chat, sent);
  const system = systemPrompt(chat['messages']);
  const body: Record<string, JsonValue> = {
    ...(models.length > 0 ? { models } : {}),
    ...(system === '' ? {} : { system_prompt: system }),
    ...(Object.keys(parameters).length > 0 ? { parameters } : {}),
    ...(isFilled(chat['tools']) ? { tools: chat['tools'] } : {}),
    ...(sent['provider'] === undefined || sent['provider'] === null ? {} : { provider: sent['provider'] }),
  };
  return { body, dropped: Object.keys(sent).filter((key) => !kept.has(key) && !(key in parameters)) };
}

/** What stands in a preset, or had its place in one, whatever the dialect calls it. */
const kept: ReadonlySet<string> = new Set(
  [
    ['model', 'models', 'provider', 'tools', 'system', 'instructions'],
    ['max_output_tokens', 'stop_sequences', 'thinking', 'reasoning', 'text', 'output_config'],
  ].flat(),
);

/** Of one request alone, although it is a parameter of it. */
const transient: ReadonlySet<string> = new Set(['user', 'metadata', 'n', 'seed']);

function parametersOf(chat: JsonObject, sent: JsonObject): JsonObject {
  const capped = ['max_tokens', 'max_completion_tokens', 'max_output_tokens'].some(
    (cap) => typeof sent[cap] === 'number',
  );
  const exact = ownWords(sent);
  const entries = Object.entries(chat).filter(
    ([key, value]) =>
      !(key === 'reasoning_effort' && 'reasoning' in exact) &&
      knownParameters.includes(key) &&
      !transient.has(key) &&
      value !== null &&
      // A crossing always writes a cap; only what the request asked for is captured.
      (capped || !(key === 'max_tokens' || key === 'max_completion_tokens')),
  );
  return { ...Object.fromEntries(entries), ...exact };
}

/** What Anthropic's requests say more exactly than the chat request that they cross to. */
function ownWords({ thinking, top_k: topK }: JsonObject): JsonObject {
  const budget = (thinking as JsonObject | undefined)?.['budget_tokens'];
  return {
    ...(typeof topK === 'number' ? { top_k: topK } : {}),
    ...(typeof budget === 'number' ? { reasoning: { max_tokens: budget } } : {}),
  };
}

/** The text of the messages that stand before the conversation. */
function systemPrompt(messages: JsonValue | undefined): string {
  const texts: string[] = [];
  for (const message of Array.isArray(messages) ? (messages as readonly JsonObject[]) : []) {
    if (message['role'] !== 'system' && message['role'] !== 'developer') break;
    texts.push(textOf(message['content']));
  }
  return texts.join('\n\n').trim();
}

function textOf(content: JsonValue | undefined): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return (content as readonly JsonObject[])
    .map(({ text }) => (typeof text === 'string' ? text : ''))
    .join('\n\n');
}

function isFilled(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value) && value.length > 0;
}

function asChat(dialect: Dialect, bytes: Buffer): JsonObject {
  const ask = dialect.read(bytes);
  const conversation = dialect.conversation({
    ask,
    merged: { set: {}, drop: [], outputCap: ask.outputCap ?? 1, warnings: [] },
    endpoint: anywhere,
    provider: {},
    ownProviders: new Set(),
    keeps: () => false,
    now: 0,
  });
  const codec = wires['openai-chat'];
  if (!codec) throw new Error('the chat wire is gone');
  return codec.request(conversation, anywhere).body;
}

/** OpenRouter's chat wire carries the most, in the names that presets use. */
const anywhere: Endpoint = {
  id: 'any/model@any',
  model: { slug: 'any/model', name: 'any', features: [], offers: [] },
  provider: {
    name: 'any',
    wire: 'openai-chat',
    baseUrl: 'https://any.example/v1',
    credentials: [],
    auth: { header: 'authorization', scheme: 'Bearer' },
    headers: {},
    catalog: 'openrouter',
    data: {},
  },
  providerModel: 'any',
  wire: 'openai-chat',
  features: new Set(['tools', 'json_schema', 'vision', 'pdf', 'audio', 'reasoning']),
};
