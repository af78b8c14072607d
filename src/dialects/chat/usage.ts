/** Token usage on the chat wire: reading what providers report, writing what clients expect. */
import { fromUsd, nano, toUsd, type Nano } from '../../core/money.ts';
import { asCount } from '../../core/json.ts';
import type { Draft } from '../../core/optional.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import { completionTokens, promptTokens, type Usage } from '../../core/usage.ts';
import type { Bill } from '../dialect.ts';

/**
 * Reads a `usage` object into disjoint buckets. OpenAI counts cached tokens inside `prompt_tokens` and reasoning
 * inside `completion_tokens`; xAI counts reasoning beside them (then the total says so); DeepSeek repeats the
 * cached ones as `prompt_cache_hit_tokens`. Returns undefined when there is nothing to read.
 */
export function readChatUsage(raw: unknown): Usage | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined;
  const usage = raw as JsonObject;
  const prompt = asCount(usage['prompt_tokens']);
  const completion = asCount(usage['completion_tokens']);
  if (prompt === undefined && completion === undefined) return undefined;
  const details = usage['prompt_tokens_details'] as JsonObject | undefined;
  const cacheRead = asCount(details?.['cached_tokens']) ?? asCount(usage['prompt_cache_hit_tokens']);
  const cacheWrite = asCount(details?.['cache_write_tokens']);
  const read: Draft<Usage> = {
    input: Math.max(0, (prompt ?? 0) - (cacheRead ?? 0) - (cacheWrite ?? 0)),
    output: completion ?? 0,
  };
  if (cacheRead !== undefined) read.cacheRead = cacheRead;
  if (cacheWrite !== undefined) read.cacheWrite = cacheWrite;
  const thought = usage['completion_tokens_details'] as JsonObject | undefined;
  const reasoning = asCount(thought?.['reasoning_tokens']);
  if (reasoning !== undefined) {
    const all = (prompt ?? 0) + (completion ?? 0) + reasoning;
    const beside = reasoning > 0 && asCount(usage['total_tokens']) === all;
    if (!beside) read.output = Math.max(0, (completion ?? 0) - reasoning);
    read.reasoning = reasoning;
  }
  return read;
}

/** No single request costs so much; a provider that says so is not believed. */
const mostUsd = 100_000;

/** What the provider says it charged, in nano-USD (OpenRouter's `usage.cost`, in dollars). */
export function readCharge(raw: unknown): Nano | undefined {
  const cost = (raw as JsonObject | null | undefined)?.['cost'];
  return typeof cost === 'number' && cost >= 0 && cost <= mostUsd ? fromUsd(cost) : undefined;
}

/**
 * The `usage` object a client gets: the provider's own fields where it sent some, and always the cost. `parts` are
 * the dialect's words for what goes in and what comes out.
 */
export function writeChatUsage(
  bill: Bill,
  own: JsonObject = ownUsage(bill.usage),
  parts: readonly [input: string, output: string] = ['prompt', 'completions'],
): string {
  return JSON.stringify({
    ...own,
    cost: toUsd(bill.cost),
    is_byok: false,
    cost_details: costDetails(bill, own['cost_details'] as JsonObject | undefined, parts),
    spillway: bill.spillway,
  });
}

function costDetails(
  bill: Bill,
  own: JsonObject | undefined,
  [input, output]: readonly [input: string, output: string],
): JsonObject {
  const details: Record<string, JsonValue> = { ...own, upstream_inference_cost: toUsd(bill.upstreamCost) };
  details[`upstream_inference_${input}_cost`] = toUsd(bill.promptCost);
  details[`upstream_inference_${output}_cost`] = toUsd(nano(bill.upstreamCost - bill.promptCost));
  if (bill.cost > bill.upstreamCost)
    details['failed_attempts_cost'] = toUsd(nano(bill.cost - bill.upstreamCost));
  if (bill.unmeasured > 0) details['unmeasured'] = toUsd(bill.unmeasured);
  if (bill.basis === 'estimated') details['estimated'] = true;
  return details;
}

function ownUsage(usage: Usage): JsonObject {
  const prompt = promptTokens(usage);
  const completion = completionTokens(usage);
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: {
      cached_tokens: usage.cacheRead ?? 0,
      cache_write_tokens: (usage.cacheWrite ?? 0) + (usage.cacheWrite1h ?? 0),
    },
    completion_tokens_details: { reasoning_tokens: usage.reasoning ?? 0 },
  };
}

/** `openrouter_metadata` as an edit, where it was asked for. */
export function metadataEdit({ metadata }: Bill): readonly (readonly [string, string])[] {
  return metadata ? [['openrouter_metadata', JSON.stringify(metadata)]] : [];
}

/** The same as the end of a JSON object being written. */
export function metadataMember({ metadata }: Bill): string {
  return metadata ? `,"openrouter_metadata":${JSON.stringify(metadata)}` : '';
}
