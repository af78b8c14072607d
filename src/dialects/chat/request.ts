/** Writes a conversation as a chat completions request, for upstreams that speak the chat wire. */
import type {
  AssistantBlock,
  Content,
  Conversation,
  Media,
  Tool,
  ToolChoice,
  Turn,
} from '../../core/conversation.ts';
import { textOf } from '../../core/conversation.ts';
import { optional } from '../../core/optional.ts';
import type { Endpoint, JsonObject, JsonValue } from '../../core/snapshot.ts';
import { strictly } from '../openai-fields.ts';
import { capKeyFor } from './splice.ts';

/** The request body for the endpoint, and what could not be carried. */
export function writeChat(
  conversation: Conversation,
  endpoint: Endpoint,
): { readonly body: JsonObject; readonly warnings: readonly string[] } {
  const warnings: string[] = [];
  const { turns, tools, sampling, stop, format, thinking, logprobs, stream } = conversation;
  if (sampling.topK !== undefined)
    warnings.push('"top_k" is not a parameter of this provider and was dropped');
  if (stop.length > 4) warnings.push('more than four stop sequences were given; the first four were sent');
  const effort = thinking?.enabled === false ? 'none' : (thinking?.effort ?? effortOf(thinking?.budget));
  const body: JsonObject = {
    model: endpoint.providerModel,
    messages: writeTurns(turns, warnings),
    [capKeyFor(endpoint)]: conversation.maxOutput,
    ...(tools.length > 0
      ? {
          tools: tools.map((tool) => writeTool(tool, warnings)),
          ...optional('tool_choice', writeChoice(conversation.toolChoice)),
          ...optional('parallel_tool_calls', conversation.parallelTools),
        }
      : {}),
    ...optional('temperature', sampling.temperature),
    ...optional('top_p', sampling.topP),
    ...optional('seed', sampling.seed),
    ...optional('presence_penalty', sampling.presencePenalty),
    ...optional('frequency_penalty', sampling.frequencyPenalty),
    ...(stop.length > 0 ? { stop: stop.slice(0, 4) } : {}),
    ...optional(
      'reasoning_effort',
      effort !== undefined && endpoint.features.has('reasoning') ? effort : undefined,
    ),
    ...optional('response_format', writeFormat(format, warnings)),
    ...(logprobs === undefined ? {} : { logprobs: true, top_logprobs: logprobs }),
    ...optional('verbosity', conversation.verbosity),
    ...optional('user', conversation.user),
    ...optional(
      'prompt_cache_key',
      endpoint.provider.catalog === 'openai' ? conversation.cacheKey : undefined,
    ),
    ...(stream ? { stream: true, stream_options: { include_usage: true } } : {}),
  };
  return { body, warnings };
}

/** A budget of thinking tokens as the nearest word. */
function effortOf(budget: number | undefined): string | undefined {
  if (budget === undefined) return undefined;
  return budget <= 2_048 ? 'low' : budget <= 12_288 ? 'medium' : 'high';
}

type ToolTurn = Turn & { readonly role: 'tool' };

function writeTurns(turns: readonly Turn[], warnings: string[]): readonly JsonObject[] {
  const messages: JsonObject[] = [];
  let results: ToolTurn[] = [];
  for (const turn of turns) {
    if (turn.role === 'tool') {
      results.push(turn);
      messages.push(writeResult(turn));
      continue;
    }
    messages.push(...writeResultMedia(results, warnings));
    results = [];
    // An assistant that only thought said nothing that this wire can tell.
    if (turn.role === 'assistant')
      messages.push(
        ...(turn.content.some(({ type }) => type !== 'thinking') ? [writeAssistant(turn.content)] : []),
      );
    else if (turn.role === 'system')
      messages.push({ role: 'system', content: writeSystem(turn.content, warnings) });
    else messages.push({ role: 'user', content: writeContents(turn.content, warnings) });
  }
  return [...messages, ...writeResultMedia(results, warnings)];
}

/** Thinking of another issuer is not told again: providers refuse it, or bill it as input for nothing. */
function writeAssistant(blocks: readonly AssistantBlock[]): JsonObject {
  const text = textOf(blocks);
  const calls = blocks.flatMap((block) =>
    block.type === 'call'
      ? [
          {
            id: block.id,
            type: 'function',
            function: { name: block.name, arguments: block.arguments || '{}' },
          },
        ]
      : [],
  );
  return {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    ...(calls.length > 0 ? { tool_calls: calls } : {}),
  };
}

/** Tool results are text on this wire. */
function writeResult(turn: ToolTurn): JsonObject {
  const text = turn.content.flatMap((part) => (part.type === 'text' ? [part.text] : [])).join('\n');
  return { role: 'tool', tool_call_id: turn.callId, content: turn.failed === true ? `Error: ${text}` : text };
}

/** Images in results follow as a user message, after the last result: nothing may stand between those. */
function writeResultMedia(results: readonly ToolTurn[], warnings: string[]): readonly JsonObject[] {
  const media = results.flatMap(({ callId, content }): readonly Content[] => {
    const parts = content.filter((part) => part.type !== 'text');
    return parts.length === 0 ? [] : [{ type: 'text', text: `From the result of ${callId}:` }, ...parts];
  });
  return media.length === 0 ? [] : [{ role: 'user', content: writeContents(media, warnings) }];
}

/** A system prompt is text. */
function writeSystem(contents: readonly Content[], warnings: string[]): JsonValue {
  const texts = contents.filter((part) => part.type === 'text');
  if (texts.length < contents.length)
    warnings.push('what is no text in a system message cannot be carried on this wire and was dropped');
  return writeContents(texts, warnings);
}

/** One text is sent as a string: some providers understand nothing else. */
function writeContents(contents: readonly Content[], warnings: string[]): JsonValue {
  if (contents.every((part) => part.type === 'text')) return contents.map((part) => part.text).join('\n\n');
  const parts = contents.flatMap((part) => writeContent(part, warnings));
  return parts.length === 0 ? '' : parts;
}

function writeContent(part: Content, warnings: string[]): readonly JsonObject[] {
  switch (part.type) {
    case 'text':
      return [{ type: 'text', text: part.text }];
    case 'image':
      return [
        { type: 'image_url', image_url: { url: urlOf(part.image), ...optional('detail', part.detail) } },
      ];
    case 'audio':
      return [{ type: 'input_audio', input_audio: { data: part.data, format: part.format } }];
    case 'file':
      if (part.file.kind === 'base64')
        return [{ type: 'file', file: { filename: part.name ?? 'document', file_data: urlOf(part.file) } }];
      warnings.push('a document given by its address cannot be carried on this wire and was dropped');
      return [];
  }
}

function urlOf(media: Media): string {
  return media.kind === 'url' ? media.url : `data:${media.mediaType};base64,${media.data}`;
}

function writeTool(tool: Tool, warnings: string[]): JsonObject {
  const { name, description, schema } = tool;
  return {
    type: 'function',
    function: {
      name,
      ...optional('description', description),
      parameters: schema,
      ...(strictly(tool, warnings) ? { strict: true } : {}),
    },
  };
}

function writeChoice(choice: ToolChoice | undefined): JsonValue | undefined {
  if (choice === undefined || typeof choice === 'string') return choice;
  return { type: 'function', function: { name: choice.tool } };
}

function writeFormat(format: Conversation['format'], warnings: string[]): JsonValue | undefined {
  if (format === undefined) return undefined;
  if (format.type === 'json') return { type: 'json_object' };
  return {
    type: 'json_schema',
    json_schema: {
      name: format.name,
      schema: format.schema,
      ...(strictly(format, warnings) ? { strict: true } : {}),
    },
  };
}
