/**
 * The request an endpoint of the Responses wire is sent: the client's own bytes, with only the keys that the
 * gateway owns spliced. `input` and `tools` keep their bytes unless the preset adds tools, or an item must go.
 */
import { isOpenRouter } from '../../core/endpoints.ts';
import { asObject, asText } from '../../core/json.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import { spliceChat } from '../chat/splice.ts';
import type { Outgoing } from '../dialect.ts';
import { bytesOf, readSource, splice, valueOf } from '../json-source.ts';
import { ownInput } from './own-input.ts';

type Edit = string | readonly (string | Uint8Array)[] | undefined;
type Edits = Map<string, Edit>;

/** Keys that only the gateway, or OpenRouter behind it, understands. */
const gatewayKeys: readonly string[] = ['preset', 'models', 'route', 'fallbacks', 'provider'];
const openRouterKeys: readonly string[] = ['usage', 'session_id', 'transforms', 'plugins', 'trace', 'debug'];
/** Preset parameters that mean the same on this wire under the same name. */
const sameName: ReadonlySet<string> = new Set(
  'temperature top_p parallel_tool_calls user metadata service_tier prompt_cache_key safety_identifier top_logprobs store truncation'.split(
    ' ',
  ),
);
/** Preset parameters that this wire lacks: they travel only where the request crosses to another. */
const crossingOnly: ReadonlySet<string> = new Set(
  'stop seed top_k presence_penalty frequency_penalty'.split(' '),
);

/**
 * The body as slices. `store` stays as the caller wrote it: it is the caller's word to its provider. Nothing here
 * depends on what was stored, for `previous_response_id` is refused.
 */
export function spliceResponses(out: Outgoing): Uint8Array[] {
  const edits = mergedEdits(out);
  for (const key of crossingOnly) if (!out.ask.keys.has(key)) edits.delete(key);
  if (isOpenRouter(out.endpoint.provider)) edits.set('provider', openRouterPreferences(out));
  else for (const key of openRouterKeys) if (out.ask.keys.has(key)) edits.set(key, undefined);
  const input = ownInput(bytesOf(out.ask.source, 'input'), out.keeps);
  if (input !== undefined) edits.set('input', input);
  return splice(out.ask.source, edits);
}

/** Preset parameters that are written under a name of this wire's own. */
const renamed: ReadonlySet<string> = new Set(
  'tool_choice response_format verbosity reasoning_effort reasoning'.split(' '),
);

/** What of the preset cannot be said on this wire, in words for people. */
export function spliceWarnings({ ask, merged }: Outgoing): readonly string[] {
  return uncarried(merged.set).concat(
    [...crossingOnly].filter((key) => key in merged.set && !ask.keys.has(key)).map(dropped),
  );
}

/** What of the preset no wire could be told, in words for people. */
export function uncarried(set: JsonObject): readonly string[] {
  return Object.keys(set)
    .filter((key) => !sameName.has(key) && !renamed.has(key) && !crossingOnly.has(key))
    .map(dropped);
}

function dropped(key: string): string {
  return `the preset's "${key}" cannot be carried to this provider and was dropped`;
}

/** The request merged with its preset, for a crossing: every parameter is in it, whether this wire has it or not. */
export function mergedRequest(out: Outgoing): Buffer {
  return Buffer.concat(splice(out.ask.source, mergedEdits(out)));
}

function mergedEdits(out: Outgoing): Edits {
  const { ask, merged, endpoint, preset } = out;
  const edits: Edits = new Map([['model', JSON.stringify(endpoint.providerModel)]]);
  for (const key of [...gatewayKeys, ...merged.drop]) if (ask.keys.has(key)) edits.set(key, undefined);
  for (const [key, value] of Object.entries(merged.set)) setParameter(edits, key, value);
  edits.set('max_output_tokens', String(merged.outputCap));
  for (const [key, value] of Object.entries(composites(out)))
    edits.set(key, value === null ? undefined : JSON.stringify(value));
  if (preset?.systemPrompt !== undefined)
    edits.set('instructions', withSystemPrompt(out, preset.systemPrompt));
  const tools = unitedTools(out);
  if (tools !== undefined) edits.set('tools', tools);
  return edits;
}

function setParameter(edits: Edits, key: string, value: JsonValue): void {
  if (key === 'tool_choice') edits.set(key, JSON.stringify(flatChoice(value)));
  else if (sameName.has(key) || crossingOnly.has(key)) edits.set(key, JSON.stringify(value));
}

/** `{type:'function', function:{name}}` of the chat wire is `{type:'function', name}` here. */
function flatChoice(choice: JsonValue): JsonValue {
  const name = asObject(asObject(choice)['function'])['name'];
  return name === undefined ? choice : { type: 'function', name };
}

/** `text` and `reasoning` hold several parameters each; null = to be left out, absent = stays as it is. */
function composites({ ask, merged }: Outgoing): JsonObject {
  const { set, drop } = merged;
  const gone = (key: string): boolean => drop.includes(key);
  const { format, verbosity, ...text } = asObject(ask.values['text']);
  const { effort, ...reasoning } = asObject(ask.values['reasoning']);
  const textTouched = ['response_format', 'verbosity'].some((key) => key in set || gone(key));
  const effortTouched = ['reasoning_effort', 'reasoning'].some((key) => key in set || gone(key));
  const newEffort = set['reasoning_effort'] ?? asObject(set['reasoning'])['effort'];
  return {
    ...(textTouched
      ? {
          text: orNull({
            ...text,
            ...present(
              'format',
              flatFormat(set['response_format']) ?? (gone('response_format') ? undefined : format),
            ),
            ...present('verbosity', set['verbosity'] ?? (gone('verbosity') ? undefined : verbosity)),
          }),
        }
      : {}),
    ...(effortTouched
      ? {
          reasoning: orNull({
            ...(gone('reasoning') ? {} : reasoning),
            ...present('effort', newEffort ?? (gone('reasoning_effort') ? undefined : effort)),
          }),
        }
      : {}),
  };
}

function orNull(value: JsonObject): JsonObject | null {
  return Object.keys(value).length > 0 ? value : null;
}

function present(name: string, value: JsonValue | undefined): JsonObject {
  return value === undefined || value === null ? {} : { [name]: value };
}

/** The chat wire's `response_format` with its schema lifted one level. */
function flatFormat(format: JsonValue | undefined): JsonValue | undefined {
  if (format === undefined || typeof format !== 'object') return undefined;
  const { json_schema: schema, ...rest } = asObject(format);
  return { ...rest, ...asObject(schema) };
}

/** `instructions` stand before all input: the preset's prompt comes first in them, the caller's keep their bytes. */
function withSystemPrompt({ ask }: Outgoing, prompt: string): Edit {
  const own = bytesOf(ask.source, 'instructions');
  if (!own || own[0] !== 0x22 || own.length === 2) return JSON.stringify(prompt);
  return [JSON.stringify(`${prompt}\n\n`).slice(0, -1), own.subarray(1)];
}

/** Preset tools in their order, replaced where the request brings one of the same name; then the request's others. */
function unitedTools({ ask, preset, merged }: Outgoing): string | undefined {
  const own = (preset?.tools ?? []).map(flatTool);
  if (own.length === 0) return undefined;
  const sent = merged.drop.includes('tools') ? [] : valueOf(ask.source, 'tools');
  const brought = new Map(
    (Array.isArray(sent) ? (sent as readonly JsonValue[]) : []).map((tool) => [
      identity(asObject(tool)),
      tool,
    ]),
  );
  const known = new Set(own.map(identity));
  return JSON.stringify([
    ...own.map((tool) => brought.get(identity(tool)) ?? tool),
    ...[...brought].filter(([name]) => !known.has(name)).map(([, tool]) => tool),
  ]);
}

function identity(tool: JsonObject): string {
  return `${asText(tool['type'])}:${asText(tool['name'] ?? tool['server_label'])}`;
}

/** A tool as presets hold it, in the chat wire's shape. Functions are strict here unless they say otherwise. */
function flatTool(tool: JsonObject): JsonObject {
  if (tool['type'] !== 'function' || tool['function'] === undefined) return tool;
  const { strict, ...fn } = asObject(tool['function']);
  return { type: 'function', ...fn, strict: strict === true };
}

/** What OpenRouter is told of routing is the same on both of its wires: the chat dialect writes it for both. */
function openRouterPreferences(out: Outgoing): Edit {
  const bare = { ...out.ask, source: readSource(Buffer.from('{}')), values: {}, keys: new Set<string>() };
  const body = JSON.parse(Buffer.concat(spliceChat({ ...out, ask: bare })).toString('utf8')) as JsonObject;
  return JSON.stringify(body['provider'] ?? {});
}
