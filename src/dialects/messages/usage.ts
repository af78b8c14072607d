/** Token usage on Anthropic's wire: reading what it reports, writing what its clients expect. */
import { asCount, asObject } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
import type { JsonObject } from '../../core/snapshot.ts';
import { completionTokens, type Usage } from '../../core/usage.ts';
import { writeChatUsage } from '../chat/usage.ts';
import type { Bill } from '../dialect.ts';

/** `input_tokens` excludes what was read from or written to a cache; `output_tokens` includes thinking. */
export function readAnthropicUsage(raw: JsonObject): Usage | undefined {
  const input = asCount(raw['input_tokens']);
  const output = asCount(raw['output_tokens']);
  if (input === undefined && output === undefined) return undefined;
  const written = asCount(raw['cache_creation_input_tokens']);
  const hour = asCount(asObject(raw['cache_creation'])['ephemeral_1h_input_tokens']);
  const thinking = asCount(asObject(raw['output_tokens_details'])['thinking_tokens']);
  return {
    input: input ?? 0,
    output: Math.max(0, (output ?? 0) - (thinking ?? 0)),
    ...optional('cacheRead', asCount(raw['cache_read_input_tokens'])),
    ...optional('cacheWrite', written === undefined ? undefined : Math.max(0, written - (hour ?? 0))),
    ...optional('cacheWrite1h', hour),
    ...optional('reasoning', thinking),
  };
}

/** The `usage` object a client gets at the end: the provider's own fields where it sent some, and always the cost. */
export function writeMessagesUsage(bill: Bill, own: JsonObject = anthropicUsage(bill.usage)): string {
  return writeChatUsage(bill, own);
}

/** Our numbers in Anthropic's words, with every field that its clients' types promise. */
export function anthropicUsage(usage: Usage): JsonObject {
  return {
    input_tokens: usage.input,
    cache_creation_input_tokens: (usage.cacheWrite ?? 0) + (usage.cacheWrite1h ?? 0),
    cache_read_input_tokens: usage.cacheRead ?? 0,
    cache_creation: {
      ephemeral_5m_input_tokens: usage.cacheWrite ?? 0,
      ephemeral_1h_input_tokens: usage.cacheWrite1h ?? 0,
    },
    output_tokens: completionTokens(usage),
    output_tokens_details: usage.reasoning === undefined ? null : { thinking_tokens: usage.reasoning },
    server_tool_use: null,
    service_tier: null,
    inference_geo: null,
  };
}
