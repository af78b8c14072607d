/** Records and settings in the words of the control plane: snake case, dollars, ISO times. Pure. */
import type { z } from '@hono/zod-openapi';
import type { Explanation, StepLimits } from '../core/explanation.ts';
import { toUsd, type Nano } from '../core/money.ts';
import { optional } from '../core/optional.ts';
import { routeText, targetsOf } from '../core/route.ts';
import { multiplier, type AttemptRecord, type GenerationRecord } from '../core/record.ts';
import type { PresetEntry, Snapshot, Workspace } from '../core/snapshot.ts';
import type { Usage } from '../core/usage.ts';
import type { Account, Bill } from '../emulator/bill.ts';
import type { Fault } from '../emulator/faults.ts';
import type * as schemas from './api-schemas.ts';
import type * as keySchemas from './key-schemas.ts';
import type { KeySummary, OpenBreaker, Pause, RevisionSummary } from './operations.ts';

/** What the schema `S` describes, as a value nobody changes. */
export type View<S extends z.ZodType> = DeepReadonly<z.output<S>>;

type DeepReadonly<T> = T extends object ? { readonly [K in keyof T]: DeepReadonly<T[K]> } : T;

export type GenerationView = View<typeof schemas.generation>;
export type ExplanationView = View<typeof schemas.explanation>;
export type StatusView = View<typeof schemas.status>;

export function isoTime(epochMs: number): string {
  return new Date(epochMs).toISOString();
}

export function viewGeneration(record: GenerationRecord): GenerationView {
  const serving = record.attempts.findLast((attempt) => attempt.outcome === 'ok') ?? record.attempts.at(-1);
  return {
    id: record.id,
    at: isoTime(record.at),
    latency_ms: record.latencyMs,
    ...optional('first_token_ms', record.firstTokenMs),
    revision: record.revision,
    workspace: record.workspace,
    key: record.key,
    api: record.api,
    stream: record.stream,
    requested: record.requested,
    ...optional('preset', record.preset),
    ...optional('preset_version', record.presetVersion),
    ...optional('route', routeText(record.routed)),
    ...optional('task', record.task),
    ending: record.ending,
    ...optional('problem', record.problem),
    ...optional('finish', record.finish),
    ...optional('native_finish', record.nativeFinish),
    ...optional('served', record.served),
    fallback: (record.served?.position ?? 0) > 0,
    ...optional('tokens', serving?.usage && viewTokens(serving.usage)),
    cost_usd: toUsd(record.cost),
    ...optional('primary_cost_usd', usd(record.primaryCost)),
    ...optional('cost_multiplier', multiplier(record.cost, record.primaryCost)),
    ...optional('cache_lost_usd', usd(record.cacheLost)),
    attempts: record.attempts.map(viewAttempt),
    skipped: record.skipped,
    warnings: record.warnings,
    ...optional('user', record.user),
    ...optional('session', record.session),
    tags: record.tags,
    ...optional('user_agent', record.userAgent),
    ...optional('client_retry', record.clientRetry),
  };
}

function viewAttempt(attempt: AttemptRecord): View<typeof schemas.attempt> {
  return {
    id: attempt.id,
    position: attempt.position,
    model: attempt.model,
    provider: attempt.provider,
    at: isoTime(attempt.at),
    outcome: attempt.outcome,
    status: attempt.status,
    ...optional('message', attempt.message),
    ...optional('upstream_id', attempt.upstreamId),
    ...optional('first_token_ms', attempt.firstTokenMs),
    latency_ms: attempt.latencyMs,
    ...optional('tokens', attempt.usage && viewTokens(attempt.usage)),
    basis: attempt.basis,
    cost_usd: toUsd(attempt.cost),
    ...optional('unmeasured_usd', usd(attempt.unmeasured)),
    ...optional('worst_usd', usd(attempt.worst)),
  };
}

/** Token buckets of a usage. */
export function viewTokens(usage: Usage): View<typeof schemas.tokens> {
  return {
    input: usage.input,
    ...optional('cache_read', usage.cacheRead),
    ...optional('cache_write', usage.cacheWrite),
    ...optional('cache_write_1h', usage.cacheWrite1h),
    output: usage.output,
    ...optional('reasoning', usage.reasoning),
  };
}

export function viewExplanation(plan: Explanation): ExplanationView {
  return {
    ...optional('preset', plan.preset),
    requested: plan.requested,
    ...optional('task', plan.task),
    route: plan.route,
    warnings: plan.warnings,
    steps: plan.steps.map((step) => ({
      position: step.position,
      endpoint: step.endpoint,
      model: step.model,
      provider: step.provider,
      ...optional('worst_usd', usd(step.worst)),
      ...optional('likely_usd', usd(step.likely)),
      output_cap: step.outputCap,
      ...optional('kept', step.kept),
      ...optional('multiplier', step.multiplier),
      ...optional('limits', step.limits && viewStepLimits(step.limits)),
    })),
    skipped: plan.skipped.map(({ until, ...skip }) => ({
      ...skip,
      ...optional('until', until === undefined ? undefined : isoTime(until)),
    })),
    ...optional('problem', plan.problem && { code: plan.problem.code, message: plan.problem.message }),
  };
}

function viewStepLimits({
  verdict,
  outputCap,
  problem,
}: StepLimits): ExplanationView['steps'][number]['limits'] {
  return {
    verdict,
    ...optional('output_cap', outputCap),
    ...(problem ? { code: problem.code, message: problem.message } : {}),
  };
}

function usd(amount: Nano | undefined): number | undefined {
  return amount === undefined ? undefined : toUsd(amount);
}

export function viewKey(key: KeySummary): View<typeof keySchemas.key> {
  return {
    name: key.name,
    workspace: key.workspace,
    hash: key.hash,
    disabled: key.disabled,
    ...optional('presets', key.presets),
    ...optional('models', key.models),
    ...optional('drafts', key.drafts),
    ...optional('write_presets', key.writePresets),
    ...optional('expires_at', key.expiresAt === undefined ? undefined : isoTime(key.expiresAt)),
    ...optional('retiring_until', key.retiringUntil === undefined ? undefined : isoTime(key.retiringUntil)),
  };
}

export function viewRevision(revision: RevisionSummary): View<typeof schemas.revision> {
  return { ...revision, at: isoTime(revision.at) };
}

/** The providers of a snapshot, in the order of the document. */
export function viewProviders(snapshot: Snapshot): StatusView['providers'] {
  const served = new Map<string, number>();
  for (const endpoints of snapshot.endpoints.values()) {
    for (const name of new Set(endpoints.map((endpoint) => endpoint.provider.name))) {
      served.set(name, (served.get(name) ?? 0) + 1);
    }
  }
  return [...snapshot.providers.values()].map((provider) => ({
    name: provider.name,
    wire: provider.wire,
    base_url: withoutUserinfo(provider.baseUrl),
    models: served.get(provider.name) ?? 0,
  }));
}

/** An address may carry a password: `https://user:secret@host`. */
function withoutUserinfo(url: string): string {
  return url.replace(/\/\/[^/@]*@/, '//');
}

/** The presets of a snapshot, workspace by workspace; archived ones are left out. */
export function viewPresets(snapshot: Snapshot): StatusView['presets'] {
  return [...snapshot.workspaces.values()].flatMap((workspace) =>
    [...workspace.presets.entries()]
      .filter(([, entry]) => entry.status !== 'archived')
      .map(([name, entry]) => viewPreset(workspace, name, entry)),
  );
}

function viewPreset(workspace: Workspace, name: string, entry: PresetEntry): StatusView['presets'][number] {
  return {
    workspace: workspace.name,
    name,
    version: entry.active.version,
    status: entry.status,
    ...optional('description', entry.active.description),
    chain: entry.active.chain.map((member) => member.model),
    ...optional('chooses', entry.active.route && targetsOf(entry.active)),
  };
}

export function viewBreaker({ since, until, ...breaker }: OpenBreaker): StatusView['breakers'][number] {
  return {
    ...breaker,
    since: isoTime(since),
    ...optional('until', until === undefined ? undefined : isoTime(until)),
  };
}

export function viewPause({ subject, at, until, reason, author }: Pause): StatusView['pauses'][number] {
  return { subject, at: isoTime(at), until: isoTime(until), reason, author };
}

export function viewFault(fault: Fault): View<typeof schemas.fault> {
  return {
    model: fault.model,
    kind: fault.kind,
    ...optional('retry_after', fault.retryAfter),
    ...optional('delay_ms', fault.delayMs),
    ...optional('tokens_per_second', fault.tokensPerSecond),
    ...optional('times', fault.times),
    ...optional('after_tokens', fault.afterTokens),
  };
}

/** The other way round: what was asked for, as the emulator wants it. */
export function readFault(view: View<typeof schemas.fault>): Fault {
  return {
    model: view.model,
    kind: view.kind,
    ...optional('retryAfter', view.retry_after),
    ...optional('delayMs', view.delay_ms),
    ...optional('tokensPerSecond', view.tokens_per_second),
    ...optional('times', view.times),
    ...optional('afterTokens', view.after_tokens),
  };
}

/** What the emulated providers billed, in all and by model. */
export function viewBill(bill: Bill): View<typeof schemas.bill> {
  const models = Object.entries(bill.models).map(([model, account]) => [model, viewAccount(account)]);
  return { total: viewAccount(bill.total), models: Object.fromEntries(models) };
}

function viewAccount(account: Account): View<typeof schemas.bill>['total'] {
  return { requests: account.requests, tokens: viewTokens(account.usage), cost_usd: toUsd(account.cost) };
}
