/**
 * What generations come to when they are added up: the cells of the roll-up that a record adds to. Money follows
 * its attempt, to the hour in which that began and to the model that was asked; what belongs to the whole generation
 * (that it was one request, its premium) stands once, with the attempt that served or was the last.
 */
import type { Draft } from './optional.ts';
import type { AttemptRecord, GenerationRecord } from './record.ts';
import { nothing } from './usage.ts';

/** What is added up. Money is nano-USD. */
export const measures = [
  'attempts',
  'requests',
  /** Requests that something behind the primary served. */
  'fallbacks',
  'settled',
  'estimated',
  /** What broke off may have cost: what limits count for it, else an estimate. */
  'unmeasured',
  /** Of the three above, what attempts cost that did not answer. */
  'failed',
  'premiumPrice',
  'premiumCache',
  'input',
  'cacheRead',
  'cacheWrite',
  'cacheWrite1h',
  'output',
  'reasoning',
  /** Attempts that were billed more than was held for them. */
  'overruns',
  /** Requests that their clients had made before, in vain. */
  'clientRetries',
  /** Of all that was, or may have been, paid: what those cost. */
  'clientRetried',
] as const;

export type Measure = (typeof measures)[number];

/** Sums outgrow 2^53 nano-USD, which is nine million dollars. */
export type Sums = Readonly<Record<Measure, bigint>>;

export const noSums: Sums = Object.fromEntries(measures.map((name) => [name, 0n])) as Sums;

/** Adds to `into`: reports add up hundreds of thousands of cells. */
export function addSums(into: Record<Measure, bigint>, more: Sums): void {
  for (const name of measures) if (more[name] !== 0n) into[name] += more[name];
}

/** All that was, or may have been, paid, in nano-USD. */
export function spent({ settled, estimated, unmeasured }: Sums): bigint {
  return settled + estimated + unmeasured;
}

/** Where a cell of the roll-up stands. An empty text = none, and so is position -1; version 0 of a preset is its draft. */
export type SpendPlace = {
  /** Hours since 1970, UTC. */
  readonly hour: number;
  readonly workspace: string;
  readonly key: string;
  readonly preset: string;
  readonly version: number;
  readonly position: number;
  readonly model: string;
  readonly provider: string;
  readonly user: string;
  /** A JSON object with its names in order, so that equal tags are equal texts. */
  readonly tags: string;
};

export type SpendCell = { readonly place: SpendPlace; readonly sums: Sums };

const hourMs = 3_600_000;

/** The hour (since 1970, UTC) of an instant in epoch ms. */
export function hourOf(at: number): number {
  return Math.floor(at / hourMs);
}

/** What a record adds, one cell for each attempt; one without a model when none was made. */
export function spendOf(record: GenerationRecord): readonly SpendCell[] {
  const { attempts } = record;
  const place = (hour: number, attempt?: AttemptRecord): SpendPlace => ({
    hour,
    workspace: record.workspace,
    key: record.key,
    preset: record.preset ?? '',
    version: record.presetVersion === 'draft' ? 0 : (record.presetVersion ?? 0),
    position: attempt?.position ?? -1,
    model: attempt?.model ?? '',
    provider: attempt?.provider ?? '',
    user: record.user ?? '',
    tags: canonical(record.tags),
  });
  if (attempts.length === 0) {
    const sums = { ...noSums };
    addOnce(sums, record);
    return [{ place: place(hourOf(record.at)), sums }];
  }
  const chief = chiefOf(record);
  return attempts.map((attempt) => {
    const sums = { ...noSums };
    addMoney(sums, attempt, record);
    if (attempt === chief) addOnce(sums, record);
    return { place: place(hourOf(attempt.at), attempt), sums };
  });
}

/** The attempt that served, else the last. */
function chiefOf({ attempts, served }: GenerationRecord): AttemptRecord | undefined {
  const serving = attempts.findLast(
    ({ position, model, provider }) =>
      position === served?.position && model === served.model && provider === served.provider,
  );
  return serving ?? attempts.at(-1);
}

function addOnce(sums: Draft<Sums>, { served, premium, clientRetry }: GenerationRecord): void {
  sums.requests = 1n;
  if (clientRetry) sums.clientRetries = 1n;
  if ((served?.position ?? 0) > 0) sums.fallbacks = 1n;
  sums.premiumPrice = whole(premium?.price);
  sums.premiumCache = whole(premium?.cache);
}

function addMoney(sums: Draft<Sums>, attempt: AttemptRecord, { clientRetry }: GenerationRecord): void {
  const { basis, outcome, usage = nothing } = attempt;
  const cost = whole(attempt.cost);
  sums.attempts = 1n;
  if (basis === 'measured') sums.settled = cost;
  else sums.estimated = cost;
  sums.unmeasured = whole(attempt.carried ?? attempt.unmeasured);
  if (outcome !== 'ok') sums.failed = cost + sums.unmeasured;
  sums.input = whole(usage.input);
  sums.cacheRead = whole(usage.cacheRead);
  sums.cacheWrite = whole(usage.cacheWrite);
  sums.cacheWrite1h = whole(usage.cacheWrite1h);
  sums.output = whole(usage.output);
  sums.reasoning = whole(usage.reasoning);
  if (attempt.overrun) sums.overruns = 1n;
  if (clientRetry) sums.clientRetried = cost + sums.unmeasured;
}

/** Token counts come from providers: one that is no whole number must not keep records from being committed. */
function whole(value: number | undefined): bigint {
  return value !== undefined && value !== 0 && Number.isFinite(value) ? BigInt(Math.round(value)) : 0n;
}

function canonical(tags: GenerationRecord['tags']): string {
  const names = Object.keys(tags).sort();
  if (names.length === 0) return '{}';
  return `{${names.map((name) => `${JSON.stringify(name)}:${JSON.stringify(tags[name])}`).join()}}`;
}
