/** `npm run sim`: plays universes, and says how to see a broken one again. Exits with 1 when a promise is broken. */
import { parseArgs } from 'node:util';
import { play, type Outcome } from './play.ts';

const usage = `npm run sim -- [options]

  --universes N   how many to play, one seed after the other (100)
  --from SEED     the first seed (drawn at random, and printed)
  --seed SEED     this universe alone
  --stop          stop at the first that is broken
  --verbose       print what happens in each, moment by moment
  --help          this text

Exits with 1 when a promise of the gateway is broken: it prints the seed, what was broken, and the command that plays
the same universe again.`;

type Options = {
  readonly from: number;
  readonly count: number;
  readonly verbose: boolean;
  readonly stop: boolean;
};

class BadOption extends Error {}

function readOptions(words: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...words],
    options: {
      universes: { type: 'string' },
      from: { type: 'string' },
      seed: { type: 'string' },
      stop: { type: 'boolean', default: false },
      verbose: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const { verbose, stop } = values;
  if (values.seed !== undefined) return { from: whole('seed', values.seed), count: 1, verbose, stop };
  const from = values.from === undefined ? Math.floor(Math.random() * 1e9) : whole('from', values.from);
  return { from, count: whole('universes', values.universes ?? '100'), verbose, stop };
}

function whole(name: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new BadOption(`--${name} must be a whole number, not ${text}`);
  return Number(text);
}

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') return say(usage);
  const { from, count, verbose, stop } = options;
  const began = performance.now();
  let [requests, attempts, broken] = [0, 0, 0];
  say(`seeds ${from} to ${from + count - 1}`);
  for (let seed = from; seed < from + count; seed++) {
    const outcome = await play(seed);
    requests += outcome.requests;
    attempts += outcome.attempts;
    if (verbose) for (const line of outcome.log) say(line);
    if (outcome.violations.length > 0) {
      broken += 1;
      tell(outcome);
      if (stop) break;
    }
    progress(`${seed - from + 1} of ${count} universes, ${broken} broken`);
  }
  progress('');
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  say(`${count} universes, ${requests} requests, ${attempts} attempts in ${seconds} s: ${broken} broken`);
  if (broken > 0) process.exitCode = 1;
}

function tell({ seed, violations }: Outcome): void {
  progress('');
  say(`BROKEN: seed ${seed}`);
  for (const { promise, where, what } of violations.slice(0, 20))
    say(`  promise ${promise}, ${where}: ${what}`);
  if (violations.length > 20) say(`  and ${violations.length - 20} more`);
  say(`  again: npm run sim -- --seed ${seed} --verbose`);
}

function progress(text: string): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\u001B[K${text}`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

await main().catch((error: unknown) => {
  process.stderr.write(`sim: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = error instanceof BadOption || (error instanceof Error && 'code' in error) ? 2 : 1;
});
