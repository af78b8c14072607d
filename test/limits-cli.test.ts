/** `spillway limits` against a real gateway: what a person reads, and what is said to mistakes. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { runCommand } from '../src/cli/main.ts';
import { capturedShell } from './support/captured-shell.ts';
import { key, startTestGateway, type TestGateway } from './support/gateway.ts';

const document = (limits: string): string => `
${limits}
providers: { deepseek: { wire: openai-chat, base_url: 'emulator://deepseek/v1' } }
models: { acme/a: { endpoints: [{ provider: deepseek, model: a, price: { input: 1, output: 10 } }], context: 100000 } }
workspaces: { search: { presets: { ranker: { models: [acme/a], limits: [{ usd: 7, per: day }] } } } }
presets: { p: { models: [acme/a], limits: [{ usd: 20, per: day, each: user }, { usd: 30, per: month, mode: observe }] } }
keys: [{ name: ci, key: '${key}', limits: [{ usd: 0.05, per: day }, { usd: 90, per: total }] }]
`;

type Result = { readonly code: number; readonly out: string; readonly err: string };

async function run(gateway: TestGateway, line: string, terminal = false): Promise<Result> {
  const env = { SPILLWAY_URL: gateway.url, SPILLWAY_ADMIN_KEY: gateway.adminKey };
  const shell = capturedShell({ env, terminal });
  const words = [...line.matchAll(/"([^"]*)"|\S+/g)].map(([word, quoted]) => quoted ?? word);
  const code = await runCommand(['limits', ...words], shell);
  return { code, out: shell.stdout(), err: shell.stderr() };
}

const start = (t: TestContext, limits = ''): Promise<TestGateway> => startTestGateway(t, document(limits));

async function ask(gateway: TestGateway, user: string): Promise<void> {
  const messages = [{ role: 'user', content: 'hello' }];
  const answer = await gateway.post({ model: '@preset/p', max_tokens: 1_000, messages, user });
  assert.equal(answer.status, 200);
}

test('a table, fullest first, with the counters of those that have one for each', async (t) => {
  const gateway = await start(t, 'limits: [{ requests: 4, per: day }, { concurrent: 5 }]');
  for (const user of ['ann', 'bob', 'cid', 'dan']) await ask(gateway, user);
  const { code, out } = await run(gateway, '');
  assert.equal(code, 0);
  const lines = out.trimEnd().split('\n');
  assert.match(lines[0] ?? '', /^SCOPE +LIMIT +USED +LEFT +HELD +RESETS IN +NOTES$/);
  assert.match(lines[1] ?? '', /^gateway +4 requests per day +4 +██████████ 100 % +0 +\d/);
  assert.match(lines[2] ?? '', /^key\/ci +\$0\.05 per day +\$0\.00\d+ +·{10} +\d+ % +\$0\.04\d+ /);
  assert.match(out, /\npreset\/p +\$20\.00 per day, each user .*\n {2}user \w+ +\$0\.00\d+ +·{10} +<1 %/);
  assert.match(out, /\npreset\/p +\$30\.00 per month .* observes only\n/);
  assert.match(out, /\npreset\/ranker in search +\$7\.00 per day /);
  assert.match(out, /\ngateway +5 at once +0 +·{10} +0 % +5\n/);
});

test('a person sees colours, a pipe does not; a program reads the answer of the gateway', async (t) => {
  const gateway = await start(t);
  const escape = '\u001B';
  assert.ok(!(await run(gateway, '')).out.includes(escape));
  assert.ok((await run(gateway, '', true)).out.includes(escape));
  const { out } = await run(gateway, 'key/ci --json');
  assert.partialDeepStrictEqual(JSON.parse(out), {
    total: 2,
    limits: [{ address: 'key/ci', limit: 0.05 }, {}],
  });
});

test('too many to show are counted; none at all is said, and is no failure', async (t) => {
  const gateway = await start(t);
  const top = await run(gateway, '--top 1');
  assert.equal(top.out.trimEnd().split('\n').length, 2);
  assert.equal(top.err, '4 less full ones are not shown: name a SCOPE, or --top 5\n');
  const none = await run(gateway, 'gateway');
  assert.deepEqual(none, { code: 0, out: '', err: 'no limits on gateway; see docs/limits.md\n' });
});

test('raise, list, lower, and what was lent', async (t) => {
  const gateway = await start(t);
  const raised = await run(gateway, 'raise key/ci --per day --by 50 --until 2h --reason "release day"');
  assert.match(
    raised.out,
    /^key\/ci may spend \$50\.05 per day until \d{4}-\d\d-\d\d \d\d:\d\d UTC \(loan 1\); \$50\.05 left\n$/,
  );
  assert.match((await run(gateway, 'key/ci')).out, /\$0\.05 \+ \$50\.00 per day .* raised for a time/);
  assert.equal((await run(gateway, 'lower key/ci')).out, '1 loan on key/ci ended: 1\n');
  assert.match(
    (await run(gateway, '--loans')).out,
    /^LOAN .*\n +1 +key\/ci +\$50\.00 per day .* ended by admin: no longer needed +admin +release day\n$/,
  );
  const released = await run(gateway, 'release key/ci --reason "nothing was billed"');
  assert.deepEqual([released.code, released.out], [0, '']);
  assert.match(released.err, /^nothing to release: no crash has counted anything against key\/ci/);
});

const mistakes: readonly (readonly [line: string, code: number, says: RegExp])[] = [
  ['raise', 2, /which limit\? spillway limits raise SCOPE/],
  ['rise key/ci', 2, /did you mean limits raise\?/],
  ['raise key/ci now', 2, /one argument too many: "now"/],
  ['raise key/ci', 2, /by how much\? --by 50/],
  ['raise key/ci --by much', 2, /--by takes an amount in dollars above 0, such as 50 or 2\.50, not "much"/],
  ['raise key/ci --by 0', 2, /above 0/],
  ['raise key/ci --by Infinity', 2, /above 0/],
  ['raise key/ci --by 5', 2, /until when\? --until 18:30/],
  ['raise key/ci --by 5 --until soon', 2, /--until takes 18:30 .* not "soon"/],
  ['raise key/ci --by 5 --until 25:00', 2, /--until takes/],
  ['raise key/ci --by 5 --until 2027-02-31', 2, /--until takes/],
  ['raise key/ci --by 5 --until 2020-01-01', 2, /--until 2020-01-01 is past: it is \d{4}-.* UTC/],
  ['raise key/ci --by 5 --until 2h', 2, /why\? --reason/],
  [
    'raise key/ci --by 5 --until 2h --reason x',
    1,
    /per: key\/ci has several limits: say which of \$0\.05 per day; \$90\.00 in all/,
  ],
  ['raise key/ci --by 5 --until 2h --reason x --per dya', 1, /per: must be one of minute, hour, day/],
  [
    'raise preset/ranker --by 5 --until 2h --reason x',
    1,
    /there is no preset "ranker" in the workspace default; there is one in the workspace search/,
  ],
  ['release key/ci', 2, /why\? --reason/],
  ['lower key/ci', 1, /scope: no loan runs on key\/ci/],
  ['kye/ci', 1, /did you mean key\/ci\?/],
];
test('every mistake names what is wrong and the fix', async (t) => {
  const gateway = await start(t);
  for (const [line, code, says] of mistakes) {
    const result = await run(gateway, line);
    assert.equal(result.code, code, line);
    assert.match(result.err, says, line);
  }
});
