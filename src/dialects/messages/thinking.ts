/**
 * Thinking and sampling as a Claude model takes them. What one model demands, another refuses: budgets or efforts,
 * temperatures beside thinking, forced tools beside thinking. Pure.
 */
import type { Sampling, ThinkingRequest } from '../../core/conversation.ts';
import { optional } from '../../core/optional.ts';
import type { JsonObject } from '../../core/snapshot.ts';
import { modelFacts } from './model-facts.ts';

/** Keys of a request: `thinking`, and the `effort` that belongs into `output_config`. */
export type ThinkingKeys = { readonly thinking?: JsonObject; readonly effort?: string };

/** The least budget that is accepted, in tokens. */
const leastBudget = 1_024;
/** The share of the output cap that an effort may think with, as OpenRouter reckons it. */
const shares: ReadonlyMap<string, number> = new Map([
  ['minimal', 0.1],
  ['low', 0.2],
  ['medium', 0.5],
  ['high', 0.8],
  ['xhigh', 0.95],
  ['max', 0.95],
]);

/** How the model is asked to think. `maxOutput` in tokens; nothing is asked where there is no room for it. */
export function askThinking(
  wanted: ThinkingRequest,
  model: string,
  maxOutput: number,
): { readonly keys: ThinkingKeys; readonly warning?: string } {
  if (wanted.enabled === false || wanted.effort === 'none') return { keys: {} };
  const facts = modelFacts(model);
  if (facts.thinking === 'adaptive') return { keys: adaptive(wanted, maxOutput, facts.efforts) };
  const share = Math.floor(maxOutput * (shares.get(wanted.effort ?? 'medium') ?? 0.5));
  const budget = Math.min(Math.max(wanted.budget ?? share, leastBudget), maxOutput - 1);
  if (budget < leastBudget)
    return {
      keys: {},
      warning: `the output cap of ${maxOutput} tokens leaves no room for thinking, which was not asked for`,
    };
  return { keys: { thinking: { type: 'enabled', budget_tokens: budget } } };
}

function adaptive(wanted: ThinkingRequest, maxOutput: number, efforts: readonly string[]): ThinkingKeys {
  const { budget, show } = wanted;
  const asked = wanted.effort ?? (budget === undefined ? undefined : effortOf(budget / maxOutput));
  return {
    thinking: {
      type: 'adaptive',
      ...optional('display', show === undefined ? undefined : show ? 'summarized' : 'omitted'),
    },
    ...optional('effort', asked === undefined ? undefined : nearest(asked, efforts)),
  };
}

function effortOf(share: number): string {
  return share <= 0.25 ? 'low' : share <= 0.6 ? 'medium' : 'high';
}

function nearest(effort: string, efforts: readonly string[]): string {
  if (efforts.includes(effort)) return effort;
  return effort === 'minimal' ? 'low' : 'high';
}

/** The sampling that the model takes, beside thinking or without it, and what had to be left out. */
export function fitSampling(
  sampling: Sampling,
  model: string,
  thinks: boolean,
): { readonly sampling: Sampling; readonly warnings: readonly string[] } {
  const { sampling: taken, both } = modelFacts(model);
  const warnings: string[] = [];
  const drop = (name: string, why: string): undefined => {
    warnings.push(`"${name}" was dropped: ${why}`);
    return undefined;
  };
  const no = taken ? (thinks ? 'it is refused beside thinking' : undefined) : `${model} refuses it`;
  let { temperature, topP, topK } = sampling;
  if (temperature !== undefined && temperature > 1) {
    warnings.push('"temperature" was lowered to 1, the most that Anthropic takes');
    temperature = 1;
  }
  if (no !== undefined) {
    if (temperature !== undefined && temperature !== 1) temperature = drop('temperature', no);
    if (topP !== undefined) topP = drop('top_p', no);
    if (topK !== undefined) topK = drop('top_k', no);
  }
  if (temperature !== undefined && topP !== undefined && !both)
    topP = drop('top_p', `${model} refuses it beside "temperature"`);
  return {
    sampling: {
      ...optional('temperature', temperature),
      ...optional('topP', topP),
      ...optional('topK', topK),
    },
    warnings,
  };
}
