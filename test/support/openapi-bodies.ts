/** The same questions in every dialect, recorded requests, and recorded answers, for whoever judges them all. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { dict, list, type Dict } from '../../src/emulator/json.ts';
import { composed } from './openapi-composed.ts';
import type { Api, Wire } from './openapi-judge.ts';
import { readShared, sharedPath } from './shared.ts';

export const paths: Readonly<Record<Api, string>> = {
  chat: '/chat/completions',
  responses: '/responses',
  messages: '/messages',
};

export const sameWire: Readonly<Record<Api, Wire>> = {
  chat: 'openai-chat',
  responses: 'openai-responses',
  messages: 'anthropic',
};

const parameters = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};
const say = (content: string): Dict => ({ messages: [{ role: 'user', content }] });
const question = 'What is the weather in Lisbon?';
const chatTools = [{ type: 'function', function: { name: 'weather', parameters } }];
const responsesTools = [{ type: 'function', name: 'weather', parameters, strict: true }];
const messagesTools = [{ name: 'weather', input_schema: parameters }];
const effort = { effort: 'high', summary: 'auto' };
const thinking = { type: 'enabled', budget_tokens: 2_000 };

/** Dialect → what is asked → the body. */
export const questions: Readonly<Record<Api, Readonly<Record<string, Dict>>>> = {
  chat: {
    text: say('hello there'),
    settings: {
      ...say('hello'),
      temperature: 0.5,
      stop: ['model'],
      user: 'u',
      seed: 1,
      presence_penalty: 0.1,
      logprobs: true,
      top_logprobs: 1,
    },
    tools: { ...say(question), tools: chatTools },
    reasoning: { ...say('hello'), reasoning_effort: 'high' },
    'reasoning and tools': { ...say(question), reasoning_effort: 'high', tools: chatTools },
    schema: {
      ...say('answer in JSON'),
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'answer', schema: parameters, strict: true },
      },
    },
    length: { ...say('write 60 words'), max_tokens: 20 },
  },
  responses: {
    text: { input: 'hello there' },
    settings: {
      input: 'hello',
      instructions: 'be brief',
      metadata: { a: 'b' },
      temperature: 0.5,
      user: 'u',
      tool_choice: 'none',
      tools: responsesTools,
      parallel_tool_calls: false,
      prompt_cache_key: 'k',
      store: false,
      include: ['message.output_text.logprobs'],
      top_logprobs: 1,
    },
    tools: { input: question, tools: responsesTools },
    reasoning: { input: 'hello', reasoning: effort, include: ['reasoning.encrypted_content'] },
    'reasoning and tools': { input: question, reasoning: effort, tools: responsesTools },
    schema: {
      input: 'answer in JSON',
      text: { format: { type: 'json_schema', name: 'answer', schema: parameters, strict: true } },
    },
    length: { input: 'write 60 words', max_output_tokens: 20 },
  },
  messages: {
    text: { ...say('hello there'), max_tokens: 500 },
    settings: {
      ...say('hello'),
      max_tokens: 500,
      system: 'be brief',
      temperature: 0.5,
      stop_sequences: ['model'],
      metadata: { user_id: 'u' },
    },
    tools: { ...say(question), max_tokens: 500, tools: messagesTools },
    reasoning: { ...say('hello'), max_tokens: 3_000, thinking },
    'reasoning and tools': { ...say(question), max_tokens: 3_000, thinking, tools: messagesTools },
    schema: {
      ...say('answer in JSON'),
      max_tokens: 500,
      output_config: { format: { type: 'json_schema', schema: parameters } },
    },
    length: { ...say('write 60 words'), max_tokens: 20 },
  },
};

export type Recording = { readonly name: string; readonly bytes: Buffer };

const folders: Readonly<Record<Wire, readonly string[]>> = {
  'openai-chat': ['openai-chat', 'alibaba', 'mistral', 'deepseek', 'openai-compatible'],
  'openai-responses': ['openai-responses', 'open-responses'],
  anthropic: ['anthropic'],
  gemini: ['google'],
};

/** Every recorded answer of the wire, and those that nobody recorded. */
export function answersOf(wire: Wire): readonly Recording[] {
  const recorded = folders[wire].flatMap((folder) =>
    readdirSync(sharedPath(`data/fixtures/wire/${folder}`)).map((file) => {
      const name = `${folder}/${file}`;
      return { name, bytes: readShared(`data/fixtures/wire/${name}`) };
    }),
  );
  const own = Object.entries(composed[wire]).flatMap(([name, { whole, stream }]) => [
    { name: `${name}.json`, bytes: Buffer.from(JSON.stringify(whole)) },
    { name: `${name}.sse`, bytes: Buffer.from(stream.map(frame).join('')) },
  ]);
  return [...recorded, ...own];
}

/** Wires that name no events do not mind the name. */
function frame(event: Dict): string {
  const name = typeof event['type'] === 'string' ? `event: ${event['type']}\n` : '';
  return `${name}data: ${JSON.stringify(event)}\n\n`;
}

export type Asking = { readonly name: string; readonly api: Api; readonly body: Dict };

/** Every recorded request of a client. */
export function recordedRequests(): readonly Asking[] {
  const files = readdirSync(sharedPath('data/requests')).filter((file) => file.endsWith('.json'));
  return files.flatMap((name) => {
    const recorded = dict(JSON.parse(readShared(`data/requests/${name}`).toString()));
    return list(recorded['requests']).map((request) => {
      const { url, body } = dict(request);
      const api = (Object.keys(paths) as Api[]).find((api) => String(url).includes(paths[api])) ?? 'chat';
      return { name, api, body: dict(body) };
    });
  });
}

/** The request of every golden case. */
export function goldenRequests(): readonly Asking[] {
  const folder = join(import.meta.dirname, '../golden');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.json'),
  );
  return files.flatMap((name) => {
    const { chat, request, from } = dict(JSON.parse(readFileSync(join(folder, name), 'utf8')));
    const api =
      chat !== undefined || from === 'chat' ? 'chat' : from === 'messages' ? 'messages' : 'responses';
    return [{ name, api, body: dict(chat ?? request) }];
  });
}
