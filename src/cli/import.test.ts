import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { capturedShell } from '../../test/support/captured-shell.ts';
import { runCommand } from './main.ts';

let folder: string;
const config = 'model_list: [{ model_name: haiku, litellm_params: { model: anthropic/claude-haiku-4-5 } }]\n';

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spillway-'));
  await writeFile(join(folder, 'config.yaml'), config);
  await writeFile(join(folder, 'keys.json'), '{ "keys": [] }');
  await writeFile(join(folder, 'broken.yaml'), 'model_list:\n  - a: 1\n b: 2\n');
  await writeFile(join(folder, 'other.yaml'), 'services: { web: { image: nginx } }\n');
});
after(() => rm(folder, { recursive: true }));

async function run(line: string, stdin?: string): Promise<{ code: number; out: string; err: string }> {
  const shell = capturedShell({ cwd: folder, ...(stdin === undefined ? {} : { stdin }) });
  const code = await runCommand(line.split(' '), shell);
  return { code, out: shell.stdout(), err: shell.stderr() };
}

test('the document goes to standard output, the report to standard error', async () => {
  const { code, out, err } = await run('import litellm config.yaml keys.json');
  assert.equal(code, 0);
  assert.match(out, /^# Imported from LiteLLM \(config\.yaml, keys\.json\)\./);
  assert.match(
    err,
    /^carried +config\.yaml:1 model_list\[0\]\.model_name +presets\.haiku\n1 carried, 0 changed, 0 not carried; the document is valid\n$/,
  );
  assert.equal((await run('import litellm -', config)).out.split('\n')[3], out.split('\n')[3]);
});

test('-o writes a file once, and overwrites only when told', async () => {
  const first = await run('import litellm config.yaml -o new.yaml');
  assert.deepEqual([first.code, first.out], [0, '']);
  assert.match(first.err, /written: new\.yaml; next: spillway check new\.yaml\n$/);
  await writeFile(join(folder, 'new.yaml'), 'mine');
  const second = await run('import litellm config.yaml -o new.yaml');
  assert.equal(second.code, 2);
  assert.match(second.err, /new\.yaml is there already: .*--force/);
  assert.equal(await readFile(join(folder, 'new.yaml'), 'utf8'), 'mine');
  assert.equal((await run('import litellm config.yaml --output new.yaml --force')).code, 0);
  assert.equal((await run('check new.yaml')).code, 0);
});

test('--json has the document, the report with its places, and what is wrong with it', async () => {
  const { out } = await run('import litellm config.yaml --json');
  assert.partialDeepStrictEqual(JSON.parse(out), {
    report: [{ outcome: 'carried', file: 'config.yaml', path: 'model_list[0].model_name', line: 1 }],
    errors: [],
  });
});

const refusals: readonly (readonly [line: string, says: RegExp])[] = [
  ['import litellm', /something is missing; usage: spillway import openrouter\|litellm FILE…/],
  ['import litelm config.yaml', /import from what\? did you mean litellm\?/],
  ['import litellm nowhere.yaml', /there is no file nowhere\.yaml/],
  ['import litellm broken.yaml', /broken\.yaml:3:1 is not indented like the lines it belongs to/],
  ['import litellm other.yaml', /other\.yaml is no config\.yaml of LiteLLM/],
  ['import openrouter config.yaml', /config\.yaml is no preset of OpenRouter/],
  ['import litellm - -', /- can be read only once/],
];
for (const [line, says] of refusals)
  test(`${line} → refused, and nothing is written`, async () => {
    const before_ = await readdir(folder);
    const { code, out, err } = await run(`${line}${line.endsWith('litellm') ? '' : ' -o never.yaml'}`);
    assert.deepEqual([code, out], [2, '']);
    assert.match(err, says);
    assert.deepEqual(await readdir(folder), before_);
  });
