/**
 * `npm run sim:planted`: plants each fault in a copy of the sources and expects the simulator to notice. Exits with 1
 * where one is not caught, or no longer fits.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { planted, type Planted } from './bugs.ts';

const root = join(import.meta.dirname, '..', '..');
const universes = 400;
/** A fault may keep a universe from ending. */
const patienceMs = 180_000;

const wanted = process.argv[2] ?? '';
const copy = mkdtempSync(join(tmpdir(), 'spillway-planted-'));
const began = performance.now();
try {
  for (const part of ['src', 'package.json']) cpSync(join(root, part), join(copy, part), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'));
  if (simulate().found)
    throw new Error('a universe is broken already without a fault: run npm run sim first');
  const chosen = planted.filter(({ name, file }) => `${file} ${name}`.includes(wanted));
  const missed = chosen.filter((bug) => !caught(bug));
  const seconds = Math.round((performance.now() - began) / 1_000);
  say(`${chosen.length - missed.length} of ${chosen.length} faults caught in ${seconds} s`);
  if (missed.length > 0) process.exitCode = 1;
} finally {
  rmSync(copy, { recursive: true, force: true });
}

/** Plants one fault, looks, and takes it out again. */
function caught({ name, file, search, replace }: Planted): boolean {
  const path = join(copy, file);
  const whole = readFileSync(path, 'utf8');
  if (whole.split(search).length !== 2) {
    say(`REFRESH ${file}: ${name}: the text occurs ${whole.split(search).length - 1} times, it must once`);
    return false;
  }
  writeFileSync(
    path,
    whole.replace(search, () => replace),
  );
  const { found, words } = simulate();
  writeFileSync(path, whole);
  say(`${found ? 'caught ' : 'MISSED '} ${file}: ${name}${words}`);
  return found;
}

function simulate(): { readonly found: boolean; readonly words: string } {
  const args = ['src/sim/main.ts', '--from', '1', '--universes', String(universes), '--stop'];
  const options = { cwd: copy, encoding: 'utf8', timeout: patienceMs } as const;
  const { status, stdout, stderr } = spawnSync(process.execPath, args, options);
  if (status === 0) return { found: false, words: '' };
  if (status === null) return { found: true, words: ': a universe never ended' };
  const seed = /BROKEN: seed (\d+)\n +(.*)/.exec(stdout);
  if (!seed) throw new Error(`the simulator did not run: ${stdout}${stderr}`);
  return { found: true, words: `\n         seed ${seed[1]}: ${seed[2]?.slice(0, 120)}` };
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}
