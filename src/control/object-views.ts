/** Single objects in the words of the control plane. Pure. */
import { resultOf } from '../core/comparison.ts';
import type { forecastChain, Traffic } from '../core/forecast.ts';
import { toUsd } from '../core/money.ts';
import { optional } from '../core/optional.ts';
import type { GenerationRecord } from '../core/record.ts';
import { presetAddress, type RolloutBody } from '../core/settings.ts';
import type { PresetVersion } from '../core/snapshot.ts';
import { isoTime, type View } from './api-views.ts';
import type { ChangeResult, ObjectSummary, Origin } from './object-operations.ts';
import type * as schemas from './object-schemas.ts';

export type ObjectView = View<typeof schemas.object>;
export type ChangeView = View<typeof schemas.changeAnswer>;

export function viewOrigin<Rest extends object>({
  at,
  ...rest
}: Origin & Rest): { readonly at: string } & Omit<Origin & Rest, 'at'> {
  return { ...rest, at: isoTime(at) };
}

export function viewObject({ body, draft, rollout, ...summary }: ObjectSummary): ObjectView {
  const { kind, name } = summary;
  const address = kind === 'preset' ? presetAddress(name) : undefined;
  return {
    ...summary,
    name: address?.slug ?? name,
    ...optional('workspace', address?.workspace),
    config: { ...body },
    ...optional('draft', draft && viewOrigin(draft)),
    ...optional('rollout', rollout && viewRollout(rollout)),
  };
}

export function viewRollout({ since, ...rollout }: RolloutBody): NonNullable<ObjectView['rollout']> {
  return { ...rollout, since: isoTime(since) };
}

/** `after`: the object as it is once it is done. */
export function viewChange(
  result: ChangeResult,
  dryRun: boolean,
  after: () => ObjectSummary | undefined,
): ChangeView {
  switch (result.outcome) {
    case 'done': {
      const object = after();
      return { ...result, dry_run: dryRun, ...optional('object', object && viewObject(object)) };
    }
    case 'invalid': {
      const errors = result.findings.filter(({ level }) => level === 'error');
      const message = `not valid (${errors.length} ${errors.length === 1 ? 'error' : 'errors'}); nothing was changed`;
      return { ...result, error: { code: 'invalid_config', message } };
    }
    case 'conflict': {
      const { reason, message, yours, active, diff, usedBy } = result.conflict;
      return {
        outcome: 'conflict',
        reason,
        error: { code: 'conflict', message },
        ...optional('yours', yours === undefined ? undefined : { version: yours }),
        ...optional('active', active === undefined ? undefined : { version: active }),
        ...optional('diff', diff),
        ...optional('used_by', usedBy),
      };
    }
  }
}

type CostView = NonNullable<View<typeof schemas.diffAnswer>['cost']>;

export function viewForecast(steps: ReturnType<typeof forecastChain>): CostView['from'] {
  return steps.map(({ per1000, ...step }) => ({
    ...step,
    ...optional('usd_per_1000', per1000 === undefined ? undefined : toUsd(per1000)),
  }));
}

export function viewTraffic({ samples, from, to }: Traffic): CostView['traffic'] {
  const [standard] = samples;
  if (from === undefined || to === undefined)
    return {
      requests: 0,
      ...(standard ? { standard: { input: standard.usage.input, output: standard.usage.output } } : {}),
    };
  return { requests: samples.length, from: isoTime(from), to: isoTime(to) };
}

/** Records of one version; `most` were asked for. */
export function viewResult(
  version: PresetVersion,
  records: readonly GenerationRecord[],
  most: number,
): View<typeof schemas.rolloutAnswer>['base'] {
  const { errors, fallbacks, p50, p95, cost, requests } = resultOf(version, records);
  return {
    version,
    requests,
    partial: records.length >= most,
    error_rate: errors,
    fallback_rate: fallbacks,
    ...optional('p50_ms', p50),
    ...optional('p95_ms', p95),
    usd_per_request: toUsd(cost),
  };
}
