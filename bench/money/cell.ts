/** One cell of the table: so many clients with unlimited demand, until nobody gets anything for the money left. */
import type { GenerationRecord } from '../../src/core/record.ts';
import type { Snapshot } from '../../src/core/snapshot.ts';
import { dice, type Dice } from '../../src/sim/dice.ts';
import { snapshotOf } from './document.ts';
import type { PolicyName } from './policies.ts';
import type { Prices } from './upstream.ts';
import { keyHash, MoneyWorld, promptOf } from './world.ts';

export type Case = {
  /** Streams at once. */
  readonly clients: number;
  /** The share of calls to the primary that fail. */
  readonly failing: number;
  /** The share of clients that leave while they wait or read. */
  readonly leaving: number;
  /** The limit, in the largest holds of the fallback. */
  readonly holds: number;
};

export type Outcome = {
  readonly policy: PolicyName;
  /** Nano-USD. */
  readonly cap: number;
  /** What the provider bills, and what the ledger has counted, in nano-USD. */
  readonly billed: number;
  readonly counted: number;
  readonly requests: number;
  readonly answered: number;
  /** Of those answered, how many were capped below what was asked. */
  readonly shortened: number;
  /** Whose client left. */
  readonly left: number;
  /** By code. */
  readonly refused: Readonly<Record<string, number>>;
  /** What must not be. */
  readonly wrong: readonly string[];
};

/** USD per million tokens; the fallback is twenty times dearer. */
const primary = { input: 1, output: 4 };
const fallback = { input: 20, output: 80 };
/** Bytes of a prompt, and tokens of an answer that are asked for. */
const promptBytes = { least: 400, most: 8_000 };
const answers = [2_000, 6_000];
/** Of a request beside its prompt, in bytes: more than there are. */
const framing = 1_000;
/** Within which those clients leave who do, in ms: before the first token, in the middle, or too late. */
const leaveWithin = 9_000;

const nanoPerToken = ({ input, output }: Prices): Prices => ({
  input: input * 1_000,
  output: output * 1_000,
});

/** What one hold of the fallback can be at most, in nano-USD. */
const largestHold =
  (promptBytes.most + framing) * nanoPerToken(fallback).input +
  Math.max(...answers) * nanoPerToken(fallback).output;

function snapshotWith(cap: number): Snapshot {
  const model = (name: string, { input, output }: Prices): string =>
    `bench/${name}: { context: 200000, max_output: 16000, endpoints: [{ provider: up, model: ${name}, price: { input: ${input}, output: ${output} } }] }`;
  return snapshotOf(`
providers: { up: { wire: openai-chat, base_url: 'https://up.example/v1', catalog: openai } }
models:
  ${model('primary', primary)}
  ${model('fallback', fallback)}
presets: { p: { models: [bench/primary, bench/fallback] } }
keys: [{ name: bench, key: '${keyHash}', limits: [{ usd: ${cap / 1e9}, per: total }] }]`);
}

type Scene = {
  readonly case: Case;
  readonly dice: Dice;
  readonly world: MoneyWorld;
  /** Refusals for good since the last answer. */
  refusedInARow: number;
};

/** Plays a cell to its end. The same seed gives the same outcome. */
export async function play(which: Case, policy: PolicyName, seed: number): Promise<Outcome> {
  const cap = which.holds * largestHold;
  const world = new MoneyWorld({
    snapshot: snapshotWith(cap),
    policy,
    cap,
    seed,
    provider: {
      prices: { primary: nanoPerToken(primary), fallback: nanoPerToken(fallback) },
      failing: { model: 'primary', share: which.failing },
      tokens: (most, dice) => dice.whole(Math.ceil(most / 4), most),
      slowestMs: 1_500,
    },
  });
  const scene: Scene = { case: which, dice: dice(seed + 1), world, refusedInARow: 0 };
  await world.run(Array.from({ length: which.clients }, () => demand(scene)));
  return { ...outcomeOf(world), policy, cap };
}

/** What came of a world's requests. */
export function outcomeOf({ records, book, provider, wrong }: MoneyWorld): Omit<Outcome, 'policy' | 'cap'> {
  const refused: Record<string, number> = {};
  for (const { ending, problem = 'unknown' } of records)
    if (ending === 'failed') refused[problem] = (refused[problem] ?? 0) + 1;
  const answered = records.filter(({ ending }) => ending === 'ok');
  return {
    billed: provider.billed(),
    counted: book.counted(),
    requests: records.length,
    answered: answered.length,
    shortened: answered.filter(isShortened).length,
    left: records.filter(({ ending }) => ending === 'client_gone').length,
    refused,
    wrong,
  };
}

function isShortened({ warnings }: GenerationRecord): boolean {
  return warnings.some((warning) => warning.startsWith('the output cap was lowered'));
}

/** One client: the next request as soon as the last has ended, a pause after a refusal, until refusals are all there is. */
async function demand(scene: Scene): Promise<void> {
  const { clients, leaving } = scene.case;
  const { dice, world } = scene;
  while (scene.refusedInARow < clients / 2 + 30) {
    const body = {
      model: '@preset/p',
      stream: true,
      max_tokens: dice.pick(answers),
      messages: [{ role: 'user', content: promptOf(dice.whole(promptBytes.least, promptBytes.most)) }],
    };
    const leaves = dice.chance(leaving) ? dice.whole(0, leaveWithin) : undefined;
    const { ending, problem } = await world.ask(body, leaves);
    if (ending !== 'failed') scene.refusedInARow = 0;
    else if (problem !== 'limit_busy') scene.refusedInARow += 1;
    if (ending === 'failed') await world.clock.sleep(dice.whole(1_000, 3_000));
  }
}
