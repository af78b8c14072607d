/** docs/headers.md against real answers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emulatedChain, startTestGateway } from './support/gateway.ts';
import { cell, named, rowsWith } from './support/pages.ts';
import { json, startUpstream } from './support/upstream.ts';

/** The names of an answer's headers that are about routing, not about the transport. */
async function routingHeaders(answer: Promise<Response>): Promise<readonly string[]> {
  const response = await answer;
  await response.text();
  const names = [...response.headers.keys()];
  return names.filter((name) =>
    /^(x-spillway-|x-generation-id|request-id|server-timing|x-should-retry|retry-after)/.test(name),
  );
}

test('headers.md has exactly the headers that answers carry: whole, streamed, and errors', async (t) => {
  const up = await startUpstream(t, json(429, {}, { 'retry-after': '3' }));
  const gateway = await startTestGateway(
    t,
    `${emulatedChain.replace('    failover:', '    floor: { tier: strong }\n    failover:')}
models:
  acme/unpriced: { endpoints: [{ provider: deepseek, model: u }] }
  acme/limited: { endpoints: [{ provider: limited, model: l }] }
`
      .replace('presets:', 'presets:\n  auto: { route: [{ preset: coder }] }')
      .replace('providers:', `providers:\n  limited: { wire: openai-chat, base_url: '${up.url}' }`),
  );
  gateway.emulator?.setFault({ model: 'deepseek/deepseek-v4-pro', kind: 'server_error' });
  const ask = (model: string, more: object = {}): Promise<Response> =>
    gateway.post({ model, messages: [{ role: 'user', content: 'hi' }], ...more });
  const answers: Readonly<Record<string, readonly Promise<Response>[]>> = {
    JSON: [ask('@preset/coder'), ask('@preset/auto'), ask('acme/unpriced')],
    stream: [
      ask('@preset/coder', { stream: true }),
      ask('@preset/auto', { stream: true }),
      ask('acme/unpriced', { stream: true }),
    ],
    error: [
      ask('acme/nobody'),
      ask('acme/limited'),
      ask('@preset/auto', { messages: [{ role: 'user', content: 'x'.repeat(9_000_000) }] }),
    ],
  };
  const rows = rowsWith('stream', 'headers');
  for (const [kind, of] of Object.entries(answers)) {
    const seen = await Promise.all(of.map(routingHeaders));
    const real = new Set(seen.flat());
    const told = (word: RegExp): readonly string[] =>
      named(
        rows.filter((row) => word.test(cell(row, kind))),
        'header',
      );
    assert.deepEqual(new Set(told(/^(yes|if so)$/)), real, kind);
    const always = [...real].filter((name) => seen.every((one) => one.includes(name)));
    assert.deepEqual(new Set(told(/^yes$/)), new Set(always), kind);
    assert.deepEqual(told(/^(?!(yes|no|if so)$)/), []);
  }
});
