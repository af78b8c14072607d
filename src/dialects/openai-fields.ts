/** What chat completions and responses spell the same way. */
import type { Conversation, Media } from '../core/conversation.ts';
import { optional } from '../core/optional.ts';
import { refuse } from '../core/problem.ts';
import type { JsonObject, JsonValue } from '../core/snapshot.ts';

/** Sampling as both OpenAI dialects name it; what is absent or of another type is left out. */
export function readSampling(body: JsonObject): Conversation['sampling'] {
  return {
    ...optional('temperature', number(body['temperature'])),
    ...optional('topP', number(body['top_p'])),
    ...optional('topK', number(body['top_k'])),
    ...optional('seed', number(body['seed'])),
    ...optional('presencePenalty', number(body['presence_penalty'])),
    ...optional('frequencyPenalty', number(body['frequency_penalty'])),
  };
}

/** `stop`: one string or a list of them. */
export function readStop(stop: JsonValue | undefined): readonly string[] {
  if (typeof stop === 'string') return [stop];
  return Array.isArray(stop) ? stop.filter((item) => typeof item === 'string') : [];
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

/** Named, so that an endpoint elsewhere is left out instead of the feature being stripped in silence. */
export function openRouterOnly(values: JsonObject, tools: Buffer | undefined): readonly string[] {
  const found = ['plugins', 'transforms'].filter((key) => {
    const value = values[key];
    return value !== undefined && !(Array.isArray(value) && value.length === 0);
  });
  return tools?.includes('"openrouter:') === true ? [...found, 'server tools'] : found;
}

/** The value when it is a number. */
export function number(value: JsonValue | undefined): number | undefined {
  return typeof value === 'number' ? value : undefined;
}
