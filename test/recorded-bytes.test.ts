/** What providers really sent, replayed as the upstream, whatever the chunk boundaries. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { ask, startPair as start } from './support/pair.ts';
import { needsShared, readShared, sharedPath } from './support/shared.ts';
import { json, sse } from './support/upstream.ts';

type Fold = {
  text: string;
  reasoning: string;
  calls: Record<number, { id: string; name: string; arguments: string }>;
  finish?: string;
};

/** Puts the chunks of a chat stream together; `raw` is what came over the wire. */
function foldChat(raw: string): Fold {
  const fold: Fold = { text: '', reasoning: '', calls: {} };
  for (const frame of raw.split(/\r?\n\r?\n/)) {
    const data = frame
      .split(/\r?\n/)
      .filter((line) => line.startsWith('data:'))
      .map((line) => line.slice(5).trimStart())
      .join('\n');
    if (data === '' || data === '[DONE]') continue;
    const chunk = JSON.parse(data) as {
      choices: {
        delta: {
          content?: unknown;
          reasoning?: string;
          reasoning_content?: string;
          tool_calls?: { index: number; id?: string; function: { name?: string; arguments?: string } }[];
        };
        finish_reason?: string | null;
      }[];
    };
    for (const { delta, finish_reason: finish } of chunk.choices) {
      fold.text +=
        typeof delta?.content === 'string'
          ? delta.content
          : delta?.content
            ? JSON.stringify(delta.content)
            : '';
      fold.reasoning += delta?.reasoning_content ?? delta?.reasoning ?? '';
      for (const call of delta?.tool_calls ?? []) {
        const known = (fold.calls[call.index] ??= { id: '', name: '', arguments: '' });
        known.id += call.id ?? '';
        known.name += call.function.name ?? '';
        known.arguments += call.function.arguments ?? '';
      }
      if (finish) fold.finish = finish;
    }
  }
  return fold;
}

const chatStreams = [
  'openai-chat/openai-text',
  'openai-chat/azure-model-router.1',
  'deepseek/deepseek-reasoning',
  'deepseek/deepseek-tool-call',
  'alibaba/alibaba-reasoning',
  'alibaba/alibaba-tool-call',
  'mistral/mistral-text',
  'mistral/mistral-reasoning',
  'mistral/mistral-incremental-tool-call',
  'openai-compatible/xai-text',
  'openai-compatible/xai-tool-call',
  'openai-compatible/anthropic-fallback-tool-call',
];

for (const name of chatStreams) {
  const path = `data/fixtures/wire/${name}.sse`;
  test(`the stream ${name} passes whole, whatever the chunk boundaries`, needsShared(path), async (t) => {
    const bytes = readShared(path);
    const { gateway, first } = await start(t, sse(bytes));
    for (const size of [Infinity, 1_000, 7]) {
      first.answer(sse(bytes, size));
      const raw = await (await gateway.post({ ...ask, stream: true })).text();
      const expected = foldChat(bytes.toString());
      assert.deepEqual(foldChat(raw), expected);
      assert.ok(expected.text + expected.reasoning + JSON.stringify(expected.calls) !== '{}');
      assert.ok(raw.endsWith('data: [DONE]\n\n'));
      const models = [...raw.matchAll(/"model":"([^"]*)"/g)].map((match) => match[1]);
      assert.deepEqual([...new Set(models)], ['acme/one'], 'the canonical slug, in every chunk');
      assert.equal(raw.includes('"system_fingerprint":null'), false);
      const last = raw.split('\n\n').at(-3)?.slice(6) ?? '';
      assert.ok((JSON.parse(last) as { usage: { cost: number } }).usage.cost > 0);
      assert.equal(gateway.lastRecord().ending, 'ok');
    }
  });
}

const wholes = [
  'openai-chat/openai-text',
  'deepseek/deepseek-text',
  'deepseek/deepseek-reasoning',
  'deepseek/deepseek-json',
  'deepseek/deepseek-tool-call',
  'alibaba/alibaba-reasoning',
  'alibaba/alibaba-tool-call',
  'mistral/mistral-text',
  'mistral/mistral-tool-call',
  'openai-compatible/xai-text',
  'openai-compatible/xai-tool-call',
];

for (const name of wholes) {
  const path = `data/fixtures/wire/${name}.json`;
  test(
    `the answer ${name} passes with only model, usage and a missing fingerprint touched`,
    needsShared(path),
    async (t) => {
      const { gateway } = await start(t, json(200, readShared(path)));
      const seen = (await (await gateway.post(ask)).json()) as Record<string, unknown>;
      const { system_fingerprint: fingerprint, ...expected } = JSON.parse(
        readShared(path).toString(),
      ) as Record<string, unknown>;
      const { usage, ...rest } = seen;
      const { usage: own, ...others } = expected;
      assert.deepEqual(rest, {
        ...others,
        model: 'acme/one',
        system_fingerprint: fingerprint ?? null,
      });
      assert.partialDeepStrictEqual(usage, own);
    },
  );
}

/** File → text, tool calls, finish, and usage as the client must see them. */
const anthropicStreams = [
  'anthropic-text',
  'anthropic-tool-no-args',
  'anthropic-message-delta-input-tokens',
  'anthropic-json-other-tool.1',
  'anthropic-refusal',
  'anthropic-clear-thinking.1',
];

type Message = {
  content: { type: string; text?: string; name?: string; input?: unknown; partial_json?: string }[];
};

for (const name of anthropicStreams) {
  const path = `data/fixtures/wire/anthropic/${name}.sse`;
  test(
    `Anthropic's stream ${name} becomes one chat stream, whatever the chunk boundaries`,
    needsShared(path),
    async (t) => {
      const bytes = readShared(path);
      const events = bytes
        .toString()
        .split('\n')
        .filter((line) => line.startsWith('data: '))
        .map(
          (line) =>
            JSON.parse(line.slice(6)) as {
              type: string;
              delta?: { text?: string; partial_json?: string; stop_reason?: string };
              usage?: { input_tokens?: number; output_tokens?: number };
            },
        );
      const text = events
        .map((event) => (event.type === 'content_block_delta' ? (event.delta?.text ?? '') : ''))
        .join('');
      const { gateway, first } = await start(t, sse(bytes), { wire: 'anthropic' });
      for (const size of [Infinity, 11, 1]) {
        first.answer(sse(bytes, size));
        const raw = await (await gateway.post({ ...ask, stream: true })).text();
        const fold = foldChat(raw);
        assert.equal(fold.text, text);
        for (const call of Object.values(fold.calls))
          assert.doesNotThrow(() => JSON.parse(call.arguments), call.arguments);
        assert.ok(fold.finish !== undefined);
        assert.ok(raw.endsWith('data: [DONE]\n\n'));
        const final = events.findLast((event) => event.type === 'message_delta')?.usage;
        assert.equal(gateway.lastRecord().attempts[0]?.usage?.output, final?.output_tokens);
      }
    },
  );
}

for (const name of ['anthropic-text', 'anthropic-tool-no-args', 'anthropic-refusal']) {
  const path = `data/fixtures/wire/anthropic/${name}.json`;
  test(`Anthropic's answer ${name} becomes a chat completion`, needsShared(path), async (t) => {
    const message = JSON.parse(readShared(path).toString()) as Message;
    const { gateway } = await start(t, json(200, message), { wire: 'anthropic' });
    const seen = (await (await gateway.post(ask)).json()) as {
      choices: {
        message: { content: string | null; tool_calls?: { function: { name: string; arguments: string } }[] };
      }[];
    };
    const text = message.content
      .flatMap((block) => (block.type === 'text' ? [block.text ?? ''] : []))
      .join('');
    assert.equal(seen.choices[0]?.message.content ?? '', text);
    const calls = message.content
      .filter((block) => block.type === 'tool_use')
      .map((block) => ({ name: block.name, input: block.input }));
    assert.deepEqual(
      (seen.choices[0]?.message.tool_calls ?? []).map(({ function: fn }) => ({
        name: fn.name,
        input: JSON.parse(fn.arguments) as unknown,
      })),
      calls,
    );
  });
}

/** Bad streams → what the caller sees. */
const bad: Readonly<Record<string, 'second' | 'cut' | 'first'>> = {
  'sse200-anthropic-messagestart-then-overloaded.sse': 'second',
  'sse200-broken-json-midway.sse': 'cut',
  'sse200-crlf-and-multiline.sse': 'first',
  'sse200-empty-stream.sse': 'second',
  'sse200-only-done.sse': 'second',
  'sse200-openai-no-done-no-finish.sse': 'cut',
  'sse200-openrouter-error-first.sse': 'second',
};

test(
  'every recorded bad stream fails over before content and is cut after it',
  needsShared('data/fixtures/errors'),
  async (t) => {
    const files = readdirSync(sharedPath('data/fixtures/errors')).filter((file) => file.endsWith('.sse'));
    assert.deepEqual(files.sort(), Object.keys(bad).sort(), 'every recording has a row');
    for (const file of files) {
      const { gateway, first, second } = await start(
        t,
        sse(readShared(`data/fixtures/errors/${file}`)),
        file.includes('anthropic') ? { wire: 'anthropic' } : {},
      );
      second.answer(
        sse(
          'data: {"id":"2","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":"second"},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n',
        ),
      );
      let raw = '';
      let clean = true;
      const response = await gateway.post({ ...ask, stream: true });
      try {
        for await (const piece of response.body ?? []) raw += Buffer.from(piece as Uint8Array).toString();
      } catch {
        clean = false;
      }
      const seen = clean ? (response.headers.get('x-spillway-position') === '1' ? 'second' : 'first') : 'cut';
      assert.equal(seen, bad[file], `${file}: ${raw}`);
      assert.equal(raw.includes('"error"'), bad[file] === 'cut', file);
      assert.equal(first.asked.length, 1);
    }
  },
);

test(
  'every recorded error fails over to the second endpoint',
  needsShared('data/fixtures/errors'),
  async (t) => {
    for (const file of readdirSync(sharedPath('data/fixtures/errors')).filter((name) =>
      name.endsWith('.json'),
    )) {
      const { status, headers, body } = JSON.parse(readShared(`data/fixtures/errors/${file}`).toString()) as {
        status: number;
        headers: Record<string, string>;
        body: unknown;
      };
      const { gateway } = await start(t, json(status, body, headers));
      const response = await gateway.post(ask);
      assert.equal(response.status, 200, file);
      assert.equal(response.headers.get('x-spillway-position'), '1', file);
    }
  },
);
