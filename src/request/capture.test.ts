/** What a preset keeps of a request, dialect by dialect. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { readObject } from '../core/document-read.ts';
import { Refused } from '../core/problem.ts';
import type { JsonObject } from '../core/snapshot.ts';
import { dialects } from '../dialects/table.ts';
import { needsShared, readShared, sharedPath } from '../../test/support/shared.ts';
import { capture, type Captured } from './capture.ts';

type Api = 'chat' | 'messages' | 'responses';

function captured(api: Api, request: JsonObject): Captured {
  const dialect = dialects[api];
  assert.ok(dialect);
  return capture(dialect, Buffer.from(JSON.stringify(request)), (name) => name === 'claude-coder');
}

type Row = {
  readonly api: Api;
  readonly request: JsonObject;
  readonly body: JsonObject;
  readonly dropped?: readonly string[];
  readonly warns?: RegExp;
};

const hi = [{ role: 'user', content: 'hi' }];
const schema = { type: 'object', properties: { city: { type: 'string' } } };
const chatTool = { type: 'function', function: { name: 'weather', parameters: schema } };

const rows: Readonly<Record<string, Row>> = {
  'chat: model, system message, parameters, tools, provider; no messages, no stream': {
    api: 'chat',
    request: {
      model: 'a/m',
      messages: [{ role: 'system', content: 'Be brief.' }, ...hi],
      temperature: 0.2,
      max_tokens: 900,
      reasoning: { effort: 'high' },
      tools: [chatTool],
      provider: { zdr: true },
      stream: true,
      stream_options: { include_usage: true },
    },
    body: {
      models: ['a/m'],
      system_prompt: 'Be brief.',
      parameters: { temperature: 0.2, max_tokens: 900, reasoning: { effort: 'high' } },
      tools: [chatTool],
      provider: { zdr: true },
    },
    dropped: ['messages', 'stream', 'stream_options'],
  },
  'chat: fallbacks follow, each once': {
    api: 'chat',
    request: { model: 'a/m', models: ['b/n', 'a/m'], messages: hi },
    body: { models: ['a/m', 'b/n'] },
    dropped: ['messages'],
  },
  'chat: developer messages and text parts before the conversation are the system prompt; later ones are not':
    {
      api: 'chat',
      request: {
        model: 'a/m',
        messages: [
          { role: 'system', content: [{ type: 'text', text: 'One.' }] },
          { role: 'developer', content: 'Two.' },
          ...hi,
          { role: 'system', content: 'Late.' },
        ],
      },
      body: { models: ['a/m'], system_prompt: 'One.\n\nTwo.' },
      dropped: ['messages'],
    },
  'chat: what belongs to one request, user or conversation is dropped, and null counts as absent': {
    api: 'chat',
    request: {
      model: 'a/m',
      messages: hi,
      user: 'u',
      session_id: 's',
      seed: 1,
      n: 2,
      metadata: { a: 'b' },
      prompt_cache_key: 'k',
      safety_identifier: 'i',
      prediction: { type: 'content', content: 'x' },
      temperature: null,
      provider: null,
      tools: null,
    },
    body: { models: ['a/m'] },
    dropped: 'messages user session_id seed n metadata prompt_cache_key safety_identifier prediction'.split(
      ' ',
    ),
  },
  'a preset in model is no model, whatever the form; the model beside it is': {
    api: 'chat',
    request: { model: 'a/m@preset/coder@3', messages: hi },
    body: { models: ['a/m'] },
    dropped: ['messages'],
  },
  'a preset alone': {
    api: 'chat',
    request: { model: '@preset/coder', messages: hi },
    body: {},
    dropped: ['messages'],
  },
  'an alias of a preset': {
    api: 'messages',
    request: { model: 'claude-coder', max_tokens: 5, messages: hi },
    body: { parameters: { max_tokens: 5 } },
    dropped: ['messages'],
  },
  'messages: system, stop sequences, thinking and top_k in the words of presets': {
    api: 'messages',
    request: {
      model: 'a/m',
      system: [
        { type: 'text', text: 'x-anthropic-billing-header: cc_version=2; cch=1' },
        { type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } },
      ],
      max_tokens: 9_000,
      messages: [{ role: 'user', content: 'hi' }],
      stop_sequences: ['END'],
      thinking: { type: 'enabled', budget_tokens: 4_000 },
      top_k: 40,
      temperature: 1,
      tools: [{ name: 'weather', description: 'Tells it', input_schema: schema }],
      metadata: { user_id: 'u' },
    },
    body: {
      models: ['a/m'],
      system_prompt: 'Be brief.',
      parameters: {
        max_tokens: 9_000,
        temperature: 1,
        stop: ['END'],
        top_k: 40,
        reasoning: { max_tokens: 4_000 },
      },
      tools: [
        {
          type: 'function',
          function: { name: 'weather', description: 'Tells it', parameters: schema },
        },
      ],
    },
    dropped: ['messages', 'metadata'],
  },
  'responses: instructions, output cap, effort, format and verbosity': {
    api: 'responses',
    request: {
      model: 'a/m',
      instructions: 'Be brief.',
      input: [
        { role: 'developer', content: 'Today is Tuesday.' },
        { role: 'user', content: 'hi' },
      ],
      max_output_tokens: 700,
      reasoning: { effort: 'low', summary: 'auto' },
      text: { verbosity: 'low', format: { type: 'json_object' } },
      store: false,
      include: ['reasoning.encrypted_content'],
      tools: [{ type: 'function', name: 'weather', parameters: schema, strict: false }],
      tool_choice: 'auto',
    },
    body: {
      models: ['a/m'],
      system_prompt: 'Be brief.',
      parameters: {
        max_tokens: 700,
        tool_choice: 'auto',
        reasoning_effort: 'low',
        response_format: { type: 'json_object' },
        verbosity: 'low',
      },
      tools: [{ type: 'function', function: { name: 'weather', parameters: schema } }],
    },
    dropped: ['input', 'store', 'include'],
  },
  'responses: tools that only its provider runs are lost, credentials with them, and said': {
    api: 'responses',
    request: {
      model: 'a/m',
      input: 'hi',
      tools: [
        { type: 'web_search' },
        { type: 'mcp', server_label: 's', server_url: 'https://s.example', authorization: 'secret' },
        { type: 'function', name: 'weather', parameters: schema },
      ],
    },
    body: {
      models: ['a/m'],
      tools: [{ type: 'function', function: { name: 'weather', parameters: schema } }],
    },
    dropped: ['input'],
    warns: /^2 of 3 tools are of a kind that only this API has/,
  },
  'responses: without instructions what stands before the conversation is the system prompt': {
    api: 'responses',
    request: { model: 'a/m', input: [{ role: 'developer', content: 'Be brief.' }, ...hi] },
    body: { models: ['a/m'], system_prompt: 'Be brief.' },
    dropped: ['input'],
  },
};

for (const [name, { api, request, body, dropped = [], warns }] of Object.entries(rows))
  test(`captured: ${name}`, () => {
    const found = captured(api, request);
    assert.deepEqual(found.body, body);
    assert.deepEqual(found.dropped, dropped);
    assert.match(found.warnings.join(), warns ?? /^$/);
    assert.deepEqual(readObject('preset', 'p', found.body).mistakes, [], 'it stands in a document as it is');
  });

test('a request that cannot be understood is refused, as it would be when it is served', () => {
  for (const request of [{ model: 'a/m' }, { model: 7, messages: hi }])
    assert.throws(() => captured('chat', request), Refused, JSON.stringify(request));
});

test('requests of real clients: every one makes a preset', needsShared('data/requests'), () => {
  type Recorded = { readonly requests: readonly { readonly url: string; readonly body: JsonObject }[] };
  const seen: Record<Api, number> = { chat: 0, messages: 0, responses: 0 };
  for (const file of readdirSync(sharedPath('data/requests')).filter((name) => name.endsWith('.json'))) {
    const { requests } = JSON.parse(readShared(`data/requests/${file}`).toString()) as Recorded;
    for (const { url, body } of requests) {
      const path = url.split('?')[0] ?? '';
      const api = (['messages', 'responses'] as const).find((one) => path.endsWith(`/${one}`));
      if (!body || (api === undefined && !path.endsWith('/chat/completions'))) continue;
      const found = captured(api ?? 'chat', body);
      assert.deepEqual(readObject('preset', 'p', found.body).mistakes, [], `${file} ${url}`);
      assert.ok(!('messages' in found.body) && found.dropped.length > 0);
      seen[api ?? 'chat'] += 1;
    }
  }
  assert.ok(Math.min(...Object.values(seen)) >= 3, JSON.stringify(seen));
});
