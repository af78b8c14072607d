#!/usr/bin/env node
// Plain JavaScript that an old Node can parse: its first job is to notice that the Node is too old.
import { existsSync } from 'fs';
import { dirname, join } from 'path';
import { fileURLToPath, pathToFileURL } from 'url';
import { findBundledNode, isRecent, runAgain, tooOld } from './bundled-node.js';

const here = dirname(fileURLToPath(import.meta.url));

if (isRecent(process.versions.node)) {
  runCommand();
} else {
  const bundled = findBundledNode();
  if (bundled) runAgain(bundled, process.execArgv.concat(process.argv.slice(1)));
  else tooOld();
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
