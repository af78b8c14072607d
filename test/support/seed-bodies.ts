/** Good request bodies of each dialect to begin from: one of everything, and what real clients sent. */
import { readdirSync } from 'node:fs';
import type { Api } from '../../src/core/ask.ts';
import type { JsonObject } from '../../src/core/snapshot.ts';
import { readShared, sharedPath } from './shared.ts';

const image = 'data:image/png;base64,iVBORw0KGgo=';
const schema = { type: 'object', properties: { at: { type: 'string' } }, required: ['at'] };
const model = '@preset/p';

const chat: JsonObject = {
  model,
  messages: [
    { role: 'system', content: 'Be brief.' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this?', cache_control: { type: 'ephemeral' } },
        { type: 'image_url', image_url: { url: image } },
        { type: 'file', file: { filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' } },
      ],
    },
    {
      role: 'assistant',
      content: null,
      reasoning_content: 'I must look.',
      reasoning_details: [
        { type: 'reasoning.text', text: 'I must ', format: 'anthropic-claude-v1', index: 0 },
        { type: 'reasoning.text', text: 'look.', signature: 's', format: 'anthropic-claude-v1', index: 0 },
        { type: 'reasoning.encrypted', data: 'g', id: 'call_1', format: 'google-gemini-v1', index: 1 },
        { type: 'reasoning.encrypted', data: 'o', id: 'rs_1', format: 'openai-responses-v1', index: 2 },
      ],
      tool_calls: [
        { id: 'call_1', type: 'function', function: { name: 'look', arguments: '{"at":"it"}' } },
        { id: 'call_2', type: 'function', function: { name: 'look', arguments: '{}' } },
      ],
    },
    { role: 'tool', tool_call_id: 'call_1', content: 'a bird' },
    { role: 'tool', tool_call_id: 'call_2', content: [{ type: 'text', text: 'a bird' }] },
    { role: 'assistant', content: 'A bird.' },
    { role: 'user', content: 'Which?' },
  ],
  tools: [{ type: 'function', function: { name: 'look', description: 'Looks.', parameters: schema } }],
  tool_choice: { type: 'function', function: { name: 'look' } },
  parallel_tool_calls: true,
  response_format: { type: 'json_schema', json_schema: { name: 'bird', schema, strict: true } },
  temperature: 0.5,
  top_p: 0.9,
  seed: 7,
  presence_penalty: 0.1,
  stop: ['END'],
  reasoning_effort: 'low',
  max_completion_tokens: 500,
  logprobs: true,
  top_logprobs: 2,
  user: 'ann',
  metadata: { user_id: 'ann', team: 'birds' },
  provider: { order: ['acme'], max_price: { prompt: 1 } },
  stream: true,
  stream_options: { include_usage: true },
};

const responses: JsonObject = {
  model,
  instructions: 'Be brief.',
  input: [
    { role: 'developer', content: 'Look first.' },
    {
      type: 'message',
      role: 'user',
      content: [
        { type: 'input_text', text: 'What is this?' },
        { type: 'input_image', image_url: image, detail: 'low' },
        { type: 'input_file', filename: 'a.pdf', file_data: 'data:application/pdf;base64,JVBERi0=' },
      ],
    },
    {
      type: 'reasoning',
      id: 'rs_1',
      summary: [{ type: 'summary_text', text: 'hm' }],
      encrypted_content: 'e',
    },
    { type: 'function_call', call_id: 'call_1', name: 'look', arguments: '{"at":"it"}' },
    { type: 'custom_tool_call', call_id: 'call_2', name: 'write', input: 'bird' },
    { type: 'function_call_output', call_id: 'call_1', output: 'a bird' },
    { type: 'custom_tool_call_output', call_id: 'call_2', output: [{ type: 'input_text', text: 'ok' }] },
    {
      type: 'local_shell_call',
      id: 'l',
      call_id: 'call_3',
      action: { command: ['ls'] },
      status: 'completed',
    },
    { type: 'local_shell_call_output', call_id: 'call_3', output: 'a' },
    {
      type: 'message',
      role: 'assistant',
      content: [{ type: 'output_text', text: 'A bird.', annotations: [] }],
    },
    { role: 'user', content: 'Which?' },
  ],
  tools: [
    { type: 'function', name: 'look', description: 'Looks.', parameters: schema, strict: true },
    { type: 'custom', name: 'write', format: { type: 'grammar', syntax: 'lark', definition: 'x' } },
    { type: 'namespace', name: 'agents', tools: [{ type: 'function', name: 'ask', parameters: schema }] },
    { type: 'web_search' },
  ],
  tool_choice: 'auto',
  text: { format: { type: 'json_schema', name: 'bird', schema }, verbosity: 'low' },
  reasoning: { effort: 'low', summary: 'auto' },
  include: ['reasoning.encrypted_content'],
  temperature: 0.5,
  top_p: 0.9,
  max_output_tokens: 500,
  metadata: { team: 'birds' },
  store: false,
  stream: true,
};

const messages: JsonObject = {
  model,
  max_tokens: 4_000,
  system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
  messages: [
    {
      role: 'user',
      content: [
        { type: 'text', text: 'What is this?' },
        { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'iVBORw0KGgo=' } },
        { type: 'document', title: 'a', source: { type: 'url', url: 'https://acme.test/a.pdf' } },
        { type: 'document', source: { type: 'text', media_type: 'text/plain', data: 'a text' } },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'thinking', thinking: 'I must look.', signature: 'sig' },
        { type: 'text', text: 'Let me look.' },
        { type: 'tool_use', id: 'toolu_1', name: 'look', input: { at: 'it' } },
        { type: 'tool_use', id: 'toolu_2', name: 'look', input: {} },
      ],
    },
    {
      role: 'user',
      content: [
        { type: 'tool_result', tool_use_id: 'toolu_1', content: [{ type: 'text', text: 'a bird' }] },
        { type: 'tool_result', tool_use_id: 'toolu_2', content: 'nothing', is_error: true },
        { type: 'text', text: 'Go on.' },
      ],
    },
    {
      role: 'assistant',
      content: [
        { type: 'redacted_thinking', data: 'r' },
        { type: 'text', text: 'A bird.' },
      ],
    },
    { role: 'user', content: 'Which?' },
  ],
  tools: [
    { name: 'look', description: 'Looks.', input_schema: schema },
    { type: 'web_search_20250305', name: 'web_search' },
  ],
  tool_choice: { type: 'tool', name: 'look' },
  thinking: { type: 'enabled', budget_tokens: 2_000 },
  output_config: { effort: 'high', format: { type: 'json_schema', schema } },
  temperature: 1,
  top_k: 5,
  stop_sequences: ['END'],
  metadata: { user_id: 'ann' },
  stream: true,
};

const embeddings: JsonObject = {
  model,
  input: ['a bird', 'a fish'],
  dimensions: 8,
  encoding_format: 'float',
};

/** Small bodies with one of everything. */
export const smallBodies: Readonly<Record<Api, JsonObject>> = { chat, responses, messages, embeddings };

const routes: readonly (readonly [RegExp, Api])[] = [
  [/\/chat\/completions$/, 'chat'],
  [/\/responses$/, 'responses'],
  [/\/messages(\?|$)/, 'messages'],
];

export type Seed = { readonly name: string; readonly api: Api; readonly body: JsonObject };

type Recorded = {
  readonly requests: readonly { readonly url?: string; readonly path?: string; readonly body?: JsonObject }[];
};

/** The bodies that lie beside the checkout, with the dialect of each. */
export function recordedBodies(): readonly Seed[] {
  const files = readdirSync(sharedPath('data/requests')).filter((file) => file.endsWith('.json'));
  return files.flatMap((file) => {
    const { requests } = JSON.parse(readShared(`data/requests/${file}`).toString()) as Recorded;
    return requests.flatMap(({ url, path, body }, index): readonly Seed[] => {
      const api = routes.find(([route]) => route.test(url ?? path ?? ''))?.[1];
      return api && body ? [{ name: `${file} ${index}`, api, body }] : [];
    });
  });
}
