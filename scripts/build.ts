/** Compiles src into dist for the published package: Node strips no types below node_modules. */
import { execFileSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');
const dist = join(root, 'dist');

rmSync(dist, { recursive: true, force: true });
execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', 'tsconfig.build.json'], {
  cwd: root,
  stdio: 'inherit',
});
for (const file of ['cli/main.js', 'main.js', 'adapters/journal-worker.js', 'catalog/models.json']) {
  if (!existsSync(join(dist, file))) throw new Error(`the build made no ${file}`);
}
