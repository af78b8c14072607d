/** Tool-call ids of a chat history that an endpoint of the same wire would refuse. */
import { newNames, type IdGrammar } from '../../core/hand-over.ts';
import { asObject, someText } from '../../core/json.ts';
import type { JsonObject, JsonValue } from '../../core/snapshot.ts';

const mark = Buffer.from('"tool_call_id"');
const quote = 0x22;

/** The messages with new ids as JSON text, or undefined where all ids fit and the bytes can pass. */
export function fittedMessages(messages: Buffer, grammar: IdGrammar): string | undefined {
  if (resultIds(messages).every((id) => grammar.valid.test(id))) return undefined;
  const list = JSON.parse(messages.toString('utf8')) as readonly JsonObject[];
  const names = newNames(list.flatMap(idsIn), grammar);
  return names.size === 0 ? undefined : JSON.stringify(list.map((message) => renamed(message, names)));
}

/**
 * The ids that tool results answer to, found without parsing. Every call that matters has a result. One with an
 * escape in it is told as none at all, which no grammar takes: then the messages are parsed.
 */
function resultIds(messages: Buffer): readonly string[] {
  const ids: string[] = [];
  for (let at = messages.indexOf(mark); at !== -1; at = messages.indexOf(mark, at + mark.length)) {
    const start = messages.indexOf(quote, at + mark.length);
    const end = messages.indexOf(quote, start + 1);
    if (start === -1 || end === -1) continue;
    const id = messages.toString('utf8', start + 1, end);
    ids.push(id.includes('\\') ? '' : id);
  }
  return ids;
}

function callsOf(message: JsonObject): readonly JsonObject[] {
  const calls = message['tool_calls'];
  return Array.isArray(calls) ? calls.map((call: JsonValue) => asObject(call)) : [];
}

function idsIn(message: JsonObject): readonly string[] {
  const result = someText(message['tool_call_id']);
  return [
    ...callsOf(message).flatMap((call) => someText(call['id']) ?? []),
    ...(result === undefined ? [] : [result]),
  ];
}

function renamed(message: JsonObject, names: ReadonlyMap<string, string>): JsonObject {
  const rename = (id: JsonValue | undefined): JsonValue => names.get(someText(id) ?? '') ?? id ?? null;
  return {
    ...message,
    ...(message['tool_call_id'] === undefined ? {} : { tool_call_id: rename(message['tool_call_id']) }),
    ...(callsOf(message).length === 0
      ? {}
      : { tool_calls: callsOf(message).map((call) => ({ ...call, id: rename(call['id']) })) }),
  };
}
