/** What the bench of limits is asked for on its command line. */
import { parseArgs } from 'node:util';
import type { Case } from './cell.ts';

export type Options = {
  readonly seed: number;
  readonly cases: readonly Case[];
  /** Of the measurement of the ledger's own cost. */
  readonly rounds: number;
};

export const usage = `npm run bench:money -- [options]
  --seed N        another course of chance (default 1); the same seed gives the same table
  --quick         two cells and one round: does it work
Exits with 1 where ours spends more than a limit, or leaves more of it unused than promised.`;

/** A limit of so many of the largest holds: from here on 95 % of it must be usable. */
export const promisedFrom = 25;

function casesOf(streams: readonly number[], failing: readonly number[], leaving: readonly number[]): Case[] {
  return streams.flatMap((clients) =>
    failing.flatMap((share) =>
      leaving.map((left) => ({ clients, failing: share, leaving: left, holds: promisedFrom })),
    ),
  );
}

const small: Case = { clients: 64, failing: 0.5, leaving: 0, holds: 5 };

/** Throws an Error that says what is wrong. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: { seed: { type: 'string' }, quick: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  if (values.help === true) return 'help';
  const seed = Number(values.seed ?? 1);
  if (!Number.isSafeInteger(seed)) throw new Error('--seed must be a whole number');
  if (values.quick === true) return { seed, rounds: 1, cases: casesOf([64], [0.5], [0, 0.3]) };
  return { seed, rounds: 9, cases: [...casesOf([1, 8, 64, 256], [0, 0.5, 1], [0, 0.3]), small] };
}
