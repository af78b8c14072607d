/** Writes a conversation as an Anthropic Messages request. Facts: Anthropic's API reference, Messages. */
import type {
  AssistantBlock,
  Content,
  Conversation,
  Media,
  ThinkingRequest,
  Tool,
  ToolCall,
  Turn,
} from '../../core/conversation.ts';
import { optional } from '../../core/optional.ts';
import type { Endpoint, JsonObject, JsonValue } from '../../core/snapshot.ts';
import { withFewMarks } from './marks.ts';
import { modelFacts } from './model-facts.ts';
import { heldSchema } from './schema.ts';
import { askThinking, fitSampling, type ThinkingKeys } from './thinking.ts';

export type AnthropicRequest = { readonly body: JsonObject; readonly warnings: readonly string[] };

/** The request body for the endpoint, and what could not be carried. */
export function writeAnthropic(conversation: Conversation, endpoint: Endpoint): AnthropicRequest {
  const warnings = uncarried(conversation);
  const { turns, tools, format, stop, maxOutput } = conversation;
  const model = endpoint.providerModel;
  const firstOther = turns.findIndex((turn) => turn.role !== 'system');
  const opening = firstOther === -1 ? turns.slice(0, -1) : turns.slice(0, firstOther);
  const system = opening.flatMap((turn) => writeSystem(turn, warnings));
  const messages = writeMessages(turns.slice(opening.length), model, warnings);
  const { thinking, effort } = writeThinking(conversation, endpoint, warnings);
  const { sampling, warnings: unsampled } = fitSampling(conversation.sampling, model, thinking !== undefined);
  const stops = stop.filter((text) => text.trim() !== '');
  if (stops.length < stop.length) warnings.push('stop sequences of white space alone were dropped');
  const output = {
    ...optional('effort', effort),
    ...optional('format', writeFormat(format, warnings)),
  };
  const body: JsonObject = {
    model,
    max_tokens: maxOutput,
    ...(system.length > 0 ? { system } : {}),
    messages,
    ...(tools.length > 0
      ? {
          tools: tools.map((tool) => writeTool(tool, warnings)),
          ...optional('tool_choice', writeToolChoice(conversation)),
        }
      : {}),
    ...optional('thinking', thinking),
    ...optional('temperature', sampling.temperature),
    ...optional('top_p', sampling.topP),
    ...optional('top_k', sampling.topK),
    ...(stops.length > 0 ? { stop_sequences: stops } : {}),
    ...(Object.keys(output).length > 0 ? { output_config: output } : {}),
    ...(conversation.user === undefined ? {} : { metadata: { user_id: conversation.user.slice(0, 256) } }),
    ...(conversation.stream ? { stream: true } : {}),
  };
  return { body: withFewMarks(body, warnings), warnings: [...warnings, ...unsampled] };
}

/** What Anthropic has no word for. */
function uncarried({ sampling, logprobs, verbosity }: Conversation): string[] {
  const given: Readonly<Record<string, unknown>> = {
    seed: sampling.seed,
    presence_penalty: sampling.presencePenalty,
    frequency_penalty: sampling.frequencyPenalty,
    logprobs,
    verbosity,
  };
  return Object.entries(given)
    .filter(([, value]) => value !== undefined)
    .map(([key]) => `"${key}" has no counterpart at Anthropic and was dropped`);
}

/** Thinking is asked for where nothing else that was asked forbids it. */
function writeThinking(
  { thinking, toolChoice, tools, turns, maxOutput }: Conversation,
  endpoint: Endpoint,
  warnings: string[],
): ThinkingKeys {
  if (!thinking || !asksThinking(thinking)) return {};
  const forced =
    tools.length > 0 && toolChoice !== undefined && toolChoice !== 'auto' && toolChoice !== 'none';
  const budget = modelFacts(endpoint.providerModel).thinking === 'budget';
  const no = !endpoint.features.has('reasoning')
    ? `${endpoint.model.slug} does not think`
    : forced
      ? 'it is refused beside a forced "tool_choice"'
      : budget && goesOnWithoutThinking(turns)
        ? 'the turn that goes on was begun by another model'
        : undefined;
  if (no !== undefined) {
    warnings.push(`thinking was not asked for: ${no}`);
    return {};
  }
  const { keys, warning } = askThinking(thinking, endpoint.providerModel, maxOutput);
  if (warning !== undefined) warnings.push(warning);
  return keys;
}

/** A wish to see thoughts alone asks for none: agents send it with every request. */
function asksThinking({ enabled, effort, budget }: ThinkingRequest): boolean {
  if (enabled === false || effort === 'none') return false;
  return enabled === true || effort !== undefined || budget !== undefined;
}

/** With a budget, a turn that goes on after tool results must have begun with the model's own thinking. */
function goesOnWithoutThinking(turns: readonly Turn[]): boolean {
  if (turns.findLast((turn) => turn.role !== 'system')?.role !== 'tool') return false;
  const first = turns.findLast((turn) => turn.role === 'assistant')?.content[0];
  return first?.type !== 'thinking' || (first.signature ?? first.redacted) === undefined;
}

function writeFormat(format: Conversation['format'], warnings: string[]): JsonObject | undefined {
  if (format?.type === 'json')
    warnings.push('"response_format" json_object has no counterpart at Anthropic and was dropped');
  return format?.type === 'json_schema'
    ? { type: 'json_schema', schema: writeHeld(format.schema, warnings) }
    : undefined;
}

function writeHeld(schema: JsonObject, warnings: string[]): JsonObject {
  const held = heldSchema(schema);
  if (held !== schema)
    warnings.push(
      'a schema was fitted to what Anthropic takes: objects are closed, bounds are only described',
    );
  return held;
}

type Message = { role: 'user' | 'assistant'; content: JsonObject[] };

/**
 * Anthropic wants the results of tool calls at the start of the very next user message, the user first, and no
 * empty message: neighbours of one role become one message.
 */
function writeMessages(turns: readonly Turn[], model: string, warnings: string[]): readonly JsonObject[] {
  const messages: Message[] = [];
  for (const turn of turns) {
    if (turn.role === 'system')
      warnings.push('a system message in mid-conversation was sent as a user message');
    const role = turn.role === 'assistant' ? 'assistant' : 'user';
    const content = writeTurn(turn, warnings);
    if (role === 'user') dropLooseThinking(messages);
    const last = messages.at(-1);
    if (last?.role === role) last.content.push(...content);
    else if (content.length > 0) messages.push({ role, content });
  }
  dropLooseThinking(messages);
  if (messages[0]?.role === 'assistant') {
    warnings.push('the conversation did not begin with the user: an empty beginning was put before it');
    messages.unshift({ role: 'user', content: [{ type: 'text', text: '(begin)' }] });
  }
  return endProperly(messages, model, warnings).map(({ role, content }) => ({
    role,
    content: resultsFirst(content),
  }));
}

/** An answer that ends in thinking is refused: what the thinking led to is missing. */
function dropLooseThinking(messages: Message[]): void {
  const content = messages.at(-1)?.content ?? [];
  const end = content.findLastIndex(({ type }) => type !== 'thinking' && type !== 'redacted_thinking') + 1;
  content.length = end;
  if (end === 0) messages.pop();
}

/** A system prompt is text. */
function writeSystem({ content }: Turn, warnings: string[]): JsonObject[] {
  const texts = content.filter((part) => part.type === 'text');
  if (texts.length < content.length)
    warnings.push('what is no text in a system message cannot be carried to Anthropic and was dropped');
  return writeContents(texts, warnings);
}

function resultsFirst(content: readonly JsonObject[]): readonly JsonObject[] {
  const isResult = (block: JsonObject): boolean => block['type'] === 'tool_result';
  return [...content.filter(isResult), ...content.filter((block) => !isResult(block))];
}

/** An answer that was begun for the model: newer models refuse to go on with it, all refuse white space at its end. */
function endProperly(messages: readonly Message[], model: string, warnings: string[]): readonly Message[] {
  const last = messages.at(-1);
  if (last?.role !== 'assistant') return messages;
  if (!modelFacts(model).prefill) {
    warnings.push(`${model} cannot go on with a begun answer: it was asked to continue instead`);
    return [...messages, { role: 'user', content: [{ type: 'text', text: 'Continue.' }] }];
  }
  const content = last.content.flatMap((block, index): JsonObject[] => {
    if (index < last.content.length - 1 || typeof block['text'] !== 'string') return [block];
    const text = block['text'].trimEnd();
    return text === '' ? [] : [{ ...block, text }];
  });
  return content.length === 0 ? messages.slice(0, -1) : [...messages.slice(0, -1), { ...last, content }];
}

/** Thinking goes only to its issuer, who knows its signature; without one it is not sent. */
function writeBlock(block: AssistantBlock, warnings: string[]): JsonObject[] {
  switch (block.type) {
    case 'text':
      return writeContents([block], warnings);
    case 'call':
      return [{ ...writeCall(block, warnings), ...optional('cache_control', block.cache) }];
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
          ...optional('cache_control', turn.cache),
        },
      ];
    }
  }
}

/** Anthropic refuses blocks of text without any. */
function writeContents(contents: readonly Content[], warnings: string[]): JsonObject[] {
  return contents.flatMap((content) => {
    const block = writeContent(content, warnings);
    return block ? [block] : [];
  });
}

function writeContent(content: Content, warnings: string[]): JsonObject | undefined {
  switch (content.type) {
    case 'text':
      return content.text.trim() === ''
        ? undefined
        : { type: 'text', text: content.text, ...optional('cache_control', content.cache) };
    case 'image': {
      if ((content.detail ?? 'auto') !== 'auto')
        warnings.push('"detail" of an image has no counterpart at Anthropic and was dropped');
      const source = writeImage(content.image, warnings);
      return source && { type: 'image', source, ...optional('cache_control', content.cache) };
    }
    case 'file': {
      const source = writeDocument(content.file, warnings);
      return (
        source && {
          type: 'document',
          source,
          ...optional('title', content.name),
          ...optional('cache_control', content.cache),
        }
      );
    }
    case 'audio':
      warnings.push('audio cannot be carried to Anthropic and was dropped');
      return undefined;
  }
}

/** The images that Claude sees. */
const imageTypes: ReadonlySet<string> = new Set(['image/jpeg', 'image/png', 'image/gif', 'image/webp']);

function writeImage(image: Media, warnings: string[]): JsonObject | undefined {
  if (image.kind === 'url') return { type: 'url', url: image.url };
  if (imageTypes.has(image.mediaType))
    return { type: 'base64', media_type: image.mediaType, data: image.data };
  return lost(image.mediaType, warnings);
}

/** The documents that Claude reads: PDF, and plain text, which is sent as the text it is. */
function writeDocument(file: Media, warnings: string[]): JsonObject | undefined {
  if (file.kind === 'url') return { type: 'url', url: file.url };
  const { mediaType: type, data } = file;
  if (type === 'application/pdf') return { type: 'base64', media_type: type, data };
  if (type.startsWith('text/'))
    return { type: 'text', media_type: 'text/plain', data: Buffer.from(data, 'base64').toString('utf8') };
  return lost(type, warnings);
}

function lost(type: string, warnings: string[]): undefined {
  warnings.push(`content of the type ${type.slice(0, 80)} cannot be carried to Anthropic and was dropped`);
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

/** Only strict tools hold the model to their schema. */
function writeTool(tool: Tool, warnings: string[]): JsonObject {
  const { name, description, strict, cache } = tool;
  const schema = tool.schema['type'] === undefined ? { type: 'object', ...tool.schema } : tool.schema;
  return {
    name,
    ...optional('description', description),
    input_schema: strict === true ? writeHeld(schema, warnings) : schema,
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
