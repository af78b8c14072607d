/**
 * The bench: direct, nginx, ours and installed peers in turn, several rounds within one run, every process pinned.
 * Prints a table of medians with the bars, writes everything to `bench/results/`. Exits with 1 only when something
 * could not be measured; a missed bar is a result.
 */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { ChildProcess } from 'node:child_process';
import { direct, NotInstalled, type Candidate, type CandidateName, type Site } from './candidates.ts';
import { optional } from '../src/core/optional.ts';
import { rssMb } from './kernel.ts';
import { lanes, type Lane } from './lanes.ts';
import type { Measure, MockPorts, Order, Outcome } from './messages.ts';
import { nginx } from './nginx.ts';
import { readOptions, usage, type Options } from './options.ts';
import { portkey } from './portkey.ts';
import { canPin, interruption, nextMessage, Processes, processorOf } from './processes.ts';
import { busiestProfile, profileText } from './profile.ts';
import { disturbance, rowsOf, tableOf, type Round, type Row } from './report.ts';
import { spillway } from './spillway.ts';
import { warmUntilSteady, warmUpRule } from './warm-up.ts';

const root = join(import.meta.dirname, '..');
const results = join(import.meta.dirname, 'results');
const startDate = new Date().toISOString().replaceAll(':', '-').slice(0, 19);

const starters: Readonly<Record<CandidateName, (site: Site) => Candidate | Promise<Candidate>>> = {
  direct,
  nginx,
  ours: spillway,
  portkey,
};

/** Of a window before anything counts. */
const warmUpSeconds = 2;

type Bench = {
  readonly options: Options;
  readonly pinned: boolean;
  readonly load: ChildProcess;
  readonly candidates: readonly Candidate[];
};

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') return say(usage);
  if (!existsSync('/proc/self/stat')) throw new Error('CPU time is read from /proc: the bench needs Linux');
  const pinned = canPin();
  if (!pinned)
    say('NOT PINNED: this needs taskset and the processors 0 and 1. Gateway and load share what there is.');
  const processes = new Processes(pinned);
  const folder = mkdtempSync(join(tmpdir(), 'spillway-bench-'));
  try {
    await Promise.race([bench(options, processes, { folder, pinned }), interruption()]);
  } finally {
    await processes.stopAll();
    rmSync(folder, { recursive: true, force: true });
  }
}

type Circumstances = { readonly folder: string; readonly pinned: boolean };

async function bench(
  options: Options,
  processes: Processes,
  { folder, ...circumstances }: Circumstances,
): Promise<void> {
  mkdirSync(results, { recursive: true });
  const profile = options.profile ? join(results, `${startDate}-profile`) : undefined;
  const { mock, load } = await startSurroundings(processes, folder);
  const candidates: Candidate[] = [];
  for (const name of options.only) {
    const site: Site = { processes, mock, folder: join(folder, name), root, ...optional('profile', profile) };
    candidates.push(...(await started(name, site)));
  }
  const idle = Object.fromEntries(
    candidates.filter(({ pids }) => pids.length > 0).map(({ name, pids }) => [name, rssMb(pids)]),
  );
  const all: Bench = { options, pinned: circumstances.pinned, load, candidates };
  await warmUp(all);
  const rounds: Round[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    say(`round ${round} of ${options.rounds}`);
    rounds.push(await runRound(all));
  }
  conclude({ candidates, rounds, idle, circumstances, options });
  for (const { run } of candidates) if (run) await processes.stop(run.child);
  if (profile !== undefined) printProfile(profile);
}

/** The candidate, or nothing where it is not installed. */
async function started(name: CandidateName, site: Site): Promise<readonly Candidate[]> {
  try {
    return [await starters[name](site)];
  } catch (error) {
    if (!(error instanceof NotInstalled)) throw withLog(error, join(site.folder, 'log'));
    say(`LEFT OUT: ${error.message}`);
    return [];
  }
}

async function startSurroundings(
  processes: Processes,
  folder: string,
): Promise<{ mock: MockPorts; load: ChildProcess }> {
  const start = (name: string): ChildProcess =>
    processes.start({
      role: 'surroundings',
      command: process.execPath,
      args: [join(import.meta.dirname, `${name}.ts`)],
      log: join(folder, `${name}.log`),
    });
  const load = start('load');
  return { load, mock: await nextMessage<MockPorts>(start('mock'), 'the mock') };
}

async function warmUp(all: Bench): Promise<void> {
  say(`warm-up: ${warmUpRule}`);
  const seconds = warmUpSeconds * all.options.pace;
  for (const candidate of all.candidates) {
    const windows: string[] = [];
    for (const lane of chosenLanes(all)) {
      const count = await warmUntilSteady(
        async () => (await measure(all, candidate, { ...lane, seconds }))?.cpuUs,
      );
      windows.push(`${lane.name} ${count}`);
    }
    say(`  ${candidate.name}: ${windows.join(', ')} windows of ${seconds} s`);
  }
}

function chosenLanes({ options }: Bench): readonly Lane[] {
  return lanes
    .filter(({ name }) => options.lanes.includes(name))
    .map((lane) => ({ ...lane, seconds: lane.seconds * options.pace }));
}

/**
 * Lane by lane, so that what is compared was measured within seconds of each other. A window that does not count comes
 * first: code that is compiled while it runs is made anew for what another lane has taught it.
 */
async function runRound(all: Bench): Promise<Round> {
  const round: Round = {};
  const warming = warmUpSeconds * all.options.pace;
  for (const lane of chosenLanes(all)) {
    for (const candidate of all.candidates) {
      if (lane.shape !== 'outage') await measure(all, candidate, { ...lane, seconds: warming });
      const one = await measure(all, candidate, lane);
      if (one) round[candidate.name] = { ...round[candidate.name], [lane.name]: one };
    }
  }
  return round;
}

/** Undefined where the candidate has no such lane. Rejects on any wrong answer. */
async function measure(
  { load, pinned }: Bench,
  candidate: Candidate,
  lane: Lane,
): Promise<Measure | undefined> {
  const question = candidate.question(lane.name);
  if (!question) return undefined;
  await candidate.forget?.(lane.name);
  const { size, shape, connections, seconds } = lane;
  const { port, pids } = candidate;
  const how = {
    size,
    shape,
    connections,
    seconds,
    ...optional('processor', pinned ? processorOf.gateway : undefined),
  };
  const order: Order = { port, pids, headers: {}, expect: {}, ...question, ...how };
  load.send(order);
  const outcome = await nextMessage<Outcome>(load, 'the load generator');
  if ('measure' in outcome) return outcome.measure;
  const died = candidate.run?.child.exitCode ?? candidate.run?.child.signalCode;
  const state = died === null || died === undefined ? '' : ` (it ended: ${died})`;
  const wrong = new Error(`${candidate.name}${state}, ${lane.name}: ${outcome.error}`);
  throw withLog(wrong, candidate.run?.log);
}

type Results = {
  readonly candidates: readonly Candidate[];
  readonly rounds: readonly Round[];
  readonly idle: Readonly<Record<string, number>>;
  readonly circumstances: Omit<Circumstances, 'folder'>;
  readonly options: Options;
};

function conclude({ candidates, rounds, idle, circumstances, options }: Results): void {
  const names = candidates.map(({ name }) => name);
  const idleRow: Row = { name: 'memory idle', unit: 'MB', digits: 0, values: idle };
  const rows = [...rowsOf(rounds, names), idleRow].filter(({ values }) => Object.keys(values).length > 0);
  say(
    `\n${candidates.map(({ name, title }) => `${name}: ${title}`).join('; ')}; medians of ${rounds.length}\n`,
  );
  say(tableOf(rows, names));
  const disturbed = disturbance(rounds);
  if (disturbed !== undefined)
    say(
      `Others used ${(100 * disturbed).toFixed(0)} % of the gateway's processor meanwhile: ${disturbed < 0.05 ? 'quiet' : 'TOO MUCH for more than ratios'}.\n`,
    );
  const machine = { processor: cpus()[0]?.model, processors: cpus().length, kernel: release() };
  const titles = Object.fromEntries(candidates.map(({ name, title }) => [name, title]));
  const file = join(results, `${startDate}.json`);
  const report = {
    at: startDate,
    machine,
    node: process.versions.node,
    ...circumstances,
    options,
    titles,
    idle,
    rows,
    rounds,
  };
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  say(`written to ${relative(root, file)}`);
}

const shownCosts = 40;

function printProfile(folder: string): void {
  const costs = busiestProfile(folder);
  if (!costs) throw new Error('no profile was written: the gateway did not end by itself');
  say(`\n${relative(root, folder)}`);
  say(profileText(costs, shownCosts));
}

/** The end of what a process printed says why it did not start. */
function withLog(error: unknown, log: string | undefined): Error {
  const text = log !== undefined && existsSync(log) ? readFileSync(log, 'utf8').slice(-1_000) : '';
  return new Error(`${error instanceof Error ? error.message : String(error)}\n${text}`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

await main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
