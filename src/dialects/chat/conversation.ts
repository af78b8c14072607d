/** Reads a chat completions request, already merged with its preset, into the canonical conversation. */
import type {
  AssistantBlock,
  CacheMark,
  Content,
  Conversation,
  OutputFormat,
  Tool,
  ToolChoice,
  Turn,
} from '../../core/conversation.ts';
import { asObject, asText, someText } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import { readDetails } from './details.ts';
import { readMedia, readSampling, readStop } from '../openai-fields.ts';
import {
  listAt,
  objectAt,
  optionalListAt,
  optionalTextAt,
  schemaAt,
  textAt,
  toolNameAt,
  countAt,
  wrong,
} from '../shape.ts';

/** Request keys that are carried, or that mean nothing outside the chat wire; any other is dropped with a warning. */
const understood: ReadonlySet<string> = new Set(
  [
    'model messages stream stream_options tools tool_choice parallel_tool_calls stop n response_format logprobs',
    'temperature top_p top_k seed presence_penalty frequency_penalty reasoning_effort reasoning top_logprobs verbosity',
    'max_tokens max_completion_tokens user metadata store session_id prompt_cache_key safety_identifier service_tier',
  ].flatMap((names) => names.split(' ')),
);

/** Reads `body`; `maxOutput` is the cap already decided for the endpoint. Throws Refused naming the path. */
export function readConversation(body: JsonObject, maxOutput: number): Conversation {
  const warnings: string[] = [];
  for (const [key, value] of Object.entries(body)) {
    if (!understood.has(key) && value !== null)
      warnings.push(`"${key}" cannot be carried to this provider and was dropped`);
  }
  const messages = listAt(body['messages'], 'messages');
  const tools = optionalListAt(body['tools'], 'tools');
  return {
    turns: messages.map((message, index) => readTurn(message, `messages[${index}]`, warnings)),
    tools: tools.flatMap((tool, index) => readTool(tool, `tools[${index}]`, warnings)),
    ...optional('toolChoice', readToolChoice(body['tool_choice'])),
    ...optional('parallelTools', flag(body['parallel_tool_calls'])),
    sampling: readSampling(body),
    stop: readStop(body['stop']),
    maxOutput,
    ...optional('thinking', readThinking(body)),
    ...optional('format', readFormat(body['response_format'])),
    ...optional(
      'logprobs',
      body['logprobs'] === true ? (countAt(body['top_logprobs'], 'top_logprobs') ?? 0) : undefined,
    ),
    ...optional('verbosity', someText(body['verbosity'])),
    ...optional('user', someText(body['user'])),
    ...optional('cacheKey', someText(body['prompt_cache_key'])),
    stream: body['stream'] === true,
    warnings,
  };
}

/** OpenAI's `reasoning_effort`, or OpenRouter's `reasoning` object. */
function readThinking(body: JsonObject): Conversation['thinking'] {
  const reasoning = asObject(body['reasoning']);
  const effort =
    optionalTextAt(body['reasoning_effort'], 'reasoning_effort') ??
    optionalTextAt(reasoning['effort'], 'reasoning.effort');
  const budget = countAt(reasoning['max_tokens'], 'reasoning.max_tokens');
  const enabled = effort === 'none' ? false : flag(reasoning['enabled']);
  if (effort === undefined && budget === undefined && enabled === undefined) return undefined;
  return {
    ...optional('effort', effort),
    ...optional('budget', budget),
    ...optional('enabled', enabled),
    show: reasoning['exclude'] !== true,
  };
}

function flag(value: JsonValue | undefined): boolean | undefined {
  return typeof value === 'boolean' ? value : undefined;
}

function readTurn(message: JsonObject, path: string, warnings: string[]): Turn {
  const content = (): readonly Content[] => readContent(message['content'], `${path}.content`);
  switch (message['role']) {
    case 'system':
    case 'developer':
      return { role: 'system', content: content() };
    case 'user':
      return { role: 'user', content: content() };
    case 'assistant':
      return { role: 'assistant', content: readAssistant(message, path, warnings) };
    case 'tool':
      return {
        role: 'tool',
        callId: textAt(message['tool_call_id'], `${path}.tool_call_id`),
        content: content(),
      };
    case 'function':
      return { role: 'tool', callId: textAt(message['name'], `${path}.name`), content: content() };
    default:
      throw wrong(`${path}.role`, 'must be system, developer, user, assistant or tool');
  }
}

/** Thinking as OpenRouter proves it, or as it and DeepSeek name it, then the text, then the calls. */
function readAssistant(message: JsonObject, path: string, warnings: string[]): readonly AssistantBlock[] {
  const calls = optionalListAt(message['tool_calls'], `${path}.tool_calls`);
  const content = readContent(message['content'], `${path}.content`);
  const text = content.filter((part) => part.type === 'text');
  if (text.length < content.length)
    warnings.push('what an assistant said in anything but text cannot be carried and was dropped');
  const refusal = someText(message['refusal']);
  const ids = new Set(calls.map((call) => asText(call['id'])));
  const { thoughts, ofText, ofCalls } = readDetails(message['reasoning_details'], ids);
  return [
    ...(thoughts.length > 0 ? thoughts : plainThought(message)),
    ...text,
    ...(refusal === undefined ? [] : [{ type: 'text' as const, text: refusal }]),
    ...ofText,
    ...calls.map((call, index): AssistantBlock => {
      const read = readCall(call, `${path}.tool_calls[${index}]`);
      return { ...read, ...optional('signature', ofCalls.get(read.id)) };
    }),
  ];
}

function plainThought(message: JsonObject): readonly AssistantBlock[] {
  const text = someText(message['reasoning_content']) ?? someText(message['reasoning']);
  return text === undefined ? [] : [{ type: 'thinking', text }];
}

function readContent(value: JsonValue | undefined, path: string): readonly Content[] {
  if (value === undefined || value === null || value === '') return [];
  if (typeof value === 'string') return [{ type: 'text', text: value }];
  if (!Array.isArray(value)) throw wrong(path, 'must be a string or an array of parts');
  return listAt(value, path).map((part, index) => readPart(part, `${path}[${index}]`));
}

function readPart(part: JsonObject, path: string): Content {
  const mark = markOf(part['cache_control']);
  switch (part['type']) {
    case 'text':
    case 'input_text':
    case 'output_text':
      return { type: 'text', text: textAt(part['text'], `${path}.text`), ...mark };
    case 'refusal':
      return { type: 'text', text: textAt(part['refusal'], `${path}.refusal`) };
    case 'image_url': {
      const image = part['image_url'];
      const given = typeof image === 'string' ? { url: image } : objectAt(image, `${path}.image_url`);
      return {
        type: 'image',
        image: readMedia(textAt(given['url'], `${path}.image_url.url`), `${path}.image_url`),
        ...optional('detail', someText(given['detail'])),
        ...mark,
      };
    }
    case 'file': {
      const file = objectAt(part['file'], `${path}.file`);
      const data = textAt(file['file_data'], `${path}.file.file_data`);
      return {
        type: 'file',
        file: readMedia(data, `${path}.file.file_data`),
        ...optional('name', someText(file['filename'])),
        ...mark,
      };
    }
    case 'input_audio': {
      const audio = objectAt(part['input_audio'], `${path}.input_audio`);
      return {
        type: 'audio',
        data: textAt(audio['data'], `${path}.input_audio.data`),
        format: someText(audio['format']) ?? 'wav',
      };
    }
    default:
      throw wrong(
        `${path}.type`,
        `is ${JSON.stringify(part['type'] ?? null).slice(0, 80)}: text, image_url, file and input_audio are understood`,
      );
  }
}

/** A cache mark as Anthropic, who alone knows it, takes it. */
function markOf(value: JsonValue | undefined): { readonly cache?: CacheMark } {
  const { type, ttl } = asObject(value);
  if (type !== 'ephemeral') return {};
  return { cache: { type, ...(ttl === '5m' || ttl === '1h' ? { ttl } : {}) } };
}

function readCall(call: JsonObject, path: string): AssistantBlock & { readonly type: 'call' } {
  const fn = objectAt(call['function'], `${path}.function`);
  return {
    type: 'call',
    id: textAt(call['id'], `${path}.id`),
    name: textAt(fn['name'], `${path}.function.name`),
    arguments: optionalTextAt(fn['arguments'], `${path}.function.arguments`) ?? '',
  };
}

function readTool(tool: JsonObject, path: string, warnings: string[]): readonly Tool[] {
  if (tool['type'] !== 'function') {
    warnings.push(
      `the tool ${JSON.stringify(tool['type'] ?? null)} exists only at its own provider and was dropped`,
    );
    return [];
  }
  const fn = objectAt(tool['function'], `${path}.function`);
  const description = fn['description'];
  return [
    {
      name: toolNameAt(fn['name'], `${path}.function.name`),
      ...optional('description', typeof description === 'string' ? description : undefined),
      schema: schemaAt(fn['parameters'], `${path}.function.parameters`),
      ...(fn['strict'] === true ? { strict: true } : {}),
      ...markOf(tool['cache_control'] ?? fn['cache_control']),
    },
  ];
}

function readToolChoice(value: JsonValue | undefined): ToolChoice | undefined {
  if (value === 'auto' || value === 'none' || value === 'required') return value;
  const name = asObject(asObject(value)['function'])['name'];
  return typeof name === 'string' ? { tool: name } : undefined;
}

function readFormat(value: JsonValue | undefined): OutputFormat | undefined {
  const format = asObject(value);
  if (format['type'] === 'json_object') return { type: 'json' };
  if (format['type'] !== 'json_schema') return undefined;
  const given = objectAt(format['json_schema'], 'response_format.json_schema');
  return {
    type: 'json_schema',
    name:
      given['name'] === undefined ? 'answer' : toolNameAt(given['name'], 'response_format.json_schema.name'),
    schema: objectAt(given['schema'], 'response_format.json_schema.schema'),
    ...(given['strict'] === true ? { strict: true } : {}),
  };
}
