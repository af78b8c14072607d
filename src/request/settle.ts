/** What an attempt came to: the record of it, with the money. Pure; the caller settles the hold with it. */
import type { Ask } from '../core/ask.ts';
import { outputBound } from '../core/carried.ts';
import { answersOf } from '../core/demand.ts';
import type { Failure } from '../core/failure.ts';
import type { PlanStep } from '../core/chain.ts';
import { nano, zero, type Nano } from '../core/money.ts';
import type { Draft } from '../core/optional.ts';
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
  const record: Draft<AttemptRecord> = {
    id: end.id,
    model: step.endpoint.model.slug,
    provider: step.endpoint.provider.name,
    position: step.position,
    at: end.at,
    outcome: failure?.class ?? 'ok',
    status: failure?.status ?? facts.status,
    latencyMs: end.latencyMs,
    basis: 'none',
    cost: zero,
  };
  if (failure) record.message = failure.message;
  if (facts.upstreamId !== undefined) record.upstreamId = facts.upstreamId;
  if (facts.firstTokenMs !== undefined) record.firstTokenMs = facts.firstTokenMs;
  if (step.worst !== undefined) record.worst = step.worst;
  return Object.assign(record, moneyOf(end));
}

type Money = Pick<
  AttemptRecord,
  'usage' | 'basis' | 'cost' | 'promptCost' | 'unmeasured' | 'carried' | 'bound' | 'overrun' | 'rate'
>;

/** A refusal, or a request never written, costs nothing; all else is an answer, if only a drained one, or broke off. */
function moneyOf(end: AttemptEnd): Money {
  const { facts, failure, step } = end;
  if (failure && (!facts.written || facts.status >= 400)) return { basis: 'none', cost: zero };
  const price = isPriced(step.endpoint.price) ? step.endpoint.price : undefined;
  const money = failure && !facts.drained ? moneyOfBroken(end, price) : moneyOfAnswer(end, price);
  const counted = money.carried ?? money.cost;
  return step.worst !== undefined && counted > step.worst ? { ...money, overrun: true } : money;
}

/** An answer costs what the provider reported, else what we counted: then limits carry the bound of it. */
function moneyOfAnswer(end: AttemptEnd, price: Price | undefined): Money {
  const { facts, at } = end;
  const usage = facts.usage ?? countedBy(end);
  const priced = (of: Usage): Nano => (price ? cost(price, of, at) : zero);
  const paid = facts.charged ?? priced(usage);
  const prompt = { ...usage, output: 0, reasoning: 0 };
  const money: Draft<Money> = {
    usage,
    basis: facts.usage ? 'measured' : 'estimated',
    cost: paid,
    promptCost: nano(Math.min(paid, priced(prompt))),
  };
  const ours = facts.charged === undefined ? price : undefined;
  if (!facts.usage) Object.assign(money, carriedBy(end, ours, paid));
  if (ours) money.rate = rateAt(ours, promptTokens(usage), at);
  return money;
}

/** What broke off without usage is unmeasured: an estimate stands beside a zero, and limits carry the bound of it. */
function moneyOfBroken(end: AttemptEnd, price: Price | undefined): Money {
  const { facts, at } = end;
  const usage: Usage = facts.usage
    ? { ...facts.usage, output: Math.max(facts.usage.output, facts.outputSeen) }
    : countedBy(end);
  const unmeasured = price ? cost(price, usage, at) : zero;
  return { usage, basis: 'unmeasured', cost: zero, unmeasured, ...carriedBy(end, price, unmeasured) };
}

function countedBy({ ask, facts }: AttemptEnd): Usage {
  return { input: ask.needs.promptTokens, output: facts.outputSeen };
}

/** The most that an unmeasured attempt may be billed, never less than what is estimated. */
function carriedBy(
  end: AttemptEnd,
  price: Price | undefined,
  estimate: Nano,
): Pick<Money, 'carried' | 'bound'> {
  const { step, facts, at, ask, input, failure } = end;
  const { endpoint, merged, worst } = step;
  const output = outputBound({
    endpoint,
    outputSeen: facts.outputSeen,
    outputBytes: facts.outputBytes,
    reported: facts.usage ? completionTokens(facts.usage) : 0,
    cap: merged.outputCap * answersOf(ask, merged),
    stream: ask.stream,
    complete: failure === undefined || facts.drained === true,
    reasoning: ask.needs.reasoning,
  });
  const { reasoning: _inside, ...reported } = facts.usage ?? { input: 0, output: 0 };
  const bound = facts.usage
    ? { input: promptTokens(facts.usage), output: Math.max(completionTokens(facts.usage), output) }
    : { input, output };
  if (!price) return { carried: estimate, bound };
  const dearest = facts.usage
    ? // What was not reported may have been reasoning, where that is dearer.
      Math.max(
        cost(price, { ...reported, output }, at),
        cost(price, { ...reported, output: 0, reasoning: output }, at),
      )
    : worstCase(price, { input, output, from: at, until: at });
  return { carried: nano(Math.max(estimate, Math.min(dearest, worst ?? dearest))), bound };
}
