/** What is published: compiled, without sources or tests, and it runs where it is installed. */
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { test } from 'node:test';
import { temporaryFolder } from './support/gateway.ts';

const root = join(import.meta.dirname, '..');

test('npm pack ships built JavaScript that serves where it is installed', async (t) => {
  const folder = temporaryFolder(t);
  const [packed] = JSON.parse(
    execFileSync('npm', ['pack', '--json', '--pack-destination', folder], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).replace(/^[^[]*(?=\[\s*\{)/, ''),
  ) as { filename: string; files: { path: string }[] }[];
  assert.ok(packed);
  const paths = packed.files.map(({ path }) => path);
  assert.deepEqual(
    paths.filter((path) => path.endsWith('.ts') || path.includes('.test.')),
    [],
  );
  for (const path of [
    'bin/spillway.js',
    'dist/cli/main.js',
    'dist/catalog/models.json',
    'README.md',
    'LICENSE',
    'NOTICE',
    'CHANGELOG.md',
  ])
    assert.ok(paths.includes(path), path);

  const modules = join(folder, 'app/node_modules');
  mkdirSync(join(modules, 'spillway'), { recursive: true });
  execFileSync('tar', [
    'xzf',
    join(folder, packed.filename),
    '--strip-components=1',
    '-C',
    join(modules, 'spillway'),
  ]);
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  for (const name of Object.keys(dependencies)) {
    mkdirSync(join(modules, name, '..'), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }

  const dataDir = join(folder, 'data');
  const child = spawn(process.execPath, [join(modules, 'spillway/bin/spillway.js'), 'serve'], {
    env: { PATH: process.env['PATH'] ?? '', PORT: '0', SPILLWAY_DATA_DIR: dataDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const ended = new Promise<number | null>((resolve) => child.on('close', resolve));
  t.after(() => child.kill('SIGKILL'));
  const local = join(dataDir, 'local.json');
  for (let tries = 0; tries < 400 && !existsSync(local); tries++) await sleep(25);
  assert.ok(existsSync(local), output);
  const { url, inferenceKey } = JSON.parse(readFileSync(local, 'utf8')) as {
    url: string;
    inferenceKey: string;
  };
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${inferenceKey}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: '@preset/coder', messages: [{ role: 'user', content: 'hello' }] }),
  });
  assert.equal(response.headers.get('x-spillway-position'), '0');
  child.kill('SIGTERM');
  assert.equal(await ended, 0, output);
});
