/** The response object around an answer, as far as it does not depend on what the model says. */
import { asObject } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import type { AnswerIdentity } from '../dialect.ts';

/** The id that clients see on answers written by us: of the Responses API's shape, and traceable to the generation. */
export function answerIdOf({ generation }: AnswerIdentity): string {
  return `resp_${generation.replace(/^gen-/, '')}`;
}

/**
 * The object before anything was said. `request` is what the caller sent: its settings are told back as the API
 * does, but not its tools and instructions, which are tens of kilobytes in every agent's request.
 */
export function emptyResponse(identity: AnswerIdentity, request: JsonObject = {}): JsonObject {
  const { created, model } = identity;
  const told = (key: string, otherwise: JsonValue): JsonValue => request[key] ?? otherwise;
  const reasoning = asObject(request['reasoning']);
  return {
    id: answerIdOf(identity),
    object: 'response',
    created_at: created,
    status: 'in_progress',
    background: false,
    completed_at: null,
    error: null,
    frequency_penalty: told('frequency_penalty', 0),
    incomplete_details: null,
    instructions: null,
    max_output_tokens: told('max_output_tokens', null),
    model,
    output: [],
    parallel_tool_calls: told('parallel_tool_calls', true),
    presence_penalty: told('presence_penalty', 0),
    previous_response_id: null,
    prompt_cache_key: told('prompt_cache_key', null),
    reasoning: { effort: reasoning['effort'] ?? null, summary: reasoning['summary'] ?? null },
    safety_identifier: null,
    service_tier: 'default',
    store: false,
    temperature: told('temperature', 1),
    text: told('text', { format: { type: 'text' } }),
    tool_choice: told('tool_choice', 'auto'),
    tools: [],
    top_logprobs: told('top_logprobs', 0),
    top_p: told('top_p', 1),
    truncation: 'disabled',
    usage: null,
    ...optional('user', request['user']),
    metadata: told('metadata', {}),
  };
}
