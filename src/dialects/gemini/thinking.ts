/**
 * How hard a Gemini model should think: words for the third generation, a budget of tokens for the one before.
 * Facts: Gemini API guide on thinking; budgets for OpenAI's words as Google's own OpenAI-compatible face has them.
 */
import type { ThinkingRequest } from '../../core/conversation.ts';
import { optional } from '../../core/optional.ts';
import type { JsonObject } from '../../core/snapshot.ts';
import { generationOf } from './generations.ts';

/** `thinkingConfig`, or undefined where nothing is to be said. */
export function writeThinking(
  asked: ThinkingRequest | undefined,
  model: string,
  warnings: string[],
): JsonObject | undefined {
  if (asked === undefined) return undefined;
  const shown = asked.enabled !== false && asked.show !== false ? { includeThoughts: true } : {};
  const strength = strengthOf(asked, model, warnings);
  const config = { ...strength, ...shown };
  return Object.keys(config).length > 0 ? config : undefined;
}

/** Of models that are no Gemini nothing is known but that thoughts can be shown. */
function strengthOf(asked: ThinkingRequest, model: string, warnings: string[]): JsonObject {
  const generation = generationOf(model);
  if (generation >= 3) return optional('thinkingLevel', levelOf(asked, model, warnings));
  if (generation > 0) return optional('thinkingBudget', budgetOf(asked, model, warnings));
  warnings.push('how hard to think cannot be told this model; it was left to it');
  return {};
}

const budgets: ReadonlyMap<string, number> = new Map([
  ['minimal', 1_024],
  ['low', 1_024],
  ['medium', 8_192],
  ['high', 24_576],
]);

function budgetOf(asked: ThinkingRequest, model: string, warnings: string[]): number | undefined {
  const pro = model.includes('-pro');
  const [least, most] = pro ? [128, 32_768] : [0, 24_576];
  if (isOff(asked)) {
    if (pro) warnings.push('thinking cannot be switched off for this model; the least of it was asked for');
    return least;
  }
  if (asked.budget !== undefined) return Math.min(Math.max(Math.round(asked.budget), least), most);
  return asked.effort === undefined ? undefined : Math.min(budgets.get(asked.effort) ?? most, most);
}

function levelOf(asked: ThinkingRequest, model: string, warnings: string[]): string | undefined {
  const pro = model.includes('-pro');
  const least = pro ? 'low' : 'minimal';
  if (isOff(asked)) {
    warnings.push('thinking cannot be switched off for this model; the least of it was asked for');
    return least;
  }
  const word = asked.effort ?? wordOf(asked.budget);
  if (word === undefined) return undefined;
  if (word === 'minimal') return least;
  // The first of the third generation's Pro models knows only two levels.
  if (word === 'medium') return model.includes('gemini-3-pro') ? 'high' : 'medium';
  return word === 'low' ? 'low' : 'high';
}

/** A budget of thinking tokens as the nearest word. */
function wordOf(budget: number | undefined): string | undefined {
  if (budget === undefined) return undefined;
  return budget <= 2_048 ? 'low' : budget <= 12_288 ? 'medium' : 'high';
}

function isOff({ enabled, effort, budget }: ThinkingRequest): boolean {
  return enabled === false || effort === 'none' || budget === 0;
}
