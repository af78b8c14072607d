/**
 * What generations come to when they are added up: the cells of the roll-up that a record adds to. Money follows
 * its attempt, to the hour in which that began and to the model that was asked; what belongs to the whole generation
 * (that it was one request, its premium) stands once, with the attempt that served or was the last.
 */
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
  for (const name of measures) into[name] += more[name];
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
  if (attempts.length === 0)
    return [{ place: place(hourOf(record.at)), sums: { ...noSums, ...onceOf(record) } }];
  const chief = chiefOf(record);
  return attempts.map((attempt) => ({
    place: place(hourOf(attempt.at), attempt),
    sums: { ...noSums, ...moneyOf(attempt, record), ...(attempt === chief ? onceOf(record) : {}) },
  }));
}

/** The attempt that served, else the last. */
function chiefOf({ attempts, served }: GenerationRecord): AttemptRecord | undefined {
  const serving = attempts.findLast(
    ({ position, model, provider }) =>
      position === served?.position && model === served.model && provider === served.provider,
  );
  return serving ?? attempts.at(-1);
}

function onceOf({ served, premium, clientRetry }: GenerationRecord): Partial<Sums> {
  return {
    requests: 1n,
    fallbacks: (served?.position ?? 0) > 0 ? 1n : 0n,
    clientRetries: clientRetry ? 1n : 0n,
    premiumPrice: whole(premium?.price),
    premiumCache: whole(premium?.cache),
  };
}

function moneyOf(attempt: AttemptRecord, { clientRetry }: GenerationRecord): Partial<Sums> {
  const { basis, outcome, usage = nothing } = attempt;
  const cost = whole(attempt.cost);
  const unmeasured = whole(attempt.carried ?? attempt.unmeasured);
  return {
    attempts: 1n,
    settled: basis === 'measured' ? cost : 0n,
    estimated: basis === 'measured' ? 0n : cost,
    unmeasured,
    failed: outcome === 'ok' ? 0n : cost + unmeasured,
    input: whole(usage.input),
    cacheRead: whole(usage.cacheRead),
    cacheWrite: whole(usage.cacheWrite),
    cacheWrite1h: whole(usage.cacheWrite1h),
    output: whole(usage.output),
    reasoning: whole(usage.reasoning),
    overruns: attempt.overrun ? 1n : 0n,
    clientRetried: clientRetry ? cost + unmeasured : 0n,
  };
}

/** Token counts come from providers: one that is no whole number must not keep records from being committed. */
function whole(value: number | undefined): bigint {
  return value !== undefined && Number.isFinite(value) ? BigInt(Math.round(value)) : 0n;
}

function canonical(tags: GenerationRecord['tags']): string {
  const names = Object.keys(tags).sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${JSON.stringify(tags[name])}`).join()}}`;
}
