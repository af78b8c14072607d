/**
 * The soak: a real gateway on a fresh data directory under hundreds of streams in three dialects, while models break
 * at random and clients leave; limits hold money all the time. Afterwards nothing may be left over, every request must
 * have its record, and memory must not have grown. Exits with 1 where a promise is broken.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import { dice } from '../../src/sim/dice.ts';
import { gather, type Crowd } from './crowd.ts';
import { document } from './document.ts';
import { brokenPromises, leaks, summary, type Found, type Sample } from './figures.ts';
import { breakThings, heldNow, inFlight } from './operator.ts';
import { readOptions, usage, type Options } from './options.ts';
import { interruption } from '../processes.ts';
import { startSoaked, type Soaked } from './soaked.ts';
import { storm } from './storm.ts';

const results = join(import.meta.dirname, '../results');
const sampleMs = 5_000;
const primeMs = 10_000;
/** Idle connections to providers are closed a good minute after their last use. */
const quietMs = 120_000;

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2), Date.now());
  if (options === 'help') return say(usage);
  const { kind, minutes, streams, seed } = options;
  say(`${kind} of ${minutes} min, ${streams} at once, seed ${seed}`);
  const folder = mkdtempSync(join(tmpdir(), 'spillway-soak-'));
  try {
    const played = kind === 'storm' ? storm(options, folder, say) : soak(options, folder);
    const broken = await Promise.race([played, interruption()]);
    for (const words of broken) say(`BROKEN: ${words}`);
    if (broken.length > 0) process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function soak(options: Options, folder: string): Promise<readonly string[]> {
  const gateway = await startSoaked({ folder, document, nodeFlags: options.nodeFlags });
  try {
    const primed = await prime(gateway, options);
    const before = await gateway.vitals(true);
    const crowd = gather(gateway.url, options.streams, options.seed);
    const breaking = breakThings(gateway.url, dice(options.seed));
    const samples = await watch(gateway, crowd, options);
    await breaking.stop();
    await crowd.stop();
    await quiet(gateway, (now) => leaks(before, now).length === 0);
    const after = await gateway.vitals(true);
    const held = await heldNow(gateway.url);
    await gateway.stop();
    const found: Found = {
      asked: crowd.asked() + primed,
      endings: crowd.endings(),
      recorded: recordsIn(folder),
      samples,
      before,
      after,
      held,
      faults: gateway.faults,
      wrong: crowd.wrong,
    };
    const played = [...breaking.played].map(([fault, times]) => `${times} ${fault}`);
    say(`\n${'faults played'.padEnd(26)}${played.join(', ')}\n${summary(found)}`);
    write(options, found);
    return brokenPromises(found);
  } finally {
    gateway.kill();
  }
}

/** Looks every few seconds until the time is over. */
async function watch(gateway: Soaked, crowd: Crowd, { minutes }: Options): Promise<readonly Sample[]> {
  const began = performance.now();
  const minute = (): number => (performance.now() - began) / 60_000;
  const samples: Sample[] = [];
  while (minute() < minutes) {
    await sleep(sampleMs);
    const vitals = await gateway.vitals();
    samples.push({ minute: minute(), vitals });
    progress(`${minute().toFixed(1)} min  ${line(vitals)}  ${crowd.asked()} asked`, samples.length);
  }
  if (process.stdout.isTTY) say('');
  return samples;
}

function line({ rss, heap, open }: Sample['vitals']): string {
  return `RSS ${rss.toFixed(0)} MB, heap ${heap.toFixed(0)} MB, ${open['socket'] ?? 0} sockets`;
}

/** On a terminal one line that changes, in a log one line a minute. */
function progress(text: string, turn: number): void {
  if (process.stdout.isTTY) process.stdout.write(`\r${text}  `);
  else if (turn % (60_000 / sampleMs) === 0) say(text);
}

/**
 * A little load, so that threads which are started when they are first needed count as there before. Returns how many
 * requests it was.
 */
async function prime(gateway: Soaked, { streams, seed }: Options): Promise<number> {
  const cold = await gateway.vitals();
  const crowd = gather(gateway.url, Math.min(streams, 40), seed + 1);
  await sleep(primeMs);
  await crowd.stop();
  say('waiting for the connections of a first small load to be closed');
  await quiet(gateway, ({ open }) => (open['socket'] ?? 0) <= (cold.open['socket'] ?? 0));
  return crowd.asked();
}

/** Waits until nothing runs and it is as quiet as asked for, but not for ever. */
async function quiet(gateway: Soaked, enough: (now: Sample['vitals']) => boolean): Promise<void> {
  const until = performance.now() + quietMs;
  while (performance.now() < until) {
    if ((await inFlight(gateway.url)) === 0 && enough(await gateway.vitals(true))) return;
    await sleep(1_000);
  }
}

function recordsIn(folder: string): number {
  const database = new DatabaseSync(join(folder, 'data/spillway.db'), { readOnly: true });
  try {
    return Number(database.prepare('SELECT count(*) AS records FROM generations').get()?.['records']);
  } finally {
    database.close();
  }
}

function write(options: Options, found: Found): void {
  mkdirSync(results, { recursive: true });
  const name = `soak-${new Date().toISOString().replaceAll(':', '-').slice(0, 19)}.json`;
  const report = { node: process.versions.node, options, ...found, broken: brokenPromises(found) };
  writeFileSync(join(results, name), `${JSON.stringify(report, null, 2)}\n`);
  say(`written to ${relative(process.cwd(), join(results, name))}`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

await main().catch((error: unknown) => {
  process.stderr.write(`soak: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
});
