/** Compiles `src` into `dist` for the published package: Node strips no types below `node_modules`. */
import { execFileSync } from 'node:child_process';
import { cpSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');
const compiler = join(root, 'node_modules/typescript/bin/tsc');

rmSync(dist, { recursive: true, force: true });
execFileSync(process.execPath, [compiler, '-p', join(root, 'tsconfig.build.json')], { stdio: 'inherit' });
copyData();
await checkEntries();

/** What is not TypeScript goes along byte for byte. */
function copyData(): void {
  const isData = (path: string): boolean => statSync(path).isDirectory() || !path.endsWith('.ts');
  cpSync(join(root, 'src'), dist, { recursive: true, filter: isData });
}

/** Everything that is loaded at run time by its name: a build that lacks any of it must not be published. */
async function checkEntries(): Promise<void> {
  const { main } = (await import(pathToFileURL(join(dist, 'cli/main.js')).href)) as { main?: unknown };
  if (typeof main !== 'function') throw new Error('dist/cli/main.js exports no main');
  await import(pathToFileURL(join(dist, 'main.js')).href);
  for (const thread of ['journal', 'spend', 'token']) statSync(join(dist, `adapters/${thread}-worker.js`));
}
