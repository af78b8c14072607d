/** Token usage and reasons to finish on Gemini's wire. Facts: Gemini API reference, GenerateContentResponse. */
import type { FinishReason } from '../../core/conversation.ts';
import { asCount } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
import type { JsonObject } from '../../core/snapshot.ts';
import type { Usage } from '../../core/usage.ts';

/**
 * Reads `usageMetadata` into disjoint buckets: `promptTokenCount` includes what was read from a cache, the prompts of
 * hosted tools stand beside it, and thoughts stand beside the candidates. Undefined when no token was counted yet.
 */
export function readGeminiUsage(raw: JsonObject): Usage | undefined {
  const prompt = asCount(raw['promptTokenCount']);
  const output = asCount(raw['candidatesTokenCount']);
  if (prompt === undefined && output === undefined) return undefined;
  const cached = asCount(raw['cachedContentTokenCount']);
  return {
    input: Math.max(0, (prompt ?? 0) - (cached ?? 0)) + (asCount(raw['toolUsePromptTokenCount']) ?? 0),
    ...optional('cacheRead', cached),
    output: output ?? 0,
    ...optional('reasoning', asCount(raw['thoughtsTokenCount'])),
  };
}

const filtered: ReadonlySet<string> = new Set([
  'SAFETY',
  'RECITATION',
  'LANGUAGE',
  'BLOCKLIST',
  'PROHIBITED_CONTENT',
  'SPII',
  'MODEL_ARMOR',
  'IMAGE_SAFETY',
  'IMAGE_PROHIBITED_CONTENT',
  'IMAGE_RECITATION',
]);

/** The model failed to say what it meant to: an answer that ends so is none. */
const failures: ReadonlySet<string> = new Set([
  'MALFORMED_FUNCTION_CALL',
  'UNEXPECTED_TOOL_CALL',
  'TOO_MANY_TOOL_CALLS',
  'MISSING_THOUGHT_SIGNATURE',
  'MALFORMED_RESPONSE',
  'OTHER',
  'IMAGE_OTHER',
  'NO_IMAGE',
]);

/** `finishReason`, unified. Gemini says STOP of an answer that calls tools, too. */
export function geminiFinish(raw: string, called: boolean): FinishReason {
  if (raw === 'MAX_TOKENS') return 'length';
  if (filtered.has(raw)) return 'content_filter';
  if (failures.has(raw)) return 'error';
  return called ? 'tool_calls' : 'stop';
}
