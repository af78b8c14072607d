/** `spillway presets`, `diff` and `revert` against a real gateway: what a person reads, and how it exits. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { runCommand } from '../src/cli/main.ts';
import { capturedShell } from './support/captured-shell.ts';
import { emulatedChain, startTestGateway, temporaryFolder, type TestGateway } from './support/gateway.ts';

type Result = { readonly code: number; readonly out: string; readonly err: string };

async function run(gateway: TestGateway, line: string, stdin?: string): Promise<Result> {
  const env = { SPILLWAY_URL: gateway.url, SPILLWAY_ADMIN_KEY: gateway.adminKey };
  const shell = capturedShell({ env, ...(stdin === undefined ? {} : { stdin }) });
  const words = [...line.matchAll(/"([^"]*)"|\S+/g)].map(([word, quoted]) => quoted ?? word);
  const code = await runCommand(words, shell);
  return { code, out: shell.stdout(), err: shell.stderr() };
}

const config = (model: string): string => `description: written\nmodels: [${model}]\n`;

test('a preset is written, compared, rolled out, taken back and removed', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  type Row = readonly [line: string, code: number, says: RegExp, stdin?: string];
  const rows: readonly Row[] = [
    ['presets', 0, /^NAME +WORKSPACE +VERSION +STATE +NOTES\ncoder +default +1 +active/],
    ['presets show coder', 0, /models: \[ deepseek\/deepseek-v4-pro, /],
    [
      'presets write coder -f - -m "haiku first"',
      0,
      /~ +preset +coder +changed +version 2\n[^]*revision 2/,
      config('anthropic/claude-haiku-4.5'),
    ],
    ['presets write coder -f -', 0, /revision 2: nothing to change/, config('anthropic/claude-haiku-4.5')],
    ['presets write coder -f -', 2, /error presets.coder.modles: .*did you mean models\?/, 'modles: []'],
    ['presets write coder -f -', 2, /cannot be read/, 'models: ['],
    ['presets write coder', 2, /from which file\?/],
    ['presets versions coder', 0, /^2 +active .* admin +revision 2 +haiku first\n1 +.* revision 1/],
    [
      'presets diff coder 1 2',
      0,
      /version 1 → 2\n[^]*\+models: \[anthropic\/claude-haiku-4.5\][^]*cost of 1,000 requests, by a standard one of 2,000 tokens in and 500 out[^]*primary +\$\d/,
    ],
    ['presets activate coder 1 --if-version 1', 3, /based on version 1, and 2 is active now/],
    ['presets activate coder 1 --dry-run', 0, /dry run, nothing was changed/],
    ['presets activate coder 1', 0, /~ +preset +coder +activated +version 1/],
    ['presets activate coder 7', 1, /has no version 7; there are 1 to 2/],
    ['presets activate coder one', 2, /a version is a number from 1, not "one"/],
    ['presets rollout coder 2 10%', 0, /rollout +coder +created/],
    ['presets', 0, /coder .* version 2 serves 10 %/],
    [
      'presets rollout coder',
      0,
      /version 2 serves 10 % of conversations since [^]*VERSION +REQUESTS +ERRORS[^]*\n1 +0 +0.0 %/,
    ],
    ['presets rollback coder', 0, /rollout +coder +archived/],
    ['presets rollout coder 2 250', 2, /to how many percent/],
    ['presets rollout coder 2 50', 0, /created/],
    ['presets promote coder', 0, /activated +version 2/],
    ['presets rollback coder', 0, /activated +version 1/],
    ['presets rollback coder', 1, /there is none before it/],
    ['presets rollback coder 2', 0, /activated +version 2/],
    ['presets draft coder -f -', 0, /nothing to change/, config('anthropic/claude-sonnet-4.6')],
    ['presets draft coder', 0, /models: \[ anthropic\/claude-sonnet-4.6 \]/],
    ['presets diff coder', 0, /version 2 → draft/],
    ['presets publish coder', 0, /changed +version 3/],
    ['presets draft coder --discard', 1, /has no draft/],
    ['presets archive coder', 0, /archived/],
    ['presets restore coder', 0, /restored/],
    ['presets delete coder --if-version 2', 3, /based on version 2/],
    ['presets delete coder -m gone', 0, /deleted/],
    ['presets show coder', 1, /there is no preset "coder"/],
    ['presets actvate coder 1', 2, /did you mean presets activate\?/],
    ['presets activate', 2, /which preset\?/],
    ['presets activate coder', 2, /something is missing; usage: spillway presets activate NAME VERSION/],
    ['presets archive coder 1', 2, /one argument too many/],
    ['history -n 1', 0, /preset coder deleted +gone/],
    ['revert 99', 1, /there is no revision 99/],
    ['revert one', 2, /a revision is a number, not "one"/],
    ['diff 0', 2, /which revisions\?/],
    ['diff 1 2', 0, /~ +preset +coder +changed[^]*-models: \[deepseek/],
    ['diff 2 2', 0, /no difference/],
  ];
  for (const [line, code, says, stdin] of rows) {
    const result = await run(gateway, line, stdin);
    assert.equal(result.code, code, `${line}\n${result.out}${result.err}`);
    assert.match(result.out + result.err, says, line);
  }
  const { revision } = gateway.configuration.snapshot();
  const reverted = await run(gateway, `revert ${revision} --json`);
  assert.equal(reverted.code, 0);
  assert.partialDeepStrictEqual(JSON.parse(reverted.out), { outcome: 'done', revision: revision + 1 });
  const edited = await run(gateway, 'revert 2');
  assert.deepEqual([edited.code, /edited since revision 2/.test(edited.err)], [3, true]);
});

test('the drift of a document, and a conflict with it', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  const file = join(temporaryFolder(t), 'spillway.yaml');
  writeFileSync(file, emulatedChain);
  assert.match((await run(gateway, `diff -f ${file}`)).err, /no difference/);
  await run(gateway, 'presets write coder -f -', config('anthropic/claude-haiku-4.5'));
  const drift = await run(gateway, `diff -f ${file}`);
  assert.equal(drift.code, 0);
  assert.match(
    drift.out,
    /= +preset +coder +kept +version 2; edited since its last apply\n[^]*-description: "written"/,
  );
  writeFileSync(file, emulatedChain.replace('300ms', '400ms'));
  const conflict = await run(gateway, `diff -f ${file}`);
  assert.deepEqual([conflict.code, /apply would refuse/.test(conflict.err)], [3, true]);
  writeFileSync(file, 'presets: [');
  assert.equal((await run(gateway, `diff -f ${file}`)).code, 2);
});

test('a key that may write presets is made by hand', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  const made = await run(gateway, 'keys add editor --preset coder --write-presets');
  assert.equal(made.code, 0, made.err);
  assert.match((await run(gateway, 'keys')).out, /editor .*presets coder, and writes presets/);
  const answer = await fetch(`${gateway.base}/presets/coder/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${made.out.trim()}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'anthropic/claude-haiku-4.5',
      messages: [{ role: 'user', content: 'hi' }],
    }),
  });
  assert.equal(answer.status, 200, await answer.text());
  assert.match((await run(gateway, 'history')).out, /key editor/);
});

test('a key that may call drafts is made by hand', async (t) => {
  const gateway = await startTestGateway(t, emulatedChain);
  const made = await run(gateway, 'keys add tester --drafts');
  assert.equal(made.code, 0, made.err);
  assert.match((await run(gateway, 'keys')).out, /tester +default +active +everything, and drafts/);
  await run(gateway, 'presets draft coder -f -', config('anthropic/claude-haiku-4.5'));
  const ask = (secret: string): Promise<Response> =>
    gateway.post(
      { model: '@preset/coder@draft', messages: [{ role: 'user', content: 'hi' }] },
      { authorization: `Bearer ${secret}` },
    );
  const answer = await ask(made.out.trim());
  assert.deepEqual([answer.status, answer.headers.get('x-spillway-preset')], [200, 'coder@draft']);
  assert.equal(gateway.lastRecord().presetVersion, 'draft');
  const messages = [{ role: 'user', content: 'hi' }];
  assert.equal((await gateway.post({ model: '@preset/coder@draft', messages })).status, 403);
});
