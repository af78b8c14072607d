/** What the oracle looks at: a universe that has passed, seen from outside. And the words it finds fault with. */
import type { AttemptRecord, GenerationRecord } from '../core/record.ts';
import type { SimEndpoint, SimPreset } from './configuration.ts';
import { readAnswer, type Reading } from './reading.ts';
import type { Visit } from './world.ts';

/** A promise of the design that was broken. */
export type Violation = { readonly promise: number; readonly where: string; readonly what: string };

export type Say = (promise: number, what: string) => void;

/** A request that has passed. */
export type Sight = {
  readonly visit: Visit;
  readonly record: GenerationRecord;
  readonly preset: SimPreset;
  /** What its client has understood. */
  readonly reading: Reading;
  readonly streamed: boolean;
  /** It was still there at the end. */
  readonly stayed: boolean;
};

export function sightOf(visit: Visit, record: GenerationRecord): Sight | undefined {
  const { plan, seen, configuration } = visit;
  const preset = configuration.presets.find(({ name }) => name === plan.preset);
  if (!preset) return undefined;
  const streamed = seen.headers['content-type']?.includes('event-stream') === true;
  const text = seen.writes.map((write) => write.text).join('');
  const reading = readAnswer(plan.speech, streamed, text);
  return { visit, record, preset, reading, streamed, stayed: seen.leftAt === undefined };
}

/** When its client left, or it was told to stop; Infinity = neither. */
export function departedAt({ seen }: Visit): number {
  return seen.leftAt ?? seen.stoppedAt ?? Infinity;
}

/** Where hanging up does not stop the bill, an answer is read on for two minutes after its client left. */
export function lateBy({ seen }: Visit, { stops }: Pick<SimEndpoint, 'stops'>): number {
  return seen.leftAt === undefined || stops ? 0 : 120_000;
}

export function attemptName({ model, provider, outcome }: AttemptRecord): string {
  return `${model}@${provider}:${outcome}`;
}

/** Nano-USD of so many tokens. */
export function priceOf(
  { price }: Pick<SimEndpoint, 'price'>,
  tokens: { readonly input: number; readonly output: number } | undefined,
): number {
  return tokens ? tokens.input * price.input + tokens.output * price.output : 0;
}

/** When a call was over for the gateway, by its own record. */
export function overAt({ calls, closings }: Visit, index: number): number {
  const call = calls[index];
  const attempt = closings[0]?.record.attempts[index];
  return call && attempt ? call.at + attempt.latencyMs : Infinity;
}

const tierNames = ['small', 'standard', 'strong', 'frontier'];

export function isLower(tier: string, than: string): boolean {
  return tierNames.indexOf(tier) < tierNames.indexOf(than);
}
