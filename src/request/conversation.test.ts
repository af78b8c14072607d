/** Which requests are one conversation: by their ids, by how they open, and as real agents send them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { needsShared, readShared } from '../../test/support/shared.ts';
import { sha256 } from '../adapters/system.ts';
import { asObject, asText } from '../core/json.ts';
import type { JsonObject } from '../core/snapshot.ts';
import { dialects } from '../dialects/table.ts';
import type { Headers } from './authenticate.ts';
import { conversationOf, identityOf, isConversation } from './conversation.ts';

type Api = 'chat' | 'responses' | 'messages';
type Sent = { readonly api: Api; readonly headers: Headers; readonly body: object };

const read = ({ api, body }: Sent): ReturnType<NonNullable<(typeof dialects)[Api]>['read']> => {
  const dialect = dialects[api];
  assert.ok(dialect);
  return dialect.read(Buffer.from(JSON.stringify(body)));
};
const nameOf = (sent: Sent): string | undefined => conversationOf(read(sent), sent.headers, sha256);
const goesOn = (sent: Sent): boolean => isConversation(read(sent), identityOf(read(sent), sent.headers));

const hi = { role: 'user', content: 'Mend the build, please.' };
const chat = (body: object = {}, headers: Headers = {}): Sent => ({
  api: 'chat',
  headers,
  body: { model: 'm', messages: [hi], ...body },
});
const messages = (body: object = {}, headers: Headers = {}): Sent => ({
  ...chat({ max_tokens: 9, ...body }, headers),
  api: 'messages',
});
const responses = (body: object = {}, headers: Headers = {}): Sent => ({
  api: 'responses',
  headers,
  body: { model: 'm', input: [hi], ...body },
});

/** Of two requests: the same conversation or not. */
const pairs: readonly (readonly [what: string, same: boolean, one: Sent, other: Sent])[] = [
  [
    'session_id',
    true,
    chat({ session_id: 'a' }),
    chat({ session_id: 'a', messages: [{ ...hi, content: 'else' }] }),
  ],
  ['two of them', false, chat({ session_id: 'a' }), chat({ session_id: 'b' })],
  ['x-session-id', true, chat({}, { 'x-session-id': 'a' }), responses({}, { 'x-session-id': 'a' })],
  [
    'session_id counts before x-session-id',
    true,
    chat({ session_id: 'a' }),
    chat({ session_id: 'a' }, { 'x-session-id': 'b' }),
  ],
  [
    'prompt_cache_key',
    true,
    responses({ prompt_cache_key: 'a' }),
    responses({ prompt_cache_key: 'a', input: 'else' }),
  ],
  [
    'opencode’s affinity',
    true,
    chat({}, { 'x-session-affinity': 'a' }),
    messages({}, { 'x-session-affinity': 'a' }),
  ],
  [
    'Codex: threads of one session',
    false,
    responses({}, { 'session-id': 'a', 'thread-id': 'b' }),
    responses({}, { 'session-id': 'a', 'thread-id': 'c' }),
  ],
  [
    'an empty id is none',
    false,
    chat({ session_id: '' }),
    chat({ session_id: '', messages: [{ ...hi, content: 'else' }] }),
  ],
  [
    'without an id: what came before is the same',
    true,
    chat(),
    chat({ messages: [hi, { role: 'assistant', content: 'ok' }, { role: 'user', content: 'go on' }] }),
  ],
  ['another opening', false, chat(), chat({ messages: [{ ...hi, content: 'else' }] })],
  ['another system prompt', false, messages({ system: 'A coder.' }), messages({ system: 'A title writer.' })],
  [
    'other instructions',
    false,
    responses({ instructions: 'A coder.' }),
    responses({ instructions: 'A poet.' }),
  ],
  [
    'the mark for the cache moves on',
    true,
    messages({
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'Hi', cache_control: { type: 'ephemeral' } }] },
      ],
    }),
    messages({
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
        { role: 'assistant', content: 'ok' },
        hi,
      ],
    }),
  ],
  [
    'a client that names its items anew',
    true,
    responses({ input: [{ type: 'message', id: 'msg_1', ...hi }] }),
    responses({ input: [{ type: 'message', id: 'msg_2', ...hi }, { type: 'reasoning', summary: [] }, hi] }),
  ],
  [
    'Claude Code: a subagent of the session',
    false,
    messages({}, { 'x-claude-code-session-id': 'a' }),
    messages(
      { messages: [{ ...hi, content: 'Search for the tests.' }] },
      { 'x-claude-code-session-id': 'a' },
    ),
  ],
  [
    'Claude Code: the title call of the session',
    false,
    messages({ system: 'You are an agent.' }, { 'x-claude-code-session-id': 'a' }),
    messages({ system: 'Write a title.' }, { 'x-claude-code-session-id': 'a' }),
  ],
  [
    'Claude Code: the session in metadata.user_id',
    false,
    messages({ metadata: { user_id: JSON.stringify({ device_id: 'd', session_id: 'a' }) } }),
    messages({ metadata: { user_id: JSON.stringify({ device_id: 'd', session_id: 'b' }) } }),
  ],
  [
    'Claude Code: the older form of it',
    false,
    messages({ metadata: { user_id: 'user_1_account__session_00000000-0000-4000-8000-000000000001' } }),
    messages({ metadata: { user_id: 'user_1_account__session_00000000-0000-4000-8000-000000000002' } }),
  ],
  [
    'Claude Code: its billing block',
    true,
    messages({
      system: [
        { type: 'text', text: 'x-anthropic-billing-header: v=1;' },
        { type: 'text', text: 'An agent.' },
      ],
    }),
    messages({
      system: [
        { type: 'text', text: 'x-anthropic-billing-header: v=2;' },
        { type: 'text', text: 'An agent.' },
      ],
    }),
  ],
];

describe('one conversation, or two', () => {
  for (const [what, same, one, other] of pairs)
    test(`${what}: ${same ? 'one' : 'two'}`, () => {
      const [first, second] = [nameOf(one), nameOf(other)];
      assert.ok(first !== undefined && second !== undefined);
      assert.equal(first === second, same);
      assert.doesNotMatch(first, /build|\ba\b/, 'neither texts nor ids are kept');
    });
});

test('a conversation has an id, or an earlier answer of a model', () => {
  const answered = { role: 'assistant', content: 'ok' };
  assert.equal(goesOn(chat()), false);
  assert.equal(goesOn(chat({ messages: [{ ...hi, content: 'say "assistant"' }] })), false);
  assert.equal(goesOn(chat({ session_id: 'a' })), true);
  assert.equal(goesOn(chat({}, { 'x-claude-code-session-id': 'a' })), true);
  assert.equal(goesOn(chat({ messages: [hi, answered, hi] })), true);
  assert.equal(goesOn(messages({ messages: [hi, answered, hi] })), true);
  assert.equal(goesOn(responses({ input: 'hi' })), false);
  assert.equal(goesOn(responses({ input: [hi, { type: 'message', ...answered }] })), true);
  const call = { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' };
  assert.equal(
    goesOn(responses({ input: [hi, call, { type: 'function_call_output', call_id: 'c', output: '' }] })),
    true,
  );
  assert.equal(
    goesOn(responses({ input: [hi, { type: 'function_call_output', call_id: 'c', output: '' }] })),
    false,
  );
});

/** What the recordings are known to be: a session is whose id, and whether its turns are one conversation. */
const recorded: readonly (readonly [
  file: string,
  id: 'conversation' | 'session' | undefined,
  one: boolean,
])[] = [
  ['claude-basic', 'session', true],
  ['claude-err-amiderr', 'session', true],
  ['claude-tools', 'session', true],
  ['codex-basic', 'conversation', true],
  ['codex-tools', 'conversation', true],
  ['opencode-tools-gwanth', 'conversation', true],
  ['opencode-tools-gwchat', 'conversation', true],
  ['opencode-tools-gwresp', 'conversation', true],
  ['cline-basic', undefined, true],
  // The second is a subagent of its own that no id tells of: it extracts memories.
  ['qwen-basic', undefined, false],
];

describe('as agents send them', () => {
  for (const [file, id, one] of recorded) {
    const path = `requests/${file}.json`;
    test(
      `${file}: ${id ?? 'no'} id, ${one ? 'one conversation' : 'two'}`,
      needsShared(`data/${path}`),
      () => {
        const all = sentIn(`data/${path}`);
        for (const sent of all) {
          const given = identityOf(read(sent), sent.headers);
          assert.equal(given && (given.session ? 'session' : 'conversation'), id);
        }
        assert.equal(new Set(all.map(nameOf)).size, one ? 1 : all.length);
      },
    );
  }

  for (const file of ['claude-tools', 'opencode-tools-gwanth', 'opencode-tools-gwchat', 'codex-tools']) {
    const path = `data/requests/${file}.json`;
    test(`${file}: without any id the turns are still one conversation`, needsShared(path), () => {
      const bare = sentIn(path).map(({ api, body }): Sent => {
        const { prompt_cache_key: _key, metadata: _metadata, ...rest } = body as JsonObject;
        return { api, headers: {}, body: rest };
      });
      assert.ok(bare.length > 1);
      assert.equal(new Set(bare.map(nameOf)).size, 1);
      assert.deepEqual(bare.map(goesOn), [false, true]);
    });
  }
});

function sentIn(path: string): readonly Sent[] {
  const { requests } = asObject(JSON.parse(readShared(path).toString('utf8')));
  assert.ok(Array.isArray(requests));
  return requests.map((request) => {
    const { url, headers, body } = asObject(request);
    const api = asText(url).includes('/messages')
      ? 'messages'
      : asText(url).includes('/responses')
        ? 'responses'
        : 'chat';
    const pairs = headers as unknown as readonly (readonly [string, string])[];
    return {
      api,
      headers: Object.fromEntries(pairs.map(([name, value]) => [name.toLowerCase(), value])),
      body: asObject(body),
    };
  });
}
