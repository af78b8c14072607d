/** What real agents send to `/v1/messages`: accepted, passed on as it is, and carried to other wires. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { messagesDialect } from '../src/dialects/messages/dialect.ts';
import { code } from '../src/dialects/table.ts';
import { outgoing } from './support/messages.ts';
import { needsShared, readShared } from './support/shared.ts';

const files = [
  'claude-basic',
  'claude-tools',
  'claude-err-amiderr',
  'opencode-tools-gwanth',
  'sdk-anthropic',
  'sdk-ai-anthropic',
];

type Recorded = { requests: { method: string; body?: Record<string, unknown> }[] };

for (const file of files) {
  const path = `data/requests/${file}.json`;
  test(`every body of ${file} is accepted, passes, and crosses`, needsShared(path), () => {
    const { requests } = JSON.parse(readShared(path).toString()) as Recorded;
    const bodies = requests.flatMap(({ body }) => (body ? [body] : []));
    assert.ok(bodies.length > 0);
    for (const body of bodies) {
      const text = JSON.stringify(body, null, 1);
      const passed = Buffer.concat(
        messagesDialect.splice(outgoing(text, { model: 'claude-opus-4-6', keeps: () => true })),
      ).toString();
      for (const key of ['messages', 'system', 'tools', 'thinking', 'context_management', 'metadata']) {
        const value = body[key];
        if (value === undefined) continue;
        const bytes = `"${key}": ${JSON.stringify(value, null, 1).replaceAll('\n', '\n ')}`;
        assert.ok(passed.includes(bytes), `${key} keeps its bytes`);
      }
      const { model, max_tokens: cap, ...rest } = JSON.parse(passed) as Record<string, unknown>;
      const { model: _model, max_tokens: asked, ...sent } = body;
      assert.deepEqual(rest, sent);
      assert.deepEqual([model, cap], ['claude-opus-4-6', asked]);
      for (const wire of ['openai-chat', 'openai-responses', 'gemini'] as const)
        assert.ok(code(messagesDialect, outgoing(text, { wire })).body.length > 0);
    }
  });
}

test(
  'Claude Code’s second turn crosses to chat whole',
  needsShared('data/requests/claude-tools.json'),
  () => {
    const { requests } = JSON.parse(readShared('data/requests/claude-tools.json').toString()) as Recorded;
    const coded = code(messagesDialect, outgoing(JSON.stringify(requests[1]?.body), { wire: 'openai-chat' }));
    const sent = JSON.parse(Buffer.concat(coded.body).toString()) as {
      messages: { role: string; tool_calls?: unknown[] }[];
      tools: unknown[];
    };
    assert.deepEqual(
      sent.messages.map(({ role, tool_calls: calls }) => `${role}${calls ? calls.length : ''}`),
      ['system', 'user', 'system', 'assistant2', 'tool', 'tool'],
    );
    assert.equal(sent.tools.length, 12);
    assert.ok(coded.warnings.some((warning) => warning.includes('"context_management"')));
    assert.equal(new Set(coded.warnings).size, coded.warnings.length, 'each is said once');
  },
);
