/** Why a past request went where it went: its record, told in the order in which it happened. Pure. */
import { isRest } from './chain.ts';
import { optional } from './optional.ts';
import { hopText } from './route.ts';
import { presetIn } from './shared-preset.ts';
import type { AttemptRecord, GenerationRecord } from './record.ts';
import type { Snapshot, Preset, PresetEntry, PresetVersion } from './snapshot.ts';

export type Try = {
  readonly attempt: AttemptRecord;
  /** Ms between the end of what came before (the arrival, or the attempt before) and its beginning. */
  readonly waitedMs: number;
};

export type Hindsight = {
  readonly record: GenerationRecord;
  /** The models of the preset's version, primary first; absent where no preset was meant, or it is no longer known. */
  readonly chain?: readonly string[];
  /** How it was chosen, a line for each preset that chose; empty where it was named itself. */
  readonly route: readonly string[];
  readonly tries: readonly Try[];
  /** Limits that stood in the way, in the words of the refusal. */
  readonly limits: readonly string[];
};

/** The record with what it does not say itself: the chain of that version, the waits, the limits. */
export function hindsightOf(record: GenerationRecord, snapshot: Snapshot): Hindsight {
  const { preset, presetVersion, workspace, skipped, refusedBy } = record;
  const entry = preset === undefined ? undefined : presetIn(snapshot, workspace, preset);
  const served = versionOf(entry, presetVersion);
  const chain = served?.chain.map(({ model }) => model);
  const limited = skipped.filter(({ reason }) => !isRest(reason)).map(({ why }) => why);
  const whys = [...limited, refusedBy].filter((why) => why !== undefined);
  return {
    record,
    ...optional('chain', chain),
    route: routeOf(record, snapshot),
    tries: triesOf(record),
    limits: [...new Set(whys)],
  };
}

function versionOf(entry: PresetEntry | undefined, version: PresetVersion | undefined): Preset | undefined {
  return version === 'draft' ? entry?.draft : entry?.versions.get(version ?? 0);
}

function routeOf({ routed = [], workspace, task }: GenerationRecord, snapshot: Snapshot): readonly string[] {
  const hops = routed.map((hop) =>
    hopText(hop, versionOf(presetIn(snapshot, workspace, hop.preset), hop.version)),
  );
  return [...hops, ...(task === undefined ? [] : [`the task was ${task}`])];
}

function triesOf({ at, attempts }: GenerationRecord): readonly Try[] {
  let free = at;
  return attempts.map((attempt) => {
    const waitedMs = Math.max(0, Math.round(attempt.at - free));
    free = attempt.at + attempt.latencyMs;
    return { attempt, waitedMs };
  });
}
