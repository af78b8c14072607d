/** What a soak is asked for on its command line. */
import { parseArgs } from 'node:util';

export type Options = {
  readonly kind: 'soak' | 'storm';
  readonly minutes: number;
  /** Clients at once. */
  readonly streams: number;
  readonly seed: number;
  /** Flags of Node beside those of `npm start`, to compare. */
  readonly nodeFlags: readonly string[];
};

export const usage = `npm run soak -- [options]
  --minutes N     how long (default 30; a storm: 1)
  --streams N     clients at once (default 200)
  --seed N        another course of chance (default: by the clock; it is printed)
  --storm         a rate-limit storm instead: the primary answers 429 to a fifth of its calls
  --node FLAGS    more flags of Node for the gateway, such as "--max-semi-space-size=4"
Exits with 1 where a promise is broken.`;

/** Throws an Error that says what is wrong. */
export function readOptions(args: readonly string[], now: number): Options | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string' },
      streams: { type: 'string' },
      seed: { type: 'string' },
      storm: { type: 'boolean' },
      node: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return 'help';
  const kind = values.storm === true ? 'storm' : 'soak';
  const minutes = Number(values.minutes ?? (kind === 'storm' ? 1 : 30));
  if (!(minutes > 0)) throw new Error('--minutes must be above 0');
  const streams = Number(values.streams ?? 200);
  if (!Number.isInteger(streams) || streams < 1)
    throw new Error('--streams must be a whole number, 1 or more');
  const seed = Number(values.seed ?? now % 1_000_000);
  if (!Number.isSafeInteger(seed)) throw new Error('--seed must be a whole number');
  return { kind, minutes, streams, seed, nodeFlags: (values.node ?? '').split(' ').filter(Boolean) };
}
