/** The published package: what is in it, and that it runs where it is installed. Nothing is asked of any registry. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

const root = join(import.meta.dirname, '..');
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly files: readonly string[];
  readonly bin: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
};

describe('npm pack', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spillway-pack-'));
  const installed = join(folder, 'node_modules/spillway');
  let files: readonly string[] = [];

  before(() => {
    const options = ['--silent', '--offline', '--pack-destination', folder];
    const said = execFileSync('npm', ['pack', ...options], { cwd: root, encoding: 'utf8' });
    const name = said.trim().split('\n').at(-1) ?? '';
    mkdirSync(installed, { recursive: true });
    execFileSync('tar', ['-xzf', join(folder, name), '-C', installed, '--strip-components=1']);
    files = globSync('**/*', { cwd: installed, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(installed.length + 1));
    linkDependencies(join(folder, 'node_modules'));
  });
  after(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));

  test('ships compiled JavaScript, its data and the documents: all that package.json names, nothing else', () => {
    const top = new Set(files.map((file) => file.split('/')[0]));
    assert.deepEqual(top, new Set([...manifest.files, 'package.json']));
    for (const file of [...Object.values(manifest.bin), 'dist/cli/main.js', 'dist/catalog/models.json'])
      assert.ok(files.includes(file), `${file} is missing`);
  });

  test('ships no TypeScript and no tests', () => {
    assert.deepEqual(
      files.filter((file) => /\.ts$|\.test\.|\.map$/.test(file)),
      [],
    );
  });

  test('tells nothing of the machine it was packed on', () => {
    const telling = files.filter((file) => {
      const text = readFileSync(join(installed, file), 'utf8');
      return text.includes(root) || text.includes(`${homedir()}/`);
    });
    assert.deepEqual(telling, []);
  });

  test('runs where it is installed: the demo answers, and a signal ends it cleanly', async () => {
    const data = join(folder, 'data');
    const child = spawn(process.execPath, [join(installed, manifest.bin['spillway'] ?? ''), 'serve'], {
      cwd: folder,
      env: { PATH: process.env['PATH'], PORT: '0', SPILLWAY_DATA_DIR: data, SPILLWAY_DRAIN: '5s' },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let complaints = '';
    child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()));
    const ended = once(child, 'exit') as Promise<[number | null, string | null]>;
    try {
      const { url, inferenceKey } = await started(join(data, 'local.json'), () => {
        assert.equal(child.exitCode, null, `the gateway ended: ${complaints}`);
      });
      const answer = await fetch(`${url}/v1/chat/completions`, {
        method: 'POST',
        headers: { authorization: `Bearer ${inferenceKey}`, 'content-type': 'application/json' },
        body: JSON.stringify({ model: '@preset/coder', messages: [{ role: 'user', content: 'hello' }] }),
      });
      const text = await answer.text();
      assert.equal(answer.status, 200, text);
      assert.equal(answer.headers.get('x-spillway-position'), '0');
    } finally {
      child.kill('SIGTERM');
    }
    assert.deepEqual(await ended, [0, null], complaints);
  });
});

/** As npm would place them, by links to those of the checkout. */
function linkDependencies(modules: string): void {
  for (const name of Object.keys(manifest.dependencies)) {
    const link = join(modules, name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), link);
  }
}

type Local = { readonly url: string; readonly inferenceKey: string };

/** Waits until the gateway has written where it listens, and is healthy. `alive` throws when waiting is in vain. */
async function started(file: string, alive: () => void): Promise<Local> {
  for (;;) {
    alive();
    if (existsSync(file)) {
      const local = JSON.parse(readFileSync(file, 'utf8')) as Local;
      const health = await fetch(`${local.url}/healthz`).catch(() => undefined);
      await health?.body?.cancel();
      if (health?.ok === true) return local;
    }
    await sleep(50);
  }
}
