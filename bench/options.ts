/** What the bench is asked for on its command line. */
import { parseArgs } from 'node:util';
import type { CandidateName } from './candidates.ts';
import { lanes, type LaneName } from './lanes.ts';

export const candidateNames: readonly CandidateName[] = ['direct', 'nginx', 'ours', 'portkey'];

export type Options = {
  readonly rounds: number;
  /** Windows are shortened to this share. */
  readonly pace: number;
  readonly only: readonly CandidateName[];
  readonly lanes: readonly LaneName[];
  readonly profile: boolean;
};

export const usage = `npm run bench -- [options]
  --rounds N      rounds of every candidate in turn (default 5)
  --quick         one round with short windows: does it work, not how fast is it
  --only A,B      of ${candidateNames.join(', ')}
  --lanes A,B     of ${lanes.map(({ name }) => name).join(', ')}
  --profile       writes a V8 CPU profile of ours, and prints what costs most`;

/** Throws an Error that says what is wrong and what would be right. */
export function readOptions(args: readonly string[]): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      rounds: { type: 'string' },
      quick: { type: 'boolean' },
      only: { type: 'string' },
      lanes: { type: 'string' },
      profile: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return 'help';
  const rounds = Number(values.rounds ?? (values.quick === true ? 1 : 5));
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error('--rounds must be a whole number, 1 or more');
  return {
    rounds,
    pace: values.quick === true ? 0.3 : 1,
    only: chosen('--only', values.only, candidateNames),
    lanes: chosen(
      '--lanes',
      values.lanes,
      lanes.map(({ name }) => name),
    ),
    profile: values.profile === true,
  };
}

function chosen<Name extends string>(
  option: string,
  text: string | undefined,
  known: readonly Name[],
): readonly Name[] {
  if (text === undefined) return known;
  const names = text.split(',').map((name) => name.trim());
  const foreign = names.find((name) => !known.some((one) => one === name));
  if (foreign !== undefined) throw new Error(`${option} knows ${known.join(', ')}, not "${foreign}"`);
  return known.filter((name) => names.includes(name));
}
