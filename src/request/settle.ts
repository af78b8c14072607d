/** What an attempt came to: the record of it, with the money. Pure; the caller settles the hold with it. */
import type { Ask } from '../core/ask.ts';
import { outputBound } from '../core/carried.ts';
import type { Failure } from '../core/failure.ts';
import type { PlanStep } from '../core/chain.ts';
import { nano, zero, type Nano } from '../core/money.ts';
import { optional } from '../core/optional.ts';
import { cost, isPriced, rateAt, worstCase, type Price } from '../core/price.ts';
import type { AttemptRecord } from '../core/record.ts';
import { completionTokens, promptTokens, type Usage } from '../core/usage.ts';
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
  /** For the estimates of answers that do not say, and the bounds of those that broke off. */
  readonly ask: Ask;
  /** Upper bound of the prompt's tokens. */
  readonly input: number;
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

type Money = Pick<
  AttemptRecord,
  'usage' | 'basis' | 'cost' | 'promptCost' | 'unmeasured' | 'carried' | 'overrun' | 'rate'
>;

/**
 * A refusal, or a request never written, costs nothing. An answer costs what the provider reported, else what we
 * counted. An attempt that was sent and broke off without usage is unmeasured: an estimate stands beside a zero, and
 * limits carry the bound of it.
 */
function moneyOf(end: AttemptEnd): Money {
  const { step, facts, failure, at, ask } = end;
  const price = isPriced(step.endpoint.price) ? step.endpoint.price : undefined;
  const priced = (usage: Usage): Nano => (price ? cost(price, usage, at) : zero);
  const counted: Usage = { input: ask.needs.promptTokens, output: facts.outputSeen };
  if (failure === undefined) {
    const usage = facts.usage ?? counted;
    const paid = facts.charged ?? priced(usage);
    const { reasoning: _reasoning, ...prompt } = { ...usage, output: 0 };
    return {
      usage,
      basis: facts.usage ? 'measured' : 'estimated',
      cost: paid,
      promptCost: nano(Math.min(paid, priced(prompt))),
      ...(step.worst !== undefined && paid > step.worst ? { overrun: true as const } : {}),
      ...(price && facts.charged === undefined ? { rate: rateAt(price, promptTokens(usage), at) } : {}),
    };
  }
  if (!facts.written || facts.status >= 400) return { basis: 'none', cost: zero };
  const usage: Usage = facts.usage
    ? { ...facts.usage, output: Math.max(facts.usage.output, facts.outputSeen) }
    : counted;
  const unmeasured = priced(usage);
  const carried = price ? nano(Math.max(unmeasured, boundOf(end, price))) : zero;
  return { usage, basis: 'unmeasured', cost: zero, unmeasured, carried };
}

/** The most that an attempt may be billed that broke off after it was sent. */
function boundOf({ step, facts, at, ask, input }: AttemptEnd, price: Price): Nano {
  const { endpoint, merged, worst } = step;
  const output = outputBound({
    endpoint,
    outputSeen: facts.outputSeen,
    ...optional('outputBytes', facts.outputBytes),
    reported: facts.usage ? completionTokens(facts.usage) : 0,
    cap: merged.outputCap * ask.needs.answers,
    stream: ask.stream,
    reasoning: ask.needs.reasoning,
  });
  const { reasoning: _inside, ...reported } = facts.usage ?? { input: 0, output: 0 };
  const bound = facts.usage
    ? cost(price, { ...reported, output }, at)
    : worstCase(price, { input, output, from: at, until: at });
  return nano(Math.min(bound, worst ?? bound));
}
