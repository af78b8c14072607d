/** A conversation that stays at its fallback, on real sockets, with the emulator's caches and bills. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { tailLine } from '../src/cli/tail.ts';
import { runCommand } from '../src/cli/main.ts';
import { plain } from '../src/cli/shell.ts';
import { viewGeneration } from '../src/control/api-views.ts';
import { toUsd } from '../src/core/money.ts';
import { capturedShell } from './support/captured-shell.ts';
import { emulatedChain, key, startTestGateway, type TestGateway } from './support/gateway.ts';

const pro = 'deepseek/deepseek-v4-pro';
const haiku = 'anthropic/claude-haiku-4.5';

/** Claude Code's own way: no id in the body, its session in a header. Some 3,000 tokens. */
const opening = { role: 'user', content: 'Mend the build of this repository, please. '.repeat(300) };

type Told = {
  readonly position: string;
  readonly fallback: string;
  readonly attempts: string;
  readonly skipped: string;
};

async function say(gateway: TestGateway, session: string, turns: number): Promise<Told> {
  const said = Array.from({ length: turns }, () => [
    { role: 'assistant', content: 'done' },
    { role: 'user', content: 'go on' },
  ]);
  const response = await fetch(`${gateway.base}/messages`, {
    method: 'POST',
    headers: { 'x-api-key': key, 'content-type': 'application/json', 'x-claude-code-session-id': session },
    body: JSON.stringify({ model: '@preset/coder', max_tokens: 50, messages: [opening, ...said.flat()] }),
  });
  await response.arrayBuffer();
  assert.equal(response.status, 200);
  const header = (name: string): string => response.headers.get(`x-spillway-${name}`) ?? '';
  return {
    position: header('position'),
    fallback: header('fallback'),
    attempts: header('attempts'),
    skipped: header('skipped'),
  };
}

async function command(gateway: TestGateway, line: readonly string[], stdin: string): Promise<string> {
  const env = { SPILLWAY_URL: gateway.url, SPILLWAY_ADMIN_KEY: gateway.adminKey };
  const shell = capturedShell({ env, stdin });
  assert.equal(await runCommand(line, shell), 0, shell.stderr());
  return shell.stdout();
}

const primaryServes: Told = { position: '0', fallback: 'false', attempts: `${pro}@deepseek:ok`, skipped: '' };
const itStays: Told = {
  position: '1',
  fallback: 'true',
  attempts: `${haiku}@anthropic:ok`,
  skipped: `${pro}@deepseek:stay`,
};

async function moved(t: TestContext): Promise<TestGateway> {
  const gateway = await startTestGateway(t, emulatedChain);
  assert.deepEqual(await say(gateway, 'one', 0), primaryServes);
  assert.deepEqual(await say(gateway, 'one', 1), primaryServes);
  gateway.emulator?.setFault({ model: pro, kind: 'server_error' });
  assert.deepEqual(await say(gateway, 'one', 2), {
    position: '1',
    fallback: 'true',
    attempts: `${pro}@deepseek:server_error,${pro}@deepseek:server_error,${haiku}@anthropic:ok`,
    skipped: '',
  });
  gateway.emulator?.clearFaults();
  return gateway;
}

test('headers say that it stays, and what was passed over; another session is served by the primary', async (t) => {
  const gateway = await moved(t);
  assert.deepEqual(await say(gateway, 'one', 3), itStays);
  assert.deepEqual(await say(gateway, 'two', 0), primaryServes);
  gateway.emulator?.setFault({ model: haiku, kind: 'server_error' });
  assert.equal((await say(gateway, 'one', 4)).position, '0', 'it stays no longer than it is served there');
});

test('a switch tells what its cache was worth, everywhere', async (t) => {
  const gateway = await moved(t);
  const record = gateway.lastRecord();
  // What the primary had cached of the prompt, at Haiku’s price for fresh input ($1) less that for reading ($0.10).
  assert.ok(record.cacheLost !== undefined && record.cacheLost > 0);
  assert.equal(record.cacheLost % 900, 0, 'nano-USD for each token');
  const usd = toUsd(record.cacheLost);
  const view = await fetch(`${gateway.base}/generation?id=${record.id}`, { headers: { 'x-api-key': key } });
  const { data } = (await view.json()) as { data: { cache_lost_usd: number } };
  assert.equal(data.cache_lost_usd, usd);
  const line = tailLine(viewGeneration(record), plain);
  assert.match(line, /after server_error, server_error cache lost \$0\.00\d+$/);
  assert.match(await command(gateway, ['explain', record.id], ''), /\ncache lost \$0\.00\d+: /);
  await say(gateway, 'one', 3);
  assert.equal(gateway.lastRecord().cacheLost, undefined);
});

test('while the primary rests the loss stands only where the conversation left it', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  const turn = async (): Promise<number | undefined> => {
    const body = { model: '@preset/coder', session_id: 'talk', max_tokens: 50, messages: [opening] };
    await (await gateway.post(body)).arrayBuffer();
    return gateway.lastRecord().cacheLost;
  };
  assert.deepEqual([await turn(), await turn()], [undefined, undefined]);
  gateway.emulator?.setFault({ model: pro, kind: 'out_of_credit' });
  const [left, ...after] = [await turn(), await turn(), await turn(), await turn()];
  assert.ok(left !== undefined && left > 0);
  assert.deepEqual(after, [undefined, undefined, undefined]);
  assert.equal(gateway.lastRecord().skipped[0]?.reason, 'breaker');
});

test('explain shows that a conversation stays, and until when', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  const body = { model: '@preset/coder', session_id: 'talk', max_tokens: 50, messages: [opening] };
  gateway.emulator?.setFault({ model: pro, kind: 'server_error' });
  assert.equal((await gateway.post(body)).headers.get('x-spillway-position'), '1');
  gateway.emulator?.clearFaults();
  const ask = ['explain', '--key', 'test', '--request', '-'];
  const out = await command(gateway, ask, JSON.stringify(body));
  assert.match(
    out,
    /\n {2}1 fallback +anthropic\/claude-haiku-4.5 @ anthropic .* the conversation stays here\n {2}0 primary/,
  );
  assert.match(out, /\nleft out\n {2}deepseek\/deepseek-v4-pro@deepseek +stay +until \d{4}-/);
  const other = await command(gateway, ask, JSON.stringify({ ...body, session_id: 'another' }));
  assert.doesNotMatch(other, /stay/);
});

test('explain knows a conversation by a header as well', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  const body = { model: '@preset/coder', max_tokens: 50, messages: [opening] };
  gateway.emulator?.setFault({ model: pro, kind: 'server_error' });
  await (await gateway.post(body, { 'x-session-id': 'H9' })).arrayBuffer();
  gateway.emulator?.clearFaults();
  const explained = (id: string): Promise<string> =>
    command(
      gateway,
      ['explain', '--key', 'test', '--request', '-', '--header', `x-session-id: ${id}`],
      JSON.stringify(body),
    );
  assert.match(await explained('H9'), /the conversation stays here/);
  assert.doesNotMatch(await explained('H8'), /stay/);
});

test('a new version of the preset without the fallback ends the stay', async (t) => {
  const gateway = await moved(t);
  const text = emulatedChain.replace(`${haiku}, `, '');
  const applied = await gateway.configuration.apply({
    text,
    actor: { name: 'test', local: true, role: 'owner' as const },
  });
  assert.equal(applied.outcome, 'applied');
  assert.deepEqual(await say(gateway, 'one', 3), primaryServes);
});
