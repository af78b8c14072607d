/** Reads a Messages request into an Ask: tolerant, checking only what must be understood. */
import type { Ask, Source } from '../../core/ask.ts';
import { asObject } from '../../core/json.ts';
import { optional } from '../../core/optional.ts';
import { refuse } from '../../core/problem.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';
import { readRouting } from '../chat/read.ts';
import { bytesOf, checkedBelow, guarded, readSource, valueOf } from '../json-source.ts';
import { readNeeds } from './needs.ts';

/** Members that may be large and are forwarded as bytes. */
const large: ReadonlySet<string> = new Set(['messages', 'system', 'tools']);

/** Reads the body. Throws Refused: `invalid_json`, or `invalid_request` with the path of the field. */
export function readMessages(body: Buffer): Ask {
  return guarded(() => {
    const source = readSource(body, body.length <= checkedBelow);
    const values = smallValues(source);
    checkMessages(source);
    return {
      ...readRouting(values, ['max_tokens']),
      api: 'messages',
      source,
      values,
      parameters: parametersOf(values),
      keys: source.members,
      needs: readNeeds(source, values),
    };
  });
}

function smallValues(source: Source): JsonObject {
  const small = [...source.members.keys()].filter((key) => !large.has(key));
  const pairs = small.map((key): readonly [string, JsonValue] => [key, valueOf(source, key) as JsonValue]);
  return Object.fromEntries(pairs.filter(([, value]) => value !== null));
}

function checkMessages(source: Source): void {
  const messages = bytesOf(source, 'messages');
  const wrong = !messages
    ? 'is missing: send an array of messages'
    : messages[0] !== 0x5b
      ? 'must be an array of messages'
      : /^\[\s*\]$/.test(messages.toString('latin1', 0, 64))
        ? 'is empty: send at least one message'
        : undefined;
  if (wrong !== undefined) throw refuse('invalid_request', `"messages" ${wrong}.`, { param: 'messages' });
}

/** Parameters that have the same name in both dialects. */
const sameName: ReadonlySet<string> = new Set([
  'temperature',
  'top_p',
  'top_k',
  'max_tokens',
  'tool_choice',
  'service_tier',
]);

/** The caller's parameters in chat names. Either way of asking for thinking counts as both of the chat names. */
function parametersOf(values: JsonObject): JsonObject {
  const output = asObject(values['output_config']);
  const thinking = values['thinking'] ?? output['effort'] ?? undefined;
  return {
    ...Object.fromEntries(Object.entries(values).filter(([key]) => sameName.has(key))),
    ...optional('stop', values['stop_sequences']),
    ...optional('reasoning_effort', output['effort'] ?? thinking),
    ...optional('reasoning', thinking),
    ...optional('response_format', output['format'] ?? values['output_format']),
    ...optional('parallel_tool_calls', parallel(values)),
  };
}

function parallel(values: JsonObject): boolean | undefined {
  const disabled = asObject(values['tool_choice'])['disable_parallel_tool_use'];
  return typeof disabled === 'boolean' ? !disabled : undefined;
}
