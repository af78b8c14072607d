/** What chat completions and responses spell the same way. */
import type { Conversation, Media } from '../core/conversation.ts';
import { asObject } from '../core/json.ts';
import { optional } from '../core/optional.ts';
import { refuse } from '../core/problem.ts';
import type { JsonObject, JsonValue } from '../core/snapshot.ts';
import { numberAt, textsAt, wholeAt } from './shape.ts';

/** Sampling as both OpenAI dialects name it. Throws Refused naming the path. */
export function readSampling(body: JsonObject): Conversation['sampling'] {
  return {
    ...optional('temperature', numberAt(body['temperature'], 'temperature')),
    ...optional('topP', numberAt(body['top_p'], 'top_p')),
    ...optional('topK', wholeAt(body['top_k'], 'top_k')),
    ...optional('seed', wholeAt(body['seed'], 'seed')),
    ...optional('presencePenalty', numberAt(body['presence_penalty'], 'presence_penalty')),
    ...optional('frequencyPenalty', numberAt(body['frequency_penalty'], 'frequency_penalty')),
  };
}

/** `stop`: one string or a list of them. Throws Refused naming the path. */
export function readStop(stop: JsonValue | undefined): readonly string[] {
  return typeof stop === 'string' ? [stop] : textsAt(stop, 'stop');
}

/** An http(s) address or a `data:` URL with base64; anything else is refused with `path` named. */
export function readMedia(url: string, path: string): Media {
  const inline = /^data:([\w.+-]+\/[\w.+-]+)?(?:;[\w=.-]+)*;base64,/.exec(url);
  if (inline)
    return {
      kind: 'base64',
      mediaType: inline[1] ?? 'application/octet-stream',
      data: url.slice(inline[0].length),
    };
  if (/^https?:\/\//.test(url)) return { kind: 'url', url };
  throw refuse('invalid_request', `"${path}" must hold an http(s) address or a data: URL with base64.`, {
    param: path,
  });
}

const openRouterKeys = ['plugins', 'transforms'];
const serverTool = Buffer.from('"openrouter:');

/** Named, so that an endpoint elsewhere is left out instead of the feature being stripped in silence. */
export function openRouterOnly(values: JsonObject, tools: Buffer | undefined): readonly string[] {
  const found = openRouterKeys.filter((key) => {
    const value = values[key];
    return value !== undefined && !(Array.isArray(value) && value.length === 0);
  });
  return tools?.includes(serverTool) === true ? [...found, 'server tools'] : found;
}
/**
 * `strict` where the schema allows it. OpenAI refuses a strict schema with an open object or an optional property;
 * Anthropic, whose clients send both, does not. Facts: OpenAI's guide on structured outputs.
 */
export function strictly(
  { strict, schema }: { readonly strict?: boolean; readonly schema: JsonObject },
  warnings: string[],
): boolean {
  if (strict !== true || isStrict(schema)) return strict === true;
  warnings.push('"strict" was dropped: the schema has an open object or a property that is not required');
  return false;
}

function isStrict(schema: JsonValue | undefined): boolean {
  if (typeof schema !== 'object' || schema === null) return true;
  if (Array.isArray(schema)) return schema.every((one: JsonValue) => isStrict(one));
  const { type, properties, items, anyOf, required, additionalProperties, $defs } = asObject(schema);
  const inner = [...Object.values(asObject(properties)), ...Object.values(asObject($defs)), items, anyOf];
  const names = Array.isArray(required) ? required : [];
  const closed =
    additionalProperties === false && Object.keys(asObject(properties)).every((name) => names.includes(name));
  return (type !== 'object' || closed) && inner.every((one) => isStrict(one));
}
