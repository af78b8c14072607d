/** What providers of the Responses API really sent, replayed as the upstream, whatever the chunk boundaries. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SseReader } from '../src/dialects/sse.ts';
import { key, type TestGateway } from './support/gateway.ts';
import { startPair } from './support/pair.ts';
import { needsShared, readShared } from './support/shared.ts';
import { json, sse } from './support/upstream.ts';

type Event = { type: string; response?: { model?: string; usage?: Record<string, unknown> } };

const ask = { model: '@preset/p', input: 'hi' };

function post(gateway: TestGateway, body: unknown): Promise<Response> {
  return fetch(`${gateway.base}/responses`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}

/** The events, and their frames' names. */
function eventsOf(raw: Buffer): { name: string | undefined; event: Event }[] {
  return new SseReader().push(raw).map(({ name, data }) => ({
    name,
    event: JSON.parse(data.toString()) as Event,
  }));
}

/** What the client should see: only the name of the model changes, and at the end the usage. */
function withoutOurs({ event }: { event: Event }): Event {
  if (!event.response) return event;
  const { model: _model, usage: _usage, ...response } = event.response;
  return { ...event, response };
}

const streams = [
  'openai-responses/openai-custom-tool.1',
  'openai-responses/openai-client-tool-search.1',
  'openai-responses/openai-local-shell-tool.1',
  'openai-responses/openai-phase.1',
  'openai-responses/openai-web-search-tool.1',
  'openai-responses/programmatic-tool-calling.1',
  'openai-responses/github-copilot-id-rotation.1',
  'open-responses/lmstudio-basic.1',
  'open-responses/lmstudio-tool-call.1',
  'open-responses/lmstudio-tool-call.2',
  'open-responses/openai-pdf-input-file.1',
];

for (const name of streams) {
  const path = `data/fixtures/wire/${name}.sse`;
  test(`the stream ${name} passes whole, whatever the chunk boundaries`, needsShared(path), async (t) => {
    const bytes = readShared(path);
    const { gateway, first } = await startPair(t, sse(bytes), { wire: 'openai-responses' });
    for (const size of [Infinity, 1_000, 64]) {
      first.answer(sse(bytes, size));
      const seen = eventsOf(Buffer.from(await (await post(gateway, { ...ask, stream: true })).arrayBuffer()));
      const sent = eventsOf(bytes);
      assert.deepEqual(seen.map(withoutOurs), sent.map(withoutOurs));
      assert.deepEqual(
        seen.map((one) => one.name),
        sent.map((one) => one.name),
      );
      const models = seen.flatMap(({ event }) => (event.response ? [event.response.model] : []));
      assert.deepEqual(
        [...new Set(models)],
        ['acme/one'],
        'the canonical slug, in every event that has a model',
      );
      const usage = seen.at(-1)?.event.response?.usage;
      assert.ok(Number(usage?.['cost']) > 0);
      assert.ok(Number(usage?.['input_tokens']) > 0, "the provider's own numbers stay");
      assert.equal(gateway.lastRecord().ending, 'ok');
      assert.equal(gateway.lastRecord().attempts[0]?.basis, 'measured');
    }
    assert.equal(first.asked[0]?.url, '/v1/responses');
  });
}

const whole = 'data/fixtures/wire/openai-responses/openai-reasoning-encrypted-content.1.json';
test(
  'a whole answer passes with its ids; its proof goes back to its issuer only',
  needsShared(whole),
  async (t) => {
    const answer = JSON.parse(readShared(whole).toString()) as {
      id: string;
      output: Record<string, unknown>[];
    };
    const { gateway, first } = await startPair(t, json(200, answer), { wire: 'openai-responses' });
    const told = (await (await post(gateway, ask)).json()) as typeof answer & { model: string };
    assert.deepEqual([told.id, told.model], [answer.id, 'acme/one']);
    assert.deepEqual(told.output, answer.output);

    const thought = answer.output.find((item) => item['type'] === 'reasoning');
    assert.ok(typeof thought?.['encrypted_content'] === 'string');
    const foreign = { ...thought, id: 'rs_elsewhere', encrypted_content: 'issued elsewhere' };
    const user = { role: 'user', content: 'go on' };
    await post(gateway, { ...ask, input: [user, thought, foreign] });
    const sent = JSON.parse(first.asked.at(-1)?.body.toString() ?? '') as { input: unknown };
    assert.deepEqual(sent.input, [user, thought]);
  },
);

const failing = 'data/fixtures/wire/openai-responses/openai-error.1.sse';
test(
  'an error inside a 200, before any content, moves to the next endpoint',
  needsShared(failing),
  async (t) => {
    const { gateway, second } = await startPair(t, sse(readShared(failing)), { wire: 'openai-responses' });
    const chunk = { id: 'c', choices: [{ index: 0, delta: { content: 'hi' }, finish_reason: 'stop' }] };
    second.answer(sse(`data: ${JSON.stringify(chunk)}\n\ndata: [DONE]\n\n`));
    const response = await post(gateway, { ...ask, stream: true });
    const events = eventsOf(Buffer.from(await response.arrayBuffer()));
    assert.equal(response.headers.get('x-spillway-position'), '1');
    assert.equal(events.at(-1)?.event.type, 'response.completed');
    assert.equal(gateway.lastRecord().attempts[0]?.outcome, 'quota');
  },
);

const text = 'data/fixtures/wire/open-responses/openai-pdf-input-file.1.sse';
test('a stream that breaks off after content ends with one response.failed', needsShared(text), async (t) => {
  const bytes = readShared(text);
  const cut = bytes.subarray(0, bytes.lastIndexOf('event: response.output_text.done'));
  const { gateway } = await startPair(t, sse(cut), { wire: 'openai-responses' });
  const response = await post(gateway, { ...ask, stream: true });
  const seen: Buffer[] = [];
  // The connection closes without a proper end, so that nobody takes the half for the whole.
  await assert.rejects(async () => {
    for await (const chunk of response.body ?? []) seen.push(Buffer.from(chunk));
  });
  const events = eventsOf(Buffer.concat(seen)).map(
    ({ event }) => event as Event & { sequence_number: number },
  );
  const last = events.at(-1) as unknown as {
    type: string;
    response: { status: string; error: { code: string } };
  };
  assert.equal(last.type, 'response.failed');
  assert.deepEqual([last.response.status, last.response.error.code], ['failed', 'server_error']);
  assert.equal(events.filter(({ type }) => type === 'response.failed' || type === 'error').length, 1);
  const numbers = events.map((event) => event.sequence_number);
  assert.deepEqual(
    numbers,
    [...numbers].sort((a, b) => a - b),
  );
  assert.equal(gateway.lastRecord().ending === 'ok', false);
});
