/** Reads a Messages request, merged with its preset, into the canonical conversation. */
import type {
  Content,
  Conversation,
  OutputFormat,
  ThinkingRequest,
  Tool,
  ToolChoice,
  Turn,
} from '../../core/conversation.ts';
import { asObject, asText, someText } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import type { Outgoing } from '../dialect.ts';
import { parseMerged } from '../json-source.ts';
import { blocksOf, markOf, readAssistant, readContent, readContents } from './blocks.ts';
import {
  countAt,
  listAt,
  numberAt,
  objectAt,
  optionalListAt,
  optionalTextAt,
  schemaAt,
  textAt,
  textsAt,
  toolNameAt,
  wholeAt,
  wrong,
} from '../shape.ts';
import { Warnings } from './warnings.ts';
import { presetParameters } from './preset-keys.ts';
import { mergedMessages } from './splice.ts';

/** Request keys that are carried, or that mean nothing elsewhere; any other is dropped with a warning. */
const understood: ReadonlySet<string> = new Set(
  (
    'model messages system tools tool_choice max_tokens stop_sequences temperature top_p top_k thinking output_config ' +
    'output_format stream metadata cache_control service_tier'
  ).split(' '),
);
const understoodOutput: ReadonlySet<string> = new Set(['effort', 'format']);

/** Reads the request as it goes out. Throws Refused naming the path. */
export function readConversation(out: Outgoing): Conversation {
  const body = parseMerged(mergedMessages(out));
  const warnings = new Warnings();
  warnUnknown(body, '', understood, warnings);
  warnUnknown(asObject(body['output_config']), 'output_config.', understoodOutput, warnings);
  const tools = readTools(body['tools'], warnings);
  const turns: readonly Turn[] = [
    ...readSystem(body['system'], out.preset?.systemPrompt, warnings),
    ...listAt(body['messages'], 'messages').flatMap((message, index) =>
      readMessage(message, `messages[${index}]`, warnings),
    ),
  ];
  const { format, sampling, ...rest } = presetParameters(out.merged.set, warnings);
  return {
    turns,
    tools,
    ...readChoice(body['tool_choice'], tools, warnings),
    sampling: { ...sampling, ...readSampling(body) },
    stop: textsAt(body['stop_sequences'], 'stop_sequences'),
    maxOutput: out.merged.outputCap,
    ...optional('thinking', readThinking(body)),
    ...optional('format', readFormat(body) ?? format),
    ...rest,
    ...optional('user', out.ask.user),
    stream: body['stream'] === true,
    warnings: warnings.list(),
  };
}

function warnUnknown(
  value: JsonObject,
  prefix: string,
  known: ReadonlySet<string>,
  warnings: Warnings,
): void {
  for (const [key, item] of Object.entries(value))
    if (!known.has(key) && item !== null)
      warnings.add(`"${prefix}${key}" cannot be carried to this provider and was dropped`);
}

function readSampling(body: JsonObject): Conversation['sampling'] {
  return {
    ...optional('temperature', numberAt(body['temperature'], 'temperature')),
    ...optional('topP', numberAt(body['top_p'], 'top_p')),
    ...optional('topK', wholeAt(body['top_k'], 'top_k')),
  };
}

/** Claude Code's first system block is meant for Anthropic's accounts alone, and would spoil another's prompt cache. */
const billing = 'x-anthropic-billing-header:';

/** The preset's prompt first, then the caller's. */
function readSystem(
  value: JsonValue | undefined,
  prompt: string | undefined,
  warnings: Warnings,
): readonly Turn[] {
  const said = readContents(value, 'system', warnings);
  const own = said.filter((part) => part.type !== 'text' || !part.text.startsWith(billing));
  if (own.length < said.length)
    warnings.add(`the system block "${billing}" is Anthropic's own and was dropped`);
  const content: readonly Content[] = prompt === undefined ? own : [{ type: 'text', text: prompt }, ...own];
  return content.length === 0 ? [] : [systemTurn(content)];
}

function systemTurn(content: readonly Content[]): Turn {
  return { role: 'system', content };
}

function readMessage(message: JsonObject, path: string, warnings: Warnings): readonly Turn[] {
  const content = message['content'];
  switch (message['role']) {
    case 'user':
      return readUser(content, `${path}.content`, warnings);
    case 'assistant':
      return [{ role: 'assistant', content: readAssistant(content, `${path}.content`, warnings) }];
    case 'system':
    case 'developer':
      return [systemTurn(readContents(content, `${path}.content`, warnings))];
    default:
      throw wrong(`${path}.role`, 'must be user, assistant or system');
  }
}

/** Results of tools are turns of their own, before the rest of the message they came in. */
function readUser(content: JsonValue | undefined, path: string, warnings: Warnings): readonly Turn[] {
  const results: Turn[] = [];
  const rest: Content[] = [];
  for (const [index, block] of blocksOf(content, path).entries()) {
    const at = `${path}[${index}]`;
    if (block['type'] !== 'tool_result') {
      rest.push(...readContent(block, at, warnings));
      continue;
    }
    results.push({
      role: 'tool',
      callId: textAt(block['tool_use_id'], `${at}.tool_use_id`),
      content: readContents(block['content'], `${at}.content`, warnings),
      ...(block['is_error'] === true ? { failed: true } : {}),
      ...markOf(block),
    });
  }
  return rest.length > 0 || results.length === 0 ? [...results, { role: 'user', content: rest }] : results;
}

function readTools(value: JsonValue | undefined, warnings: Warnings): readonly Tool[] {
  return optionalListAt(value, 'tools').flatMap((tool, index) => readTool(tool, `tools[${index}]`, warnings));
}

function readTool(tool: JsonObject, path: string, warnings: Warnings): readonly Tool[] {
  const type = tool['type'] ?? 'custom';
  if (type !== 'custom') {
    warnings.add(`the tool ${JSON.stringify(type).slice(0, 80)} exists only at Anthropic and was dropped`);
    return [];
  }
  if (tool['defer_loading'] === true)
    warnings.add('"defer_loading" of a tool cannot be carried to this provider: it is offered at once');
  return [
    {
      name: toolNameAt(tool['name'], `${path}.name`),
      ...optional('description', someText(tool['description'])),
      schema: schemaAt(tool['input_schema'], `${path}.input_schema`),
      ...(tool['strict'] === true ? { strict: true } : {}),
      ...markOf(tool),
    },
  ];
}

function readChoice(
  value: JsonValue | undefined,
  tools: readonly Tool[],
  warnings: Warnings,
): Pick<Conversation, 'toolChoice' | 'parallelTools'> {
  const choice = asObject(value);
  const disabled = choice['disable_parallel_tool_use'];
  return {
    ...optional('toolChoice', tools.length === 0 ? undefined : toolChoice(choice, tools, warnings)),
    ...optional('parallelTools', typeof disabled === 'boolean' ? !disabled : undefined),
  };
}

function toolChoice(
  { type, name }: JsonObject,
  tools: readonly Tool[],
  warnings: Warnings,
): ToolChoice | undefined {
  if (type === 'auto' || type === 'none') return type;
  if (type === 'any') return 'required';
  if (type !== 'tool') return undefined;
  if (tools.some((tool) => tool.name === name)) return { tool: asText(name) };
  warnings.add('"tool_choice" names a tool that was dropped, and was dropped with it');
  return undefined;
}

function readThinking(body: JsonObject): ThinkingRequest | undefined {
  const { type, budget_tokens: budget, display } = asObject(body['thinking']);
  const effort = optionalTextAt(asObject(body['output_config'])['effort'], 'output_config.effort');
  if (type === 'disabled') return { enabled: false };
  const asked = type === 'enabled' || type === 'adaptive' || type === 'between_tools';
  if (!asked) return effort === undefined ? undefined : { effort };
  return {
    ...optional('effort', effort),
    ...optional('budget', type === 'enabled' ? countAt(budget, 'thinking.budget_tokens') : undefined),
    enabled: true,
    show: display !== 'omitted',
  };
}

function readFormat(body: JsonObject): OutputFormat | undefined {
  const given = asObject(body['output_config'])['format'] ?? undefined;
  const format = asObject(given ?? body['output_format']);
  if (format['type'] !== 'json_schema') return undefined;
  const path = given === undefined ? 'output_format' : 'output_config.format';
  const schema = objectAt(format['schema'], `${path}.schema`);
  return { type: 'json_schema', name: 'answer', schema, strict: true };
}
