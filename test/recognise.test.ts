/** Background calls of known agents, in requests as they really send them; what is recorded is all real work. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { Api } from '../src/core/ask.ts';
import type { RouteFacts } from '../src/core/route-rule.ts';
import { dialects } from '../src/dialects/table.ts';
import { routeFacts } from '../src/request/route-facts.ts';
import { needsShared, readShared, sharedPath } from './support/shared.ts';

type Body = Readonly<Record<string, unknown>>;
type Call = { readonly api: Api; readonly headers: Readonly<Record<string, string>>; readonly body: Body };

function factsOf({ api, headers, body }: Call): RouteFacts {
  const dialect = dialects[api];
  assert.ok(dialect);
  return routeFacts(dialect.read(Buffer.from(JSON.stringify(body))), headers, 0);
}

const taskOf = (call: Call): string | undefined => factsOf(call).task;

const words = 'lorem ipsum '.repeat(40);
const claude = { 'user-agent': 'claude-cli/2.1.330 (external, cli)' };
const opencode = { 'user-agent': 'opencode/1.18.33 ai-sdk/provider-utils/4.0.23 runtime/bun/1.3.14' };
const qwen = { 'user-agent': 'QwenCode/0.24.4 (linux; x64)' };
const codex = { originator: 'codex_exec' };

const ofClaude = (system: string, user: unknown, more: Body = {}): Call => ({
  api: 'messages',
  headers: claude,
  body: {
    model: '@preset/coder',
    max_tokens: 32_000,
    system: [
      { type: 'text', text: 'x-anthropic-billing-header: cc_version=2.1.330' },
      { type: 'text', text: system },
    ],
    messages: [{ role: 'user', content: user }],
    ...more,
  },
});
const tools = [{ name: 'Bash', input_schema: { type: 'object' } }];

const byChat = (headers: Call['headers'], system: string, user: string, more: Body = {}): Call => ({
  api: 'chat',
  headers,
  body: {
    model: '@preset/coder',
    messages: [
      { role: 'system', content: system },
      { role: 'user', content: user },
    ],
    ...more,
  },
});

const ofCodex = (headers: Call['headers'], last: string): Call => ({
  api: 'responses',
  headers: { ...codex, ...headers },
  body: {
    model: '@preset/coder',
    input: [
      { type: 'message', role: 'developer', content: [{ type: 'input_text', text: words }] },
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: last }] },
    ],
  },
});
const turn = (kind: string): Call['headers'] => ({
  'x-codex-turn-metadata': JSON.stringify({ session_id: 's', request_kind: kind, window_number: 0 }),
});

const suggestion = [
  { type: 'tool_result', tool_use_id: 'toolu_1', content: 'ok' },
  { type: 'text', text: '[SUGGESTION MODE: what comes next?]' },
];
const compact = `CRITICAL: text only.\n\nYour task is to create a detailed summary of the conversation so far. ${words}`;

const known: readonly (readonly [name: string, task: string, call: Call])[] = [
  ['title, Claude Code', 'title', ofClaude(`Generate a concise, sentence-case title. ${words}`, 'fix it')],
  ['title, older', 'title', ofClaude(words, 'Please write a 5-10 word title for the following conversation')],
  ['topic', 'topic', ofClaude(`Answer as JSON with isNewTopic and title. ${words}`, 'fix it')],
  ['suggestion, behind a tool result', 'suggestion', ofClaude(words, suggestion, { tools })],
  [
    'suggestion, before a system message of the agent',
    'suggestion',
    ofClaude(words, suggestion, {
      messages: [
        { role: 'user', content: suggestion },
        { role: 'system', content: 'a reminder' },
      ],
    }),
  ],
  ['compaction, with tools', 'compaction', ofClaude(words, compact, { tools })],
  ['recap', 'summary', ofClaude(words, 'The user stepped away and is coming back. Recap in 40 words.')],
  ['prefix of a command', 'command', ofClaude('Your task is to process Bash commands that …', 'git status')],
  ['quota probe', 'quota', ofClaude(words, 'quota', { max_tokens: 1 })],
  ['title, opencode', 'title', byChat(opencode, `You are a title generator. ${words}`, 'fix it')],
  ['summary, opencode', 'summary', byChat(opencode, 'Summarize what was done in this conversation.', 'go')],
  [
    'compaction, opencode',
    'compaction',
    byChat(opencode, 'You are an anchored context summarization assistant for coding sessions.', words),
  ],
  [
    'title, opencode on messages',
    'title',
    { ...ofClaude(`You are a title generator. ${words}`, 'fix it'), headers: opencode },
  ],
  [
    'memory, Qwen Code',
    'memory',
    byChat(qwen, `You are now acting as the managed memory extraction subagent. ${words}`, 'go', {
      tools: [{ type: 'function', function: { name: 'read_file' } }],
    }),
  ],
  ['compaction, Codex', 'compaction', ofCodex(turn('compaction'), 'x')],
  ['compaction, a sub-agent of Codex', 'compaction', ofCodex({ 'x-openai-subagent': 'compact' }, 'x')],
  ['memory, Codex', 'memory', ofCodex({ 'x-openai-subagent': 'memory_consolidation' }, 'x')],
  [
    'compaction, Codex before headers',
    'compaction',
    ofCodex({}, 'You are performing a CONTEXT CHECKPOINT COMPACTION. …'),
  ],
];

const others: readonly (readonly [name: string, call: Call])[] = [
  ['a turn of Codex', ofCodex(turn('turn'), 'x')],
  ['a review by Codex, which a person asked for', ofCodex({ 'x-openai-subagent': 'review' }, 'x')],
  ['real work that talks about titles', ofClaude(`sentence-case title ${words}`, 'fix it', { tools })],
  ['real work on these very words', ofClaude(words, 'why does isNewTopic matter?', { tools })],
  [
    'a conversation that was compacted before',
    ofClaude(words, 'go on', {
      messages: [
        { role: 'user', content: compact },
        { role: 'assistant', content: 'summary' },
        { role: 'user', content: 'go on' },
      ],
    }),
  ],
  ['the same prompt of another program', { ...ofClaude(`sentence-case title ${words}`, 'x'), headers: {} }],
  ['one token for another program', { ...ofClaude(words, 'quota', { max_tokens: 1 }), headers: {} }],
  ['a user who asks for a title', byChat(opencode, words, 'You are a title generator. Make one.')],
  ['an embedding', { api: 'embeddings', headers: claude, body: { model: 'm', input: 'isNewTopic' } }],
];

describe('background calls are recognised', () => {
  for (const [name, task, call] of known) test(name, () => assert.equal(taskOf(call), `background:${task}`));
});

describe('and nothing else', () => {
  for (const [name, call] of others) test(name, () => assert.equal(taskOf(call), undefined));
});

test('a request that says what it is for is taken at its word', () => {
  for (const [name, , call] of known) {
    const declared = { ...call, headers: { ...call.headers, 'x-spillway-task': ' refactor ' } };
    assert.deepEqual([taskOf(declared), factsOf(declared).recognised], ['refactor', undefined], name);
    const metadata = { ...call, body: { ...call.body, metadata: { task: 'review' } } };
    assert.equal(taskOf(metadata), 'review', name);
  }
});

type Recorded = {
  readonly requests: readonly {
    readonly url: string;
    readonly headers: readonly (readonly [name: string, value: string])[];
    readonly body: string | Body;
  }[];
};

const apis: readonly (readonly [path: string, api: Api])[] = [
  ['/chat/completions', 'chat'],
  ['/responses', 'responses'],
  ['/messages', 'messages'],
];

function recordedCalls(file: string): readonly Call[] {
  const { requests } = JSON.parse(readShared(`data/requests/${file}`).toString()) as Recorded;
  return requests.flatMap(({ url, headers, body }) => {
    const api = apis.find(([end]) => url.split('?')[0]?.endsWith(end))?.[1];
    if (!api || typeof body === 'string') return [];
    return [{ api, body, headers: Object.fromEntries(headers.map(([n, v]) => [n.toLowerCase(), v])) }];
  });
}

test('recorded turns of real clients are real work', needsShared('data/requests'), () => {
  const files = readdirSync(sharedPath('data/requests')).filter((name) => name.endsWith('.json'));
  const calls = files.flatMap((file) => recordedCalls(file).map((call) => [file, call] as const));
  assert.ok(calls.length > 25, `${calls.length} requests`);
  for (const [file, call] of calls) assert.equal(taskOf(call), undefined, file);
});

test(
  "Qwen Code's recorded second request is known by the words that filler stands for",
  needsShared('data/requests/qwen-basic.json'),
  () => {
    const [, hidden] = recordedCalls('qwen-basic.json');
    assert.ok(hidden);
    const text = JSON.stringify(hidden.body).replace(
      /"role":"system","content":"lorem/,
      '"role":"system","content":"You are now acting as the managed memory extraction subagent lorem',
    );
    assert.equal(taskOf({ ...hidden, body: JSON.parse(text) as Body }), 'background:memory');
  },
);

test(
  "Codex's recorded turn is a compaction when its own header says so",
  needsShared('data/requests/codex-basic.json'),
  () => {
    const [call] = recordedCalls('codex-basic.json');
    assert.ok(call);
    const header = call.headers['x-codex-turn-metadata']?.replace('"turn"', '"compaction"') ?? '';
    assert.notEqual(header, call.headers['x-codex-turn-metadata']);
    const compaction = { ...call, headers: { ...call.headers, 'x-codex-turn-metadata': header } };
    assert.equal(taskOf(compaction), 'background:compaction');
  },
);
