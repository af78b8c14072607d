/**
 * Does routing by task cut what a failover costs by 60 to 70 %, as is said? Recorded traffic of agents, a chat and code
 * completion, replayed through the real `serve` with the primary down for half an hour, as one preset and as presets
 * by task. The same seed gives the same table.
 */
import { parseArgs } from 'node:util';
import { primary, setups, snapshotFor, type Setup } from './setups.ts';
import { heading, line, mixLine, type Pair } from './report.ts';
import { findTraces, mixOf, type Sample } from './traces.ts';
import { replay } from './world.ts';

const usage = `npm run bench:tasks -- [options]
  --seed N        another draw of sessions and times (default 1); the same seed gives the same table
  --sessions N    sessions of agents (default 12)
  --quick         one mix of few sessions: does it work`;

const minute = 60_000;
const lengthMs = 60 * minute;
const outage = { model: primary, from: 15 * minute, to: 45 * minute };
/** Shares of light requests by number; 0 leaves the sub-agents of the sessions alone. */
const shares = [0, 0.5, 0.9, 0.97];

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string' },
      sessions: { type: 'string' },
      quick: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return say(usage);
  const traces = findTraces();
  if ('missing' in traces) return say(`SKIPPED, LOUDLY: ${traces.missing}`);
  const seed = whole(values.seed ?? '1', '--seed');
  const sessions = whole(values.sessions ?? (values.quick === true ? '2' : '12'), '--sessions');
  say(
    `${primary} is down from minute 15 to 45 of an hour. A spike is what that costs above the same requests`,
  );
  say(
    'without an outage, caches bought again included; a cut is the share of it that a set-up does without.\n',
  );
  for (const { name, words } of setups) say(`  ${name.padEnd(16)}${words}`);
  for (const light of values.quick === true ? [0.5] : shares) {
    const samples = mixOf(traces.folder, { sessions, light, lengthMs, seed });
    const pairs: (readonly [Setup, Pair])[] = [];
    for (const setup of setups) pairs.push([setup, await playBoth(setup, samples)]);
    const one = pairs[0]?.[1] as Pair;
    say(`\n${mixLine(one, samples.filter(({ task }) => task !== 'agent').length / samples.length)}`);
    say(heading);
    for (const [{ name }, pair] of pairs) say(line(name, one, pair));
    complain(pairs);
  }
}

async function playBoth(setup: Setup, samples: readonly Sample[]): Promise<Pair> {
  const snapshot = snapshotFor(setup);
  const calm = await replay({ samples, snapshot });
  return { calm, outage: await replay({ samples, snapshot, outage }) };
}

/** A table of a world in which something went wrong says nothing. */
function complain(pairs: readonly (readonly [Setup, Pair])[]): void {
  for (const [{ name }, { calm, outage: down }] of pairs)
    for (const words of new Set([...calm.wrong, ...down.wrong])) {
      say(`BROKEN: ${name}: ${words}`);
      process.exitCode = 1;
    }
}

function whole(text: string, flag: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`${flag} must be a whole number, 1 or more`);
  return value;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

await main().catch((error: unknown) => {
  process.stderr.write(`bench:tasks: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
