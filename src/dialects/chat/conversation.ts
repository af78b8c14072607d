/** Reads a chat completions request, already merged with its preset, into the canonical conversation. */
import type {
  AssistantBlock,
  Content,
  Conversation,
  OutputFormat,
  Tool,
  ToolChoice,
  Turn,
} from '../../core/conversation.ts';
import { asObject, asText, someText } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
import { refuse } from '../../core/problem.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import { number, readMedia, readSampling, readStop } from '../openai-fields.ts';

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
  const messages = list(body['messages'], 'messages');
  const tools = body['tools'] ?? null;
  return {
    turns: messages.map((message, index) => readTurn(message, `messages[${index}]`)),
    tools:
      tools === null
        ? []
        : list(tools, 'tools').flatMap((tool, index) => readTool(tool, `tools[${index}]`, warnings)),
    ...optional('toolChoice', readToolChoice(body['tool_choice'])),
    ...optional('parallelTools', flag(body['parallel_tool_calls'])),
    sampling: readSampling(body),
    stop: readStop(body['stop']),
    maxOutput,
    ...optional('thinking', readThinking(body)),
    ...optional('format', readFormat(body['response_format'])),
    ...optional('logprobs', body['logprobs'] === true ? (number(body['top_logprobs']) ?? 0) : undefined),
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
  const effort = someText(body['reasoning_effort']) ?? someText(reasoning['effort']);
  const budget = number(reasoning['max_tokens']);
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

function list(value: JsonValue | undefined, path: string): readonly JsonObject[] {
  if (!Array.isArray(value)) throw refuse('invalid_request', `"${path}" must be an array.`, { param: path });
  return value.map((item: JsonValue, index) => object(item, `${path}[${index}]`));
}

function object(value: JsonValue | undefined, path: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refuse('invalid_request', `"${path}" must be an object.`, { param: path });
  return value as JsonObject;
}

function readTurn(message: JsonObject, path: string): Turn {
  const content = (): readonly Content[] => readContent(message['content'], `${path}.content`);
  switch (message['role']) {
    case 'system':
    case 'developer':
      return { role: 'system', content: content() };
    case 'user':
      return { role: 'user', content: content() };
    case 'assistant':
      return { role: 'assistant', content: readAssistant(message, path) };
    case 'tool':
    case 'function':
      return {
        role: 'tool',
        callId: asText(message['tool_call_id'] ?? message['name']),
        content: content(),
      };
    default:
      throw refuse('invalid_request', `"${path}.role" must be system, developer, user, assistant or tool.`, {
        param: `${path}.role`,
      });
  }
}

/** Thinking as DeepSeek and OpenRouter name it, then the text, then the calls. */
function readAssistant(message: JsonObject, path: string): readonly AssistantBlock[] {
  const thought = someText(message['reasoning_content']) ?? someText(message['reasoning']);
  const calls = message['tool_calls'] ?? null;
  const text = readContent(message['content'], `${path}.content`).filter((part) => part.type === 'text');
  const refusal = someText(message['refusal']);
  return [
    ...(thought === undefined ? [] : [{ type: 'thinking' as const, text: thought }]),
    ...text,
    ...(refusal === undefined ? [] : [{ type: 'text' as const, text: refusal }]),
    ...(calls === null
      ? []
      : list(calls, `${path}.tool_calls`).map((call, index) =>
          readCall(call, `${path}.tool_calls[${index}]`),
        )),
  ];
}

function readContent(value: JsonValue | undefined, path: string): readonly Content[] {
  if (value === undefined || value === null || value === '') return [];
  if (typeof value === 'string') return [{ type: 'text', text: value }];
  if (!Array.isArray(value))
    throw refuse('invalid_request', `"${path}" must be a string or an array of parts.`, { param: path });
  return value.map((part: JsonValue, index) =>
    readPart(object(part, `${path}[${index}]`), `${path}[${index}]`),
  );
}

function readPart(part: JsonObject, path: string): Content {
  const cache = part['cache_control'];
  const mark = typeof cache === 'object' && cache !== null ? { cache: cache as JsonObject } : {};
  switch (part['type']) {
    case 'text':
    case 'input_text':
    case 'output_text':
      return { type: 'text', text: string(part['text'], `${path}.text`), ...mark };
    case 'refusal':
      return { type: 'text', text: string(part['refusal'], `${path}.refusal`) };
    case 'image_url': {
      const image = part['image_url'];
      const { url, detail } = typeof image === 'string' ? { url: image } : object(image, `${path}.image_url`);
      return {
        type: 'image',
        image: readMedia(string(url, `${path}.image_url.url`), path),
        ...optional('detail', someText(detail)),
        ...mark,
      };
    }
    case 'file': {
      const file = object(part['file'], `${path}.file`);
      const name = file['filename'];
      const data = string(file['file_data'], `${path}.file.file_data`);
      return {
        type: 'file',
        file: readMedia(data, path),
        ...optional('name', typeof name === 'string' ? name : undefined),
        ...mark,
      };
    }
    case 'input_audio': {
      const audio = object(part['input_audio'], `${path}.input_audio`);
      return {
        type: 'audio',
        data: string(audio['data'], `${path}.input_audio.data`),
        format: someText(audio['format']) ?? 'wav',
      };
    }
    default:
      throw refuse(
        'invalid_request',
        `"${path}.type" is ${JSON.stringify(part['type'] ?? null)}: text, image_url, file and input_audio are understood.`,
        { param: `${path}.type` },
      );
  }
}

function string(value: JsonValue | undefined, path: string): string {
  if (typeof value !== 'string')
    throw refuse('invalid_request', `"${path}" must be a string.`, { param: path });
  return value;
}

function readCall(call: JsonObject, path: string): AssistantBlock {
  const fn = object(call['function'], `${path}.function`);
  return {
    type: 'call',
    id: string(call['id'], `${path}.id`),
    name: string(fn['name'], `${path}.function.name`),
    arguments: asText(fn['arguments']),
  };
}

function readTool(tool: JsonObject, path: string, warnings: string[]): readonly Tool[] {
  if (tool['type'] !== 'function') {
    warnings.push(
      `the tool ${JSON.stringify(tool['type'] ?? null)} exists only at its own provider and was dropped`,
    );
    return [];
  }
  const fn = object(tool['function'], `${path}.function`);
  const description = fn['description'];
  const schema = fn['parameters'];
  const cache = tool['cache_control'] ?? fn['cache_control'];
  return [
    {
      name: string(fn['name'], `${path}.function.name`),
      ...optional('description', typeof description === 'string' ? description : undefined),
      schema:
        typeof schema === 'object' && schema !== null
          ? (schema as JsonObject)
          : { type: 'object', properties: {} },
      ...(fn['strict'] === true ? { strict: true } : {}),
      ...(typeof cache === 'object' && cache !== null ? { cache: cache as JsonObject } : {}),
    },
  ];
}

function readToolChoice(value: JsonValue | undefined): ToolChoice | undefined {
  if (value === 'auto' || value === 'none' || value === 'required') return value;
  const name = ((value as JsonObject | undefined)?.['function'] as JsonObject | undefined)?.['name'];
  return typeof name === 'string' ? { tool: name } : undefined;
}

function readFormat(value: JsonValue | undefined): OutputFormat | undefined {
  const format = value as JsonObject | null | undefined;
  if (format?.['type'] === 'json_object') return { type: 'json' };
  if (format?.['type'] !== 'json_schema') return undefined;
  const given = object(format['json_schema'], 'response_format.json_schema');
  return {
    type: 'json_schema',
    name: typeof given['name'] === 'string' ? given['name'] : 'answer',
    schema: object(given['schema'], 'response_format.json_schema.schema'),
    ...(given['strict'] === true ? { strict: true } : {}),
  };
}
