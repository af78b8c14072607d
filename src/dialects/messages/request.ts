/** Writes a conversation as an Anthropic Messages request. Facts: Anthropic's API reference, Messages. */
import type {
  AssistantBlock,
  Content,
  Conversation,
  Media,
  Tool,
  ToolCall,
  Turn,
} from '../../core/conversation.ts';
import { optional } from '../../core/optional.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';

export type AnthropicRequest = { readonly body: JsonObject; readonly warnings: readonly string[] };

/** The request body for `model`, and what could not be carried. */
export function writeAnthropic(conversation: Conversation, model: string): AnthropicRequest {
  const warnings: string[] = [];
  const { turns, tools, format, sampling, stop } = conversation;
  const { temperature } = sampling;
  const firstOther = turns.findIndex((turn) => turn.role !== 'system');
  const opening = firstOther === -1 ? turns : turns.slice(0, firstOther);
  const system = opening.flatMap((turn) => writeTurn(turn, warnings));
  if (format?.type === 'json')
    warnings.push('"response_format" json_object has no counterpart at Anthropic and was dropped');
  if (temperature !== undefined && temperature > 1)
    warnings.push('"temperature" was lowered to 1, the most that Anthropic takes');
  const body: JsonObject = {
    model,
    max_tokens: conversation.maxOutput,
    ...(system.length > 0 ? { system } : {}),
    messages: writeMessages(turns.slice(opening.length), warnings),
    ...(tools.length > 0
      ? { tools: tools.map(writeTool), ...optional('tool_choice', writeToolChoice(conversation)) }
      : {}),
    ...optional('temperature', temperature === undefined ? undefined : Math.min(temperature, 1)),
    ...optional('top_p', sampling.topP),
    ...optional('top_k', sampling.topK),
    ...(stop.length > 0 ? { stop_sequences: stop } : {}),
    ...(format?.type === 'json_schema'
      ? { output_config: { format: { type: 'json_schema', schema: format.schema } } }
      : {}),
    ...(conversation.user === undefined ? {} : { metadata: { user_id: conversation.user } }),
    ...(conversation.stream ? { stream: true } : {}),
  };
  return { body, warnings };
}

type Message = { role: 'user' | 'assistant'; content: JsonObject[] };

/**
 * Anthropic wants the results of tool calls at the start of the very next user message, and no empty message:
 * neighbours of one role become one message.
 */
function writeMessages(turns: readonly Turn[], warnings: string[]): readonly JsonObject[] {
  const messages: Message[] = [];
  for (const turn of turns) {
    if (turn.role === 'system')
      warnings.push('a system message in mid-conversation was sent as a user message');
    const role = turn.role === 'assistant' ? 'assistant' : 'user';
    const content = writeTurn(turn, warnings);
    const last = messages.at(-1);
    if (last?.role === role) last.content.push(...content);
    else if (content.length > 0) messages.push({ role, content });
  }
  return messages;
}

/** Thinking goes only to its issuer, who knows its signature; without one it is not sent. */
function writeBlock(block: AssistantBlock, warnings: string[]): JsonObject[] {
  switch (block.type) {
    case 'text':
      return writeContents([block], warnings);
    case 'call':
      return [writeCall(block, warnings)];
    case 'thinking':
      if (block.redacted !== undefined) return [{ type: 'redacted_thinking', data: block.redacted }];
      return block.signature === undefined
        ? []
        : [{ type: 'thinking', thinking: block.text, signature: block.signature }];
  }
}

function writeTurn(turn: Turn, warnings: string[]): JsonObject[] {
  switch (turn.role) {
    case 'user':
      return writeContents(turn.content, warnings);
    case 'system':
      return writeContents(turn.content, warnings);
    case 'assistant':
      return turn.content.flatMap((block) => writeBlock(block, warnings));
    case 'tool': {
      const content = writeContents(turn.content, warnings);
      return [
        {
          type: 'tool_result',
          tool_use_id: turn.callId,
          ...(content.length > 0 ? { content } : {}),
          ...(turn.failed === true ? { is_error: true } : {}),
        },
      ];
    }
  }
}

/** Anthropic refuses empty text blocks. */
function writeContents(contents: readonly Content[], warnings: string[]): JsonObject[] {
  return contents.flatMap((content) => {
    const block = writeContent(content, warnings);
    return block ? [block] : [];
  });
}

function writeContent(content: Content, warnings: string[]): JsonObject | undefined {
  switch (content.type) {
    case 'text':
      return content.text === ''
        ? undefined
        : { type: 'text', text: content.text, ...optional('cache_control', content.cache) };
    case 'image':
      return {
        type: 'image',
        source: writeMedia(content.image),
        ...optional('cache_control', content.cache),
      };
    case 'file':
      return {
        type: 'document',
        source: writeMedia(content.file),
        ...optional('title', content.name),
        ...optional('cache_control', content.cache),
      };
    case 'audio':
      warnings.push('audio cannot be carried to Anthropic and was dropped');
      return undefined;
  }
}

function writeMedia(media: Media): JsonObject {
  return media.kind === 'url'
    ? { type: 'url', url: media.url }
    : { type: 'base64', media_type: media.mediaType, data: media.data };
}

function writeCall(call: ToolCall, warnings: string[]): JsonObject {
  return { type: 'tool_use', id: call.id, name: call.name, input: parseArguments(call, warnings) };
}

function parseArguments(call: ToolCall, warnings: string[]): JsonValue {
  if (call.arguments.trim() === '') return {};
  try {
    const value = JSON.parse(call.arguments) as JsonValue;
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // Models do write broken arguments; the tool has answered them already, so the history must still be told.
  }
  warnings.push(`the arguments of the call ${call.name} were no JSON object; they were wrapped as text`);
  return { arguments: call.arguments };
}

function writeTool(tool: Tool): JsonObject {
  const { name, description, schema, strict, cache } = tool;
  return {
    name,
    ...optional('description', description),
    input_schema: schema['type'] === undefined ? { type: 'object', ...schema } : schema,
    ...(strict === true ? { strict } : {}),
    ...optional('cache_control', cache),
  };
}

function writeToolChoice({ toolChoice, parallelTools }: Conversation): JsonObject | undefined {
  const parallel = parallelTools === false ? { disable_parallel_tool_use: true } : {};
  if (toolChoice === undefined) return parallelTools === false ? { type: 'auto', ...parallel } : undefined;
  if (toolChoice === 'none') return { type: 'none' };
  if (toolChoice === 'auto') return { type: 'auto', ...parallel };
  return toolChoice === 'required'
    ? { type: 'any', ...parallel }
    : { type: 'tool', name: toolChoice.tool, ...parallel };
}
