/** What a fault comes to beyond a single answer (test/fault-matrix.test.ts has those): waits, departures, repairs, bounds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emulatedChain, key, startTestGateway } from './support/gateway.ts';

const primary = 'deepseek/deepseek-v4-pro';

test('every endpoint rate-limited: 429 with the shortest wait, what was tried, and the first error first', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  for (const stream of [true, false]) {
    // A fault that is set by hand resets what was learned before it.
    gateway.emulator?.setFault({ model: primary, kind: 'rate_limit', retryAfter: 40 });
    gateway.emulator?.setFault({ model: 'anthropic/claude-haiku-4.5', kind: 'overloaded' });
    gateway.emulator?.setFault({ model: 'anthropic/claude-sonnet-4.6', kind: 'rate_limit', retryAfter: 12 });
    const response = await gateway.post({
      model: '@preset/coder',
      stream,
      messages: [{ role: 'user', content: 'x' }],
    });
    assert.equal(response.status, 429);
    assert.equal(response.headers.get('retry-after'), '12');
    assert.equal(response.headers.get('x-should-retry'), null);
    const { error } = (await response.json()) as {
      error: { type: string; metadata: { previous_errors: { code: string }[] } };
    };
    assert.equal(error.type, 'upstream_rate_limited');
    assert.deepEqual(
      error.metadata.previous_errors.map(({ code }) => code),
      ['rate_limit', 'overloaded', 'rate_limit'],
    );
    assert.equal(response.headers.get('x-generation-id'), gateway.lastRecord().id);
  }
});

test('a client that leaves closes the upstream, in every phase, and no further endpoint is tried', async (t) => {
  for (const kind of ['stall', 'stall_mid_stream'] as const) {
    for (const stream of [true, false]) {
      const gateway = await startTestGateway(
        t,
        emulatedChain.replace('first_token: 300ms, response: 1s, idle: 400ms', 'idle: 60s'),
      );
      gateway.emulator?.setFault({ model: '*', kind });
      const leave = new AbortController();
      const asking = fetch(`${gateway.base}/chat/completions`, {
        method: 'POST',
        signal: leave.signal,
        headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
        body: JSON.stringify({
          model: '@preset/coder',
          stream,
          messages: [{ role: 'user', content: 'write 60 words' }],
        }),
      }).then((response) => response.text());
      setTimeout(() => leave.abort(), 150);
      await assert.rejects(asking);
      for (let tries = 0; gateway.records().length === 0 && tries < 100; tries++)
        await new Promise((resolve) => setTimeout(resolve, 10));
      const record = gateway.lastRecord();
      assert.equal(record.ending, 'client_gone');
      assert.equal(record.attempts.length, 1);
      assert.equal(record.attempts[0]?.outcome, 'client_gone');
      // The emulator bills when its client leaves; it would not, had the connection stayed open.
      for (let tries = 0; gateway.emulator?.bill().total.requests === 0 && tries < 50; tries++)
        await new Promise((resolve) => setTimeout(resolve, 10));
      if (kind === 'stall_mid_stream') assert.equal(gateway.emulator?.bill().total.requests, 1);
    }
  }
});

test('repaired, the primary serves again at once', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  const position = async (): Promise<string | null> =>
    (await gateway.post({ model: '@preset/coder', messages: [{ role: 'user', content: 'x' }] })).headers.get(
      'x-spillway-position',
    );
  assert.equal(await position(), '0');
  for (const kind of ['server_error', 'rate_limit', 'out_of_credit', 'unknown_model'] as const) {
    gateway.emulator?.setFault({ model: primary, kind });
    for (let turn = 0; turn < 4; turn++) assert.equal(await position(), '1', kind);
    gateway.emulator?.clearFaults();
    assert.equal(await position(), '0', kind);
  }
});

test('attempts are bounded, whatever the chain', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain.replace('failover: {', 'failover: { attempts: 2,'));
  gateway.emulator?.setFault({ model: '*', kind: 'server_error' });
  const response = await gateway.post({ model: '@preset/coder', messages: [{ role: 'user', content: 'x' }] });
  assert.equal(response.status, 502);
  assert.equal(gateway.lastRecord().attempts.length, 2);
});
