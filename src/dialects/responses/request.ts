/** Writes a conversation as a Responses request, for upstreams that speak this wire. */
import type { AssistantBlock, Content, Conversation, Media, Tool, Turn } from '../../core/conversation.ts';
import { optional } from '../../core/optional.ts';
import type { Endpoint, JsonObject, JsonValue } from '../../core/snapshot.ts';
import { strictly } from '../openai-fields.ts';

/** The request body for the endpoint, and what could not be carried. Nothing is left for the provider to store. */
export function writeResponses(
  conversation: Conversation,
  endpoint: Endpoint,
): { readonly body: JsonObject; readonly warnings: readonly string[] } {
  const warnings = dropped(conversation);
  const { tools, sampling, logprobs, stream, toolChoice } = conversation;
  const { instructions, rest } = withInstructions(conversation.turns);
  const thinks = endpoint.features.has('reasoning');
  const include = [
    ...(thinks ? ['reasoning.encrypted_content'] : []),
    ...(logprobs === undefined ? [] : ['message.output_text.logprobs']),
  ];
  const body: JsonObject = {
    model: endpoint.providerModel,
    ...optional('instructions', instructions),
    input: withoutLooseReasoning(rest.flatMap((turn) => writeTurn(turn, warnings))),
    max_output_tokens: conversation.maxOutput,
    store: false,
    ...(include.length > 0 ? { include } : {}),
    ...(tools.length > 0
      ? {
          tools: tools.map((tool) => writeTool(tool, warnings)),
          ...optional('tool_choice', writeChoice(toolChoice)),
          ...optional('parallel_tool_calls', conversation.parallelTools),
        }
      : {}),
    ...optional('temperature', sampling.temperature),
    ...optional('top_p', sampling.topP),
    ...optional('top_logprobs', logprobs),
    ...optional('reasoning', thinks ? writeThinking(conversation.thinking) : undefined),
    ...optional('text', writeText(conversation, warnings)),
    ...optional('user', conversation.user),
    ...optional(
      'prompt_cache_key',
      endpoint.provider.catalog === 'openai' ? conversation.cacheKey : undefined,
    ),
    ...(stream ? { stream: true } : {}),
  };
  return { body, warnings };
}

function dropped({ sampling, stop }: Conversation): string[] {
  const gone = [
    ...(stop.length > 0 ? ['stop'] : []),
    ...(sampling.topK === undefined ? [] : ['top_k']),
    ...(sampling.seed === undefined ? [] : ['seed']),
    ...(sampling.presencePenalty === undefined ? [] : ['presence_penalty']),
    ...(sampling.frequencyPenalty === undefined ? [] : ['frequency_penalty']),
  ];
  return gone.map((key) => `"${key}" is not a parameter of the Responses API and was dropped`);
}

/** System messages at the beginning that are text become `instructions`; later ones keep their place. */
function withInstructions(turns: readonly Turn[]): {
  readonly instructions?: string;
  readonly rest: readonly Turn[];
} {
  const texts: string[] = [];
  for (const turn of turns) {
    if (turn.role !== 'system' || !turn.content.every((part) => part.type === 'text')) break;
    texts.push(turn.content.map((part) => part.text).join('\n\n'));
  }
  // An empty input is refused: with nothing else said, the last system message stays one.
  const taken = texts.length === turns.length ? texts.slice(0, -1) : texts;
  return {
    ...optional('instructions', taken.join('\n\n') || undefined),
    rest: turns.slice(taken.length),
  };
}

/** Reasoning is refused without what it led to: a call, or something said. */
function withoutLooseReasoning(items: readonly JsonObject[]): readonly JsonObject[] {
  return items.filter((item, index) => {
    if (item['type'] !== 'reasoning') return true;
    const next = items.slice(index).find(({ type }) => type !== 'reasoning');
    return next?.['type'] === 'function_call' || next?.['role'] === 'assistant';
  });
}

function writeTurn(turn: Turn, warnings: string[]): readonly JsonObject[] {
  switch (turn.role) {
    case 'system':
      return message('developer', writeContents(turn.content, warnings));
    case 'user':
      return message('user', writeContents(turn.content, warnings));
    case 'assistant':
      return turn.content.flatMap(writeBlock);
    case 'tool':
      return [{ type: 'function_call_output', call_id: turn.callId, output: writeOutput(turn, warnings) }];
  }
}

function message(role: string, content: string | readonly JsonObject[]): readonly JsonObject[] {
  return content.length > 0 ? [{ type: 'message', role, content }] : [];
}

/** Thinking goes only to its issuer, who knows its encrypted content; without one it is not sent. */
function writeBlock(block: AssistantBlock): readonly JsonObject[] {
  switch (block.type) {
    case 'text':
      // An `output_text` belongs to an item with an id: what the model said elsewhere is a plain string.
      return block.text === '' ? [] : message('assistant', block.text);
    case 'call':
      return [
        { type: 'function_call', call_id: block.id, name: block.name, arguments: block.arguments || '{}' },
      ];
    case 'thinking':
      return block.signature === undefined
        ? []
        : [
            {
              type: 'reasoning',
              ...optional('id', block.id),
              summary: block.text === '' ? [] : [{ type: 'summary_text', text: block.text }],
              encrypted_content: block.signature,
            },
          ];
  }
}

/** Text alone is sent as a string, which every server of this API understands. */
function writeOutput(turn: Turn & { readonly role: 'tool' }, warnings: string[]): JsonValue {
  const failed = turn.failed === true ? 'Error: ' : '';
  if (turn.content.every((part) => part.type === 'text'))
    return failed + turn.content.map((part) => part.text).join('\n');
  const parts = writeContents(turn.content, warnings);
  return failed === '' ? parts : [{ type: 'input_text', text: failed }, ...parts];
}

function writeContents(contents: readonly Content[], warnings: string[]): readonly JsonObject[] {
  return contents.flatMap((part): readonly JsonObject[] => {
    switch (part.type) {
      case 'text':
        return part.text === '' ? [] : [{ type: 'input_text', text: part.text }];
      case 'image':
        return [{ type: 'input_image', image_url: urlOf(part.image), detail: part.detail ?? 'auto' }];
      case 'file':
        return [writeFile(part.file, part.name)];
      case 'audio':
        warnings.push('audio cannot be carried on the Responses wire and was dropped');
        return [];
    }
  });
}

function writeFile(file: Media, name: string | undefined): JsonObject {
  return file.kind === 'url'
    ? { type: 'input_file', file_url: file.url }
    : { type: 'input_file', filename: name ?? 'document.pdf', file_data: urlOf(file) };
}

function urlOf(media: Media): string {
  return media.kind === 'url' ? media.url : `data:${media.mediaType};base64,${media.data}`;
}

/** Functions are strict here unless they say otherwise. */
function writeTool(tool: Tool, warnings: string[]): JsonObject {
  const { name, description, schema } = tool;
  return {
    type: 'function',
    name,
    ...optional('description', description),
    parameters: schema,
    strict: strictly(tool, warnings),
  };
}

function writeChoice(choice: Conversation['toolChoice']): JsonValue | undefined {
  if (choice === undefined || typeof choice === 'string') return choice;
  return { type: 'function', name: choice.tool };
}

function writeThinking(thinking: Conversation['thinking']): JsonObject | undefined {
  if (thinking === undefined) return undefined;
  const effort = thinking.enabled === false ? 'none' : (thinking.effort ?? effortOf(thinking.budget));
  const summary = thinking.show === true && effort !== 'none' ? 'auto' : undefined;
  if (effort === undefined && summary === undefined) return undefined;
  return { ...optional('effort', effort), ...optional('summary', summary) };
}

/** A budget of thinking tokens as the nearest word. */
function effortOf(budget: number | undefined): string | undefined {
  if (budget === undefined) return undefined;
  return budget <= 2_048 ? 'low' : budget <= 12_288 ? 'medium' : 'high';
}

function writeText({ format, verbosity }: Conversation, warnings: string[]): JsonObject | undefined {
  if (format === undefined && verbosity === undefined) return undefined;
  return { ...optional('format', writeFormat(format, warnings)), ...optional('verbosity', verbosity) };
}

function writeFormat(format: Conversation['format'], warnings: string[]): JsonObject | undefined {
  if (format === undefined) return undefined;
  if (format.type === 'json') return { type: 'json_object' };
  return {
    type: 'json_schema',
    name: format.name,
    schema: format.schema,
    strict: strictly(format, warnings),
  };
}
