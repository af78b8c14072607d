import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { capturedShell } from '../../test/support/captured-shell.ts';
import { demoDocument } from './init-document.ts';
import { runCommand } from './main.ts';

let folder: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spillway-'));
  await writeFile(join(folder, 'spillway.yaml'), demoDocument([]));
  await writeFile(join(folder, 'bad.yaml'), demoDocument([]).replace('claude-haiku-4.5', 'claude-haiku-4'));
  await writeFile(join(folder, 'warned.yaml'), demoDocument(['OPENAI_API_KEY']));
});
after(() => rm(folder, { recursive: true }));

/** Runs without any gateway: an address on which nobody listens would fail whatever asks one. */
async function run(
  line: string,
  stdin?: string,
  more: Readonly<Record<string, string>> = {},
): Promise<{ code: number; out: string; err: string }> {
  const env = { SPILLWAY_URL: 'http://127.0.0.1:1', ...more };
  const shell = capturedShell({ cwd: folder, env, ...(stdin === undefined ? {} : { stdin }) });
  const code = await runCommand(line.split(' '), shell);
  return { code, out: shell.stdout(), err: shell.stderr() };
}

describe('check', () => {
  test('a valid document', async () => {
    const { code, out, err } = await run('check');
    assert.deepEqual([code, out], [0, '']);
    assert.match(err, /^spillway\.yaml: valid\n/);
    assert.match((await run('check -f -', demoDocument([]))).err, /^-: valid\n/);
  });

  test('how many requests at once the tightest limit admits, with what is assumed of them', async () => {
    const { err } = await run('check');
    assert.match(
      err,
      /\nOf prompts of 10,000 tokens without an output cap of their own:\n {2}coder: \$5\.00 per day \(preset\/coder\) admits \d+ requests at once; each holds up to \$0\.0\d+\n$/,
    );
    const tight = demoDocument([]).replace('usd: 5,', 'usd: 0.01,');
    assert.match(
      (await run('check -f -', tight)).err,
      /coder: \$0\.01 per day \(preset\/coder\) is less than one request may cost, \$0\.0\d+: its answer is shortened, or it is refused/,
    );
    const json = JSON.parse((await run('check -f warned.yaml --json')).out) as { admitted: unknown };
    assert.partialDeepStrictEqual(json.admitted, [
      { preset: 'coder', scope: 'preset/coder' },
      { preset: 'live' },
    ]);
  });

  test('an error, at its place, with the name that was meant', async () => {
    const { code, out, err } = await run('check -f bad.yaml');
    assert.equal(code, 2);
    assert.match(out, /^bad\.yaml:\d+:\d+ error presets\.coder\.models\[1\]: .*anthropic\/claude-haiku-4\.5/);
    assert.equal(err, 'bad.yaml: 1 error\n');
    const github = await run('check -f bad.yaml --github');
    assert.match(
      github.out,
      /^::error file=bad\.yaml,line=\d+,col=\d+,title=spillway presets\.coder\.models\[1\]::/,
    );
    const json = await run('check -f bad.yaml --json');
    assert.equal(json.code, 2);
    assert.partialDeepStrictEqual(JSON.parse(json.out), { valid: false, findings: [{ level: 'error' }] });
  });

  test('the file may be named with or without -f, once', async () => {
    assert.equal((await run('check bad.yaml')).err, 'bad.yaml: 1 error\n');
    const twice = await run('check bad.yaml -f spillway.yaml');
    assert.deepEqual([twice.code, twice.out], [2, '']);
    assert.match(twice.err, /which document\? bad\.yaml and -f spillway\.yaml were both given/);
  });

  test('in a GitHub workflow findings are annotations, unless another format is asked for', async () => {
    const workflow = { GITHUB_ACTIONS: 'true', GITHUB_WORKSPACE: dirname(folder) };
    const { code, out, err } = await run('check bad.yaml', undefined, workflow);
    assert.equal(code, 2);
    assert.ok(out.startsWith(`::error file=${basename(folder)}/bad.yaml,line=`), out);
    assert.equal(err, 'bad.yaml: 1 error\n');
    assert.match(
      (await run('check bad.yaml --format text', undefined, workflow)).out,
      /^bad\.yaml:\d+:\d+ error/,
    );
    assert.match((await run('check bad.yaml --json', undefined, workflow)).out, /^\{"valid":false/);
    assert.match((await run('check bad.yaml --format json')).out, /^\{"valid":false/);
    assert.match((await run('check bad.yaml --format github')).out, /^::error file=bad\.yaml,line=/);
    assert.match(
      (await run('check bad.yaml --format yaml')).err,
      /--format is one of text, json, github, not "yaml"/,
    );
    assert.match((await run('check bad.yaml --json --github')).err, /json or github\? Choose one format/);
  });

  test('what is no text is refused by name, and nothing is guessed of it', async () => {
    await writeFile(join(folder, 'latin.yaml'), Buffer.from('presets: {}\n# gr\xFC\xDFe\n', 'latin1'));
    await writeFile(join(folder, 'wide.yaml'), Buffer.from('\uFEFFpresets: {}\n', 'utf16le'));
    await writeFile(join(folder, 'huge.yaml'), Buffer.alloc(13 * 1024 * 1024, 0x20));
    const table: readonly (readonly [file: string, says: RegExp])[] = [
      ['latin.yaml', /latin\.yaml is not UTF-8 text \(see line 2\): save it as UTF-8/],
      ['wide.yaml', /wide\.yaml is not UTF-8 text \(see line 1\)/],
      ['huge.yaml', /huge\.yaml is larger than 12 MB, and no document is/],
    ];
    for (const [file, says] of table)
      for (const line of [`check ${file}`, `explain coder -f ${file}`, `serve --config ${file}`]) {
        const { code, err } = await run(line);
        assert.equal(code, 2, line);
        assert.match(err, says, line);
      }
  });

  test('a key that is not set is a warning, and warnings alone are no failure', async () => {
    const { code, out } = await run('check -f warned.yaml');
    assert.equal(code, 0);
    assert.match(out, /warning providers\.openai\.api_key: .*OPENAI_API_KEY/);
  });
});

describe('explain -f', () => {
  test('the chain in order, with prices', async () => {
    const { code, out } = await run('explain coder -f spillway.yaml --tokens 2000 --max-tokens 500 --tools');
    assert.equal(code, 0);
    assert.match(
      out,
      /^coder@1 \(asked for @preset\/coder\)\n {2}0 primary +deepseek\/deepseek-v4-pro @ emulator-deepseek +at most \$0\.\d+, likely \$0\.\d+ +output ≤ 500 tokens/,
    );
    assert.match(out, /1 fallback +anthropic\/claude-haiku-4\.5 .* the primary\n/);
  });

  test('a longer prompt costs more', async () => {
    const worst = async (tokens: number): Promise<number> => {
      const { out } = await run(`explain coder -f spillway.yaml --tokens ${tokens} --json`);
      return (JSON.parse(out) as { steps: { worst_usd: number }[] }).steps[0]?.worst_usd ?? 0;
    };
    assert.ok((await worst(50_000)) > (await worst(1_000)));
  });

  test('in another dialect, named or by the shape of the body', async () => {
    const output = 'explain coder -f spillway.yaml --max-tokens 321 --tools';
    for (const dialect of ['chat', 'responses', 'messages'])
      assert.match((await run(`${output} --dialect ${dialect}`)).out, /output ≤ 321 tokens/, dialect);
    const embedding = await run(`${output} --dialect embeddings`);
    assert.deepEqual([embedding.code, /no_endpoint|not/.test(embedding.out)], [1, true]);
    await writeFile(
      join(folder, 'codex.json'),
      JSON.stringify({
        model: '@preset/coder',
        input: [{ role: 'user', content: 'hi' }],
        max_output_tokens: 77,
      }),
    );
    assert.match((await run('explain -r codex.json -f spillway.yaml')).out, /output ≤ 77 tokens/);
    const wrong = await run('explain -r codex.json -f spillway.yaml --dialect chat');
    assert.match(wrong.out, /"messages" is missing/);
    assert.match(
      (await run('explain coder -f spillway.yaml --dialect klingon')).err,
      /--dialect is one of chat/,
    );
  });

  test('a request that would be refused', async () => {
    const { code, out } = await run('explain codr -f spillway.yaml');
    assert.equal(code, 1);
    assert.match(out, /preset_not_found: .*coder/);
  });

  test('a document that is not valid has no plan', async () => {
    const { code, err } = await run('explain coder -f bad.yaml');
    assert.equal(code, 2);
    assert.match(err, /^bad\.yaml:\d+:\d+ error [\s\S]*bad\.yaml is not valid, so there is no plan\n$/);
  });
});
