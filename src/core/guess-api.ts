/** Which dialect a request body is written in, where no route says so. */
import type { Api } from './ask.ts';
import type { JsonObject } from './snapshot.ts';

/** Keys that only Anthropic's Messages API has beside `messages`. */
const anthropic: readonly string[] = ['system', 'thinking', 'stop_sequences', 'output_config', 'betas'];
/** Keys that only embeddings have beside `input`. */
const vectors: readonly string[] = ['dimensions', 'encoding_format', 'input_type'];

/** By its shape; what fits none, or more than one, is taken for chat completions. */
export function guessApi(body: JsonObject): Api {
  const has = (key: string): boolean => Object.hasOwn(body, key);
  const { messages, input, tools } = body;
  if (messages !== undefined) return anthropic.some(has) || isAnthropicTools(tools) ? 'messages' : 'chat';
  if (input === undefined) return has('prompt') && has('model') ? 'responses' : 'chat';
  const plain =
    Array.isArray(input) && input.every((item) => typeof item !== 'object' || Array.isArray(item));
  return vectors.some(has) || plain ? 'embeddings' : 'responses';
}

function isAnthropicTools(tools: unknown): boolean {
  return (
    Array.isArray(tools) &&
    tools.some((tool: unknown) => typeof tool === 'object' && tool !== null && 'input_schema' in tool)
  );
}
