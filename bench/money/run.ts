/**
 * The bench of limits: what is really spent under a limit, by ours and by the two policies that are common elsewhere,
 * around the same `serve` on a virtual clock. The same seed gives the same table. Exits with 1 when a promise is broken.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { styleText } from 'node:util';
import { agents, playAgents } from './agents.ts';
import { play, type Outcome } from './cell.ts';
import { ledgerCost } from './ledger-cost.ts';
import { readOptions, usage, type Options } from './options.ts';
import { policyNames, policyWords, type PolicyName } from './policies.ts';
import { agentsLine, brokenPromises, costLines, heading, line, type Row } from './report.ts';

const results = join(import.meta.dirname, '..', 'results');
const startDate = new Date().toISOString().replaceAll(':', '-').slice(0, 19);

async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if (options === 'help') return say(usage);
  for (const name of policyNames) say(`${name}: ${policyWords[name]}`);
  say(`\n${heading()}`);
  const rows: Row[] = [];
  for (const which of options.cases) {
    const row = { case: which, outcomes: await underAll((policy) => play(which, policy, options.seed)) };
    rows.push(row);
    say(line(row, (text) => styleText('red', text)));
  }
  const onKey = await underAll((policy) => playAgents(policy, options.seed));
  say(`\nA key with $5 a day and ${agents} agents at once, 100,000 tokens each, the primary overloaded:`);
  for (const name of policyNames) say(agentsLine(name, onKey[name]));
  const cost = await ledgerCost(options.rounds);
  say('\nProcessor time to let a request in, hold, settle and close, five budgets applying:');
  say(costLines(cost));
  const broken = [...rows.flatMap(brokenPromises), ...brokenByAgents(onKey.ours)];
  write(options, { rows, agents: onKey, ledgerCost: cost, broken });
  for (const words of broken) say(`BROKEN: ${words}`);
  if (broken.length > 0) process.exitCode = 1;
}

async function underAll(run: (policy: PolicyName) => Promise<Outcome>): Promise<Row['outcomes']> {
  const found: Partial<Record<PolicyName, Outcome>> = {};
  for (const policy of policyNames) found[policy] = await run(policy);
  return found as Row['outcomes'];
}

function brokenByAgents({ answered, wrong }: Outcome): readonly string[] {
  return [...(answered < agents ? [`${agents - answered} agents were refused`] : []), ...wrong];
}

function write(options: Options, found: object): void {
  mkdirSync(results, { recursive: true });
  const file = join(results, `money-${startDate}.json`);
  const report = { at: startDate, node: process.versions.node, seed: options.seed, ...found };
  writeFileSync(file, `${JSON.stringify(report, null, 2)}\n`);
  say(`\nwritten to ${relative(process.cwd(), file)}`);
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

await main().catch((error: unknown) => {
  process.stderr.write(`bench:money: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
