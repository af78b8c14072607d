/** Token usage on the Responses wire: reading what providers report, writing what clients expect. */
import { asCount, asObject } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
import type { JsonObject } from '../../core/snapshot.ts';
import { completionTokens, promptTokens, type Usage } from '../../core/usage.ts';
import { writeChatUsage } from '../chat/usage.ts';
import type { Bill } from '../dialect.ts';

/**
 * Reads a `usage` object into disjoint buckets. Cached tokens are counted inside `input_tokens`, reasoning inside
 * `output_tokens`. Returns undefined when there is nothing to read.
 */
export function readResponsesUsage(raw: unknown): Usage | undefined {
  const usage = asObject(raw);
  const input = asCount(usage['input_tokens']);
  const output = asCount(usage['output_tokens']);
  if (input === undefined && output === undefined) return undefined;
  const details = asObject(usage['input_tokens_details']);
  const cacheRead = asCount(details['cached_tokens']);
  const cacheWrite = asCount(details['cache_write_tokens']);
  const reasoning = asCount(asObject(usage['output_tokens_details'])['reasoning_tokens']);
  return {
    input: Math.max(0, (input ?? 0) - (cacheRead ?? 0) - (cacheWrite ?? 0)),
    ...optional('cacheRead', cacheRead),
    ...optional('cacheWrite', cacheWrite),
    output: Math.max(0, (output ?? 0) - (reasoning ?? 0)),
    ...optional('reasoning', reasoning),
  };
}

/** The `usage` object a client gets, as JSON: the provider's own fields where it sent some, and always the cost. */
export function writeResponsesUsage(bill: Bill, own: JsonObject = ownUsage(bill.usage)): string {
  return writeChatUsage(bill, own, ['input', 'output']);
}

function ownUsage(usage: Usage): JsonObject {
  const input = promptTokens(usage);
  const output = completionTokens(usage);
  return {
    input_tokens: input,
    input_tokens_details: {
      cached_tokens: usage.cacheRead ?? 0,
      cache_write_tokens: (usage.cacheWrite ?? 0) + (usage.cacheWrite1h ?? 0),
    },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: usage.reasoning ?? 0 },
    total_tokens: input + output,
  };
}
