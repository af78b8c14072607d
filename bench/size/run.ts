/**
 * What the size of the configuration costs: a gateway with 10 presets and 100 keys beside one with 10,000 and 100,000, in
 * one run. How long a start takes, how long an activation, and whether a request costs more. Exits with 1 when a bar is missed.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import { rssMb } from '../kernel.ts';
import type { Measure, MockPorts, Order, Outcome } from '../messages.ts';
import { percentile } from '../numbers.ts';
import { answers, canPin, freePort, nextMessage, Processes, processorOf } from '../processes.ts';
import { key, presetOf, writeObjects } from './objects.ts';

const root = join(import.meta.dirname, '../..');
const adminKey = 'spw-bench-0123456789abcdef';
const sizes = { small: 10, large: 10_000 } as const;
type Size = keyof typeof sizes;
const rounds = 3;
const activations = 100;
/** Start, and activation, of the large one, in ms; its request ÷ that of the small one. */
const bars = { startMs: 3_000, activationMs: 100, request: 1.1 };

type Gateway = {
  readonly size: Size;
  readonly port: number;
  readonly pid: number;
  readonly startMs: number;
};

type Site = { readonly processes: Processes; readonly folder: string; readonly pinned: boolean };

async function main(): Promise<void> {
  const pinned = canPin();
  const processes = new Processes(pinned);
  const folder = mkdtempSync(join(tmpdir(), 'spillway-size-'));
  try {
    await bench({ processes, folder, pinned });
  } finally {
    await processes.stopAll();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function bench(site: Site): Promise<void> {
  const { processes, folder } = site;
  const surroundings = (name: string): ChildProcess =>
    processes.start({
      role: 'surroundings',
      command: process.execPath,
      args: [join(root, 'bench', `${name}.ts`)],
      log: join(folder, `${name}.log`),
    });
  const load = surroundings('load');
  const { good } = await nextMessage<MockPorts>(surroundings('mock'), 'the mock');
  const gateways: Gateway[] = [];
  for (const size of ['small', 'large'] as const) gateways.push(await start(size, good, site));
  const costs: Record<Size, number[]> = { small: [], large: [] };
  for (let round = 0; round <= rounds; round++)
    for (const gateway of gateways) {
      const { cpuUs = 0 } = await measure(load, gateway, site);
      // The first is for the compiler.
      if (round > 0) costs[gateway.size].push(cpuUs);
    }
  const times: Record<Size, readonly number[]> = { small: [], large: [] };
  for (const gateway of gateways) times[gateway.size] = await activate(gateway);
  report(gateways, costs, times);
}

async function start(size: Size, upstream: number, { processes, folder }: Site): Promise<Gateway> {
  const dataDir = join(folder, size);
  writeObjects(dataDir, sizes[size], upstream);
  const port = await freePort();
  const log = join(folder, `${size}.log`);
  const began = performance.now();
  const child = processes.start({
    role: 'gateway',
    command: process.execPath,
    args: ['--single-threaded-gc', join(root, 'bin/spillway.js'), 'serve'],
    env: {
      PORT: String(port),
      HOST: '127.0.0.1',
      SPILLWAY_DATA_DIR: dataDir,
      SPILLWAY_ADMIN_KEY: adminKey,
      SPILLWAY_DRAIN: '1s',
    },
    log,
  });
  await answers(`http://127.0.0.1:${port}/readyz`, child, 'the gateway');
  return { size, port, pid: child.pid ?? 0, startMs: performance.now() - began };
}

async function measure(load: ChildProcess, { size, port, pid }: Gateway, { pinned }: Site): Promise<Measure> {
  const order: Order = {
    port,
    path: '/v1/chat/completions',
    headers: { authorization: `Bearer ${key}` },
    model: `@preset/${presetOf(sizes[size])}`,
    size: 'small',
    shape: 'whole',
    connections: 8,
    seconds: 4,
    pids: [pid],
    ...(pinned ? { processor: processorOf.gateway } : {}),
    expect: { 'x-spillway-position': '0' },
  };
  load.send(order);
  const outcome = await nextMessage<Outcome>(load, 'the load generator');
  if ('measure' in outcome) return outcome.measure;
  throw new Error(`${size}: ${outcome.error}`);
}

/** To and fro between two versions; ms from the request to the answer, after which the next request is served by it. */
async function activate({ size, port }: Gateway): Promise<readonly number[]> {
  const preset = presetOf(sizes[size]);
  const times: number[] = [];
  for (let index = 0; index < activations; index++) {
    const version = 1 + (index % 2);
    const began = performance.now();
    const answer = await fetch(`http://127.0.0.1:${port}/api/admin/presets/${preset}/activate`, {
      method: 'POST',
      headers: { authorization: `Bearer ${adminKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ version }),
    });
    const text = await answer.text();
    if (answer.status !== 200) throw new Error(`${size}: activating ${version}: ${answer.status} ${text}`);
    times.push(performance.now() - began);
    await served(port, preset, version);
  }
  return times;
}

async function served(port: number, preset: string, version: number): Promise<void> {
  const answer = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: `@preset/${preset}`, messages: [{ role: 'user', content: 'hi' }] }),
  });
  await answer.text();
  const by = answer.headers.get('x-spillway-preset');
  if (by !== `${preset}@${version}`) throw new Error(`the next request was served by ${by ?? 'nobody'}`);
}

function report(
  gateways: readonly Gateway[],
  costs: Readonly<Record<Size, readonly number[]>>,
  times: Readonly<Record<Size, readonly number[]>>,
): void {
  const row = (what: string, of: (gateway: Gateway) => string): void =>
    say(`${what.padEnd(34)}${gateways.map((gateway) => of(gateway).padStart(16)).join('')}`);
  row('', ({ size }) => size);
  row('presets, keys', ({ size }) => `${sizes[size]}, ${sizes[size] * 10}`);
  row('start, ms', ({ startMs }) => startMs.toFixed(0));
  row('memory, MB', ({ pid }) => rssMb([pid]).toFixed(0));
  row('activation, ms, p50', ({ size }) => quantile(times[size], 0.5).toFixed(1));
  row('activation, ms, p99', ({ size }) => quantile(times[size], 0.99).toFixed(1));
  row('CPU per 2 KB request, µs', ({ size }) => quantile(costs[size], 0.5).toFixed(0));
  const [, large] = gateways;
  const request = quantile(costs.large, 0.5) / quantile(costs.small, 0.5);
  const judged: readonly (readonly [string, number, number])[] = [
    ['start of the large one, ms', large?.startMs ?? Infinity, bars.startMs],
    ['activation there, ms, p99', quantile(times.large, 0.99), bars.activationMs],
    ['its request ÷ the small one’s', request, bars.request],
  ];
  say('');
  for (const [what, value, bar] of judged) {
    const passed = value <= bar;
    say(`${what.padEnd(34)}${value.toFixed(2).padStart(16)}  bar ${bar}  ${passed ? 'pass' : 'FAIL'}`);
    if (!passed) process.exitCode = 1;
  }
}

/** `share` from 0 to 1. */
function quantile(values: readonly number[], share: number): number {
  return percentile(
    [...values].sort((a, b) => a - b),
    share,
  );
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

await main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
