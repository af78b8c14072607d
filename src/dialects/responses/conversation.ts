/** Reads a Responses request, already merged with its preset, into the canonical conversation. */
import type { Conversation, OutputFormat, Tool, ToolChoice, Turn } from '../../core/conversation.ts';
import { asObject, asText, someText } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
import { refuse } from '../../core/problem.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import { readSampling, readStop } from '../openai-fields.ts';
import { readInput } from './items.ts';
import {
  listAt,
  objectAt,
  optionalListAt,
  optionalTextAt,
  schemaAt,
  textAt,
  toolNameAt,
  countAt,
} from '../shape.ts';
import { flatOf, nameTools, type NamedTool } from './tool-names.ts';

/** Request keys that are carried, or that mean nothing outside this API; any other is dropped with a warning. */
const understood: ReadonlySet<string> = new Set(
  [
    'model input instructions stream stream_options tools tool_choice parallel_tool_calls max_output_tokens reasoning',
    'text temperature top_p top_k top_logprobs include stop seed presence_penalty frequency_penalty user metadata store',
    'prompt_cache_key prompt_cache_retention safety_identifier service_tier session_id client_metadata',
  ].flatMap((names) => names.split(' ')),
);

/** Reads `body`; `maxOutput` is the cap already decided for the endpoint. Throws Refused naming the path. */
export function readConversation(body: JsonObject, maxOutput: number): Conversation {
  if ((body['prompt'] ?? null) !== null)
    throw refuse('invalid_request', '"prompt" is stored at one provider only: send its text as "input".', {
      param: 'prompt',
    });
  const warnings = droppedKeys(body);
  const tools = allowedTools(body['tool_choice'], readTools(body['tools'], warnings));
  const choice = readToolChoice(body['tool_choice'], tools, warnings);
  return {
    turns: [
      ...instructions(body['instructions']),
      ...readInput(body['input'], nameTools(body['tools']), warnings),
    ],
    tools: tools.map(({ carried }) => carried),
    ...optional('toolChoice', choice),
    ...optional('parallelTools', flag(body['parallel_tool_calls'])),
    sampling: readSampling(body),
    stop: readStop(body['stop']),
    maxOutput,
    ...optional('thinking', readThinking(asObject(body['reasoning']))),
    ...optional('format', readFormat(asObject(body['text'])['format'])),
    ...optional('logprobs', readLogprobs(body)),
    ...optional('verbosity', someText(asObject(body['text'])['verbosity'])),
    ...optional('user', someText(body['user']) ?? someText(body['safety_identifier'])),
    ...optional('cacheKey', someText(body['prompt_cache_key'])),
    stream: body['stream'] === true,
    warnings: [...new Set(warnings)],
  };
}

function droppedKeys(body: JsonObject): string[] {
  return Object.entries(body)
    .filter(
      ([key, value]) => !understood.has(key) && value !== null && value !== false && !isDefault(key, value),
    )
    .map(([key]) => `"${key}" cannot be carried to this provider and was dropped`);
}

function isDefault(key: string, value: JsonValue): boolean {
  return key === 'truncation' && value === 'disabled';
}

function instructions(value: JsonValue | undefined): readonly Turn[] {
  const text = optionalTextAt(value, 'instructions');
  return text === undefined ? [] : [{ role: 'system', content: [{ type: 'text', text }] }];
}

/** A summary alone is no wish to think: agents ask for it always, whatever the model. */
function readThinking(reasoning: JsonObject): Conversation['thinking'] {
  const effort = optionalTextAt(reasoning['effort'], 'reasoning.effort');
  const budget = countAt(reasoning['max_tokens'], 'reasoning.max_tokens');
  const enabled = effort === 'none' ? false : flag(reasoning['enabled']);
  const show = someText(reasoning['summary']) ?? someText(reasoning['generate_summary']);
  if (effort === undefined && budget === undefined && enabled === undefined && show === undefined)
    return undefined;
  return {
    ...optional('effort', effort),
    ...optional('budget', budget),
    ...optional('enabled', enabled),
    show: show !== undefined,
  };
}

function readFormat(value: JsonValue | undefined): OutputFormat | undefined {
  const format = asObject(value);
  if (format['type'] === 'json_object') return { type: 'json' };
  if (format['type'] !== 'json_schema') return undefined;
  return {
    type: 'json_schema',
    name: format['name'] === undefined ? 'answer' : toolNameAt(format['name'], 'text.format.name'),
    schema: objectAt(format['schema'], 'text.format.schema'),
    ...(format['strict'] === true ? { strict: true } : {}),
  };
}

function readLogprobs(body: JsonObject): number | undefined {
  const top = countAt(body['top_logprobs'], 'top_logprobs');
  const include = body['include'];
  const asked = Array.isArray(include) && include.includes('message.output_text.logprobs');
  return asked || (top !== undefined && top > 0) ? (top ?? 0) : undefined;
}

type CarriedTool = { readonly named: NamedTool; readonly carried: Tool };

function readTools(value: JsonValue | undefined, warnings: string[]): readonly CarriedTool[] {
  for (const [index, tool] of optionalListAt(value, 'tools').entries()) {
    const { type } = tool;
    checkTool(tool, `tools[${index}]`);
    if (['function', 'custom', 'namespace'].includes(asText(type))) continue;
    warnings.push(`the tool ${JSON.stringify(type ?? null)} exists only at its own provider and was dropped`);
  }
  return nameTools(value).map((named) => ({ named, carried: carriedTool(named) }));
}

/** What is carried must have a name; tools of a namespace get one that fits. */
function checkTool(tool: JsonObject, path: string): void {
  if (tool['type'] === 'function' || tool['type'] === 'custom') toolNameAt(tool['name'], `${path}.name`);
  if (tool['type'] === 'function') schemaAt(tool['parameters'], `${path}.parameters`);
  if (tool['type'] === 'namespace') {
    textAt(tool['name'], `${path}.name`);
    for (const [index, inner] of listAt(tool['tools'], `${path}.tools`).entries()) {
      textAt(inner['name'], `${path}.tools[${index}].name`);
      schemaAt(inner['parameters'], `${path}.tools[${index}].parameters`);
    }
  }
}

function carriedTool({ flat, tool, freeform }: NamedTool): Tool {
  const description = someText(tool['description']);
  if (freeform)
    return { name: flat, description: freeformDescription(description, tool), schema: freeformSchema };
  return {
    name: flat,
    ...optional('description', description),
    schema: schemaAt(tool['parameters'], 'tools'),
    ...(tool['strict'] === true ? { strict: true } : {}),
  };
}

const freeformSchema: JsonObject = {
  type: 'object',
  properties: { input: { type: 'string', description: 'The whole input of the tool, as plain text.' } },
  required: ['input'],
  additionalProperties: false,
};

/** Only OpenAI holds a model to a grammar; others are shown it. */
function freeformDescription(description: string | undefined, tool: JsonObject): string {
  const { definition, syntax } = asObject(tool['format']);
  const grammar =
    typeof definition === 'string'
      ? `The input must follow this grammar (${asText(syntax)}):\n${definition}`
      : undefined;
  return [description, grammar].filter((text) => text !== undefined).join('\n\n');
}

/** `allowed_tools` narrows the list for one turn, which keeps a cache at OpenAI; elsewhere the others are left out. */
function allowedTools(choice: JsonValue | undefined, tools: readonly CarriedTool[]): readonly CarriedTool[] {
  const { type, tools: allowed } = asObject(choice);
  if (type !== 'allowed_tools' || !Array.isArray(allowed)) return tools;
  const names = new Set(allowed.map((tool: JsonValue) => asText(asObject(tool)['name'])));
  return tools.filter(({ named }) => names.has(named.name));
}

function readToolChoice(
  value: JsonValue | undefined,
  tools: readonly CarriedTool[],
  warnings: string[],
): ToolChoice | undefined {
  if (value === 'auto' || value === 'none' || value === 'required') return value;
  const { type, name, mode, namespace } = asObject(value);
  if (type === 'allowed_tools') return mode === 'required' ? 'required' : 'auto';
  if (typeof name === 'string') {
    const called = { name, namespace: someText(namespace) };
    return {
      tool: flatOf(
        tools.map(({ named }) => named),
        called,
      ),
    };
  }
  if (type !== undefined)
    warnings.push(`"tool_choice" names ${JSON.stringify(type)}, which cannot be carried; the model chooses`);
  return undefined;
}

function flag(value: JsonValue | undefined): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}
