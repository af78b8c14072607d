import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { capturedShell, type CapturedShell, type ShellOptions } from '../../test/support/captured-shell.ts';
import { fallbackRecord } from '../../test/support/in-memory-control.ts';
import { host, localKey, testControl, type Host, type TestControl } from '../../test/support/control-host.ts';
import { runCommand } from './main.ts';

let control: TestControl;
let server: Host;
let folder: string;

before(async () => {
  control = testControl();
  server = await host(control.fetch);
  folder = await mkdtemp(join(tmpdir(), 'spillway-'));
});
after(async () => {
  control.close();
  await server.close();
  await rm(folder, { recursive: true });
});

type Result = {
  readonly code: number;
  readonly shell: CapturedShell;
  readonly out: string;
  readonly err: string;
};

/** Runs a command line (words without spaces) against the gateway of this file. */
async function run(line: string | readonly string[], options: ShellOptions = {}): Promise<Result> {
  const shell = capturedShell({
    cwd: folder,
    ...options,
    env: { SPILLWAY_URL: server.url, SPILLWAY_ADMIN_KEY: localKey, ...options.env },
  });
  const code = await runCommand(typeof line === 'string' ? line.split(' ') : line, shell);
  return { code, shell, out: shell.stdout(), err: shell.stderr() };
}

describe('the command line', () => {
  const table: readonly (readonly [line: string, code: number, says: RegExp])[] = [
    ['help', 0, /usage: spillway COMMAND/],
    ['--help', 0, /usage: spillway COMMAND/],
    ['help ask', 0, /usage: spillway ask PRESET\|MODEL/],
    ['ask --help', 0, /usage: spillway ask PRESET\|MODEL/],
    ['--version', 0, /^\d+\.\d+\.\d+\n$/],
    ['chekc', 2, /unknown command "chekc": did you mean "check"\?/],
    ['help chekc', 2, /did you mean "check"\?/],
    ['frobnicate', 2, /unknown command "frobnicate": see spillway help/],
    ['--json status', 2, /the command comes first: spillway COMMAND --json/],
    ['status --jsno', 2, /unknown option --jsno: did you mean --json\?/],
    ['status now', 2, /one argument too many: "now"/],
    ['backup', 2, /something is missing; usage: spillway backup FILE/],
    ['tail -n many', 2, /--last must be a whole number/],
    ['keys ad ci', 2, /did you mean keys add\?/],
    ['keys add', 2, /which key\? spillway keys add NAME/],
    ['keys add ci --expires soon', 2, /like 30d, 12h or 2027-01-31, not "soon"/],
    ['keys add ci --expires 2020-01-01', 2, /a time to come/],
    ['fault deepseek/deepseek-v4-pro', 2, /which fault\?/],
    ['fault deepseek/deepseek-v4-pro rate_limt', 2, /unknown fault "rate_limt": did you mean rate_limit\?/],
    ['fault --clear a/b 429', 2, /--clear takes a model at most/],
    ['fault deepseek/deepseek-v4-pr 429', 1, /did you mean deepseek\/deepseek-v4-pro\?/],
    ['apply', 2, /there is no spillway\.yaml here: write one with `spillway init`/],
    ['apply -f -', 2, /nothing is piped/],
    ['keys remove nobody', 1, /there is no key "nobody"/],
    ['explain', 2, /what shall be explained\?/],
    ['explain coder -r nowhere.json', 1, /cannot read nowhere\.json: ENOENT/],
    ['explain coder --request x.json --tokens 5', 2, /use either/],
  ];
  for (const [line, code, says] of table) {
    test(`${line} → ${code}`, async () => {
      const result = await run(line);
      assert.equal(result.code, code);
      assert.match(result.out + result.err, says);
      assert.equal(code === 0 ? result.err : result.out, '', 'said on the wrong stream');
    });
  }

  test('nothing at all shows the help and is a usage error', async () => {
    const { code, err } = await run([]);
    assert.equal(code, 2);
    assert.match(err, /usage: spillway COMMAND/);
  });

  test('with --json errors are JSON too', async () => {
    const { err } = await run('keys remove nobody --json');
    assert.deepEqual(JSON.parse(err), { error: { message: 'there is no key "nobody"', exit_code: 1 } });
  });
});

test('apply, conflict, force, history, export', async () => {
  const file = join(folder, 'doc.yaml');
  const text = JSON.stringify({ presets: { solo: ['a/b'] } });
  await writeFile(file, text);
  const dry = await run('apply -f doc.yaml --dry-run');
  assert.equal(dry.out, '+  preset  solo  created  version 1\ndry run, nothing was changed: 1 created\n');
  assert.equal(dry.err, 'doc.yaml:1:2 warning presets.solo: no fallback\n');
  const first = await run(['apply', '-f', 'doc.yaml', '-m', 'the first one']);
  assert.equal(first.code, 0);
  assert.match(first.out, /revision 1: 1 created\n$/);
  const again = await run('apply -f -', { stdin: text });
  assert.equal(again.out, 'revision 2: nothing to change\n');

  control.configuration.edit('solo', ['c/d']);
  await writeFile(file, JSON.stringify({ presets: { solo: ['e/f', 'g/h'] } }));
  const conflict = await run('apply -f doc.yaml');
  assert.equal(conflict.code, 3);
  assert.equal(conflict.out, 'preset solo: edited since its last apply\n  - c/d\n  + e/f\n  + g/h\n');
  assert.match(conflict.err, /nothing was applied/);
  assert.equal((await run('apply -f doc.yaml --json')).code, 3);
  assert.equal((await run('apply -f doc.yaml --force')).code, 0);

  const invalid = await run('apply -f -', { stdin: 'nonsense' });
  assert.equal(invalid.code, 2);
  assert.match(invalid.err, /^-:1:1 error not a document\n/);

  const history = await run('history -n 2');
  assert.match(
    history.out,
    /^3 {2}.* operator {2}preset solo changed .* apply doc\.yaml\n2 {2}.* apply -\n$/,
  );
  assert.match((await run('history')).out, /the first one/);
  assert.equal((await run('export')).out, control.configuration.export());
});

test('keys: made, listed, disabled, removed', async () => {
  const empty = await run('keys');
  assert.match(empty.err, /no keys yet: make one with `spillway keys add NAME`/);
  const made = await run('keys add ci --preset coder --preset live --expires 30d');
  assert.match(made.out, /^sk-\S+\n$/);
  const shown = await run('keys list');
  assert.match(
    shown.out,
    /^NAME {2}WORKSPACE {2}STATE {3}MAY USE +EXPIRES +HASH\nci {4}default {4}active {2}presets coder live {2}\d{4}-\d\d-\d\d /,
  );
  assert.ok(!shown.out.includes(made.out.trim()));
  assert.equal((await run('keys disable ci')).out, 'key ci disabled\n');
  assert.match((await run('keys')).out, /disabled/);
  assert.equal((await run('keys enable ci')).out, 'key ci enabled\n');
  assert.equal((await run('keys remove ci')).out, 'key ci removed\n');
});

test('fault: armed by any of its names, listed, cleared', async () => {
  assert.match((await run('fault')).err, /no faults/);
  const armed = await run('fault deepseek-v4-pro 429 --retry-after 7 --times 3');
  assert.equal(armed.out, 'deepseek/deepseek-v4-pro  rate_limit  retry after 7 s, for 3 requests\n');
  assert.equal((await run('fault')).out, armed.out);
  assert.match((await run('status')).out, /emulator faults\n {2}deepseek\/deepseek-v4-pro {2}rate_limit/);
  assert.equal((await run('fault --clear')).out, '1 fault cleared\n');
  assert.equal((await run('fault --clear')).out, 'there was no fault to clear\n');
  const slow = await run('fault * slow --delay 500 --tps 2');
  assert.equal(slow.out, '*  slow  first token after 500 ms, 2 tokens per second, until cleared\n');
  assert.equal((await run('fault --clear *')).out, '1 fault cleared\n');
});

test('status on one screen', async () => {
  const { out } = await run('status');
  assert.match(out, /^spillway 0\.1\.0 at http:\/\/127\.0\.0\.1:\d+ · up 1 min \d+ s · revision \d+\n/);
  assert.match(out, / {2}emulator-deepseek {2}openai-chat {2}emulator:\/\/deepseek\/v1 {6,}1 model\n/);
  assert.match(out, / {2}12 generations, 3 served by a fallback, 1 failed, 0 in flight, 0 keys\n/);
  assert.match(out, /note: the credential of anthropic is missing\n$/);
});

test('explain by the gateway, from a name and from a request body', async () => {
  const named = await run('explain coder --tokens 10 --tools');
  assert.equal(named.code, 0);
  assert.match(
    named.out,
    /^coder@7 \(asked for @preset\/coder\)\n {2}0 primary +deepseek\/deepseek-v4-pro @ emulator-deepseek +at most \$0\.0123/,
  );
  await writeFile(join(folder, 'body.json'), JSON.stringify({ model: '@preset/gone', messages: [] }));
  const gone = await run('explain -r body.json --workspace team');
  assert.equal(gone.code, 1);
  assert.match(gone.out, /warning: workspace team\npreset_not_found: there is no preset "gone"\n$/);
  await writeFile(join(folder, 'list.json'), '[]');
  assert.match((await run('explain -r list.json')).err, /list\.json is not a JSON object/);
});

test('backup: relative to where the command runs', async () => {
  const { out } = await run('backup copy.db');
  assert.equal(out, `written: ${join(folder, 'copy.db')}\n`);
  assert.deepEqual(control.backups, [join(folder, 'copy.db')]);
});

test('init writes once, and says what comes next', async () => {
  const env = { DEEPSEEK_API_KEY: 'a', ANTHROPIC_API_KEY: 'b' };
  const first = await run('init', { env });
  assert.equal(first.out, 'written: spillway.yaml (DEEPSEEK_API_KEY, ANTHROPIC_API_KEY)\n');
  assert.match(first.err, /spillway check -f spillway\.yaml/);
  const text = await readFile(join(folder, 'spillway.yaml'), 'utf8');
  const second = await run('init');
  assert.equal(second.code, 2);
  assert.match(second.err, /spillway\.yaml is there already: .*--force/);
  assert.equal(await readFile(join(folder, 'spillway.yaml'), 'utf8'), text);
  assert.equal((await run('init --force')).code, 0);
  assert.notEqual(await readFile(join(folder, 'spillway.yaml'), 'utf8'), text);
  assert.equal((await run('init -f -', { env })).out, text);
});

test('every command has JSON', async () => {
  control.generations.add(fallbackRecord());
  for (const line of [
    'status',
    'keys',
    'fault',
    'history',
    'export',
    'explain coder',
    'fault --clear',
    'backup x.db',
    'keys add j',
    'keys disable j',
    'keys enable j',
    'keys remove j',
  ]) {
    const { out, code } = await run(`${line} --json`);
    assert.equal(code, 0, line);
    assert.doesNotThrow(() => JSON.parse(out), line);
  }
});
