/** A gateway in a process of its own, started as an operator starts it. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestContext } from 'node:test';

export const launcher = join(import.meta.dirname, '../../bin/spillway.js');

export type GatewayProcess = {
  readonly url: string;
  readonly child: ChildProcess;
  /** Everything printed so far, both streams. */
  output(): string;
  /** Resolves with the exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
};

export type SpawnOptions = {
  readonly dataDir: string;
  readonly args?: readonly string[];
  readonly env?: Record<string, string>;
};

/** Runs a command of the CLI to its end. */
export async function runCli(
  args: readonly string[],
  env: Record<string, string>,
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const child = spawn(process.execPath, [launcher, ...args], {
    env: { ...cleanEnv(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk) => (out += String(chunk)));
  child.stderr.on('data', (chunk) => (err += String(chunk)));
  const code = await new Promise<number>((resolve) => child.on('close', (status) => resolve(status ?? -1)));
  return { code, out, err };
}

/** Starts `spillway serve` on a free port and waits until it answers; killed after the test if still there. */
export async function spawnGateway(
  t: TestContext,
  { dataDir, args = [], env = {} }: SpawnOptions,
): Promise<GatewayProcess> {
  const child = spawn(process.execPath, [launcher, 'serve', ...args], {
    env: { ...cleanEnv(), PORT: '0', SPILLWAY_DATA_DIR: dataDir, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const ended = new Promise<number | string>((resolve) =>
    child.on('close', (code, signal) => resolve(signal ?? code ?? -1)),
  );
  t.after(() => child.kill('SIGKILL'));
  const local = join(dataDir, 'local.json');
  for (let tries = 0; tries < 400; tries++) {
    if (child.exitCode !== null) assert.fail(`the gateway did not start: ${output}`);
    if (existsSync(local)) {
      const { url, pid } = JSON.parse(readFileSync(local, 'utf8')) as { url: string; pid: number };
      const answer = pid === child.pid ? await fetch(`${url}/healthz`).catch(() => undefined) : undefined;
      // What was printed before may still be on its way through the pipe.
      if (answer?.ok === true && output.includes('is listening'))
        return { url, child, ended, output: () => output };
    }
    await sleep(25);
  }
  return assert.fail(`the gateway does not answer: ${output}`);
}

/** Nothing of the machine's own configuration reaches the gateway under test. */
function cleanEnv(): Record<string, string> {
  const { PATH = '', HOME = '' } = process.env;
  return { PATH, HOME, NO_COLOR: '1' };
}
