/** `connect` against a running gateway, with a home of its own. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { lstat, mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { capturedShell } from '../../test/support/captured-shell.ts';
import { startTestGateway, temporaryFolder } from '../../test/support/gateway.ts';
import { runCommand } from './main.ts';

const adminKey = 'spw-test-0123456789abcdef';
const ciKey = 'sk-ci-0123456789abcdef';
const document = `
providers:
  anthropic: { wire: anthropic, base_url: 'emulator://anthropic/v1' }
workspaces:
  default: { aliases: { claude-coder: coder, gpt-5.1: coder } }
  other: {}
presets:
  coder: { models: [anthropic/claude-haiku-4.5, anthropic/claude-sonnet-4.6] }
  small: { models: [anthropic/claude-haiku-4.5] }
keys:
  - { name: ci, key: '${ciKey}', presets: [coder] }
`;

type Outcome = { readonly code: number; readonly out: string; readonly err: string };
type Home = {
  readonly url: string;
  readonly path: (...names: readonly string[]) => string;
  readonly run: (line: string, env?: Readonly<Record<string, string>>) => Promise<Outcome>;
  /** What the model list says with this key. */
  readonly opens: (key: string) => Promise<readonly string[]>;
};

/** A gateway, and a home in which nothing stands yet. The operator's key is in the environment, an inference key is not. */
async function home(t: TestContext): Promise<Home> {
  const gateway = await startTestGateway(t, document);
  const folder = temporaryFolder(t);
  return {
    url: gateway.url,
    path: (...names) => join(folder, ...names),
    async run(line, env = {}) {
      const own = { HOME: folder, SPILLWAY_URL: gateway.url, SPILLWAY_ADMIN_KEY: adminKey };
      const shell = capturedShell({ cwd: folder, env: { ...own, ...env } });
      const code = await runCommand(line.split(' '), shell);
      return { code, out: shell.stdout(), err: shell.stderr() };
    },
    async opens(key) {
      const answer = await fetch(`${gateway.base}/models`, { headers: { authorization: `Bearer ${key}` } });
      const { data } = (await answer.json()) as { data: readonly { id: string }[] };
      return data.map(({ id }) => id);
    },
  };
}

async function put(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text, { mode: 0o644 });
}

async function mode(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

async function env(path: string): Promise<Readonly<Record<string, string>>> {
  return (JSON.parse(await readFile(path, 'utf8')) as { env: Record<string, string> }).env;
}

test('mistakes are named, and nothing is made or written', async (t) => {
  const { run, path } = await home(t);
  const table: readonly (readonly [line: string, code: number, says: RegExp])[] = [
    ['connect', 2, /usage: spillway connect claude-code\|codex/],
    ['connect claude', 2, /unknown tool "claude": did you mean claude-code\?/],
    ['connect emacs', 2, /unknown tool "emacs": there is claude-code, codex, opencode/],
    ['connect codex', 2, /which preset\? --preset NAME: coder, small/],
    ['connect codex --preset codr', 2, /there is no preset "codr" here: did you mean coder\?/],
    ['connect codex --workspace other', 1, /there is no preset to connect to/],
    ['connect codex --preset coder --file x', 2, /--file goes with --write/],
    ['connect codex --preset coder --key k --new-key', 2, /use either --key or --new-key/],
    ['connect codex --key sk-nobody-0123456789', 1, /does not accept this inference key: check --key/],
    ['connect codex --key ключ', 2, /the key must be visible ASCII/],
    ['connect codex --key k --workspace other', 2, /leave --workspace out/],
    ['connect cline --write', 2, /Cline keeps its settings itself/],
    ['connect openai --dry-run', 2, /reads its environment/],
  ];
  for (const [line, code, says] of table) {
    const result = await run(line);
    assert.match(result.err, says, line);
    assert.equal(result.code, code, line);
    assert.equal(result.out, '', line);
  }
  const nowhere = await run('connect codex --preset coder --write', { HOME: '' });
  assert.match(nowhere.err, /HOME is not set: name the file with --file PATH/);
  const alone = await run('connect codex', { SPILLWAY_URL: 'http://127.0.0.1:9' });
  assert.match(alone.err, /no gateway answers at http:\/\/127\.0\.0\.1:9/);
  assert.deepEqual(await readdir(path()), []);
  assert.doesNotMatch((await run('keys')).out, /codex/);
});

describe('to paste', () => {
  test('a key of the environment is named, never shown; an alias is found with it', async (t) => {
    const { run, url } = await home(t);
    const { code, out, err } = await run('connect claude-code', { SPILLWAY_KEY: ciKey });
    assert.equal(code, 0);
    assert.match(
      out,
      new RegExp(`^export ANTHROPIC_BASE_URL=${url}\nexport ANTHROPIC_AUTH_TOKEN="\\$SPILLWAY_KEY"\n`),
    );
    assert.match(out, /ANTHROPIC_MODEL=claude-coder\n/);
    assert.ok(!(out + err).includes(ciKey));
    assert.doesNotMatch(err, /note|--new-key/);
    const json = await run('connect claude-code --json', { SPILLWAY_KEY: ciKey });
    assert.ok(!json.out.includes(ciKey));
    assert.partialDeepStrictEqual(JSON.parse(json.out), {
      tool: 'claude-code',
      gateway: url,
      preset: 'coder',
      model: 'claude-coder',
      key: '$SPILLWAY_KEY',
      file: { format: 'json', members: { env: { ANTHROPIC_MODEL: 'claude-coder' } } },
    });
  });

  test('without a key, the control plane names the presets, and what is missing is said', async (t) => {
    const { run } = await home(t);
    const { out, err } = await run('connect claude-code --preset @preset/small', { ANTHROPIC_API_KEY: 'k' });
    assert.match(out, /ANTHROPIC_MODEL=@preset\/small\n/);
    assert.match(err, /SPILLWAY_KEY stands for an inference key: set it, or have one made with --new-key/);
    assert.match(err, /note: aliases are seen only with an inference key/);
    assert.match(err, /note: ANTHROPIC_API_KEY is set in this shell/);
    assert.match(err, /then: claude -p "hello"\n$/);
  });

  test('a new key is named after the tool, opens the preset only, and is shown', async (t) => {
    const { run, opens } = await home(t);
    for (const name of ['claude-code', 'claude-code-2']) {
      const { out, err } = await run('connect claude-code --preset small --new-key');
      const key = /AUTH_TOKEN=(sk-\S+)/.exec(out)?.[1] ?? '';
      assert.deepEqual(await opens(key), ['@preset/small']);
      assert.match(err, /workspaces: \{ default: \{ aliases: \{ claude-small: small \} \} \}/);
      assert.match((await run('keys')).out, new RegExp(`^${name} .*presets small `, 'm'));
    }
  });

  test('the code for the OpenAI SDK runs as it is printed', async (t) => {
    const { run, path } = await home(t);
    const { out } = await run(`connect openai --key ${ciKey} --json`);
    const [shell, code] = (JSON.parse(out) as { paste: readonly { text: string }[] }).paste;
    await symlink(join(import.meta.dirname, '..', '..', 'node_modules'), path('node_modules'));
    await put(path('hello.ts'), code?.text ?? '');
    const script = `${shell?.text ?? ''}\nexec "$0" hello.ts`;
    const { stdout } = await promisify(execFile)('sh', ['-c', script, process.execPath], { cwd: path() });
    assert.match(stdout, /\w/);
  });
});

describe('written for Claude Code', () => {
  test('with a key of its own, which is kept the next time and shown never', async (t) => {
    const { run, path, opens, url } = await home(t);
    const file = path('.claude', 'settings.json');
    const first = await run('connect claude-code --preset coder --write');
    assert.equal(first.code, 0, first.err);
    assert.match(first.out, /^written: .*settings\.json\n\+\{\n/);
    const variables = await env(file);
    const key = variables['ANTHROPIC_AUTH_TOKEN'] ?? '';
    assert.equal(variables['ANTHROPIC_BASE_URL'], url);
    assert.equal(variables['ANTHROPIC_MODEL'], 'claude-coder');
    assert.deepEqual(await opens(key), ['@preset/coder', 'claude-coder', 'gpt-5.1']);
    assert.equal(await mode(file), 0o600);
    const again = await run('connect claude-code --preset coder --write');
    assert.match(again.out, /settings\.json: nothing to change\n$/);
    const other = await run('connect claude-code --preset small --write');
    assert.match(other.out, /^written: .*settings\.json \(as it was before: .*settings\.json\.bak\)\n/);
    const second = (await env(file))['ANTHROPIC_AUTH_TOKEN'] ?? '';
    assert.deepEqual(await opens(second), ['@preset/small']);
    for (const { out, err } of [first, again, other])
      for (const secret of [key, second]) assert.ok(!(out + err).includes(secret));
  });

  test('what stood there stays, also in the backups; a link stays a link', async (t) => {
    const { run, path } = await home(t);
    const before = '{\n    "permissions": {"allow": ["Bash(ls)"]},\n    "env": {"MY_TOKEN": "hush"}\n}\n';
    await put(path('dotfiles', 'settings.json'), before);
    await mkdir(path('.claude'));
    await symlink(path('dotfiles', 'settings.json'), path('.claude', 'settings.json'));
    const dry = await run(`connect claude-code --key ${ciKey} --dry-run`);
    assert.match(dry.out, /settings\.json: dry run, nothing was changed\n-.*"MY_TOKEN": "…"/);
    assert.equal(await readFile(path('.claude', 'settings.json'), 'utf8'), before);
    const { out } = await run(`connect claude-code --key ${ciKey} --write`);
    assert.doesNotMatch(dry.out + out, /hush|sk-ci/);
    assert.ok((await lstat(path('.claude', 'settings.json'))).isSymbolicLink());
    const after = await readFile(path('dotfiles', 'settings.json'), 'utf8');
    assert.ok(
      after.startsWith('{\n    "permissions": {"allow": ["Bash(ls)"]},\n    "env": {"MY_TOKEN": "hush",\n'),
    );
    assert.equal(await mode(path('dotfiles', 'settings.json')), 0o600);
    assert.equal(await readFile(path('.claude', 'settings.json.bak'), 'utf8'), before);
    assert.equal(await mode(path('.claude', 'settings.json.bak')), 0o600);
    await put(path('dotfiles', 'settings.json'), '{}');
    const third = await run(`connect claude-code --key ${ciKey} --write --json`);
    assert.partialDeepStrictEqual(JSON.parse(third.out), {
      file: { changed: true, dry_run: false, backup: path('.claude', 'settings.json.bak.2') },
      paste: [],
    });
    assert.equal(await readFile(path('.claude', 'settings.json.bak'), 'utf8'), before);
  });

  test('comments are not lost: refused before a key is made', async (t) => {
    const { run, path } = await home(t);
    const text = '{\n  // mine\n}\n';
    await put(path('claude', 'settings.json'), text);
    const { code, err } = await run('connect claude-code --preset coder --write', {
      CLAUDE_CONFIG_DIR: path('claude'),
    });
    assert.equal(code, 1);
    assert.match(err, /settings\.json is not plain JSON/);
    assert.equal(await readFile(path('claude', 'settings.json'), 'utf8'), text);
    assert.deepEqual(await readdir(path('claude')), ['settings.json']);
    assert.doesNotMatch((await run('history')).out, /claude-code/);
    assert.doesNotMatch((await run('keys')).out, /claude-code/);
  });

  test('a key that was made is taken back where the file cannot be written', async (t) => {
    const { run, path } = await home(t);
    await symlink(path('nowhere', 'at', 'all'), path('gone'));
    const line = 'connect claude-code --preset coder --write --file gone/settings.json';
    const { code, out, err } = await run(line);
    assert.equal(code, 1);
    assert.match(err, /cannot write .*settings\.json: E/);
    assert.equal(out, '');
    assert.doesNotMatch((await run('keys')).out, /claude-code/);
  });
});

test('written for Codex: the file names the variable, the key is for the shell', async (t) => {
  const { run, path, opens } = await home(t);
  await put(path('.codex', 'config.toml'), '[projects."/a"]\ntrust_level = "trusted"\n');
  const { out } = await run('connect codex --preset coder --write');
  const text = await readFile(path('.codex', 'config.toml'), 'utf8');
  assert.match(text, /^# >>> spillway.*\nmodel = "@preset\/coder"\nmodel_provider = "spillway"\n/);
  assert.match(text, /\n# <<< spillway\n\n\[projects\."\/a"\]\ntrust_level = "trusted"\n$/);
  const key = /\nexport SPILLWAY_KEY=(sk-\S+)\n$/.exec(out)?.[1] ?? '';
  assert.ok(!text.includes(key));
  assert.deepEqual(await opens(key), ['@preset/coder', 'claude-coder', 'gpt-5.1']);
  const again = await run('connect codex --write', { SPILLWAY_KEY: ciKey, CODEX_HOME: path('.codex') });
  assert.match(again.out, /config\.toml: nothing to change\n$/);
  await put(path('codex', 'config.toml'), 'model = "gpt"\n');
  const refused = await run('connect codex --preset coder --write', { CODEX_HOME: path('codex') });
  assert.match(refused.err, /config\.toml:1 has model already/);
  assert.doesNotMatch((await run('keys')).out, /codex-2/);
});

test('written for opencode: earlier presets stay, and the one key opens them all', async (t) => {
  const { run, path, opens } = await home(t);
  const file = path('config', 'opencode', 'opencode.json');
  const there = { XDG_CONFIG_HOME: path('config') };
  await put(file, '{"theme": "dark"}\n');
  await run('connect opencode --preset coder --write', there);
  await run('connect opencode --preset small --write', there);
  const config = JSON.parse(await readFile(file, 'utf8')) as {
    readonly theme: string;
    readonly model: string;
    readonly provider: Readonly<Record<string, { options: { apiKey: string }; models: object }>>;
  };
  assert.equal(config.theme, 'dark');
  assert.equal(config.model, 'spillway/@preset/small');
  assert.deepEqual(Object.keys(config.provider), ['spillway', 'spillway-responses', 'spillway-messages']);
  for (const { options, models } of Object.values(config.provider)) {
    assert.deepEqual(Object.keys(models), ['@preset/coder', '@preset/small']);
    assert.deepEqual(
      (await opens(options.apiKey)).filter((id) => id.startsWith('@')),
      ['@preset/coder', '@preset/small'],
    );
  }
  const elsewhere = await run('connect opencode --preset coder --dry-run', { OPENCODE_CONFIG: 'mine.json' });
  assert.match(elsewhere.out, new RegExp(`^${path('mine.json')}: dry run`));
});
