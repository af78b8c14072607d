import assert from 'node:assert/strict';
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';

const root = join(import.meta.dirname, '..');
const script = join(root, 'bin/spillway.js');
const lookup = join(root, 'bin/bundled-node.js');
const bundled = `node-linux-${process.arch}`;

/** A Node on the PATH that is too old to run the sources, as Debian has it. */
function findOldNode(): string | undefined {
  const folders = (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((folder) => !folder.includes('node_modules'));
  return folders.map((folder) => join(folder, 'node')).find(isOld);
}

function isOld(node: string): boolean {
  try {
    const [major = 0, minor = 0] = execFileSync(node, ['--version'], { encoding: 'utf8' })
      .slice(1)
      .split('.')
      .map(Number);
    return major < 24 || (major === 24 && minor < 12);
  } catch {
    return false;
  }
}

const oldNode = findOldNode();
const skip =
  oldNode === undefined || process.platform !== 'linux'
    ? 'no Linux with a Node older than 24.12 on the PATH'
    : false;

type Ended = {
  readonly code: number | null;
  readonly signal: string | null;
  readonly out: string;
  readonly err: string;
};

function start(node: string, ...args: readonly string[]): ChildProcess {
  return spawn(node, [...args], { stdio: ['ignore', 'pipe', 'pipe'] });
}

async function ended(child: ChildProcess): Promise<Ended> {
  const { stdout, stderr } = child;
  assert.ok(stdout && stderr);
  const [[code, signal], out, err] = await Promise.all([
    once(child, 'close') as Promise<[number | null, string | null]>,
    text(stdout),
    text(stderr),
  ]);
  return { code, signal, out, err };
}

/** What a published package's command does in these tests: tells which Node runs it, then does as it is told. */
const fakeMain = `
export async function main(node) {
  const [what] = node.argv.slice(2);
  console.log('node ' + node.versions.node);
  if (what === 'exit') return 7;
  if (what === 'die') node.kill(node.pid, 'SIGKILL');
  node.on('SIGTERM', () => { console.log('asked to stop'); node.exit(8); });
  node.on('SIGHUP', () => console.log('asked to read again'));
  setInterval(() => {}, 1000);
  console.log('waiting');
  await new Promise(() => {});
}
`;

describe('the command under an old Node', { skip }, () => {
  const old = oldNode ?? '';
  let folder: string;
  let installed: string;

  /** node_modules/spillway as npm unpacks it, with the bundled Node hoisted beside it. */
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'spillway-'));
    const home = join(folder, 'node_modules/spillway');
    installed = join(home, 'bin/spillway.js');
    await mkdir(join(home, 'bin'), { recursive: true });
    await mkdir(join(home, 'dist/cli'), { recursive: true });
    await copyFile(script, installed);
    await copyFile(lookup, join(home, 'bin/bundled-node.js'));
    await writeFile(join(home, 'package.json'), '{"type":"module"}');
    await writeFile(join(home, 'dist/cli/main.js'), fakeMain);
    await symlink(join(root, 'node_modules', bundled), join(folder, 'node_modules', bundled));
  });
  after(() => rm(folder, { recursive: true }));

  test('the checkout runs its sources with the Node that npm brought', async () => {
    const version = await ended(start(old, script, '--version'));
    const { version: expected } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
      version: string;
    };
    assert.deepEqual(version, { code: 0, signal: null, out: `${expected}\n`, err: '' });
    const wrong = await ended(start(old, script, 'frobnicate'));
    assert.equal(wrong.code, 2);
  });

  test('an installed package finds a hoisted Node and runs what was built; its exit code comes through', async () => {
    const { code, out } = await ended(start(old, installed, 'exit'));
    assert.equal(code, 7);
    assert.match(out, /^node 2[6-9]\./);
  });

  test('signals reach the command', async () => {
    const child = start(old, installed, 'wait');
    const end = ended(child);
    await saysNext(child, 'waiting');
    child.kill('SIGHUP');
    await saysNext(child, 'asked to read again');
    child.kill('SIGTERM');
    const { code, out } = await end;
    assert.equal(code, 8);
    assert.match(out, /asked to stop/);
  });

  test('a command that dies of a signal takes the wrapper with it', async () => {
    const { code, signal } = await ended(start(old, installed, 'die'));
    assert.deepEqual([code, signal], [null, 'SIGKILL']);
  });

  test('without a bundled Node there is one clear sentence', async () => {
    await mkdir(join(folder, 'bare/bin'), { recursive: true });
    await writeFile(join(folder, 'bare/package.json'), '{"type":"module"}');
    const bare = join(folder, 'bare/bin/spillway.js');
    await copyFile(script, bare);
    await copyFile(lookup, join(folder, 'bare/bin/bundled-node.js'));
    await rm(join(folder, 'node_modules', bundled));
    const { code, out, err } = await ended(start(old, bare, '--version'));
    assert.equal(code, 1);
    assert.equal(out, '');
    assert.match(err, /^spillway needs Node 24\.12 or newer; this is \d+\.\d+\.\d+, .*\n$/);
    assert.equal(err.trim().split('\n').length, 1);
  });
});

/** Resolves when the process has written the text. */
async function saysNext(child: ChildProcess, wanted: string): Promise<void> {
  let seen = '';
  await new Promise<void>((resolve) => {
    child.stdout?.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
      if (seen.includes(wanted)) resolve();
    });
  });
}
