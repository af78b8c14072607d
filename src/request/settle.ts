/** What an attempt came to: the record of it, with the money. Pure; the caller settles the hold with it. */
import type { Failure } from '../core/failure.ts';
import type { PlanStep } from '../core/chain.ts';
import { nano, zero, type Nano } from '../core/money.ts';
import { optional } from '../core/optional.ts';
import { cost, isPriced } from '../core/price.ts';
import type { AttemptRecord } from '../core/record.ts';
import type { Basis, Usage } from '../core/usage.ts';
import type { CallFacts } from './attempt.ts';

export type AttemptEnd = {
  readonly id: string;
  readonly step: PlanStep;
  readonly facts: CallFacts;
  /** Absent = it answered. */
  readonly failure?: Failure;
  /** Epoch ms. */
  readonly at: number;
  readonly latencyMs: number;
  /** Estimated tokens of the prompt, for answers that do not say. */
  readonly promptTokens: number;
};

/** The record of a finished attempt. */
export function settleAttempt(end: AttemptEnd): AttemptRecord {
  const { step, facts, failure } = end;
  const money = moneyOf(end);
  return {
    id: end.id,
    model: step.endpoint.model.slug,
    provider: step.endpoint.provider.name,
    position: step.position,
    at: end.at,
    outcome: failure?.class ?? 'ok',
    status: failure?.status ?? facts.status,
    ...optional('message', failure?.message),
    ...optional('upstreamId', facts.upstreamId),
    ...optional('firstTokenMs', facts.firstTokenMs),
    latencyMs: end.latencyMs,
    ...optional('worst', step.worst),
    ...money,
  };
}

type Money = {
  readonly usage?: Usage;
  readonly basis: Basis;
  readonly cost: Nano;
  readonly promptCost?: Nano;
  readonly unmeasured?: Nano;
};

/**
 * A refusal, or a request never written, costs nothing. An answer costs what the provider reported, else what we
 * counted. An attempt that was sent and broke off without usage is unmeasured: an estimate stands beside a zero.
 */
function moneyOf({ step, facts, failure, at, promptTokens }: AttemptEnd): Money {
  const price = isPriced(step.endpoint.price) ? step.endpoint.price : undefined;
  const priced = (usage: Usage): Nano => (price ? cost(price, usage, at) : zero);
  const counted: Usage = { input: promptTokens, output: facts.outputSeen };
  if (failure === undefined) {
    const usage = facts.usage ?? counted;
    const paid = facts.charged ?? priced(usage);
    const { reasoning: _reasoning, ...prompt } = { ...usage, output: 0 };
    const promptCost = nano(Math.min(paid, priced(prompt)));
    return { usage, basis: facts.usage ? 'measured' : 'estimated', cost: paid, promptCost };
  }
  if (!facts.written || facts.status >= 400) return { basis: 'none', cost: zero };
  const usage: Usage = facts.usage
    ? { ...facts.usage, output: Math.max(facts.usage.output, facts.outputSeen) }
    : counted;
  return { usage, basis: 'unmeasured', cost: zero, unmeasured: priced(usage) };
}
