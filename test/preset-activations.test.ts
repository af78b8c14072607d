/** Versions change under load: nothing fails, every request is served wholly by one version, the next one by the new. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { key, startTestGateway, type TestGateway } from './support/gateway.ts';
import { startUpstream, type Answer } from './support/upstream.ts';

type Sent = {
  readonly model: string;
  readonly temperature: number;
  readonly stream?: boolean;
  readonly messages: readonly { readonly role: string; readonly content: string }[];
};

/** What a request was served with, in one word: `one 0.1 one-upstream`. */
const wordOf = ({ model, temperature, messages }: Sent): string =>
  `${messages[0]?.content} ${temperature} ${model}`;

const chunk = (content: string, finish: string | null): string =>
  `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta: { content }, finish_reason: finish }] })}\n\n`;

/** Streams that were begun so far. */
let begun = 0;

/** Says what it was asked with, and goes on for a while when it streams: some shorter, some longer. */
const echo: Answer = (response, { body }) => {
  const sent = JSON.parse(body.toString()) as Sent;
  const word = wordOf(sent);
  if (sent.stream !== true) {
    const message = { role: 'assistant', content: word };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify({
        id: 'c',
        object: 'chat.completion',
        created: 1,
        model: 'm',
        choices: [{ index: 0, message, finish_reason: 'stop' }],
        usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
      }),
    );
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  let left = 1 + (begun++ % 15);
  const timer = setInterval(() => {
    left -= 1;
    response.write(chunk(left === 0 ? word : '.', left === 0 ? 'stop' : null));
    if (left > 0) return;
    clearInterval(timer);
    response.end('data: [DONE]\n\n');
  }, 300);
  response.on('close', () => clearInterval(timer));
};

const words = { 1: 'one 0.1 one-upstream', 2: 'two 0.2 two-upstream' } as const;
type Version = keyof typeof words;

const document = (url: string, name: 'one' | 'two'): string => `
providers: { up: { wire: openai-chat, base_url: '${url}' } }
models:
  acme/one: { context: 90000, endpoints: [{ provider: up, model: one-upstream, price: { input: 1, output: 2 } }] }
  acme/two: { context: 90000, endpoints: [{ provider: up, model: two-upstream, price: { input: 1, output: 2 } }] }
presets:
  p: { models: [acme/${name}], system_prompt: ${name}, parameters: { temperature: ${name === 'one' ? 0.1 : 0.2} } }
keys: [{ name: test, key: '${key}' }]
`;

async function admin(gateway: TestGateway, path: string, body: object): Promise<void> {
  const response = await fetch(`${gateway.url}/api/admin/presets/p/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${gateway.adminKey}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await response.text();
  assert.equal(response.status, 200, text);
}

async function ask(gateway: TestGateway, stream: boolean): Promise<Version> {
  const response = await gateway.post({
    model: '@preset/p',
    stream,
    messages: [{ role: 'user', content: 'hi' }],
  });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  const version = response.headers.get('x-spillway-preset') === 'p@1' ? 1 : 2;
  assert.equal(response.headers.get('x-spillway-preset'), `p@${version}`);
  assert.ok(text.includes(words[version]), `version ${version}: ${text}`);
  if (stream) assert.ok(text.trimEnd().endsWith('[DONE]'));
  return version;
}

const patient = { timeout: 300_000 };

test(
  '1,000 activations under 200 streams: none fails, none is mixed, the next request has the new version',
  patient,
  async (t) => {
    const upstream = await startUpstream(t, echo);
    const gateway = await startTestGateway(t, document(upstream.url, 'one'));
    const actor = { name: 'test', local: true, role: 'owner' as const };
    await gateway.configuration.apply({ text: document(upstream.url, 'two'), actor });
    let going = true;
    const served = { 1: 0, 2: 0 };
    const clients = Array.from({ length: 200 }, async () => {
      while (going) served[await ask(gateway, true)] += 1;
    });
    while (begun < 200) await new Promise((resolve) => setTimeout(resolve, 10));
    const took: number[] = [];
    for (let turn = 0; turn < 1_000; turn++) {
      const version: Version = turn % 2 === 0 ? 1 : 2;
      const began = performance.now();
      await admin(gateway, 'activate', { version });
      took.push(performance.now() - began);
      if (turn % 9 > 0) continue;
      assert.equal(await ask(gateway, false), version, `activation ${turn}`);
      for (const before = begun; begun === before;) await new Promise((resolve) => setTimeout(resolve, 1));
    }
    going = false;
    await Promise.all(clients);
    took.sort((a, b) => a - b);
    const ms = (share: number): string => (took[Math.floor(took.length * share)] ?? 0).toFixed(1);
    t.diagnostic(`activations took ${ms(0.5)} ms (p50), ${ms(0.99)} ms (p99)`);
    t.diagnostic(`streams served: ${served[1]} by version 1, ${served[2]} by version 2`);
    assert.ok(served[1] > 0 && served[2] > 0);
    for (const record of gateway.records()) assert.equal(record.ending, 'ok');
    assert.equal(gateway.configuration.snapshot().revision, 1_002);
  },
);

test('a roll-out is sticky by conversation, survives a change of share, and one call ends it', async (t) => {
  const upstream = await startUpstream(t, echo);
  const gateway = await startTestGateway(t, document(upstream.url, 'one'));
  await gateway.configuration.apply({
    text: document(upstream.url, 'two'),
    actor: { name: 'test', local: true, role: 'owner' as const },
  });
  const asked = async (session: string): Promise<string | null> => {
    const body = { model: '@preset/p', messages: [{ role: 'user', content: 'hi' }] };
    const response = await gateway.post(body, { 'x-session-id': session });
    await response.text();
    return response.headers.get('x-spillway-preset');
  };
  const sessions = Array.from({ length: 60 }, (_, index) => `session ${index}`);
  const all = async (): Promise<readonly (string | null)[]> => await Promise.all(sessions.map(asked));
  await admin(gateway, 'rollout', { version: 1, percent: 30 });
  const first = await all();
  const moved = first.filter((preset) => preset === 'p@1').length;
  assert.ok(moved > 5 && moved < 35, `${moved} of 60 at 30 %`);
  assert.deepEqual(await all(), first, 'a conversation stays where it is');
  await admin(gateway, 'rollout', { version: 1, percent: 70 });
  const second = await all();
  assert.ok(first.every((preset, index) => preset === 'p@2' || second[index] === 'p@1'));
  assert.ok(second.filter((preset) => preset === 'p@1').length > moved);
  const { presetVersion, preset } = gateway.lastRecord();
  assert.equal(`${preset}@${presetVersion}`, (await asked('session 59')) ?? '');
  await admin(gateway, 'rollout/promote', {});
  assert.deepEqual(new Set(await all()), new Set(['p@1']));
});
