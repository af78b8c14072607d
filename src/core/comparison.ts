/** How two versions of a preset did over the same time, from the records of their requests. Pure. */
import { nano, type Nano } from './money.ts';
import type { GenerationRecord } from './record.ts';
import type { PresetVersion } from './snapshot.ts';

export type VersionResult = {
  readonly version: PresetVersion;
  readonly requests: number;
  /** Shares of requests, 0 to 1: those that failed or were cut, and those that something behind the primary served. */
  readonly errors: number;
  readonly fallbacks: number;
  /** Ms until the end, of requests that ended well. Absent where there was none. */
  readonly p50?: number;
  readonly p95?: number;
  /** Nano-USD for a request, failed attempts included, and what broke off as limits count it. */
  readonly cost: Nano;
};

type Which = { readonly preset: string; readonly version?: PresetVersion; readonly sentOn: boolean };

/** Whether a preset, or a version of it, served a request, or sent it on where that counts. */
export function isOfPreset(record: GenerationRecord, { preset, version, sentOn }: Which): boolean {
  const isIt = (name: string | undefined, of: PresetVersion | undefined): boolean =>
    name === preset && (version === undefined || of === version);
  const hops = sentOn ? (record.routed ?? []) : [];
  return isIt(record.preset, record.presetVersion) || hops.some((hop) => isIt(hop.preset, hop.version));
}

/** Of the records of one version. Requests whose client hung up count as requests, and neither as errors nor for latency. */
export function resultOf(version: PresetVersion, records: readonly GenerationRecord[]): VersionResult {
  const share = (which: (record: GenerationRecord) => boolean): number =>
    records.length === 0 ? 0 : records.filter(which).length / records.length;
  const times = records
    .filter(({ ending }) => ending === 'ok')
    .map(({ latencyMs }) => latencyMs)
    .sort((a, b) => a - b);
  const paid = records.reduce<number>((sum, record) => sum + paidFor(record), 0);
  return {
    version,
    requests: records.length,
    errors: share(({ ending }) => ending === 'failed' || ending === 'cut'),
    fallbacks: share(({ served }) => (served?.position ?? 0) > 0),
    ...(times.length === 0 ? {} : { p50: rank(times, 0.5), p95: rank(times, 0.95) }),
    cost: nano(records.length === 0 ? 0 : Math.round(paid / records.length)),
  };
}

function paidFor({ cost, attempts }: GenerationRecord): number {
  return attempts.reduce<number>((sum, { carried, unmeasured }) => sum + (carried ?? unmeasured ?? 0), cost);
}

/** The least value that so many of all are not above. */
function rank(sorted: readonly number[], share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? 0;
}
