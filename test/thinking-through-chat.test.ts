/**
 * A chat client keeps `reasoning_details` and sends them back: thinking returns to the model that issued it, also
 * after a restart of the gateway, and reaches nobody else. The upstreams are real sockets that remember what they got.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { key, startTestGateway, type TestGateway } from './support/gateway.ts';
import { startUpstream, type Answer, type TestUpstream } from './support/upstream.ts';

const signature = 'proof-of-the-issuer';

/** Wire → the same answer, whole and as the events of a stream: a thought, its proof, one call. */
const answers: Readonly<Record<string, { readonly whole: object; readonly events: readonly object[] }>> = {
  gemini: gemini(),
  anthropic: anthropic(),
  'openai-responses': responses(),
};

function gemini(): { whole: object; events: readonly object[] } {
  const event = (parts: readonly object[], more: object = {}): object => ({
    candidates: [{ content: { role: 'model', parts }, index: 0, ...more }],
    usageMetadata: { promptTokenCount: 5, candidatesTokenCount: 5 },
    responseId: 'r',
  });
  const thought = { text: 'I must look.', thought: true };
  const call = { functionCall: { name: 'look', args: {} }, thoughtSignature: signature };
  return {
    whole: event([thought, call], { finishReason: 'STOP' }),
    events: [event([thought]), event([call]), event([{ text: '' }], { finishReason: 'STOP' })],
  };
}

function anthropic(): { whole: object; events: readonly object[] } {
  const usage = { input_tokens: 5, output_tokens: 5 };
  const head = { id: 'msg_1', type: 'message', role: 'assistant', model: 'm', stop_sequence: null };
  const thought = { type: 'thinking', thinking: 'I must look.', signature };
  const call = { type: 'tool_use', id: 'toolu_1', name: 'look', input: {} };
  const block = (index: number, content_block: object, ...deltas: readonly object[]): readonly object[] => [
    { type: 'content_block_start', index, content_block },
    ...deltas.map((delta) => ({ type: 'content_block_delta', index, delta })),
    { type: 'content_block_stop', index },
  ];
  return {
    whole: { ...head, content: [thought, call], stop_reason: 'tool_use', usage },
    events: [
      { type: 'message_start', message: { ...head, content: [], stop_reason: null, usage } },
      ...block(
        0,
        { type: 'thinking', thinking: '', signature: '' },
        { type: 'thinking_delta', thinking: 'I must ' },
        { type: 'thinking_delta', thinking: 'look.' },
        { type: 'signature_delta', signature },
      ),
      ...block(1, call, { type: 'input_json_delta', partial_json: '{}' }),
      { type: 'message_delta', delta: { stop_reason: 'tool_use', stop_sequence: null }, usage },
      { type: 'message_stop' },
    ],
  };
}

function responses(): { whole: object; events: readonly object[] } {
  const items = [
    {
      type: 'reasoning',
      id: 'rs_1',
      summary: [{ type: 'summary_text', text: 'I must look.' }],
      encrypted_content: signature,
    },
    {
      type: 'function_call',
      id: 'fc_1',
      call_id: 'call_1',
      name: 'look',
      arguments: '{}',
      status: 'completed',
    },
  ];
  const whole = {
    id: 'resp_1',
    object: 'response',
    status: 'completed',
    model: 'm',
    output: items,
    usage: { input_tokens: 5, output_tokens: 5, total_tokens: 10 },
  };
  return {
    whole,
    events: [
      { type: 'response.created', response: { ...whole, status: 'in_progress', output: [] } },
      ...items.flatMap((item, output_index) => [
        { type: 'response.output_item.added', output_index, item },
        { type: 'response.output_item.done', output_index, item },
      ]),
      { type: 'response.completed', response: whole },
    ],
  };
}

function answerOf(wire: string): Answer {
  return (response, { url, body }) => {
    const { whole, events } = answers[wire] ?? { whole: {}, events: [] };
    const streams = url.includes('streamGenerate') || body.includes('"stream":true');
    response.writeHead(200, { 'content-type': streams ? 'text/event-stream' : 'application/json' });
    const frames = events.map((event) => {
      const name = 'type' in event ? `event: ${String(event.type)}\n` : '';
      return `${name}data: ${JSON.stringify(event)}\n\n`;
    });
    response.end(streams ? frames.join('') : JSON.stringify(whole));
  };
}

type Stage = { readonly document: string; readonly issuer: TestUpstream; readonly other: TestUpstream };

async function setUp(t: TestContext, wire: string): Promise<Stage> {
  const issuer = await startUpstream(t, answerOf(wire));
  const other = await startUpstream(t, answerOf(wire));
  const model = wire === 'gemini' ? 'gemini-3-pro' : 'claude-opus-4-6';
  const facts = 'context: 100000, max_output: 8000, features: [tools, reasoning]';
  const at = (provider: string): string =>
    `{ ${facts}, endpoints: [{ provider: ${provider}, model: ${model}, price: { input: 1, output: 2 } }] }`;
  const document = `
providers:
  one: { wire: ${wire}, base_url: '${issuer.url}', api_key: provider-secret-1 }
  two: { wire: ${wire}, base_url: '${other.url}', api_key: provider-secret-2 }
models:
  acme/one: ${at('one')}
  acme/two: ${at('two')}
keys: [{ name: test, key: '${key}' }]
`;
  return { document, issuer, other };
}

type Call = {
  readonly id: string;
  readonly type: string;
  readonly function: { readonly name: string; readonly arguments: string };
};
type Message = {
  readonly role: string;
  readonly content: string | null;
  readonly reasoning_details?: readonly object[];
  readonly tool_calls?: readonly Call[];
};
type Delta = {
  readonly reasoning_details?: readonly object[];
  readonly tool_calls?: readonly { readonly id?: string }[];
};

const question = { role: 'user', content: 'What is there?' };
const tools = [
  { type: 'function', function: { name: 'look', parameters: { type: 'object', properties: {} } } },
];

/** Asks, and keeps of the answer what a client keeps. */
async function ask(gateway: TestGateway, stream: boolean): Promise<Message> {
  const response = await gateway.post({ model: 'acme/one', messages: [question], tools, stream });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  if (!stream) return (JSON.parse(text) as { choices: [{ message: Message }] }).choices[0].message;
  const deltas = text
    .split('\n\n')
    .filter((frame) => frame.startsWith('data: {'))
    .flatMap((frame) => (JSON.parse(frame.slice(6)) as { choices: { delta: Delta }[] }).choices)
    .map(({ delta }) => delta);
  const [opened] = deltas.flatMap(({ tool_calls: calls }) => calls ?? []);
  return {
    role: 'assistant',
    content: null,
    reasoning_details: deltas.flatMap(({ reasoning_details: all }) => all ?? []),
    tool_calls: [{ id: opened?.id ?? '', type: 'function', function: { name: 'look', arguments: '{}' } }],
  };
}

async function goOn(gateway: TestGateway, model: string, said: Message): Promise<void> {
  const result = { role: 'tool', tool_call_id: said.tool_calls?.[0]?.id, content: 'a bird' };
  const response = await gateway.post({ model, messages: [question, said, result], tools });
  assert.equal(response.status, 200, await response.text());
}

function lastBody(upstream: TestUpstream): string {
  return upstream.asked.at(-1)?.body.toString() ?? '';
}

for (const wire of Object.keys(answers))
  for (const stream of [false, true])
    test(`${wire}, ${stream ? 'streamed' : 'whole'}: the issuer gets its proof back, another does not`, async (t) => {
      const { document, issuer, other } = await setUp(t, wire);
      const gateway = await startTestGateway(t, document);
      const said = await ask(gateway, stream);
      await goOn(gateway, 'acme/one', said);
      assert.ok(lastBody(issuer).includes(`"${signature}"`), lastBody(issuer));
      assert.equal(lastBody(issuer).includes('skip_thought_signature_validator'), false);
      await goOn(gateway, 'acme/two', said);
      assert.equal(lastBody(other).includes(signature), false, lastBody(other));
    });

test('who issued what is known after a restart', async (t) => {
  const { document, issuer, other } = await setUp(t, 'gemini');
  const folder = mkdtempSync(join(tmpdir(), 'spillway-test-'));
  const env = { SPILLWAY_DATA_DIR: folder };
  const before = await startTestGateway(t, document, env);
  const said = await ask(before, true);
  await before.stop(1_000);
  const after = await startTestGateway(t, document, env);
  t.after(() => rmSync(folder, { recursive: true }));
  await goOn(after, 'acme/one', said);
  assert.ok(lastBody(issuer).includes(`"${signature}"`), lastBody(issuer));
  await goOn(after, 'acme/two', said);
  assert.equal(lastBody(other).includes(signature), false);
});
