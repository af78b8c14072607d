/** Reads a chat completions request into an Ask: tolerant, checking only what must be understood. */
import type { Ask, Needs, Source } from '../../core/ask.ts';
import { someText } from '../../core/json.ts';
import type { Draft } from '../../core/optional.ts';
import { refuse } from '../../core/problem.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import { bytesOf, checkedBelow, guarded, readSource, valueOf } from '../json-source.ts';
import { openRouterOnly } from '../openai-fields.ts';
import { readProvider } from '../provider-object.ts';
import {
  cacheWrites,
  hostedTool,
  mediaWords,
  plainWeight,
  promptNeeds,
  ReadLater,
  weigh,
  type Weight,
} from '../weight.ts';

/** Members that may be large and are forwarded as bytes. */
const large: ReadonlySet<string> = new Set([
  'messages',
  'tools',
  'functions',
  'prediction',
  'response_format',
]);

/** Reads the body. Throws Refused: `invalid_json`, or `invalid_request` with the path of the field. */
export function readChat(body: Buffer): Ask {
  const source = guarded(() => readSource(body, body.length <= checkedBelow));
  const values = smallValues(source);
  const messages = bytesOf(source, 'messages');
  if (!messages)
    throw refuse('invalid_request', '"messages" is missing: send an array of messages.', {
      param: 'messages',
    });
  if (messages[0] !== 0x5b)
    throw refuse('invalid_request', '"messages" must be an array of messages.', { param: 'messages' });
  if (isEmptyArray(messages))
    throw refuse('invalid_request', '"messages" is empty: send at least one message.', { param: 'messages' });
  return {
    ...readRouting(values, chatCaps),
    api: 'chat',
    source,
    values,
    parameters: values,
    keys: source.members,
    needs: readNeeds(source, messages, values),
  };
}

const chatCaps = ['max_tokens', 'max_completion_tokens'];

type Routing = Pick<
  Ask,
  'model' | 'preset' | 'models' | 'stream' | 'provider' | 'outputCap' | 'user' | 'session' | 'tags'
>;

/** What steers routing means the same in every dialect; only the output cap has names of its own. Throws Refused. */
export function readRouting(values: JsonObject, caps: readonly string[]): Routing {
  const routing: Draft<Routing> = {
    models: names(values, 'models'),
    stream: flag(values, 'stream'),
    provider: readProvider(values),
    tags: tagsOf(values),
  };
  const model = name(values, 'model');
  const preset = name(values, 'preset');
  const outputCap = cap(values, caps);
  const user = userOf(values);
  const session = someText(values['session_id']);
  if (model !== undefined) routing.model = model;
  if (preset !== undefined) routing.preset = preset;
  if (outputCap !== undefined) routing.outputCap = outputCap;
  if (user !== undefined) routing.user = user;
  if (session !== undefined) routing.session = session;
  return routing;
}

function smallValues(source: Source): JsonObject {
  // Without a prototype, so that a key named __proto__ is a key like any other.
  const values = Object.create(null) as Record<string, JsonValue>;
  for (const key of source.members.keys()) {
    if (large.has(key)) continue;
    const value = guarded(() => valueOf(source, key)) as JsonValue;
    if (value !== null && value !== undefined) values[key] = value;
  }
  return values;
}

function name(values: JsonObject, key: string): string | undefined {
  const value = values[key];
  if (value === undefined) return undefined;
  if (typeof value !== 'string' || value.trim() === '')
    throw refuse('invalid_request', `"${key}" must be a name.`, { param: key });
  if (value.length > 256)
    throw refuse('invalid_request', `"${key}" is longer than 256 characters.`, { param: key });
  return value;
}

function names(values: JsonObject, key: string): readonly string[] {
  const value = values[key];
  if (value === undefined) return [];
  const list = Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
  if (!Array.isArray(value) || list.length < value.length)
    throw refuse('invalid_request', `"${key}" must be an array of model names.`, { param: key });
  return list;
}

function flag(values: JsonObject, key: string): boolean {
  const value = values[key];
  if (value === undefined || typeof value === 'boolean') return value === true;
  throw refuse('invalid_request', `"${key}" must be true or false.`, { param: key });
}

function cap(values: JsonObject, keys: readonly string[]): number | undefined {
  const caps: number[] = [];
  for (const key of keys) {
    const value = values[key];
    if (value === undefined) continue;
    if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) {
      throw refuse('invalid_request', `"${key}" must be a whole number of tokens, 1 or more.`, {
        param: key,
      });
    }
    caps.push(value);
  }
  return caps.length > 0 ? Math.min(...caps) : undefined;
}

/** The end user: `user`, else `metadata.user_id`. Of Claude Code's JSON there, only the stable part. */
function userOf(values: JsonObject): string | undefined {
  const metadata = values['metadata'];
  const id = someText(values['user']) ?? someText((metadata as JsonObject | undefined)?.['user_id']);
  if (id?.startsWith('{') !== true) return id?.slice(0, 256);
  try {
    const parsed = JSON.parse(id) as Record<string, unknown>;
    return (someText(parsed['account_uuid']) ?? someText(parsed['device_id']) ?? id).slice(0, 256);
  } catch {
    return id.slice(0, 256);
  }
}

const maxTags = 16;

function tagsOf(values: JsonObject): Readonly<Record<string, string>> {
  const metadata = values['metadata'];
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) return {};
  const pairs = Object.entries(metadata).filter(
    (pair): pair is [string, string] => typeof pair[1] === 'string' && pair[0] !== 'user_id',
  );
  return Object.fromEntries(
    pairs.slice(0, maxTags).map(([key, value]) => [key.slice(0, 64), value.slice(0, 512)]),
  );
}

function isEmptyArray(bytes: Buffer): boolean {
  return bytes.length < 64 && /^\[\s*\]$/.test(bytes.toString('latin1'));
}

function readNeeds(source: Source, messages: Buffer, values: JsonObject): Needs {
  const tools = bytesOf(source, 'tools') ?? bytesOf(source, 'functions');
  const format = bytesOf(source, 'response_format');
  const hasTools = tools !== undefined && tools[0] === 0x5b && !isEmptyArray(tools);
  const written = (tools?.length ?? 0) + (format?.length ?? 0);
  const weight = readWeight(source, messages);
  const answers = values['n'];
  return {
    ...promptNeeds(weight, { written, tools: hasTools }),
    tools: hasTools,
    jsonSchema: format !== undefined && format.includes('"json_schema"'),
    reasoning: asksReasoning(values),
    answers:
      typeof answers === 'number' && Number.isSafeInteger(answers) && answers > 1
        ? Math.min(answers, 128)
        : 1,
    openRouterOnly: openRouterOnly(values, tools),
    later: new ReadLater({
      unbounded: () => weight.unbounded ?? hostedPart(source, values),
      cacheWrites: () => cacheWrites([messages, tools, bytesOf(source, 'cache_control')]),
    }),
  };
}

function asksReasoning(values: JsonObject): boolean {
  const effort = values['reasoning_effort'];
  if (typeof effort === 'string') return effort !== 'none';
  const reasoning = values['reasoning'];
  return (
    typeof reasoning === 'object' && reasoning !== null && (reasoning as JsonObject)['enabled'] !== false
  );
}

/** What the provider adds by itself, as much as it likes: `web_search_options`, plugins, tools that it runs. */
function hostedPart(source: Source, values: JsonObject): string | undefined {
  // An assistant's earlier answer in sound is named by its id.
  if (bytesOf(source, 'messages')?.includes('"audio"') === true) {
    const kept = weigh(guarded(() => valueOf(source, 'messages')) as JsonValue, 'messages').unbounded;
    if (kept !== undefined) return kept;
  }
  if (values['web_search_options'] !== undefined) return 'web_search_options: a search by the provider';
  const { plugins } = values;
  if (Array.isArray(plugins) && plugins.length > 0) return 'plugins[0]: run by the provider';
  return hostedTool(() => valueOf(source, 'tools'));
}

/** A request without media is measured by its bytes alone; with media it is parsed, for base64 is not text. */
function readWeight(source: Source, messages: Buffer): Weight {
  return mediaWords.some((word) => source.words.has(word))
    ? weigh(guarded(() => valueOf(source, 'messages')) as JsonValue, 'messages')
    : plainWeight(messages.length);
}
