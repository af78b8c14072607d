/** What of a chat history an endpoint of the same wire would refuse: tool-call ids, and thoughts of another issuer. */
import { newNames, type IdGrammar } from '../../core/hand-over.ts';
import { asObject, someText } from '../../core/json.ts';
import type { JsonValue } from '../../core/snapshot.ts';
import { parseJson } from '../json-source.ts';
import { withOwnDetails } from './own-details.ts';

const mark = Buffer.from('"tool_call_id"');
const quote = 0x22;

/** `words` are those seen in the body, and at least those of the messages. */
export type History = { readonly messages: Buffer; readonly words: ReadonlySet<string> };

/**
 * The messages with ids that fit and without thoughts that another issuer proved, as JSON text; undefined where all of
 * them may stay and the bytes can pass. Throws JsonFault.
 */
export function fittedMessages(
  { messages, words }: History,
  grammar: IdGrammar,
  keeps: (proof: string) => boolean,
): string | undefined {
  const idsFit = !words.has('tool_call_id') || resultIds(messages).every((id) => grammar.valid.test(id));
  if (idsFit && !words.has('reasoning_details')) return undefined;
  const list = parseJson(messages) as readonly JsonValue[];
  const names = idsFit ? new Map<string, string>() : newNames(list.flatMap(idsIn), grammar);
  const fitted = list.map((message) => renamed(withOwnDetails(message, keeps), names));
  return fitted.every((message, at) => message === list[at]) ? undefined : JSON.stringify(fitted);
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

function idsIn(message: JsonValue): readonly string[] {
  const { tool_calls: calls, tool_call_id: result } = asObject(message);
  const made = Array.isArray(calls) ? calls.map((call: JsonValue) => asObject(call)['id']) : [];
  return [...made, result].flatMap((id) => someText(id) ?? []);
}

/** What is no message, or has none of the ids, stays as it is. */
function renamed(message: JsonValue, names: ReadonlyMap<string, string>): JsonValue {
  if (!idsIn(message).some((id) => names.has(id))) return message;
  const rename = (value: JsonValue, key: string): JsonValue => {
    const name = names.get(someText(asObject(value)[key]) ?? '');
    return name === undefined ? value : { ...asObject(value), [key]: name };
  };
  const own = asObject(rename(message, 'tool_call_id'));
  const calls = own['tool_calls'];
  return Array.isArray(calls)
    ? { ...own, tool_calls: calls.map((call: JsonValue) => rename(call, 'id')) }
    : own;
}
