/** `spillway explain gen-…`: a past request told from its record. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { runCommand } from '../src/cli/main.ts';
import type { HindsightView } from '../src/control/hindsight-view.ts';
import { hindsightOf } from '../src/core/hindsight.ts';
import { capturedShell } from './support/captured-shell.ts';
import { emulatedChain, startTestGateway, type TestGateway } from './support/gateway.ts';
import { fallbackRecord, memoryConfiguration } from './support/in-memory-control.ts';

async function run(gateway: TestGateway, line: string): Promise<{ code: number; out: string; err: string }> {
  const shell = capturedShell({ env: { SPILLWAY_URL: gateway.url, SPILLWAY_ADMIN_KEY: gateway.adminKey } });
  const code = await runCommand(['explain', ...line.split(' ')], shell);
  return { code, out: shell.stdout(), err: shell.stderr() };
}

type Asked = { readonly status: number; readonly id: string };

async function ask(gateway: TestGateway, more: object = {}): Promise<Asked> {
  const messages = [{ role: 'user', content: 'hi' }];
  const response = await gateway.post({ model: '@preset/coder', messages, ...more });
  await response.arrayBuffer();
  return { status: response.status, id: response.headers.get('x-generation-id') ?? '' };
}

async function hindsight(gateway: TestGateway, id: string): Promise<HindsightView> {
  const { code, out, err } = await run(gateway, `${id} --json`);
  assert.equal(code, 0, err);
  return JSON.parse(out) as HindsightView;
}

const start = (t: TestContext, more = ''): Promise<TestGateway> =>
  startTestGateway(t, emulatedChain.replace('    failover:', `${more}    failover:`));

test('a fallback: what was asked, the chain, each attempt, what it cost above the primary', async (t) => {
  const gateway = await start(t);
  gateway.emulator?.setFault({ model: 'deepseek/deepseek-v4-pro', kind: 'rate_limit' });
  const { id } = await ask(gateway, { max_tokens: 70_000 });
  const { out } = await run(gateway, id);
  const [title, asked, revision, ...rest] = out.trimEnd().split('\n');
  assert.match(title ?? '', new RegExp(`^${id} \\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d UTC, key test, chat$`));
  assert.equal(
    asked,
    'asked for @preset/coder, which meant the preset coder@1: deepseek/deepseek-v4-pro → anthropic/claude-haiku-4.5 → anthropic/claude-sonnet-4.6',
  );
  assert.equal(revision, 'configuration revision 1, still active');
  const text = rest.join('\n');
  assert.match(
    text,
    /^tried\n {2}0 primary +deepseek\/deepseek-v4-pro @ deepseek +rate_limit 429 .*took \d.* free\n {4}said: /,
  );
  assert.match(text, /\n {2}2 fallback +anthropic\/claude-sonnet-4.6 @ anthropic +ok /);
  assert.match(text, /\nleft out\n {2}anthropic\/claude-haiku-4.5@anthropic +output\n/);
  assert.match(text, /\nserved by anthropic\/claude-sonnet-4.6 @ anthropic, a fallback in /);
  assert.match(
    text,
    /\ncost \$0\.\d+; the primary, cold: \$0\.\d+ \([\d.]+x\)\npremium \$0\.\d+: \$0\.\d+ by price, \$0\.00 by the cache left behind/,
  );
});

test('who rested is left out with why it rested, which is no limit', async (t) => {
  const gateway = await start(t);
  gateway.emulator?.setFault({ model: 'deepseek/deepseek-v4-pro', kind: 'rate_limit', retryAfter: 120 });
  await ask(gateway);
  const { id } = await ask(gateway);
  const { out } = await run(gateway, id);
  assert.match(out, /\nleft out\n {2}deepseek\/deepseek-v4-pro@deepseek +breaker +rate_limit\nserved by /);
  assert.deepEqual((await hindsight(gateway, id)).limits, []);
});

test('a limit in the way of a hop, and of a request, is named in the words of its refusal', async (t) => {
  const gateway = await start(t, '    limits: [{ usd: 0.000001, per: day }]\n');
  const { id, status } = await ask(gateway);
  assert.equal(status, 402);
  const { limits, generation } = await hindsight(gateway, id);
  assert.match(limits.join('\n'), /^Preset coder .*\$0\.000001/);
  assert.deepEqual(
    generation.skipped.map(({ reason }) => reason),
    ['budget', 'budget', 'budget'],
  );
  const { out } = await run(gateway, id);
  assert.match(
    out,
    /\ntried\n {2}nothing was called\nleft out\n[^]*\nlimits in the way\n {2}Preset coder[^]*\nrefused in .*: limit_exhausted\n/,
  );
  const counted = await start(t, '    limits: [{ requests: 1, per: day }]\n');
  await ask(counted);
  const second = await ask(counted);
  assert.equal(second.status, 429);
  assert.match((await hindsight(counted, second.id)).limits.join(), /^Preset coder .*1 request/);
});

test('a plain model, a later revision, a client that is told no', async (t) => {
  const gateway = await start(t);
  const plain = await ask(gateway, { model: 'anthropic/claude-haiku-4.5' });
  const unknown = await ask(gateway, { model: '@preset/codr' });
  await gateway.configuration.apply({
    text: emulatedChain.replace('coder:\n', 'coder:\n    description: changed\n'),
    actor: { name: 'test', local: true, role: 'owner' as const },
  });
  const told = (await run(gateway, plain.id)).out;
  assert.match(told, /\nasked for anthropic\/claude-haiku-4.5, a model by its name\n/);
  assert.match(told, /\nconfiguration revision 1; 2 is active now \(spillway history\)\n/);
  assert.match(told, /\nserved by anthropic\/claude-haiku-4.5 @ anthropic in /);
  assert.match((await run(gateway, unknown.id)).out, /\nrefused in .*: preset_not_found\n/);
});

test('an unknown id, and words that only a new request has, are mistakes that say what to do', async (t) => {
  const gateway = await start(t);
  const { code, err } = await run(gateway, 'gen-nobody');
  assert.equal(code, 1);
  assert.match(err, /no generation "gen-nobody"/);
  const { code: usage, err: said } = await run(gateway, 'gen-nobody --tokens 9');
  assert.equal(usage, 2);
  assert.match(said, /gen-nobody is a past request: leave out --tokens/);
});

test('waits are what lies between: since the arrival, then since the end of the attempt before', () => {
  const { at, attempts } = fallbackRecord();
  const moved = attempts.map((attempt, index) => ({ ...attempt, at: at + (index === 0 ? 30 : 550) }));
  const { tries, chain } = hindsightOf(fallbackRecord({ attempts: moved }), memoryConfiguration().snapshot());
  assert.deepEqual(
    tries.map(({ waitedMs }) => waitedMs),
    [30, 500],
  );
  assert.equal(chain, undefined, 'the preset is no longer known');
});
