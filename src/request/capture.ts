/**
 * A working request becomes a preset: what a preset can hold is kept in the words of the document, what belongs to the
 * one request is dropped. Whatever its dialect, it is read as the chat request that it crosses to. Pure.
 */
import type { Ask } from '../core/ask.ts';
import { knownParameters } from '../core/check-parameters.ts';
import { capKeys } from '../core/merge.ts';
import type { Endpoint, JsonObject, JsonValue } from '../core/snapshot.ts';
import type { Dialect } from '../dialects/dialect.ts';
import { wires } from '../dialects/table.ts';

export type Captured = {
  /** As a preset stands in the document: models, system_prompt, parameters, tools, provider. */
  readonly body: JsonObject;
  /** Keys of the request that no preset holds, in its order. */
  readonly dropped: readonly string[];
  /** What of the rest could not be kept, in words for people. */
  readonly warnings: readonly string[];
  /** The names that it was sent with. */
  readonly asked: Pick<Ask, 'model' | 'preset'>;
};

/** `isPreset` says which names in `model` stand for presets: those are no models. Throws Refused where the request cannot be understood. */
export function capture(dialect: Dialect, bytes: Buffer, isPreset: (name: string) => boolean): Captured {
  const ask = dialect.read(bytes);
  const sent = JSON.parse(bytes.toString()) as JsonObject;
  const chat = dialect.api === 'chat' ? sent : asChat(dialect, bytes);
  const named = [...(ask.model === undefined ? [] : [ask.model]), ...ask.models];
  const models = [...new Set(named.map(modelIn).filter((name) => name !== '' && !isPreset(name)))];
  const parameters = parametersOf(dialect, chat, sent);
  const system = ownSystem(sent) || leadingSystem(chat['messages']);
  const body: Record<string, JsonValue> = {
    ...(models.length > 0 ? { models } : {}),
    ...(system === '' ? {} : { system_prompt: system }),
    ...(Object.keys(parameters).length > 0 ? { parameters } : {}),
    ...(isFilled(chat['tools']) ? { tools: chat['tools'] } : {}),
    ...(isNothing(sent['provider']) ? {} : { provider: sent['provider'] }),
  };
  const dropped = Object.keys(sent).filter(
    (key) => !isNothing(sent[key]) && !kept.has(key) && !(key in parameters),
  );
  return { body, dropped, warnings: lostTools(sent['tools'], chat['tools']), asked: ask };
}

/** `a/m@preset/coder` → `a/m`; nothing where a preset stands alone. */
function modelIn(name: string): string {
  const at = name.indexOf('@preset/');
  return at === -1 ? name : name.slice(0, at);
}

/** What stands in a preset, or had its place in one, whatever the dialect calls it. */
const kept: ReadonlySet<string> = new Set(
  [
    ['model', 'models', 'preset', 'provider', 'tools', 'system', 'instructions'],
    ['max_output_tokens', 'stop_sequences', 'thinking', 'reasoning', 'text', 'output_config'],
  ].flat(),
);

/** Of one request, user or conversation alone, although it is a parameter. */
const transient: ReadonlySet<string> = new Set([
  'user',
  'metadata',
  'n',
  'seed',
  'prediction',
  'prompt_cache_key',
  'safety_identifier',
]);

function parametersOf({ api }: Dialect, chat: JsonObject, sent: JsonObject): JsonObject {
  const capped = [...capKeys, 'max_output_tokens'].some((cap) => typeof sent[cap] === 'number');
  const exact = api === 'messages' ? ownWords(sent) : {};
  const entries = Object.entries(chat).filter(
    ([key, value]) =>
      !(key === 'reasoning_effort' && 'reasoning' in exact) &&
      knownParameters.includes(key) &&
      !transient.has(key) &&
      !isNothing(value) &&
      // A crossing always writes a cap; only what the request asked for is captured.
      (capped || !capKeys.includes(key)),
  );
  return { ...Object.fromEntries(entries), ...exact };
}

/** What Anthropic's requests say more exactly than the chat request that they cross to. */
function ownWords({ thinking, top_k: topK }: JsonObject): JsonObject {
  const budget = isFields(thinking) ? thinking['budget_tokens'] : undefined;
  return {
    ...(typeof topK === 'number' ? { top_k: topK } : {}),
    ...(typeof budget === 'number' ? { reasoning: { max_tokens: budget } } : {}),
  };
}

/** A dialect with a place of its own for the system prompt keeps it there: what its conversation begins with is of the moment. */
function ownSystem({ system, instructions }: JsonObject): string {
  const value = isNothing(system) ? instructions : system;
  const texts = typeof value === 'string' ? [value] : Array.isArray(value) ? value.map(textOf) : [];
  return texts
    .filter((text) => !text.startsWith(billing))
    .join('\n\n')
    .trim();
}

/** Claude Code's first block is for Anthropic's books, and another one in each conversation. */
const billing = 'x-anthropic-billing-header:';

/** The text of the messages that stand before the conversation. */
function leadingSystem(messages: JsonValue | undefined): string {
  const all: readonly JsonValue[] = Array.isArray(messages) ? messages : [];
  const end = all.findIndex(
    (message) => !isFields(message) || (message['role'] !== 'system' && message['role'] !== 'developer'),
  );
  const leading = end === -1 ? all : all.slice(0, end);
  return leading
    .map((message) => textOf(isFields(message) ? message['content'] : undefined))
    .join('\n\n')
    .trim();
}

function textOf(content: JsonValue | undefined): string {
  if (typeof content === 'string') return content;
  if (Array.isArray(content)) return content.map(textOf).join('\n\n');
  return isFields(content) && typeof content['text'] === 'string' ? content['text'] : '';
}

function lostTools(sent: JsonValue | undefined, chat: JsonValue | undefined): readonly string[] {
  const many = isFilled(sent) ? sent.length : 0;
  const left = many - (isFilled(chat) ? chat.length : 0);
  return left > 0
    ? [`${left} of ${many} tools are of a kind that only this API has: a preset cannot hold them`]
    : [];
}

function isNothing(value: JsonValue | undefined): value is null | undefined {
  return value === null || value === undefined;
}

function isFields(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
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
